/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "boot/menu/menu.h"
#include "boot/monitor/line.h"
#include "boot/state/start.h"
#include "lib/console.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/options.h"
#include "lib/time.h"

enum { TITLE_COLUMNS = 60, CHOICE_MS = 3000, STRAY_MAX = 64, SECOND_US = 1000 * 1000 };
static const u64 FOREVER_US = 3600ull * SECOND_US;	/* then again */

/* ---- Keys ---- */

enum key { KEY_NONE, KEY_OTHER, KEY_UP, KEY_DOWN, KEY_ENTER, KEY_EDIT, KEY_REMEMBER,
	   KEY_LEAVE, KEY_DIGIT };

static enum key sequence(void)
{
	int second = console_wait(LINE_ESCAPE_TIMEOUT_US), third = -EAGAIN;
	unsigned parameters = 0;

	if (second < 0)
		return KEY_LEAVE;
	if (second == '[' || second == 'O')
		do
			third = console_wait(LINE_ESCAPE_TIMEOUT_US);
		while (third >= ' ' && third < '@' && parameters++ < STRAY_MAX);
	return parameters ? KEY_OTHER : third == 'A' ? KEY_UP : third == 'B' ? KEY_DOWN : KEY_OTHER;
}

/* KEY_NONE: not within the time. */
static enum key read_key(u64 timeout_us, unsigned *digit)
{
	int byte = console_wait(timeout_us);

	if (byte < 0)
		return KEY_NONE;
	if (byte == '\033')
		return sequence();
	*digit = (unsigned)byte - '0';
	return byte == '\r' || byte == '\n' || byte == ' ' ? KEY_ENTER :
	       byte == 'e' ? KEY_EDIT : byte == 'd' ? KEY_REMEMBER :
	       byte == 'q' || byte == 3 ? KEY_LEAVE :
	       byte == 'k' ? KEY_UP : byte == 'j' ? KEY_DOWN :
	       byte >= '1' && byte <= '9' ? KEY_DIGIT : KEY_OTHER;
}

/* ---- The list ---- */

static struct boot_entry *at(const struct boot_entries *all, unsigned index)
{
	struct boot_entry *e = all->first;

	while (e && index--)
		e = e->next;
	return e;
}

static unsigned index_of(const struct boot_entries *all, const struct boot_entry *wanted)
{
	unsigned index = 0;

	for (const struct boot_entry *e = all->first; e && e != wanted; e = e->next)
		index++;
	return index < all->count ? index : 0;
}

static void print_line(const struct boot_entries *all, unsigned index, bool selected)
{
	const struct boot_entry *e = at(all, index);

	console_print("\r\033[K%s %2u  %.*s (%s)%s%s%s%s\n", selected ? "\033[7m>" : " ",
		      index + 1, TITLE_COLUMNS, e->title, e->volume.name,
		      e == all->remembered ? ", default" : "",
		      e->tries_left ? "" : ", no tries left", e->reason ? ": cannot boot" : "",
		      selected ? "\033[0m" : "");
}

static void print_list(const struct boot_entries *all, unsigned selected)
{
	for (unsigned i = 0; i < all->count; i++)
		print_line(all, i, i == selected);
}

/* ---- Editing the command line ---- */

static const struct line_io plain = { .write = console_write };

static void edit(struct boot_entry *e)
{
	static struct line line;
	enum line_event event = LINE_EDITING;
	const char *before = e->arguments ? e->arguments : "";
	char *copy;

	if (strlen(before) >= sizeof(line.text)) {
		console_print("\nIts command line is too long to be edited here\n");
		return;
	}
	console_print("Enter: done, Enter again boots it; ^C: leave it as it was\n");
	line_init(&line, &plain, "arguments: ");
	line_begin(&line);
	for (; *before; before++)	/* files have words apart by more than blanks */
		line_feed(&line, isspace((u8)*before) ? ' ' : (u8)*before);
	while (event == LINE_EDITING) {
		int byte = console_wait(line_in_sequence(&line) ? LINE_ESCAPE_TIMEOUT_US
								 : FOREVER_US);

		if (byte < 0)
			line_give_up_sequence(&line);
		else
			event = line_feed(&line, (u8)byte);
	}
	copy = event == LINE_DONE ? strdup(line.text) : NULL;
	if (copy) {
		free(e->arguments);
		e->arguments = copy;
	}
}

