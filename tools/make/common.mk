# SPDX-License-Identifier: BSD-2-Clause
# What the images and the programs for the workstation have in common.

O ?= build
V ?= 0
LLVM ?= 0
DEVELOPMENT ?= 0

# export: the makefiles below this one see the same choices.
export O V LLVM DEVELOPMENT LINUX ARCH

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n'
endif

# libfdt comes from a Linux source tree: the one LINUX names, or an extract of Debian's package.
ifeq ($(LINUX),)
LINUX_TREE := $(O)/linux
LINUX_STAMP := $(O)/linux/.extracted
else
LINUX_TREE := $(LINUX)
LINUX_STAMP :=
ifeq ($(wildcard $(LINUX)/scripts/dtc/libfdt/libfdt.h),)
$(error LINUX=$(LINUX) is not a Linux source tree: it has no scripts/dtc/libfdt/libfdt.h)
endif
endif
LIBFDT := $(LINUX_TREE)/scripts/dtc/libfdt
LIBFDT_SOURCES := fdt fdt_ro fdt_rw fdt_wip fdt_sw fdt_addresses fdt_strerror fdt_overlay

# The portable sources; each folder may have one level of folders below it.
PORTABLE_SOURCES := $(sort $(wildcard \
	arch/*.c lib/*.c drivers/*.c drivers/*/*.c fs/*.c fs/*/*.c boot/*.c boot/*/*.c boards/*.c))

COMMON_CFLAGS := -std=gnu11 -g -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -fno-common -ffunction-sections -fdata-sections -fno-omit-frame-pointer

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# $(call remember,file,text): rewrite the file when the text differs from what it says, so that
# what depends on the file is made again when the text changes.
remember = $(if $(filter-out 0,$(shell mkdir -p $(dir $(1)); \
	printf '%s\n' '$(subst ','\'',$(2))' | cmp -s - $(1) && echo 0 || echo 1)),$(shell \
	printf '%s\n' '$(subst ','\'',$(2))' >$(1)))
