/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UARTs as their drivers see them. Each checks what real ones punish: the width and place of an
 * access, a byte sent when there was no room, a divisor changed while a byte is still going out.
 */
#pragma once
#include "arch/types.h"

enum sim_uart_kind { SIM_NS16550, SIM_PL011, SIM_SIFIVE };

struct sim_uart {
	enum sim_uart_kind kind;
	unsigned shift, width, offset;	/* SIM_NS16550: its registers' places; width of accesses */

	/* The line. */
	char sent[4096];
	size_t sent_bytes;
	/* bytes to arrive, with SIM_UART_* beside them; ends with SIM_UART_END */
	const u16 *input;
	unsigned slowness;		/* looks at the status until a byte is out */
	bool stuck;			/* no byte ever gets out */
	bool absent;			/* nothing answers: every bit reads as one */

	/* Registers, for tests to set before and look at after. */
	u32 divisor;			/* PL011: in 64ths */
	u8 lcr, ier, fcr, mcr;		/* SIM_NS16550 */
	const u16 *told;		/* SIM_NS16550: input whose errors were read */
	u32 lcr_h, cr, imsc;		/* SIM_PL011; its lcr_h latches the divisor */
	u32 txctrl, rxctrl, ie;		/* SIM_SIFIVE */
	u32 new_divisor;		/* SIM_PL011: waits for lcr_h */

	unsigned busy, reads, writes;	/* looks left until idle; accesses so far */
};

enum { SIM_UART_BREAK = 0x100, SIM_UART_FRAMING = 0x200, SIM_UART_END = 0x8000 };

/* Put it at @base. Set kind (and, for SIM_NS16550, shift, width, offset) first. */
void sim_uart_add(struct sim_uart *u, u64 base, u64 bytes);
