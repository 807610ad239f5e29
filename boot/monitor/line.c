/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "boot/monitor/line.h"
#include "fs/text.h"

enum {
	CTRL_A = 1, CTRL_B, CTRL_C, CTRL_D, CTRL_E, CTRL_F, CTRL_H = 8, TAB, LF, CTRL_K, CTRL_L, CR,
	CTRL_N, CTRL_P = 16, CTRL_U = 21, CTRL_W = 23, ESC = 27, DEL = 127,
	SCROLL_COLUMNS = 24,		/* more than needed, so that the view seldom moves */
};

static void write_text(const struct line *l, const char *text)
{
	l->io->write(text, strlen(text));
}

static void bell(const struct line *l)
{
	write_text(l, "\a");
}

/* ---- Characters: the text is valid UTF-8, so one ends where no continuation follows ---- */

static bool continues(char c)
{
	return ((u8)c & 0xc0) == 0x80;
}

static size_t next(const struct line *l, size_t at)
{
	if (at < l->bytes)
		at++;
	while (at < l->bytes && continues(l->text[at]))
		at++;
	return at;
}

static size_t previous(const struct line *l, size_t at)
{
	if (at)
		at--;
	while (at && continues(l->text[at]))
		at--;
	return at;
}

static unsigned columns(const char *text, size_t bytes)
{
	unsigned n = 0;

	for (size_t i = 0; i < bytes; i++)
		n += !continues(text[i]);
	return n;
}

/* ---- The terminal ---- */

/* Columns for the text. The last stays empty: terminals disagree on where the cursor is then. */
static unsigned room(const struct line *l)
{
	return LINE_COLUMNS - 1 - columns(l->prompt, strlen(l->prompt));
}

static void scroll_to_cursor(struct line *l)
{
	if (columns(l->text, l->bytes) <= room(l)) {
		l->left = 0;
	} else if (l->cursor <= l->left) {
		l->left = l->cursor;
		for (unsigned i = 0; i < SCROLL_COLUMNS; i++)
			l->left = previous(l, l->left);
	}
	if (columns(l->text + l->left, l->cursor - l->left) > room(l)) {
		while (columns(l->text + l->left, l->cursor - l->left) > room(l) - SCROLL_COLUMNS)
			l->left = next(l, l->left);
	}
}

static void draw(struct line *l)
{
	size_t end;
	unsigned n = 0, column;
	char move[16];

	scroll_to_cursor(l);
	for (end = l->left; end < l->bytes && n < room(l); n++)
		end = next(l, end);
	write_text(l, "\r");
	write_text(l, l->prompt);
	l->io->write(l->text + l->left, end - l->left);
	write_text(l, "\033[K\r");
	column = LINE_COLUMNS - 1 - room(l) + columns(l->text + l->left, l->cursor - l->left);
	if (column) {
		snprintf(move, sizeof(move), "\033[%uC", column);
		write_text(l, move);
	}
}

/* ---- Editing ---- */

static void insert(struct line *l, const char *text, size_t bytes)
{
	bool at_end = l->cursor == l->bytes;

	if (bytes >= sizeof(l->text) - l->bytes) {
		bell(l);
		return;
	}
	memmove(l->text + l->cursor + bytes, l->text + l->cursor, l->bytes - l->cursor + 1);
	memcpy(l->text + l->cursor, text, bytes);
	l->bytes += bytes;
	l->cursor += bytes;
	if (at_end && columns(l->text + l->left, l->bytes - l->left) <= room(l))
		l->io->write(text, bytes);
	else
		draw(l);
}

static void move(struct line *l, size_t to)
{
	l->cursor = to;
	draw(l);
}

static void erase(struct line *l, size_t from, size_t to)
{
	memmove(l->text + from, l->text + to, l->bytes - to + 1);
	l->bytes -= to - from;
	move(l, from);
}

static size_t word_start(const struct line *l)
{
	size_t at = l->cursor;

	while (at && l->text[at - 1] == ' ')
		at--;
	while (at && l->text[at - 1] != ' ')
		at--;
	return at;
}

/* ---- History ---- */

static const char *remembered(const struct line *l, unsigned age)
{
	const char *at = l->history;

	for (unsigned i = l->history_count; i > age; i--)
		at += strlen(at) + 1;
	return at;
}

static void forget_oldest(struct line *l)
{
	size_t bytes = strlen(l->history) + 1;

	memmove(l->history, l->history + bytes, l->history_bytes - bytes);
	l->history_bytes -= bytes;
	l->history_count--;
}

