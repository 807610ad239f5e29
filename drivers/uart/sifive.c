/* SPDX-License-Identifier: BSD-2-Clause */
/* The UART of SiFive's SoCs (FU540-C000 manual, 13). */
#include <stdlib.h>
#include "drivers/uart/uart.h"
#include "lib/time.h"

enum { TXDATA = 0x00, RXDATA = 0x04, TXCTRL = 0x08, RXCTRL = 0x0c, IE = 0x10, DIV = 0x18 };
enum { TXDATA_FULL = 1u << 31, RXDATA_EMPTY = 1u << 31 };
enum { TXCTRL_ENABLE = 1, RXCTRL_ENABLE = 1 };
enum { DIV_LIMIT = 0xffff };
enum { FIFO_BYTES = 8, BITS_A_BYTE = 10 };

static void enable(struct uart *u)
{
	mmio_write32(u->regs, IE, 0);
	mmio_write32(u->regs, TXCTRL, mmio_read32(u->regs, TXCTRL) | TXCTRL_ENABLE);
	mmio_write32(u->regs, RXCTRL, mmio_read32(u->regs, RXCTRL) | RXCTRL_ENABLE);
}

static bool can_send(struct uart *u)
{
	return !(mmio_read32(u->regs, TXDATA) & TXDATA_FULL);
}

static void send(struct uart *u, u8 byte)
{
	mmio_write32(u->regs, TXDATA, byte);
}

/* Reading takes the byte out of the FIFO, and says in the same word whether there was one. */
static int receive(struct uart *u)
{
	u32 data = mmio_read32(u->regs, RXDATA);

	return data & RXDATA_EMPTY ? -EAGAIN : (int)(data & 0xff);
}

/*
 * No register tells that the last byte is out, so wait as long as a full FIFO takes at the
 * present rate. The format is 8 bits without parity, always.
 */
static int set_line(struct uart *u, const struct uart_line *line)
{
	u32 divisor = uart_divisor(u->clock_hz, line->baud, DIV_LIMIT + 1);
	u32 present = (mmio_read32(u->regs, DIV) & DIV_LIMIT) + 1;

	if (!divisor || line->bits != 8 || line->parity != 'n')
		return -ERANGE;
	if (present == divisor)
		return 0;
	delay_us((u64)present * BITS_A_BYTE * (FIFO_BYTES + 1) * 1000000 / u->clock_hz);
	mmio_write32(u->regs, DIV, divisor - 1);
	return 0;
}

static const struct uart_ops ops = { enable, can_send, send, receive, set_line };

static int probe(struct device *dev, const struct device_id *id)
{
	struct uart *u = calloc(1, sizeof *u);
	int error;

	if (!u)
		return -ENOMEM;
	u->ops = &ops;
	error = device_map(dev, 0, &u->regs);
	if (!error && u->regs.size < DIV + 4)
		error = device_refuse(dev, -EINVAL,
				      "\"reg\" has %zu bytes, too few for its registers",
				      u->regs.size);
	if (error) {
		free(u);
		return error;
	}
	return uart_add(dev, id, u);
}

static const struct device_id ids[] = {
	MATCH_DT("sifive,uart0"),
};

DRIVER(sifive_uart) = {
	.name = "sifive_uart",
	.ids = ids,
	.id_count = sizeof ids / sizeof ids[0],
	.probe = probe,
};
