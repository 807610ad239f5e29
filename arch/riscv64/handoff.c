/* SPDX-License-Identifier: BSD-2-Clause */
/* The ways out: to our own copy, to the next stage, to sleep. And where the image lies. */
#include <errno.h>
#include <string.h>
#include "arch/arch.h"
#include "arch/image.h"
#include "cpu.h"
#include "csr.h"
#include "early.h"

void arch_image(struct arch_image *image)
{
	uintptr_t start = (uintptr_t)image_start, rodata = (uintptr_t)rodata_start;
	uintptr_t data = (uintptr_t)data_start, guard = (uintptr_t)stack_guard;

	*image = (struct arch_image){
		.text = { start, rodata - start },
		.rodata = { rodata, data - rodata },
		.data = { data, (uintptr_t)image_end - data },
		.stack_guard = { guard, (uintptr_t)stack - guard },
		.trap_guard = { (uintptr_t)trap_guard, trap_stack - trap_guard },
		.stack = { (uintptr_t)stack, stack_top - stack },
	};
}

u64 arch_image_bytes(void)
{
	return image_end - image_start;
}

void arch_move(const struct arch_boot *boot)
{
	u64 to = boot->nest.start + boot->nest.bytes - arch_image_bytes();

	memcpy((void *)(uintptr_t)to, image_start, image_file_end - image_start);
	move_enter(boot, to + ((uintptr_t)entry_moved - (uintptr_t)image_start));
}

void arch_stop(void)
{
	csr_clear(sstatus, SSTATUS_SIE);
	csr_write(sie, 0);
	for (;;)
		__asm__ volatile("wfi");
}

void arch_enter(u64 entry, u64 tree, const struct range *written, size_t count)
{
	csr_clear(sstatus, SSTATUS_SIE);
	for (size_t i = 0; i < count; i++)
		arch_cache_flush((void *)(uintptr_t)written[i].start, written[i].bytes);
	next_enter(entry, cpu_boot_hart, tree);
}

/* Linux Documentation/riscv/boot-image-header.rst. */
enum {
	TEXT_OFFSET = 8, IMAGE_SIZE = 16, FLAGS = 24, MAGIC = 48, MAGIC2 = 56, HEADER_BYTES = 64,
	FLAG_BIG_ENDIAN = 1, BASE_ALIGN = 2 << 20,
};

static u64 le64(const u8 *at)
{
	u64 value = 0;

	for (unsigned i = 8; i--;)
		value = value << 8 | at[i];
	return value;
}

const char arch_efi_name[] = "riscv64";
const u16 arch_pe_machine = 0x5064, arch_elf_machine = 243;

int arch_linux_image_parse(const void *header, size_t bytes, struct arch_linux_image *image,
			   const char **reason)
{
	const u8 *at = header;

	if (bytes < HEADER_BYTES) {
		*reason = "too short for a Linux Image header (64 bytes)";
		return -ENOEXEC;
	}
	if (!memcmp(at + MAGIC2, "ARM\x64", 4)) {
		*reason = "this is an AArch64 kernel, and the machine is RISC-V";
		return -ENOEXEC;
	}
	/* The first magic number is the older one: version 0.1 headers have nothing else. */
	if (memcmp(at + MAGIC2, "RSC\x05", 4) && memcmp(at + MAGIC, "RISCV\0\0", 8)) {
		*reason = "no Linux Image header (no RISCV or RSC\\x05 magic number)";
		return -ENOEXEC;
	}
	if (le64(at + FLAGS) & FLAG_BIG_ENDIAN) {
		*reason = "this is a big-endian kernel";
		return -ENOEXEC;
	}
	*image = (struct arch_linux_image){
		.text_offset = le64(at + TEXT_OFFSET),
		.image_bytes = le64(at + IMAGE_SIZE),
		.base_align = BASE_ALIGN,
	};
	return 0;
}
