/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line editor: bytes from a terminal in, text for the terminal out, a finished line as the
 * result. It does no input or output of its own and knows no clock.
 *
 * Keys, as ANSI and VT terminals send them: printable text (UTF-8), Left Right Home End (^B ^F ^A
 * ^E), Backspace, Delete (^D), ^K ^U ^W (kill to the end, to the beginning, a word), Up Down (^P
 * ^N: history), Tab (completion; a second Tab lists), ^L (clear the screen), ^C (drop the line).
 * Anything else is ignored. The line always is valid UTF-8 without control characters.
 *
 * What does not fit the terminal's width scrolls sideways; the finished line is shown whole.
 * Every character counts as one column.
 */
#pragma once
#include "arch/types.h"

enum {
	LINE_BYTES = 512,		/* with the terminating 0 */
	LINE_COLUMNS = 80,
	LINE_HISTORY_COUNT = 16,
	LINE_HISTORY_BYTES = 2048,	/* of all the lines kept, each with its 0 */
	LINE_ESCAPE_TIMEOUT_US = 300 * 1000,	/* over a slow link a sequence still is together */
};

/* One Tab: what could stand in place of the word that ends at the cursor. */
struct line_completion {
	const char *line;		/* up to the cursor */
	size_t word;			/* where in it the word begins: set before line_offer() */

	/* line_offer's own */
	bool list;
	unsigned count, column, width;
	char common[128];		/* what all candidates begin with */
	char after;
	const struct line_io *io;
};

/* Where the editor is plugged in. complete may be NULL. */
struct line_io {
	void (*write)(const char *text, size_t bytes);
	/* Calls line_offer() for each possible word, in the same order each time. */
	void (*complete)(struct line_completion *c);
};

/*
 * A word that may stand there. Those that do not begin with what was typed are ignored. @after is
 * put behind the word when it is the only one (' ', '/', or 0 for nothing).
 */
void line_offer(struct line_completion *c, const char *word, char after);

enum line_key_state { LINE_GROUND, LINE_ESCAPE, LINE_CSI, LINE_SS3 };

struct line {
	const struct line_io *io;
	const char *prompt;
	char text[LINE_BYTES];
	size_t bytes, cursor;		/* offsets in text */
	size_t left;			/* of the first byte shown */

	enum line_key_state key;
	unsigned parameter;		/* the first of an escape sequence */
	bool parameter_done;
	char utf8[4];			/* a character arriving */
	unsigned utf8_have, utf8_want;
	bool after_return, after_tab;

	char history[LINE_HISTORY_BYTES];	/* oldest first, each ended by 0 */
	size_t history_bytes;
	unsigned history_count;
	unsigned recalled;		/* 0: the line being written; 1: the newest one kept */
	char draft[LINE_BYTES];		/* the line being written, while another is recalled */
};

void line_init(struct line *l, const struct line_io *io, const char *prompt);
void line_begin(struct line *l);	/* empties the line and shows the prompt */

enum line_event {
	LINE_EDITING,
	LINE_DONE,			/* text is the line; it is in the history unless blank */
	LINE_DROPPED,			/* by ^C */
};
enum line_event line_feed(struct line *l, u8 byte);

/* Whether an escape sequence has begun and not ended: give it LINE_ESCAPE_TIMEOUT_US, no more. */
bool line_in_sequence(const struct line *l);
void line_give_up_sequence(struct line *l);
