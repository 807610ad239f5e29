/* SPDX-License-Identifier: BSD-2-Clause */
/* PrimeCell UART (Arm DDI 0183), and its subset that server systems have (SBSA, appendix B). */
#include <stdlib.h>
#include "drivers/uart/uart.h"
#include "lib/time.h"

enum {
	DR = 0x00,
	FR = 0x18,
	IBRD = 0x24, FBRD = 0x28, LCR_H = 0x2c, CR = 0x30,	/* not in the subset */
	IMSC = 0x38,
};
enum { DR_FRAMING = 0x100, DR_BREAK = 0x400 };
enum { FR_BUSY = 0x08, FR_EMPTY = 0x10, FR_FULL = 0x20 };
enum {
	LCR_H_PARITY = 0x02, LCR_H_EVEN = 0x04, LCR_H_FIFO = 0x10, LCR_H_BITS_SHIFT = 5,
	LCR_H_FORMAT = 0x6e,		/* bits, stop bits, parity */
};
enum { CR_ENABLE = 0x001, CR_SEND = 0x100, CR_RECEIVE = 0x200 };
enum { IDLE_TIMEOUT_US = 100 * 1000 };	/* a FIFO of 32 bytes at 9600 baud takes 34 ms */
enum { BAUD_IF_NONE = 115200 };

struct variant {
	/* data, flags and interrupts only: the line is the firmware's */
	bool subset;
};
static const struct variant whole = { false }, sbsa = { true };

struct pl011 {
	struct uart uart;
	const struct variant *variant;
};

static bool is_subset(struct uart *u)
{
	return ((struct pl011 *)u)->variant->subset;
}

/*
 * Only a disabled UART takes a new rate, and the rate takes effect when LCR_H is written
 * (DDI 0183, 3.3.6). @divisor is in 1/64ths.
 */
static void program(struct uart *u, u32 divisor, u32 lcr_h)
{
	mmio_write32(u->regs, CR, 0);
	mmio_write32(u->regs, IBRD, divisor / 64);
	mmio_write32(u->regs, FBRD, divisor % 64);
	mmio_write32(u->regs, LCR_H, lcr_h);
	mmio_write32(u->regs, CR, CR_ENABLE | CR_SEND | CR_RECEIVE);
}

/* One that firmware never set up has no rate either. */
static void enable(struct uart *u)
{
	const u32 on = CR_ENABLE | CR_SEND | CR_RECEIVE;
	u32 cr, divisor;

	mmio_write32(u->regs, IMSC, 0);
	if (is_subset(u))
		return;
	cr = mmio_read32(u->regs, CR);
	if ((cr & on) == on)
		return;
	if (mmio_read32(u->regs, IBRD) == 0 && u->clock_hz) {
		divisor = uart_divisor(u->clock_hz * 4, BAUD_IF_NONE, 0xffff * 64);
		program(u, divisor, 3 << LCR_H_BITS_SHIFT | LCR_H_FIFO);
	} else {
		mmio_write32(u->regs, CR, cr | on);
	}
}

static bool can_send(struct uart *u)
{
	return !(mmio_read32(u->regs, FR) & FR_FULL);
}

static void send(struct uart *u, u8 byte)
{
	mmio_write32(u->regs, DR, byte);
}

static int receive(struct uart *u)
{
	u32 data;

	if (mmio_read32(u->regs, FR) & FR_EMPTY)
		return -EAGAIN;
	data = mmio_read32(u->regs, DR);
	return data & (DR_FRAMING | DR_BREAK) ? -EAGAIN : (int)(data & 0xff);
}

static int set_line(struct uart *u, const struct uart_line *line)
{
	/* 16 clocks a bit, in 64ths: 4 times the clock over the rate. */
	u32 divisor = uart_divisor(u->clock_hz * 4, line->baud, 0xffff * 64);
	u32 lcr_h = (line->bits - 5u) << LCR_H_BITS_SHIFT;

	if (is_subset(u))
		return 0;
	if (divisor < 64)
		return -ERANGE;
	if (line->parity != 'n')
		lcr_h |= LCR_H_PARITY | (line->parity == 'e' ? LCR_H_EVEN : 0);
	if (mmio_read32(u->regs, IBRD) == divisor / 64 &&
	    mmio_read32(u->regs, FBRD) == divisor % 64 &&
	    (mmio_read32(u->regs, LCR_H) & LCR_H_FORMAT) == lcr_h)
		return 0;
	if (poll_until(!(mmio_read32(u->regs, FR) & FR_BUSY), IDLE_TIMEOUT_US))
		return -ETIMEDOUT;
	program(u, divisor, lcr_h | LCR_H_FIFO);
	return 0;
}

static const struct uart_ops ops = { enable, can_send, send, receive, set_line };

static int probe(struct device *dev, const struct device_id *id)
{
	struct pl011 *p = calloc(1, sizeof *p);
	int error;

	if (!p)
		return -ENOMEM;
	p->variant = id->data;
	p->uart.ops = &ops;
	error = device_map(dev, 0, &p->uart.regs);
	if (!error && p->uart.regs.size < IMSC + 4)
		error = device_refuse(dev, -EINVAL,
				      "\"reg\" has %zu bytes, too few for its registers",
				      p->uart.regs.size);
	if (error) {
		free(p);
		return error;
	}
	return uart_add(dev, id, &p->uart);
}

static const struct device_id ids[] = {
	{ .bus = BUS_DT, .compatible = "arm,pl011", .data = &whole },
	{ .bus = BUS_DT, .compatible = "arm,sbsa-uart", .data = &sbsa },
};

DRIVER(pl011) = {
	.name = "pl011",
	.ids = ids,
	.id_count = sizeof ids / sizeof ids[0],
	.probe = probe,
};
