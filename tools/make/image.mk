# SPDX-License-Identifier: BSD-2-Clause
# One image: make -f tools/make/image.mk ISA=riscv64. Called by the Makefile, once for each.
# With APP=folder, one of the program in that folder and of everything here but the loader (boot/).

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:

include tools/make/common.mk

OUT := $(O)/$(ISA)

# A folder of ours by its name from here, another one by its whole name.
APP_FOLDER := $(patsubst $(CURDIR)/%,%,$(abspath $(APP)))
PROGRAM := $(if $(APP),$(notdir $(APP_FOLDER)),plinth)
APP_SOURCES := $(if $(APP),$(sort $(wildcard $(APP_FOLDER)/*.c)))
ifneq ($(APP),)
$(if $(APP_SOURCES),,$(error APP=$(APP): there is no file *.c in it))
$(if $(filter plinth,$(PROGRAM)),$(error APP=$(APP): that name is taken))
endif

# The flat image without its symbol table may take this many bytes. It is loaded over serial lines
# and kept in small flash parts; growth should be a decision, not an accident.
IMAGE_LIMIT ?= $(if $(APP),16777216,393216)

# ---- Tools ----

GNU_PREFIX_riscv64 := riscv64-unknown-elf-
GNU_PREFIX_aarch64 := aarch64-linux-gnu-
# Debian's linker for bare-metal riscv64 knows no -pie; the one for Linux is the same otherwise.
GNU_LD_riscv64 := riscv64-linux-gnu-ld
GNU_LD_aarch64 := aarch64-linux-gnu-ld
CLANG_TARGET_riscv64 := riscv64-unknown-elf
CLANG_TARGET_aarch64 := aarch64-none-elf

# riscv64: the image runs on any rv64 with these extensions. aarch64: no floating-point registers
# in our own code; picolibc's string functions do use them, so entry enables them.
GNU_ISA_riscv64 := -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany
CLANG_ISA_riscv64 := -march=rv64imac -mabi=lp64 -mcmodel=medany -mno-relax
GNU_ISA_aarch64 := -mgeneral-regs-only -mno-outline-atomics
CLANG_ISA_aarch64 := -mgeneral-regs-only -mno-outline-atomics

GCC := $(GNU_PREFIX_$(ISA))gcc
# Small. Code that clang cuts out of several functions belongs to none: backtraces would name it.
ifeq ($(LLVM),1)
CC := clang --target=$(CLANG_TARGET_$(ISA))
LD := ld.lld
OBJCOPY := llvm-objcopy
NM := llvm-nm
OPTIMISE := -Oz -mno-outline
ISA_CFLAGS := $(CLANG_ISA_$(ISA)) -Wno-unused-command-line-argument
else
CC := $(GCC)
LD := $(GNU_LD_$(ISA))
OBJCOPY := $(GNU_PREFIX_$(ISA))objcopy
NM := $(GNU_PREFIX_$(ISA))nm
OPTIMISE := -Os
ISA_CFLAGS := $(GNU_ISA_$(ISA))
endif

# ---- The C library ----

PICOLIBC := /usr/lib/picolibc/$(patsubst %-,%,$(GNU_PREFIX_$(ISA)))
LIBC_riscv64 := $(PICOLIBC)/lib/release/rv64imac/lp64/libc.a
LIBC_aarch64 := $(PICOLIBC)/lib/release/libc.a
LIBGCC_FLAGS_riscv64 := -march=rv64imac -mabi=lp64
LIBC := $(LIBC_$(ISA)) $(shell $(GCC) $(LIBGCC_FLAGS_$(ISA)) -print-libgcc-file-name)

# ---- Flags ----

# Where QEMU puts the image: the ELF file is linked there, and the debugger finds it there.
LINK_BASE_riscv64 := 0x80200000
LINK_BASE_aarch64 := 0x40200000
LINK_BASE := $(LINK_BASE_$(ISA))

# The C library's headers come before the compiler's, which complete them (limits.h).
CPPFLAGS := -I. -Iarch/$(ISA) -I$(LIBFDT) -DLINK_BASE=$(LINK_BASE) \
	-DDEVELOPMENT=$(DEVELOPMENT) -nostdinc \
	$(patsubst %,-isystem %,$(PICOLIBC)/include $(wildcard \
		$(shell $(CC) -print-file-name=include) \
		$(shell $(CC) -print-file-name=include-fixed)))

# The image moves, so every address is relative to the program counter; nothing is looked up
# through a global offset table, because arch/hidden.h declares that nothing comes from outside.
CFLAGS := $(COMMON_CFLAGS) $(ISA_CFLAGS) $(OPTIMISE) -fPIE -fvisibility=hidden \
	-include arch/hidden.h -ftls-model=local-exec -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-unwind-tables -fno-ident

# What runs before the MMU is on: no unaligned access, and no call into libc that the compiler
# makes up from a loop or a struct assignment (checked below).
EARLY_CFLAGS := -ffreestanding -fno-builtin -fno-jump-tables
ifeq ($(LLVM),1)
EARLY_CFLAGS += $(if $(filter aarch64,$(ISA)),-mstrict-align)
else
EARLY_CFLAGS += -mstrict-align -fno-tree-loop-distribute-patterns
endif
EARLY_SOURCES := arch/pagetable.c arch/relocate.c $(wildcard arch/early*.c arch/$(ISA)/early*.c)

LDFLAGS := -pie --no-dynamic-linker -nostdlib -static -z norelro -z max-page-size=4096 \
	--build-id=none --gc-sections --no-undefined -z noexecstack --fatal-warnings \
	--defsym=vfprintf=__i_vfprintf

# GNU ld 2.40 for riscv64 takes a use of errno (thread-local) in a PIE for a relocation of the text
# and reserves an entry for it, which stays empty: type NONE, skipped by arch/relocate.c.
# tools/check-elf makes sure that none of the real ones lies in the text.
TEXT_RELOCATIONS := text
ifeq ($(ISA)$(filter 1,$(LLVM)),riscv64)
TEXT_RELOCATIONS := notext
endif
LDFLAGS += -z $(TEXT_RELOCATIONS)

# ---- Objects ----

SOURCES := $(if $(APP),$(filter-out boot/%,$(PORTABLE_SOURCES)) $(APP_SOURCES),\
	$(PORTABLE_SOURCES)) $(sort $(wildcard arch/$(ISA)/*.c arch/$(ISA)/*.S))
OBJECTS := $(patsubst %,$(OUT)/%.o,$(basename $(SOURCES)))
LIBFDT_OBJECTS := $(LIBFDT_SOURCES:%=$(OUT)/libfdt/%.o)
DECODER_OBJECTS := $(if $(APP),,$(DECODER_SOURCES:%=$(OUT)/decoders/%.o))
EARLY_OBJECTS := $(filter $(EARLY_SOURCES:%.c=$(OUT)/%.o),$(OBJECTS))

.PHONY: all
all: $(OUT)/$(PROGRAM).bin $(if $(APP),,$(OUT)/compile_commands.part)
	@:

$(call remember,$(OUT)/flags,$(CC) $(CPPFLAGS) $(CFLAGS) $(EARLY_CFLAGS))
$(call remember,$(OUT)/$(PROGRAM).link-flags,$(LD) $(LDFLAGS) $(LIBC) $(IMAGE_LIMIT) $(OBJECTS))

flags_for = $(CPPFLAGS) $(CFLAGS) $(if $(filter $(EARLY_SOURCES),$(1)),$(EARLY_CFLAGS))

$(OUT)/%.o: %.c $(OUT)/flags
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(call flags_for,$<) -MMD -MP -c -o $@ $<

$(OUT)/%.o: %.S $(OUT)/flags
	$(say) AS $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ISA_CFLAGS) -g -D__ASSEMBLY__ -MMD -MP -c -o $@ $<

# Somebody else's code: their style, not our warnings.
$(OUT)/libfdt/%.o: $(LIBFDT)/%.c $(OUT)/flags
	$(say) CC libfdt/$*.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -w -DFDT_ASSUME_MASK=0 -MMD -MP -c -o $@ $<

$(OUT)/decoders/%.o: $(DECODERS)/%.c $(OUT)/flags
	$(say) CC decoders/$*.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(DECODER_FLAGS) -MMD -MP -c -o $@ $<

$(DECODER_OBJECTS) $(DECODER_USERS:%=$(OUT)/%.o): CPPFLAGS += -I$(SHIMS)
$(DECODER_OBJECTS) $(DECODER_USERS:%=$(OUT)/%.o): | $(SHIMS)/.made

$(OUT)/early.checked: $(EARLY_OBJECTS) tools/check-early
	$(Q)tools/check-early $(NM) $(EARLY_OBJECTS)
	$(Q)touch $@

# ---- Link: without tables, to learn how large they are; with them, to learn where all lies then;
# and with those that are right ----

$(OUT)/image.lds: arch/image.lds.S $(OUT)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -x assembler-with-cpp $(CPPFLAGS) -D__ASSEMBLY__ \
		-MMD -MP -MT $@ -MF $@.d -o $@ $<

link = $(LD) $(LDFLAGS) -T $(OUT)/image.lds -Map=$(@:.elf=.map) -o $@ \
	$(OBJECTS) $(LIBFDT_OBJECTS) $(DECODER_OBJECTS) $(1) --start-group $(LIBC) --end-group

$(OUT)/$(PROGRAM)-link1.elf: $(OBJECTS) $(LIBFDT_OBJECTS) $(DECODER_OBJECTS) $(OUT)/image.lds \
		$(OUT)/$(PROGRAM).link-flags $(OUT)/early.checked
	$(Q)$(call link)

$(OUT)/$(PROGRAM)-link2.elf: $(OUT)/$(PROGRAM)-tables1.o
	$(Q)$(call link,$<)

$(OUT)/$(PROGRAM)-tables%.S: $(OUT)/$(PROGRAM)-link%.elf tools/symbols tools/relocations
	$(Q)tools/relocations $< >$@
	$(Q)$(NM) -n $< | tools/symbols >>$@

$(OUT)/$(PROGRAM)-tables%.o: $(OUT)/$(PROGRAM)-tables%.S
	$(Q)$(CC) $(ISA_CFLAGS) -c -o $@ $<

.SECONDARY: $(OUT)/$(PROGRAM)-tables1.S
$(OUT)/$(PROGRAM).elf: $(OUT)/$(PROGRAM)-tables2.o $(OUT)/$(PROGRAM)-tables2.S tools/check-elf
	$(say) LD $@
	$(Q)$(call link,$<)
	$(Q)tools/check-elf $@ $(OUT)/$(PROGRAM)-tables2.S $(NM)

$(OUT)/$(PROGRAM).bin: $(OUT)/$(PROGRAM).elf tools/image-size
	$(Q)$(OBJCOPY) -O binary -R .rela.dyn $< $@
	$(Q)tools/image-size $(NM) $< $@ $(IMAGE_LIMIT)

# ---- For editors ----

comma := ,
command_json = {"directory": "$(CURDIR)"$(comma) "file": "$(1)"$(comma) \
	"command": "$(CC) $(subst ",\",$(call flags_for,$(1))) -c -o $(1:%.c=$(OUT)/%.o) $(1)"},

$(OUT)/compile_commands.part: $(OUT)/flags $(OUT)/$(PROGRAM).link-flags
	@mkdir -p $(@D)
	$(file >$@)$(foreach s,$(filter %.c,$(SOURCES)),$(file >>$@,$(call command_json,$(s))))

# The version is in one object, so that a commit rebuilds one object.
$(call remember,$(OUT)/version,$(VERSION))
$(OUT)/lib/version.o: CPPFLAGS += -DPLINTH_VERSION='"$(VERSION)"'
$(OUT)/lib/version.o: $(OUT)/version

-include $(OBJECTS:.o=.d) $(LIBFDT_OBJECTS:.o=.d) $(DECODER_OBJECTS:.o=.d) $(OUT)/image.lds.d
