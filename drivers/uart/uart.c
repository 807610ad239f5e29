/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "arch/arch.h"
#include "drivers/console.h"
#include "drivers/uart/uart.h"
#include "lib/log.h"
#include "lib/time.h"

/* Long enough for flow control, and for an emulator whose user scrolls back. */
enum { UART_SEND_TIMEOUT_US = 2000 * 1000 };

/* ---- Options ---- */

int uart_line_parse(const char *options, struct uart_line *line)
{
	struct uart_line l = { .parity = 'n', .bits = 8 };
	const char *c = options;

	for (; *c >= '0' && *c <= '9'; c++) {
		if (l.baud > 100000000)
			return -EINVAL;
		l.baud = l.baud * 10 + (*c - '0');
	}
	if (l.baud == 0)
		return -EINVAL;
	if (*c == 'n' || *c == 'o' || *c == 'e') {
		l.parity = *c++;
		if (*c >= '5' && *c <= '8') {
			l.bits = *c++ - '0';
			if (*c == 'r')
				c++;
		}
	}
	if (*c)
		return -EINVAL;
	*line = l;
	return 0;
}

u32 uart_divisor(u64 clock_hz, u32 baud, u32 limit)
{
	u64 divisor = (clock_hz + baud / 2) / baud;
	u64 real, off;

	if (divisor == 0 || divisor > limit)
		return 0;
	real = clock_hz / divisor;
	off = real > baud ? real - baud : baud - real;
	return off * 100 > (u64)baud * 3 ? 0 : divisor;
}

/*
 * A clock that the tree states as a number. What a clock controller makes is not known here, so
 * such a UART stays as its firmware set it.
 */
static u64 clock_hz(struct dt_node node)
{
	u64 hz = dt_u64(node, "clock-frequency", 0);
	u32 phandle = dt_u32_at(node, "clocks", 0, 0);
	struct dt_node clock;

	if (hz || !phandle)
		return hz;
	clock = dt_by_phandle(phandle);
	return dt_is_compatible(clock, "fixed-clock") ? dt_u64(clock, "clock-frequency", 0) : 0;
}

/* ---- The console ---- */

static void console_write_uart(void *state, const char *text, size_t bytes)
{
	struct uart *u = state;

	for (; bytes; text++, bytes--) {
		if (u->ops->can_send(u)) {
			u->stuck = false;
		} else if (u->stuck) {
			return;
		} else if (poll_until(u->ops->can_send(u), UART_SEND_TIMEOUT_US)) {
			u->stuck = true;
			log_warning("%s: sends nothing; until it does, text for it is lost",
				    u->device);
			return;
		}
		u->ops->send(u, *text);
	}
}

static int console_read_uart(void *state)
{
	struct uart *u = state;

	return u->ops->receive(u);
}

static void set_line(struct uart *u, const char *options)
{
	struct uart_line line;
	int error;

	if (!*options)
		return;
	if (uart_line_parse(options, &line)) {
		log_warning("%s: stdout-path asks for \"%s\", which is not like 115200n8; "
			    "the line stays as it was set", u->device, options);
		return;
	}
	if (!u->ops->set_line || !u->clock_hz)
		return;
	error = u->ops->set_line(u, &line);
	if (error)
		log_warning("%s: stays as it was set, because \"%s\" with a clock of %" PRIu64
			    " Hz: %s", u->device, options, u->clock_hz, error_text(error));
}

int uart_add(struct device *dev, const struct device_id *id, struct uart *u)
{
	const char *options;

	u->device = dev->name;
	u->clock_hz = clock_hz(dev->node);
	u->console = (struct console_ops){ id->compatible, console_write_uart, console_read_uart };
	dev->state = u;
	if (!console_wanted(dev->node, &options))
		return 0;
	if (u->ops->enable)
		u->ops->enable(u);
	set_line(u, options);
	console_set(&u->console, u);
	return 0;
}