static void remember(struct line *l)
{
	if (l->text[strspn(l->text, " ")] == 0)
		return;
	if (l->history_count && strcmp(remembered(l, 1), l->text) == 0)
		return;
	while (l->history_count == LINE_HISTORY_COUNT ||
	       l->history_bytes + l->bytes + 1 > sizeof(l->history))
		forget_oldest(l);
	memcpy(l->history + l->history_bytes, l->text, l->bytes + 1);
	l->history_bytes += l->bytes + 1;
	l->history_count++;
}

static void recall(struct line *l, unsigned age)
{
	const char *from = age ? remembered(l, age) : l->draft;

	if (l->recalled == 0)
		memcpy(l->draft, l->text, l->bytes + 1);
	l->recalled = age;
	l->bytes = strlen(from);
	memcpy(l->text, from, l->bytes + 1);
	l->left = 0;
	move(l, l->bytes);
}

static void recall_older(struct line *l)
{
	if (l->recalled < l->history_count)
		recall(l, l->recalled + 1);
	else
		bell(l);
}

static void recall_newer(struct line *l)
{
	if (l->recalled)
		recall(l, l->recalled - 1);
	else
		bell(l);
}

/* ---- Completion ---- */

/* Words come from device trees and disks too, where somebody else chose the bytes. */
static bool typeable(const char *word)
{
	const char *end = word + strlen(word);

	while (word < end) {
		u32 code = utf8_next(&word, end);

		if (code == '\\' && *word == ' ')
			word++;
		else if (code <= ' ' || (code >= 0x7f && code < 0xa0) || code == TEXT_BAD)
			return false;
	}
	return true;
}

static void list(struct line_completion *c, const char *word)
{
	unsigned pad = c->width - (unsigned)strlen(word);

	if (c->column && c->column + c->width > LINE_COLUMNS) {
		c->io->write("\n", 1);
		c->column = 0;
	}
	c->io->write(word, strlen(word));
	while (pad--)
		c->io->write(" ", 1);
	c->column += c->width;
}

void line_offer(struct line_completion *c, const char *word, char after)
{
	const char *typed = c->line + c->word;
	size_t same = 0;

	if (!typeable(word) || strncmp(word, typed, strlen(typed)) != 0)
		return;
	if (c->list) {
		list(c, word);
		return;
	}
	if (c->count++ == 0) {
		strncat(c->common, word, sizeof(c->common) - 1);
		c->after = strlen(word) < sizeof(c->common) ? after : 0;
	}
	while (c->common[same] && c->common[same] == word[same])
		same++;
	while (same && (word[same] & 0xc0) == 0x80)	/* inside a character */
		same--;
	c->common[same] = 0;
	if (c->width < strlen(word) + 2)
		c->width = (unsigned)strlen(word) + 2;
}

static void complete(struct line *l, bool again)
{
	struct line_completion c = { .io = l->io };
	char typed[LINE_BYTES];
	size_t have;

	if (!l->io->complete)
		return;
	memcpy(typed, l->text, l->cursor);
	typed[l->cursor] = 0;
	c.line = typed;
	l->io->complete(&c);

	have = l->cursor - c.word;
	if (c.count && strlen(c.common) > have)
		insert(l, c.common + have, strlen(c.common) - have);
	else if (c.count != 1 && !(c.count && again))
		bell(l);
	if (c.count == 1 && c.after && l->text[l->cursor] != c.after)
		insert(l, &c.after, 1);
	if (c.count > 1 && strlen(c.common) == have && again) {
		write_text(l, "\n");
		c.list = true;
		l->io->complete(&c);
		write_text(l, "\n");
		draw(l);
	}
}

/* ---- Keys ---- */

void line_init(struct line *l, const struct line_io *io, const char *prompt)
{
	memset(l, 0, sizeof(*l));
	l->io = io;
	l->prompt = prompt;
}

void line_begin(struct line *l)
{
	l->text[0] = 0;
	l->bytes = l->cursor = l->left = 0;
	l->recalled = 0;
	l->key = LINE_GROUND;
	l->utf8_want = 0;
	l->after_tab = false;
	write_text(l, l->prompt);
}

static enum line_event finish(struct line *l)
{
	if (columns(l->text, l->bytes) > room(l)) {
		write_text(l, "\r");		/* whole, over as many rows as it takes */
		write_text(l, l->prompt);
		l->io->write(l->text, l->bytes);
	}
	write_text(l, "\n");
	remember(l);
	return LINE_DONE;
}

