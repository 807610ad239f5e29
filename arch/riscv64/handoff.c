/* SPDX-License-Identifier: BSD-2-Clause */
/* The ways out: to our own copy, to the next stage, to sleep. And where the image lies. */
#include <string.h>
#include "arch/arch.h"
#include "arch/image.h"
#include "cpu.h"
#include "csr.h"
#include "early.h"
#include "linux_image.h"

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

const char arch_efi_name[] = "riscv64";
const u16 arch_pe_machine = 0x5064, arch_elf_machine = 243;

int arch_linux_image_parse(const void *header, size_t bytes, struct arch_linux_image *image,
			   const char **reason)
{
	return riscv64_image_parse(header, bytes, image, reason);
}
