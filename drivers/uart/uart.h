/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all UARTs share: the line's settings, waiting for room with an end to it, and becoming the
 * console. A driver is its registers: can it send, send, receive, set the line.
 */
#pragma once
#include "drivers/device.h"
#include "lib/console.h"

/* How the line is to be set; "115200n8" in stdout-path. */
struct uart_line {
	u32 baud;		/* 0: as the firmware left it, and then the rest too */
	char parity;		/* 'n', 'o', 'e' */
	u8 bits;		/* 5 to 8 */
};

/*
 * <baud>[<parity>[<bits>[<flow>]]], as Linux has it (Documentation/admin-guide/serial-console);
 * what is left out is n8. Flow control ('r') is accepted and not used. 0, or -EINVAL.
 */
int uart_line_parse(const char *options, struct uart_line *line);

/* The divisor nearest to clock / baud; 0: it would be more than 3 % off, or above @limit. */
u32 uart_divisor(u64 clock_hz, u32 baud, u32 limit);

struct uart;

struct uart_ops {
	/* Make it work: interrupts off, enabled. What firmware set stays. May be NULL. */
	void (*enable)(struct uart *u);
	bool (*can_send)(struct uart *u);
	void (*send)(struct uart *u, u8 byte);		/* when can_send said so */
	int (*receive)(struct uart *u);			/* a byte, or -EAGAIN */
	/*
	 * Change to these settings, if they differ, after the last byte is out. 0; -ERANGE: not
	 * with this clock; -ETIMEDOUT: the last byte does not get out. NULL: cannot be set.
	 */
	int (*set_line)(struct uart *u, const struct uart_line *line);
};

struct uart {
	const struct uart_ops *ops;
	struct mmio regs;
	u64 clock_hz;			/* 0: unknown */
	bool stuck;			/* took no byte in time: nobody waits until it has room */
	const char *device;		/* its name */
	struct console_ops console;
};

/*
 * The end of a probe, with u->ops and u->regs set (*u stays with the device): fills the rest
 * and, if this is to be the console, starts the UART and makes it that. No register is touched
 * otherwise.
 */
int uart_add(struct device *dev, const struct device_id *id, struct uart *u);
