/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/host/sim.h"
#include "tests/sim/uart.h"

/* ---- The line, for all kinds ---- */

static bool has_input(const struct sim_uart *u)
{
	return u->input && *u->input != SIM_UART_END;
}

static bool has_room(struct sim_uart *u)
{
	if (!u->stuck && u->busy)
		u->busy--;
	return !u->busy;
}

static void put(struct sim_uart *u, u8 byte)
{
	if (u->busy)
		sim_fail("UART: a byte was sent that there was no room for");
	if (u->sent_bytes == sizeof u->sent - 1)
		sim_fail("UART: more sent than a test wants to see");
	u->sent[u->sent_bytes++] = byte;
	u->sent[u->sent_bytes] = '\0';
	u->busy = u->stuck ? 1 : u->slowness;
}

static void want_idle(const struct sim_uart *u)
{
	if (u->busy)
		sim_fail("UART: the line was changed while a byte was going out");
}

/* ---- ns16550 ---- */

/* What is wrong with the byte that is next: said once. */
static u8 ns16550_errors(struct sim_uart *u)
{
	u16 in = has_input(u) && u->told != u->input ? *u->input : 0;

	u->told = u->input;
	return (in & SIM_UART_BREAK ? 0x10 : 0) | (in & SIM_UART_FRAMING ? 0x08 : 0);
}

static u64 ns16550_read(struct sim_uart *u, unsigned reg)
{
	bool dlab = u->lcr & 0x80;

	switch (reg) {
	case 0:
		if (dlab)
			return u->divisor & 0xff;
		return has_input(u) ? *u->input++ & 0xff : 0;
	case 1:
		return dlab ? u->divisor >> 8 : u->ier;
	case 3:
		return u->lcr;
	case 4:
		return u->mcr;
	case 5:
		return (has_room(u) ? 0x60 : 0) | (has_input(u) ? 0x01 : 0) | ns16550_errors(u);
	default:
		sim_fail("ns16550: read of register %u", reg);
	}
}

static void ns16550_write(struct sim_uart *u, unsigned reg, u8 value)
{
	bool dlab = u->lcr & 0x80;

	switch (reg) {
	case 0:
		if (!dlab) {
			put(u, value);
			break;
		}
		want_idle(u);
		u->divisor = (u->divisor & 0xff00) | value;
		break;
	case 1:
		if (dlab)
			u->divisor = (u->divisor & 0xff) | value << 8;
		else
			u->ier = value;
		break;
	case 2:
		u->fcr = value;
		break;
	case 3:
		if (!u->busy)		/* dw-apb ignores it otherwise */
			u->lcr = value;
		break;
	default:
		sim_fail("ns16550: write of register %u", reg);
	}
}

/* ---- PL011 ---- */

static u64 pl011_read(struct sim_uart *u, u64 offset)
{
	u16 in;

	switch (offset) {
	case 0x00:
		in = has_input(u) ? *u->input++ : 0;
		return (in & 0xff) | (in & SIM_UART_BREAK ? 0x400 : 0) |
		       (in & SIM_UART_FRAMING ? 0x100 : 0);
	case 0x18:
		return (has_room(u) ? 0x80 : 0x28) | (has_input(u) ? 0 : 0x10);
	case 0x24:
		return u->divisor / 64;
	case 0x28:
		return u->divisor % 64;
	case 0x2c:
		return u->lcr_h;
	case 0x30:
		return u->cr;
	default:
		sim_fail("pl011: read at 0x%x", (unsigned)offset);
	}
}

static void pl011_write(struct sim_uart *u, u64 offset, u32 value)
{
	if (offset >= 0x24 && offset <= 0x2c && u->cr & 1)
		sim_fail("pl011: the line was changed while enabled");
	switch (offset) {
	case 0x00:
		if ((u->cr & 0x101) != 0x101)
			sim_fail("pl011: sending while disabled");
		put(u, value);
		break;
	case 0x24:
		u->new_divisor = value * 64 + u->new_divisor % 64;
		break;
	case 0x28:
		u->new_divisor = u->new_divisor / 64 * 64 + value;
		break;
	case 0x2c:
		u->lcr_h = value;
		u->divisor = u->new_divisor;
		break;
	case 0x30:
		want_idle(u);
		u->cr = value;
		break;
	case 0x38:
		u->imsc = value;
		break;
	default:
		sim_fail("pl011: write at 0x%x", (unsigned)offset);
	}
}

/* ---- SiFive ---- */

static u64 sifive_read(struct sim_uart *u, u64 offset)
{
	switch (offset) {
	case 0x00:
		return has_room(u) ? 0 : 1u << 31;
	case 0x04:
		return has_input(u) ? *u->input++ & 0xff : 1u << 31;
	case 0x08:
		return u->txctrl;
	case 0x0c:
		return u->rxctrl;
	case 0x18:
		return u->divisor - 1;
	default:
		sim_fail("sifive: read at 0x%x", (unsigned)offset);
	}
}

static void sifive_write(struct sim_uart *u, u64 offset, u32 value)
{
	switch (offset) {
	case 0x00:
		if (!(u->txctrl & 1))
			sim_fail("sifive: sending while disabled");
		put(u, value);
		break;
	case 0x08:
		u->txctrl = value;
		break;
	case 0x0c:
		u->rxctrl = value;
		break;
	case 0x10:
		u->ie = value;
		break;
	case 0x18:
		u->divisor = value + 1;
		break;
	default:
		sim_fail("sifive: write at 0x%x", (unsigned)offset);
	}
}

/* ---- Accesses ---- */

/* The register of an access; one that is not as wide, or not where a register is, fails. */
static u64 ns16550_register(const struct sim_uart *u, u64 offset)
{
	u64 at = offset - u->offset;

	if (offset < u->offset || at & ((1u << u->shift) - 1))
		sim_fail("ns16550: access at 0x%x, between registers", (unsigned)offset);
	return at >> u->shift;
}

static void access(struct sim_uart *u, unsigned width)
{
	if (width != u->width)
		sim_fail("UART: an access of %u bytes instead of %u", width, u->width);
}

static u64 read(void *state, u64 offset, unsigned width)
{
	struct sim_uart *u = state;

	access(u, width);
	u->reads++;
	if (u->absent)
		return UINT64_MAX;
	switch (u->kind) {
	case SIM_NS16550:
		return ns16550_read(u, ns16550_register(u, offset));
	case SIM_PL011:
		return pl011_read(u, offset);
	default:
		return sifive_read(u, offset);
	}
}

static void write(void *state, u64 offset, unsigned width, u64 value)
{
	struct sim_uart *u = state;

	access(u, width);
	u->writes++;
	if (u->absent)
		return;
	switch (u->kind) {
	case SIM_NS16550:
		ns16550_write(u, ns16550_register(u, offset), value);
		break;
	case SIM_PL011:
		pl011_write(u, offset, value);
		break;
	default:
		sifive_write(u, offset, value);
	}
}

void sim_uart_add(struct sim_uart *u, u64 base, u64 bytes)
{
	static const struct sim_mmio_ops ops = { read, write };

	if (u->kind != SIM_NS16550)
		u->width = 4;
	sim_mmio_add(base, bytes, &ops, u);
}
