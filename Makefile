# SPDX-License-Identifier: BSD-2-Clause
# Plinth. `make help` says what there is.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

include tools/make/common.mk

define HELP
  make                both images: $(O)/<arch>/plinth.bin, plinth.elf, plinth.map
  make run            boot Debian's installer in QEMU (riscv64, or what ARCH says)
  make gdb            the same, stopped before the first instruction, under a debugger
  make disk           a disk image with a FAT volume and FILES in it
  make check          tests on the workstation alone: under two minutes
  make test           all tests: also clang, fuzzing, and machines in QEMU
  make test-full      the same with every combination of machine, memory and way to start
  make bench          what a boot costs and how fast disks are read, beside U-Boot; minutes
  make fuzz           fuzz targets, FUZZ_SECONDS each
  make port-check DTB=board.dtb   what Plinth would make of a board (or of board.dts)
  make port-check-all   the same in a line, for each board of the Linux tree
  make setup          install what all of these need from Debian's packages
  make compile_commands.json   for editors: $(O)/compile_commands.json
  make clean          remove $(O)

  ARCH=riscv64|aarch64   one architecture instead of both
  DEVELOPMENT=1          with more checks: what drivers promise about memory for DMA
  LLVM=1                 clang and lld instead of GCC and GNU ld
  O=directory            where everything is made: $(O)
  LINUX=directory        a Linux source tree to take libfdt from (else Debian's package)
  V=1                    show the commands
  BOOTARGS="..."         run, gdb: options for Plinth, in /chosen/bootargs
  QEMU=program           run, gdb: another QEMU
  QEMU_ARGS="..."        run, gdb: more arguments for it, such as "-m 1G -smp 8"
  IMAGE=file FILES="..." DISK_ARGS="..."   disk: see `tools/mkdisk --help` ($(O)/disk.img)
  DISK=nvme KERNEL=file INITRD=file CMDLINE="..." IMAGE=disk.img   run: other than Debian's
                         installer from a virtio disk
  PAYLOAD=hello          run: boot examples/hello instead, which needs nothing from the net
  APP=folder             all, run: the program in that folder, on our library, without the loader
  FUZZ_SECONDS=n         test, fuzz: how long for each target (10)
  BENCH="boot blk fs" BENCH_ARGS="..."   bench: which; see tests/bench/boot.py --help ...
  ALL=1 JSON=1 SKELETON=1 MEMORY=start,bytes   port-check: see `make port-check`
endef

ARCHES := riscv64 aarch64
ifneq ($(ARCH),)
ifeq ($(filter $(ARCH),$(ARCHES)),)
$(error ARCH is one of: $(ARCHES); not $(ARCH))
endif
endif
BUILD_ARCHES := $(or $(ARCH),$(ARCHES))

.PHONY: all
all: $(BUILD_ARCHES) $(if $(APP),,$(O)/compile_commands.json)

.PHONY: $(ARCHES)
$(ARCHES): | needs $(LINUX_STAMP)
	+$(Q)$(MAKE) -f tools/make/image.mk ISA=$@

# One list for both architectures.
.PHONY: compile_commands.json
compile_commands.json: $(O)/compile_commands.json
$(O)/compile_commands.json: $(BUILD_ARCHES)
	$(Q){ echo '['; cat $(BUILD_ARCHES:%=$(O)/%/compile_commands.part) | sed '$$s/,$$//'; \
		echo ']'; } >$@

$(O)/linux/.extracted: tools/linux-extract | needs
	$(Q)tools/linux-extract $(O)/linux

# ---- What the machine needs: what the goals use is installed first, in one go ----

NEEDS := build $(if $(filter run gdb bench test test-full,$(MAKECMDGOALS)),run) \
	$(if $(filter bench check fuzz test test-full,$(MAKECMDGOALS)),test) \
	$(if $(filter gdb,$(MAKECMDGOALS)),debug) $(if $(filter disk run,$(MAKECMDGOALS)),disk) \
	$(if $(filter port-check port-check-all,$(MAKECMDGOALS)),trees)

.PHONY: needs
needs:
	$(Q)tools/setup $(NEEDS)

.PHONY: setup
setup:
	$(Q)tools/setup

# ---- Run ----

RUN_ARCH := $(or $(ARCH),riscv64)
QEMU ?= qemu-system-$(RUN_ARCH)
QEMU_MACHINE_riscv64 := -M virt -smp 4 -m 1G
QEMU_MACHINE_aarch64 := -M virt -cpu cortex-a72 -smp 4 -m 1G
QEMU_DISK_virtio := -device virtio-blk-pci,drive=disk
QEMU_DISK_nvme := -device nvme,drive=disk,serial=plinth
QEMU_DISK = $(or $(QEMU_DISK_$(or $(DISK),virtio)),$(error DISK=$(DISK): virtio, or nvme))
# For the shell, whatever is in it; and for QEMU, which takes two commas for one.
quoted = '$(subst ','\'',$(1))'
comma := ,
RUN_DRIVE := ,format=raw,if=none,id=disk
RUN_COMMAND = $(QEMU_COMMAND) -drive \
	file=$(call quoted,$(subst $(comma),$(comma)$(comma),$(RUN_IMAGE)))$(RUN_DRIVE) \
	$(QEMU_DISK) -nographic
