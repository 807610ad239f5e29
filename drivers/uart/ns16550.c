/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 8250 family. Its eight registers are bytes; where they lie and how wide an access must be
 * is the SoC's choice: register n is at reg-offset + (n << reg-shift), accessed reg-io-width wide.
 */
#include <stdlib.h>
#include "drivers/uart/uart.h"
#include "lib/time.h"

enum {
	RBR = 0, THR = 0, DLL = 0,	/* divisor latch: while LCR_DLAB */
	IER = 1, DLM = 1,
	FCR = 2,
	LCR = 3,
	LSR = 5,
};
enum { FCR_ENABLE = 0x01 };
enum {
	LCR_BITS_5 = 0x00, LCR_PARITY = 0x08, LCR_EVEN = 0x10, LCR_DLAB = 0x80,
	LCR_FORMAT = 0x3f,		/* bits, stop bits, parity */
};
enum {
	LSR_READY = 0x01, LSR_FRAMING = 0x08, LSR_BREAK = 0x10, LSR_ROOM = 0x20, LSR_IDLE = 0x40,
};
enum { IDLE_TIMEOUT_US = 100 * 1000 };	/* a FIFO of 64 bytes at 9600 baud takes 67 ms */

/* What the compatible string implies. */
struct variant {
	u8 shift, width;		/* unless the node says otherwise */
	u8 ier;				/* with all interrupts off */
	bool fixed_line;		/* its divisor is not the usual one */
};
static const struct variant plain = { 0, 1, 0x00, false };
static const struct variant xscale = { 2, 4, 0x40, false };	/* bit 6 enables the unit */
static const struct variant mediatek = { 2, 4, 0x00, true };
static const struct variant bcm2835_aux = { 2, 4, 0x00, true };

struct ns16550 {
	struct uart uart;
	const struct variant *variant;
	u32 offset, shift, width;
	u8 errors;			/* of the byte that is next */
};

static struct ns16550 *ns16550_of(struct uart *u)
{
	return (struct ns16550 *)u;	/* its first member */
}

static u8 get(struct uart *u, unsigned reg)
{
	const struct ns16550 *n = ns16550_of(u);
	size_t at = n->offset + (reg << n->shift);

	switch (n->width) {
	case 1:
		return mmio_read8(u->regs, at);
	case 2:
		return mmio_read16(u->regs, at);
	default:
		return mmio_read32(u->regs, at);
	}
}

static void set(struct uart *u, unsigned reg, u8 value)
{
	const struct ns16550 *n = ns16550_of(u);
	size_t at = n->offset + (reg << n->shift);

	switch (n->width) {
	case 1:
		mmio_write8(u->regs, at, value);
		break;
	case 2:
		mmio_write16(u->regs, at, value);
		break;
	default:
		mmio_write32(u->regs, at, value);
	}
}

/* DLAB first: left on by somebody, it would hide IER and the data. */
static void enable(struct uart *u)
{
	u8 lcr = get(u, LCR);

	if (lcr & LCR_DLAB)
		set(u, LCR, lcr & ~LCR_DLAB);
	set(u, IER, ns16550_of(u)->variant->ier);
	set(u, FCR, FCR_ENABLE);
}

/* Says only once what is wrong with the byte that is next, whoever asks, and for what. */
static u8 line_status(struct uart *u)
{
	u8 lsr = get(u, LSR);

	if (lsr & LSR_READY)
		ns16550_of(u)->errors |= lsr & (LSR_FRAMING | LSR_BREAK);
	return lsr;
}

static bool can_send(struct uart *u)
{
	return line_status(u) & LSR_ROOM;
}

static void send(struct uart *u, u8 byte)
{
	set(u, THR, byte);
}

/*
 * A break or a wrong rate arrives as bytes that nobody typed; so it does, for ever, where nothing
 * answers and every bit reads as one.
 */
static int receive(struct uart *u)
{
	u8 byte, errors;

	if (!(line_status(u) & LSR_READY))
		return -EAGAIN;
	byte = get(u, RBR);
	errors = ns16550_of(u)->errors;
	ns16550_of(u)->errors = 0;
	return errors ? -EAGAIN : byte;
}

