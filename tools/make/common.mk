# SPDX-License-Identifier: BSD-2-Clause
# What the images and the programs for the workstation have in common.

O ?= build
V ?= 0
LLVM ?= 0
DEVELOPMENT ?= 0

ifneq ($(words $(O)),1)
$(error O=$(O): a folder without spaces in its name)
endif

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

# The decoders, from there too, with headers of ours in place of the kernel's (see linux_shim.h).
DECODERS := $(LINUX_TREE)/lib
DECODER_SOURCES := xxhash $(addprefix zlib_inflate/,inflate inffast inftrees) \
	lz4/lz4_decompress $(addprefix xz/,xz_crc32 xz_dec_stream xz_dec_lzma2) \
	$(addprefix zstd/common/,entropy_common error_private fse_decompress zstd_common) \
	$(addprefix zstd/decompress/,huf_decompress zstd_ddict zstd_decompress \
	zstd_decompress_block)
SHIMS := $(O)/shims
SHIM_HEADERS := xz_config.h $(addprefix asm/,page.h unaligned.h) $(addprefix linux/,bitops.h \
	compiler.h init.h kernel.h math64.h module.h printk.h slab.h stddef.h string.h swab.h \
	types.h vmalloc.h)
# The workstation's C library has these two, and wants them.
SHIM_HEADERS_BESIDE := linux/errno.h linux/limits.h
SHIM_LINKS := $(addprefix linux/,zlib.h zutil.h zconf.h lz4.h zstd.h zstd_lib.h zstd_errors.h \
	xxhash.h xz.h)
# What includes their headers.
DECODER_USERS := $(addprefix boot/decode/,gzip lz4 xz zstd)
DECODER_FLAGS := -DZSTD_STRIP_ERROR_STRINGS=1 -DHUF_FORCE_DECOMPRESS_X1 -DDYNAMIC_BMI2=0 \
	-w -Werror=implicit-function-declaration -Werror=implicit-int

$(SHIMS)/.made: tools/make/common.mk $(LINUX_STAMP)
	$(Q)mkdir -p $(SHIMS)/asm $(SHIMS)/linux
	$(Q)for h in $(SHIM_HEADERS); do \
		echo '#include "boot/decode/linux_shim.h"' >$(SHIMS)/$$h; done
	$(Q)for h in $(SHIM_HEADERS_BESIDE); do printf '%s\n' "#if __has_include_next(<$$h>)" \
		"#include_next <$$h>" '#endif' '#include "boot/decode/linux_shim.h"' \
		>$(SHIMS)/$$h; done
	$(Q)echo '#include <linux/xz.h>' >>$(SHIMS)/xz_config.h
	$(Q)for h in $(SHIM_LINKS); do \
		ln -sf $(abspath $(LINUX_TREE))/include/$$h $(SHIMS)/$$h; done
	$(Q)touch $@

# Not this one.
.DEFAULT_GOAL :=

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