# What runs is Plinth, or the program of APP; what it boots comes from KERNEL or PAYLOAD.
RUN_PROGRAM := $(notdir $(abspath $(or $(APP),plinth)))
RUN_IMAGE = $(or $(if $(and $(IMAGE),$(or $(KERNEL),$(INITRD),$(CMDLINE),$(PAYLOAD))),\
	$(error IMAGE is booted as it is: no KERNEL, INITRD, CMDLINE or PAYLOAD with it)),\
	$(IMAGE),$(O)/run-$(RUN_ARCH)$(addprefix -,$(or $(notdir $(abspath $(APP))),\
	$(PAYLOAD))).img)
QEMU_COMMAND = $(QEMU) $(QEMU_MACHINE_$(RUN_ARCH)) -nic none $(QEMU_ARGS) \
	$(if $(BOOTARGS),-append $(call quoted,$(BOOTARGS))) \
	-kernel $(O)/$(RUN_ARCH)/$(RUN_PROGRAM).bin

ifneq ($(PAYLOAD),)
$(if $(wildcard examples/$(PAYLOAD)/*.c),,$(error PAYLOAD is one of: \
	$(notdir $(patsubst %/,%,$(wildcard examples/*/))); not $(PAYLOAD)))
RUN_KERNEL := $(O)/$(RUN_ARCH)/$(PAYLOAD).elf

.PHONY: payload
run: payload
payload: $(RUN_ARCH)
	+$(Q)$(MAKE) -f tools/make/image.mk ISA=$(RUN_ARCH) APP=examples/$(PAYLOAD)
endif

# The disk of a program is what its folder "disk" holds.
.PHONY: run
run: $(RUN_ARCH) | needs
	$(if $(IMAGE),,$(Q)KERNEL=$(call quoted,$(or $(RUN_KERNEL),$(KERNEL))) \
		INITRD=$(call quoted,$(INITRD)) CMDLINE=$(call quoted,$(CMDLINE)) \
		APP=$(call quoted,$(APP)) \
		FILES='$(wildcard $(or $(APP),$(if $(PAYLOAD),examples/$(PAYLOAD),none))/disk)' \
		tools/run-disk $(RUN_ARCH) '$(RUN_IMAGE)')
	@echo "Ctrl-A, then X, leaves QEMU."
	$(Q)exec $(RUN_COMMAND)

# For those who want to change it, and for tests.
.PHONY: run-command
run-command:
	@printf '%s\n' $(call quoted,$(RUN_COMMAND))

.PHONY: gdb
gdb: $(RUN_ARCH) | needs
	$(Q)tools/gdb $(O)/$(RUN_ARCH)/plinth.elf $(O)/gdb $(QEMU_COMMAND)

.PHONY: disk
disk: DISK_IMAGE = $(or $(IMAGE),$(O)/disk.img)
disk: | needs
	@mkdir -p $(dir $(DISK_IMAGE))
	$(Q)tools/mkdisk $(DISK_ARGS) $(DISK_IMAGE) $(FILES)

# ---- Tests ----

FUZZ_SECONDS ?= 10
export FUZZ_SECONDS

.PHONY: check test test-full fuzz
check: | needs $(LINUX_STAMP)
	$(Q)tools/test-run $@
test test-full fuzz: | needs $(LINUX_STAMP)
	$(Q)tools/test-run $@

.PHONY: bench
BENCHES := boot blk fs
BENCH ?= $(BENCHES)
bench: $(BUILD_ARCHES) | needs
	$(if $(filter-out $(BENCHES),$(BENCH)),$(error BENCH is of: $(BENCHES); not $(BENCH)))
	$(Q)for each in $(BENCH); do \
		/usr/bin/python3 tests/bench/$$each.py $(BENCH_ARGS) $(BUILD_ARCHES) || exit; done

# ---- Other boards ----

PORT_CHECK := $(O)/host/port-check
PORT_CHECK_DTB = $(if $(filter %.dts,$(DTB)),$(O)/port-check/$(notdir $(DTB:.dts=.dtb)),$(DTB))

# What is on standard output is for the reader, or for his script.
.PHONY: port-check port-check-all
port-check: | needs $(LINUX_STAMP)
	+$(Q)$(MAKE) -f tools/make/host.mk port-check >&2
	$(if $(filter %.dts,$(DTB)),$(Q)tools/dts-compile $(LINUX_TREE) $(DTB) $(PORT_CHECK_DTB))
	$(Q)$(PORT_CHECK) $(if $(ALL),--all) $(if $(MEMORY),--memory '$(MEMORY)') \
		$(if $(JSON),--json) $(if $(SKELETON),--skeleton) $(or $(PORT_CHECK_DTB),--help)

port-check-all: | needs $(LINUX_STAMP)
	+$(Q)$(MAKE) -f tools/make/host.mk port-check
	$(Q)tools/dts-compile $(LINUX_TREE) $(O)/dtb
	$(Q)$(PORT_CHECK) --table $$(find $(O)/dtb -name '*.dtb' | sort) >$(O)/port-check.txt || \
		[ $$? = 1 ]
	@echo "The table: $(O)/port-check.txt"

# ---- The rest ----

.PHONY: help
help:
	$(info $(HELP))
	@:

.PHONY: clean
clean:
	$(Q)rm -rf $(O)
