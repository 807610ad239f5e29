/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A terminal of 80 columns, as far as the line editor uses one: what the user would see. Rows
 * scroll away for ever; UTF-8 is kept as code points, one column each.
 */
#pragma once
#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { TERMINAL_COLUMNS = 80, TERMINAL_ROWS = 64 };

static struct terminal {
	unsigned rows[TERMINAL_ROWS][TERMINAL_COLUMNS];
	unsigned row, column;		/* column may be 80: the next character wraps */
	char sequence[16];
	unsigned sequence_bytes;
	unsigned bells;
} terminal;

static inline void terminal_clear(void)
{
	memset(&terminal, 0, sizeof(terminal));
}

static inline void terminal_next_row(void)
{
	if (terminal.row == TERMINAL_ROWS - 1)
		memmove(terminal.rows[0], terminal.rows[1],
			sizeof(terminal.rows) - sizeof(terminal.rows[0]));
	else
		terminal.row++;
	memset(terminal.rows[terminal.row], 0, sizeof(terminal.rows[0]));
}

static inline void terminal_sequence(char final)
{
	unsigned *row = terminal.rows[terminal.row], n = 0;

	sscanf(terminal.sequence, "\033[%u", &n);
	switch (final) {
	case 'K':
		for (unsigned i = terminal.column; i < TERMINAL_COLUMNS; i++)
			row[i] = 0;
		break;
	case 'C':
		terminal.column += n ? n : 1;
		assert(terminal.column < TERMINAL_COLUMNS);
		break;
	case 'H':
		terminal.row = terminal.column = 0;
		break;
	case 'J':
		assert(n == 2);
		memset(terminal.rows, 0, sizeof(terminal.rows));
		break;
	default:
		assert(!"a sequence this terminal knows");
	}
	terminal.sequence_bytes = 0;
}

static inline void terminal_byte(unsigned char c)
{
	if (terminal.sequence_bytes) {
		assert(terminal.sequence_bytes < sizeof(terminal.sequence) - 1);
		terminal.sequence[terminal.sequence_bytes++] = (char)c;
		terminal.sequence[terminal.sequence_bytes] = 0;
		if (terminal.sequence_bytes == 2)
			assert(c == '[');
		else if (c >= 0x40)
			terminal_sequence((char)c);
		return;
	}
	switch (c) {
	case '\033': terminal.sequence[0] = '\033'; terminal.sequence_bytes = 1; return;
	case '\a': terminal.bells++; return;
	case '\r': terminal.column = 0; return;
	case '\n': terminal.column = 0; terminal_next_row(); return;
	}
	assert(c >= ' ' && c != 0x7f);
	if ((c & 0xc0) == 0x80) {		/* the rest of the character before */
		unsigned *cell = &terminal.rows[terminal.row][terminal.column - 1];

		*cell = *cell << 8 | c;
		return;
	}
	if (terminal.column == TERMINAL_COLUMNS) {
		terminal.column = 0;
		terminal_next_row();
	}
	terminal.rows[terminal.row][terminal.column++] = c;
}

static inline void terminal_write(const char *text, size_t bytes)
{
	while (bytes--)
		terminal_byte((unsigned char)*text++);
}

/* The row @up rows above the cursor's, as text, without blanks at its end. */
static inline const char *terminal_row(unsigned up)
{
	static char text[TERMINAL_COLUMNS * 4 + 1];
	char *to = text, *end = text;

	for (unsigned i = 0; i < TERMINAL_COLUMNS; i++) {
		unsigned cell = terminal.rows[terminal.row - up][i];

		for (int shift = 24; shift >= 0; shift -= 8)
			if (cell >> shift)
				*to++ = (char)(cell >> shift);
		if (!cell)
			*to++ = ' ';
		else if (cell != ' ')
			end = to;
	}
	*end = 0;
	return text;
}
