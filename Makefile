# SPDX-License-Identifier: BSD-2-Clause
# Plinth. `make help` says what there is.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SUFFIXES:

include tools/make/common.mk

ARCHES := riscv64 aarch64
ifneq ($(ARCH),)
ifeq ($(filter $(ARCH),$(ARCHES)),)
$(error ARCH is one of: $(ARCHES); not $(ARCH))
endif
endif
BUILD_ARCHES := $(or $(ARCH),$(ARCHES))
RUN_ARCH := $(or $(ARCH),riscv64)

image = $(MAKE) -f tools/make/image.mk ISA=$(1)

.PHONY: all
all: $(BUILD_ARCHES) $(O)/compile_commands.json

.PHONY: $(ARCHES)
$(ARCHES): | $(LINUX_STAMP)
	+$(Q)$(call image,$@)

# What editors and analysers read; one list for both architectures.
.PHONY: compile_commands.json
compile_commands.json: $(O)/compile_commands.json
$(O)/compile_commands.json: $(BUILD_ARCHES)
	$(Q){ echo '['; cat $(BUILD_ARCHES:%=$(O)/%/compile_commands.part) | sed '$$s/,$$//'; echo ']'; } >$@

$(O)/linux/.extracted: tools/linux-extract
	$(Q)tools/linux-extract $(O)/linux

# ---- Tests on the workstation ----

.PHONY: check
check: | $(LINUX_STAMP)
	$(Q)tools/test-run check

.PHONY: clean
clean:
	$(Q)rm -rf $(O)