/* ---- The menu ---- */

static void try(struct boot_entries *all, struct boot_entry *e)
{
	boot_start(all, e, true);
	console_print("\n'%s' was not booted; the reason is above. Another?\n", e->title);
}

/* The same key forgets it again. */
static void remember(struct boot_entries *all, struct boot_entry *e)
{
	if (e == all->remembered)
		e = NULL;
	if (boot_remember(all, "default", e))
		return;
	all->remembered = e;
	if (e)
		console_print("'%s' is the default from now on\n", e->title);
	else
		console_print("The default is the configured one again\n");
}

void boot_menu(struct boot_entries *all)
{
	unsigned selected = index_of(all, all->preferred), digit = 0;

	console_print("\nUp, Down or a number: choose; Enter: boot; d: make it the default; "
		      "e: edit the command line; Escape: monitor\n");
	print_list(all, selected);
	for (;;) {
		unsigned before = selected;

		switch (read_key(FOREVER_US, &digit)) {
		case KEY_UP:
			selected -= selected > 0;
			break;
		case KEY_DOWN:
			selected += selected + 1 < all->count;
			break;
		case KEY_DIGIT:
			selected = digit <= all->count ? digit - 1 : selected;
			break;
		case KEY_EDIT:
			edit(at(all, selected));
			print_list(all, selected);
			continue;
		case KEY_REMEMBER:
			remember(all, at(all, selected));
			print_list(all, selected);
			continue;
		case KEY_ENTER:
			try(all, at(all, selected));
			print_list(all, selected);
			continue;
		case KEY_LEAVE:
			return;
		default:
			break;
		}
		if (selected != before) {
			console_print("\033[%uA", all->count);
			print_list(all, selected);
		}
	}
}

/* ---- By itself ---- */

static unsigned bootable(const struct boot_entries *all)
{
	unsigned count = 0;

	for (const struct boot_entry *e = all->first; e; e = e->next)
		count += !e->reason;
	return count;
}

/* Whether a key that means something came in @ms; what means nothing is dropped. */
static bool interrupted(const struct boot_entry *e, u64 ms)
{
	u64 deadline = deadline_in_us(ms * 1000);
	unsigned digit, stray = 0;
	bool wanted = false;

	do {
		u64 now = time_us(), left = now < deadline ? deadline - now : 0;
		u64 second = left % SECOND_US ? left % SECOND_US : left ? SECOND_US : 0;
		enum key key;

		if (ms)
			console_print("\rBooting '%.*s' in %u s; a key shows the menu \033[K",
				      TITLE_COLUMNS, e->title,
				      (unsigned)((left + SECOND_US - 1) / SECOND_US));
		key = read_key(second, &digit);
		wanted = key != KEY_NONE && key != KEY_OTHER;
		/* A line that makes noise for ever must not keep us. */
		if (!left && (key == KEY_NONE || stray++ == STRAY_MAX))
			break;
	} while (!wanted);
	if (ms)
		console_print("\n");
	return wanted;
}

void boot_by_itself(void)
{
	static struct boot_entries all;
	char word[16];
	s64 timeout;

	if (option("boot", word, sizeof(word)) && !strcmp(word, "monitor"))
		return;
	boot_find(&all);
	if (!all.preferred) {
		log_info("nothing to boot was found on any disk: 'boot explain' says where it was "
			 "looked for");
		return;
	}
	do {
		if (all.once || all.remembered || !all.preferred->tries_left)
			log_info("%s: %s", all.preferred->title, all.why);
		timeout = all.timeout_ms != BOOT_NO_TIMEOUT ? all.timeout_ms :
			  bootable(&all) > 1 ? CHOICE_MS : 0;
		if (interrupted(all.preferred, (u64)timeout)) {
			boot_menu(&all);
			return;
		}
	} while (boot_preferred(&all));
	if (bootable(&all) > 1)
		boot_menu(&all);
	else
		console_print("'boot explain' says what else there is\n");
}
