# SPDX-License-Identifier: BSD-2-Clause
# The portable sources as programs for the workstation, under the sanitizers: unit tests, with
# FUZZ=1 fuzz targets, or with THREADS=1 the tests that have threads, under ThreadSanitizer. With
# EXHAUSTIVE=1 those that try everything, or very often, without sanitizers. Called by
# tools/test-run.

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:

include tools/make/common.mk

ifeq ($(FUZZ),1)
OUT := $(O)/fuzz
HOSTCC := clang
SANITIZE := fuzzer-no-link,address,undefined
LDFLAGS := -fsanitize=fuzzer,address,undefined
TEST_SOURCES := $(sort $(wildcard tests/fuzz/*_fuzz.c))
else ifeq ($(THREADS),1)
OUT := $(O)/threads
HOSTCC := clang
SANITIZE := thread
LDFLAGS := -fsanitize=thread
TEST_SOURCES := $(sort $(wildcard tests/*/*_threads_test.c))
else ifeq ($(EXHAUSTIVE),1)
OUT := $(O)/exhaustive
HOSTCC := clang
OPTIMISE := -O2
TEST_SOURCES := $(sort $(wildcard tests/*/*_exhaustive_test.c tests/drivers/*_threads_test.c))
else
OUT := $(O)/host
HOSTCC := $(if $(filter 1,$(LLVM)),clang,gcc)
SANITIZE := address,undefined
LDFLAGS := -fsanitize=address,undefined
TEST_SOURCES := $(sort $(wildcard tests/*/*_test.c))
endif
# Fuzz targets, too: the helpers of tests/sim that they are linked with judge through it.
LDLIBS := -lcmocka

CPPFLAGS := -I. -Iarch/host -Itests -I$(LIBFDT) -DLINK_BASE=0x80200000 -DDEVELOPMENT=1
CFLAGS := $(COMMON_CFLAGS) $(or $(OPTIMISE),-O1) \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all)
# A function that no test reaches may call what only a machine of our own has.
LDFLAGS += -Wl,--gc-sections

# What only makes sense on a machine that is ours alone.
TARGET_ONLY := lib/start.c lib/heap.c boot/main.c

# What belongs to one architecture, but touches no register.
ISA_PURE := $(sort $(wildcard arch/*/pte.c arch/*/early_pte.c arch/*/isa.c arch/*/linux_image.c))

