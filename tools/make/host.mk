# SPDX-License-Identifier: BSD-2-Clause
# The portable sources as programs for the workstation: unit tests, under the sanitizers.

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:

include tools/make/common.mk

OUT := $(O)/host

ifeq ($(LLVM),1)
HOSTCC := clang
else
HOSTCC := gcc
endif

CPPFLAGS := -I. -Iarch/host -Itests -I$(LIBFDT)
CFLAGS := $(COMMON_CFLAGS) -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
LDFLAGS := -fsanitize=address,undefined -Wl,--gc-sections

# What only makes sense on a machine that is ours alone.
TARGET_ONLY := lib/start.c boot/main.c

SOURCES := $(filter-out $(TARGET_ONLY),$(PORTABLE_SOURCES)) \
	$(sort $(wildcard arch/host/*.c tests/sim/*.c))
TEST_SOURCES := $(sort $(wildcard tests/unit/*_test.c tests/drivers/*_test.c tests/fs/*_test.c))

OBJECTS := $(SOURCES:%.c=$(OUT)/%.o)
LIBFDT_OBJECTS := $(LIBFDT_SOURCES:%=$(OUT)/libfdt/%.o)
PROGRAMS := $(TEST_SOURCES:%.c=$(OUT)/%)

.PHONY: programs check
programs: $(PROGRAMS)

check: programs
	$(Q)for program in $(PROGRAMS); do echo "  TEST    $$program"; $$program || exit 1; done

$(call remember,$(OUT)/flags,$(HOSTCC) $(CPPFLAGS) $(CFLAGS))
$(call remember,$(OUT)/link-flags,$(HOSTCC) $(LDFLAGS) $(OBJECTS))

$(OUT)/libfdt/%.o: $(LIBFDT)/%.c $(OUT)/flags
	$(say) HOSTCC libfdt/$*.c
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(CPPFLAGS) $(CFLAGS) -fno-sanitize=undefined -w -MMD -MP -c -o $@ $<

$(OUT)/%.o: %.c $(OUT)/flags
	$(say) HOSTCC $<
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# All objects, not an archive: the tables that the linker collects must be whole.
$(PROGRAMS): $(OUT)/%: $(OUT)/%.o $(OBJECTS) $(LIBFDT_OBJECTS) $(OUT)/link-flags
	$(say) HOSTLD $@
	$(Q)$(HOSTCC) $(LDFLAGS) -o $@ $(filter %.o,$^) -lcmocka

.SECONDARY:
-include $(OBJECTS:.o=.d) $(PROGRAMS:=.d) $(LIBFDT_OBJECTS:.o=.d)
