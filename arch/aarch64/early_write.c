/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words before there is a console: to the transmit register of every early UART that the boards in
 * this image know. Most of them are not there: what such a store raises is ignored.
 */
#include "arch/aarch64/early.h"
#include "arch/aarch64/registers.h"
#include "arch/aarch64/trap.h"

extern const struct arch_early_uart __start_early_uarts[], __stop_early_uarts[];

enum {
	CHARACTERS_PER_SECOND = 10000,	/* what 115200 baud carries, or a bit less */
	DEFAULT_TICKS_PER_SECOND = 24000000,
	TURNS_AT_MOST = 1000000,	/* should the counter stand still */
};

/*
 * With the MMU on, ask it: where another board has a UART this one may have RAM with something in
 * it. With the MMU off nobody can tell.
 */
static bool is_device(u64 address)
{
	u64 par;

	if (!mmu_is_on())
		return true;
	if (at_el2())
		__asm__ volatile("at s1e2w, %0\n\tisb" : : "r"(address) : "memory");
	else
		__asm__ volatile("at s1e1w, %0\n\tisb" : : "r"(address) : "memory");
	par = REGISTER_READ(par_el1);
	return !(par & 1) && par >> 56 == 0;
}

static void wait_for_one_character(void)
{
	u64 frequency = REGISTER_READ(cntfrq_el0);
	u64 ticks = (frequency ? frequency : DEFAULT_TICKS_PER_SECOND) / CHARACTERS_PER_SECOND;
	u64 begin = arch_ticks();

	for (unsigned turn = 0; arch_ticks() - begin < ticks && turn < TURNS_AT_MOST; turn++)
		arch_relax();
}

static void put(char c)
{
	for (const struct arch_early_uart *u = __start_early_uarts; u < __stop_early_uarts; u++) {
		if (!is_device(u->transmit))
			continue;
		if (u->io_width == 1)
			probe_store8(u->transmit, (u8)c);
		else if (u->io_width == 2)
			probe_store16(u->transmit, (u8)c);
		else
			probe_store32(u->transmit, (u8)c);
	}
	wait_for_one_character();
}

void arch_early_write(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '\n')
			put('\r');
		put(text[i]);
	}
}