static enum line_event control(struct line *l, u8 byte, bool after_tab)
{
	switch (byte) {
	case CTRL_A: move(l, 0); break;
	case CTRL_B: move(l, previous(l, l->cursor)); break;
	case CTRL_D: erase(l, l->cursor, next(l, l->cursor)); break;
	case CTRL_E: move(l, l->bytes); break;
	case CTRL_F: move(l, next(l, l->cursor)); break;
	case CTRL_H:
	case DEL: erase(l, previous(l, l->cursor), l->cursor); break;
	case TAB:
		l->after_tab = true;
		complete(l, after_tab);
		break;
	case CTRL_K: erase(l, l->cursor, l->bytes); break;
	case CTRL_L:
		write_text(l, "\033[H\033[2J");
		draw(l);
		break;
	case CTRL_N: recall_newer(l); break;
	case CTRL_P: recall_older(l); break;
	case CTRL_U: erase(l, 0, l->cursor); break;
	case CTRL_W: erase(l, word_start(l), l->cursor); break;
	case ESC: l->key = LINE_ESCAPE; break;
	case CTRL_C:
		write_text(l, "^C\n");
		return LINE_DROPPED;
	case CR:
		l->after_return = true;
		return finish(l);
	case LF:
		return finish(l);
	}
	return LINE_EDITING;
}

/* The key that an escape sequence stands for, as the control character that does the same. */
static u8 sequence_key(u8 final, unsigned parameter)
{
	switch (final) {
	case 'A': return CTRL_P;
	case 'B': return CTRL_N;
	case 'C': return CTRL_F;
	case 'D': return CTRL_B;
	case 'H': return CTRL_A;
	case 'F': return CTRL_E;
	case '~':
		switch (parameter) {
		case 1: case 7: return CTRL_A;
		case 3: return CTRL_D;
		case 4: case 8: return CTRL_E;
		}
	}
	return 0;
}

/* ECMA-48, 5.4: parameters 0x30-0x3f, intermediates 0x20-0x2f, one final byte 0x40-0x7e. */
static enum line_event sequence(struct line *l, u8 byte)
{
	enum line_key_state was = l->key;

	l->key = LINE_GROUND;
	if (was == LINE_ESCAPE) {
		if (byte == '[' || byte == 'O') {
			l->key = byte == '[' ? LINE_CSI : LINE_SS3;
			l->parameter = 0;
			l->parameter_done = false;
		}
		return LINE_EDITING;
	}
	if (byte >= 0x40 && byte < 0x7f) {
		byte = sequence_key(byte, l->parameter);
		return byte ? control(l, byte, false) : LINE_EDITING;
	}
	if (byte >= '0' && byte <= '9' && !l->parameter_done)
		l->parameter = (l->parameter * 10 + byte - '0') % 1000;
	else
		l->parameter_done = true;
	if (byte >= 0x20 && byte < 0x40)
		l->key = was;
	return LINE_EDITING;
}

/* A byte of a character beyond ASCII (Unicode 15, table 3-7): inserted when whole and valid. */
static void utf8(struct line *l, u8 byte)
{
	const u8 *c = (const u8 *)l->utf8;

	if (!continues((char)byte)) {
		l->utf8_want = byte >= 0xc2 && byte < 0xe0 ? 2 : byte >= 0xe0 && byte < 0xf0 ? 3 :
			       byte >= 0xf0 && byte < 0xf5 ? 4 : 0;
		l->utf8_have = 0;
	}
	if (!l->utf8_want)
		return;
	l->utf8[l->utf8_have++] = (char)byte;
	if (l->utf8_have == 2 &&
	    ((c[0] == 0xc2 && c[1] < 0xa0) ||			/* control characters */
	     (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90) ||	/* overlong */
	     (c[0] == 0xed && c[1] >= 0xa0) ||			/* surrogates */
	     (c[0] == 0xf4 && c[1] >= 0x90)))			/* beyond the last */
		l->utf8_want = 0;
	if (l->utf8_want && l->utf8_have == l->utf8_want) {
		l->utf8_want = 0;
		insert(l, l->utf8, l->utf8_have);
	}
}

enum line_event line_feed(struct line *l, u8 byte)
{
	bool after_return = l->after_return, after_tab = l->after_tab;

	l->after_return = l->after_tab = false;
	if (byte < 0x20)
		l->key = LINE_GROUND;	/* a control character ends a sequence, and counts */
	if (byte < 0x80)
		l->utf8_want = 0;

	if (l->key != LINE_GROUND)
		return sequence(l, byte);
	if (byte >= 0x80)
		utf8(l, byte);
	else if (byte < 0x20 || byte == DEL)
		return byte == LF && after_return ? LINE_EDITING : control(l, byte, after_tab);
	else
		insert(l, (const char *)&byte, 1);
	return LINE_EDITING;
}

bool line_in_sequence(const struct line *l)
{
	return l->key != LINE_GROUND;
}

void line_give_up_sequence(struct line *l)
{
	l->key = LINE_GROUND;
}