/* The divisor can only be seen through the latch, and some (dw-apb) ignore LCR while they send. */
static int set_line(struct uart *u, const struct uart_line *line)
{
	u32 divisor = uart_divisor(u->clock_hz / 16, line->baud, 0xffff);
	u8 lcr = LCR_BITS_5 + (line->bits - 5), old_lcr;

	if (ns16550_of(u)->variant->fixed_line)
		return 0;
	if (!divisor)
		return -ERANGE;
	if (line->parity != 'n')
		lcr |= LCR_PARITY | (line->parity == 'e' ? LCR_EVEN : 0);
	if (poll_until(line_status(u) & LSR_IDLE, IDLE_TIMEOUT_US))
		return -ETIMEDOUT;
	old_lcr = get(u, LCR);
	set(u, LCR, old_lcr | LCR_DLAB);
	if (get(u, DLL) == (divisor & 0xff) && get(u, DLM) == divisor >> 8 &&
	    (old_lcr & LCR_FORMAT) == lcr) {
		set(u, LCR, old_lcr);
		return 0;
	}
	set(u, DLL, divisor & 0xff);
	set(u, DLM, divisor >> 8);
	set(u, LCR, lcr);
	return 0;
}

static const struct uart_ops ops = { enable, can_send, send, receive, set_line };

static int probe(struct device *dev, const struct device_id *id)
{
	const struct variant *variant = id->data;
	struct ns16550 *n;
	int error;

	if (dt_property(dev->node, "big-endian", NULL))
		return device_refuse(dev, -ENOTSUP, "big-endian registers are not supported");
	n = calloc(1, sizeof *n);
	if (!n)
		return -ENOMEM;
	n->variant = variant;
	n->offset = dt_u32(dev->node, "reg-offset", 0);
	n->shift = dt_u32(dev->node, "reg-shift", variant->shift);
	n->width = dt_u32(dev->node, "reg-io-width", variant->width);
	n->uart.ops = &ops;

	error = -EINVAL;
	if ((n->width != 1 && n->width != 2 && n->width != 4) || n->shift > 4 ||
	    n->width > 1u << n->shift || n->offset % n->width)
		device_refuse(dev, error,
			      "registers %u apart at offset %u cannot be accessed %u bytes "
			      "wide (reg-shift, reg-offset, reg-io-width)",
			      1u << (n->shift & 31), n->offset, n->width);
	else
		error = device_map(dev, 0, &n->uart.regs);
	if (error)
		goto out;
	if (n->uart.regs.size < (u64)n->offset + (LSR << n->shift) + n->width) {
		error = device_refuse(dev, -EINVAL,
				      "\"reg\" has %zu bytes, too few for reg-shift %u",
				      n->uart.regs.size, n->shift);
		goto out;
	}
	return uart_add(dev, id, &n->uart);
out:
	free(n);
	return error;
}

#define ID(string, kind)	{ .bus = BUS_DT, .compatible = (string), .data = &(kind) }
static const struct device_id ids[] = {
	ID("ns16550a", plain),
	ID("ns16550", plain),
	ID("ns16450", plain),
	ID("ns8250", plain),
	ID("ns16750", plain),
	ID("ns16850", plain),
	ID("snps,dw-apb-uart", plain),
	ID("nvidia,tegra20-uart", plain),
	ID("altr,16550-FIFO32", plain),
	ID("altr,16550-FIFO64", plain),
	ID("altr,16550-FIFO128", plain),
	ID("intel,xscale-uart", xscale),
	ID("spacemit,k1-uart", xscale),
	ID("mediatek,mt6577-uart", mediatek),
	ID("brcm,bcm2835-aux-uart", bcm2835_aux),
};

DRIVER(ns16550) = {
	.name = "ns16550",
	.ids = ids,
	.id_count = sizeof ids / sizeof ids[0],
	.probe = probe,
};
