/* SPDX-License-Identifier: BSD-2-Clause */
/* The image as a thing: where it is, moving it, leaving it. */
#include <errno.h>
#include <string.h>

#include "arch/aarch64/early.h"
#include "arch/aarch64/linux_image.h"
#include "arch/aarch64/mmu.h"
#include "arch/aarch64/registers.h"
#include "arch/arch.h"
#include "arch/image.h"

u64 arch_image_bytes(void)
{
	return (u64)(image_end - image_start);
}

static struct range between(const char *from, const char *to)
{
	return (struct range){ (uintptr_t)from, (u64)(to - from) };
}

void arch_image(struct arch_image *image)
{
	*image = (struct arch_image){
		.text = between(image_start, rodata_start),
		.rodata = between(rodata_start, data_start),
		.data = between(data_start, image_end),
		.stack_guard = between(stack_guard, stack),
		.trap_guard = between(trap_guard, trap_stack),
		.stack = between(stack, stack_top),
	};
}

void arch_move(const struct arch_boot *boot)
{
	u64 bytes = arch_image_bytes();
	u64 base = (boot->nest.start + boot->nest.bytes - bytes) & -(u64)ARCH_PAGE_BYTES;
	u64 shift = base - (uintptr_t)image_start;
	void (*go_on)(void) = (void (*)(void))((uintptr_t)entry_moved + shift);

	memcpy((void *)base, image_start, (size_t)(image_file_end - image_start));
	memset(bss_start + shift, 0, (size_t)(bss_end - bss_start));
	relocate(base, __start_relocation_table, __stop_relocation_table);
	*(struct arch_boot *)((uintptr_t)&early_boot + shift) = *boot;

	/* To the point of coherency: switch.S runs from there with the MMU off. */
	arch_cache_clean((const void *)base, bytes);
	arch_cache_sync_code((const void *)base, (size_t)(rodata_start - image_start));
	if (arch_map(base, (u64)(rodata_start - image_start), ARCH_MAP_TEXT))
		early_text("\nPlinth: no page tables to move with; stopped.\n");
	else
		go_on();
	arch_stop();
}

static void flush(struct range r)
{
	arch_cache_flush((const void *)(uintptr_t)r.start, r.bytes);
}

void arch_enter(u64 entry, u64 tree, const struct range *written, size_t count)
{
	for (size_t i = 0; i < count; i++)
		flush(written[i]);
	/* Not asked for, but our dirty lines would be written over who gets our memory next. */
	flush(between(data_start, trap_guard));
	flush(between(trap_stack, stack_guard));
	flush(between(stack, stack_top));
	mmu_leave_to(entry, tree, el2_plain() ? SCTLR_RES1_EL2 : SCTLR_RES1_EL1);
}

/* ID_AA64MMFR0: what a granule's field says where the CPU has it. */
static bool has_pages(unsigned kib)
{
	u64 features = REGISTER_READ(id_aa64mmfr0_el1);
	unsigned tgran4 = features >> 28 & 15, tgran16 = features >> 20 & 15,
		 tgran64 = features >> 24 & 15;

	return kib == 0 || (kib == 4 && tgran4 <= 7) ||
	       (kib == 16 && tgran16 >= 1 && tgran16 <= 7) || (kib == 64 && tgran64 <= 7);
}

const char arch_efi_name[] = "aa64";
const u16 arch_pe_machine = 0xaa64, arch_elf_machine = 183;

int arch_linux_image_parse(const void *header, size_t bytes, struct arch_linux_image *image,
			   const char **reason)
{
	unsigned page_kib;
	int error = aarch64_image_parse(header, bytes, image, &page_kib, reason);

	if (error)
		return error;
	if (has_pages(page_kib))
		return 0;
	*reason = page_kib == 64 ? "it wants 64 KiB pages, which this CPU does not have" :
		  page_kib == 16 ? "it wants 16 KiB pages, which this CPU does not have" :
				   "it wants 4 KiB pages, which this CPU does not have";
	return -ENOEXEC;
}