PLINTH_SOURCES := $(filter-out $(TARGET_ONLY),$(PORTABLE_SOURCES)) \
	$(ISA_PURE) $(sort $(wildcard arch/host/*.c))
SOURCES := $(PLINTH_SOURCES) $(sort $(filter-out %_test.c,$(wildcard tests/sim/*.c)))
OBJECTS := $(SOURCES:%.c=$(OUT)/%.o)
LIBFDT_OBJECTS := $(LIBFDT_SOURCES:%=$(OUT)/libfdt/%.o)
DECODER_OBJECTS := $(DECODER_SOURCES:%=$(OUT)/decoders/%.o)
TREE_OBJECTS := $(patsubst %.dts,$(OUT)/%.dtb.o,$(sort $(wildcard tests/unit/dts/*.dts)))
# The trees of Linux's own tests: dtb_linux_x. Newer versions call overlays .dtso.
LINUX_TREES := $(LINUX_TREE)/drivers/of/unittest-data
TREE_OBJECTS += $(sort $(patsubst $(LINUX_TREES)/%,$(OUT)/linux/linux_%.dtb.o,\
	$(basename $(wildcard $(LINUX_TREES)/*.dts $(LINUX_TREES)/*.dtso))))
PROGRAMS := $(TEST_SOURCES:%.c=$(OUT)/%)

.PHONY: programs
programs: $(PROGRAMS)

$(call remember,$(OUT)/flags,$(HOSTCC) $(CPPFLAGS) $(CFLAGS))
$(call remember,$(OUT)/link-flags,$(HOSTCC) $(LDFLAGS) $(OBJECTS))

$(OUT)/libfdt/%.o: $(LIBFDT)/%.c $(OUT)/flags
	$(say) HOSTCC libfdt/$*.c
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(CPPFLAGS) $(CFLAGS) -fno-sanitize=undefined -w -MMD -MP -c -o $@ $<

$(OUT)/decoders/%.o: $(DECODERS)/%.c $(OUT)/flags
	$(say) HOSTCC decoders/$*.c
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(CPPFLAGS) $(CFLAGS) -fno-sanitize=undefined $(DECODER_FLAGS) \
		-MMD -MP -c -o $@ $<

$(DECODER_OBJECTS) $(DECODER_USERS:%=$(OUT)/%.o): CPPFLAGS += -I$(SHIMS)
$(DECODER_OBJECTS) $(DECODER_USERS:%=$(OUT)/%.o): | $(SHIMS)/.made

$(OUT)/%.o: %.c $(OUT)/flags
	$(say) HOSTCC $<
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# A tree for tests/tree.h: tests/unit/dts/x.dts is the bytes from dtb_x to dtb_x_end.
$(OUT)/%.dtb: %.dts
	$(say) DTC $<
	@mkdir -p $(@D)
	$(Q)dtc -q -I dts -O dtb -o $@ $<

$(OUT)/linux/linux_%.dtb: $(LINUX_TREES)/%.dts
	$(linux-dtc)

$(OUT)/linux/linux_%.dtb: $(LINUX_TREES)/%.dtso
	$(linux-dtc)

define linux-dtc
	$(say) DTC $(<F)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -E -nostdinc -undef -D__DTS__ -x assembler-with-cpp -I$(<D) -o $@.dts $<
	$(Q)dtc -q -@ -I dts -O dtb -o $@ $@.dts
endef

$(OUT)/%.dtb.o: $(OUT)/%.dtb
	$(Q)printf '%s\n' '.section .note.GNU-stack' '.section .rodata' '.balign 8' \
		'.global dtb_$(*F), dtb_$(*F)_end' 'dtb_$(*F): .incbin "$<"' 'dtb_$(*F)_end:' | \
		$(HOSTCC) -x assembler -c -o $@ -

# All objects, not an archive: the tables that the linker collects must be whole.
$(PROGRAMS): $(OUT)/%: $(OUT)/%.o $(OBJECTS) $(LIBFDT_OBJECTS) $(DECODER_OBJECTS) \
		$(TREE_OBJECTS) $(OUT)/link-flags
	$(say) HOSTLD $@
	$(Q)$(HOSTCC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LDLIBS)

# What the image finds out, for the device trees of other boards. It is the same objects as in the
# image but for arch/; the linker's map is there for a test that makes sure.
PORT_CHECK_SOURCES := $(PLINTH_SOURCES) $(sort $(wildcard tools/port-check/*.c))
PORT_CHECK_OBJECTS := $(PORT_CHECK_SOURCES:%.c=$(OUT)/%.o)

.PHONY: port-check
port-check: $(OUT)/port-check
	@:

$(OUT)/port-check: $(PORT_CHECK_OBJECTS) $(LIBFDT_OBJECTS) $(DECODER_OBJECTS) $(OUT)/link-flags
	$(say) HOSTLD $@
	$(Q)$(HOSTCC) $(LDFLAGS) -Wl,-Map=$@.map -o $@ $(filter %.o,$^)

.SECONDARY:
# The version is in one object, so that a commit rebuilds one object.
$(call remember,$(OUT)/version,$(VERSION))
$(OUT)/lib/version.o: CPPFLAGS += -DPLINTH_VERSION='"$(VERSION)"'
$(OUT)/lib/version.o: $(OUT)/version

-include $(OBJECTS:.o=.d) $(PORT_CHECK_OBJECTS:.o=.d) $(PROGRAMS:=.d) \
	$(LIBFDT_OBJECTS:.o=.d) $(DECODER_OBJECTS:.o=.d)
