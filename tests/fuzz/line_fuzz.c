/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes into the line editor: it stays valid, and so does what it sends to the terminal. */
#include <stdint.h>
#include <stdlib.h>

#include "boot/monitor/line.h"
#include "unit/terminal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void offer(struct line_completion *c)
{
	c->word = strlen(c->line) / 2;
	line_offer(c, c->line, '/');		/* whatever was typed, as a name */
	line_offer(c, "serial@10000000", ' ');
	line_offer(c, "soc", '/');
}

static const struct line_io io = { .write = terminal_write, .complete = offer };

static void check(const struct line *l)
{
	assert(l->bytes < LINE_BYTES && l->text[l->bytes] == 0 && strlen(l->text) == l->bytes);
	assert(l->cursor <= l->bytes && l->left <= l->cursor);
	assert(((u8)l->text[l->cursor] & 0xc0) != 0x80 && ((u8)l->text[l->left] & 0xc0) != 0x80);
	for (size_t i = 0; i < l->bytes; i++)
		assert((u8)l->text[i] >= ' ' && l->text[i] != 0x7f);
	assert(terminal.sequence_bytes == 0 && terminal.column < TERMINAL_COLUMNS);
	assert(l->history_count <= LINE_HISTORY_COUNT && l->history_bytes <= LINE_HISTORY_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct line line;

	terminal_clear();
	line_init(&line, &io, "plinth> ");
	line_begin(&line);
	for (size_t i = 0; i < bytes; i++) {
		if (data[i] == 0)		/* stands for a pause */
			line_give_up_sequence(&line);
		else if (line_feed(&line, data[i]) != LINE_EDITING)
			line_begin(&line);
		check(&line);
	}
	return 0;
}
