/* SPDX-License-Identifier: BSD-2-Clause */
/* The countdown and the menu, by what somebody types and what he sees. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "boot/menu/menu.h"
#include "lib/dt.h"
#include "lib/errors.h"
#include "tests/boot/booting.h"

static const struct arch_linux_image kernel = { .image_bytes = 1 << 20, .base_align = 2 << 20 };

/* ---- Somebody who types ---- */

/* '~' is a pause of a second; at the end he waits, but not for ever. */
static const char *typing;
static u64 pause_ends;
enum { SECOND = 10 * 1000 * 1000, PATIENCE_S = 3 * 3600 };

static int next_byte(void *state)
{
	(void)state;
	if (!*typing) {
		if (sim.ticks > pause_ends + (u64)PATIENCE_S * SECOND)
			sim_fail("nothing happens any more");
		return -EAGAIN;
	}
	if (*typing == '~') {
		if (!pause_ends)
			pause_ends = sim.ticks + SECOND;
		if (sim.ticks < pause_ends)
			return -EAGAIN;
		typing++;
		pause_ends = 0;
		return next_byte(state);
	}
	return (u8)*typing++;
}

static int noise(void *state)
{
	(void)state;
	sim.ticks += SECOND / 100;
	return 'x';
}

static void run(void *unused)
{
	(void)unused;
	boot_by_itself();
}

static enum sim_end run_with(int (*read)(void *state), const char *keys)
{
	struct console_ops terminal = sim_console;
	enum sim_end end;

	terminal.read = read;
	console_set(&terminal, NULL);
	sim_console_clear();
	sim.ticks_step = 10 * 1000;		/* a millisecond at each look */
	typing = keys;
	pause_ends = 0;
	end = sim_run(run, NULL);
	console_set(&sim_console, NULL);
	return end;
}

static bool menu_seen(void)
{
	return strstr(sim_console_text, "Up, Down or a number: choose");
}

/* Who was booted, by the arguments of its label. */
static void assert_boots(const char *keys, const char *arguments)
{
	const char *reason, *found;

	sim_ram(SIM_RAM_AT, BOOTING_RAM);
	sim.linux_image = &kernel;
	if (run_with(next_byte, keys) != SIM_ENTERED)
		fail_msg("nothing boots: %s", sim_console_text);
	assert_int_equal(dt_open((const void *)(uintptr_t)sim.entered_tree,
				 sim.entered_written[1].bytes, &reason), 0);
	found = dt_string(dt_path("/chosen"), "bootargs");
	if (strcmp(found ? found : "", arguments))
		fail_msg("\"%s\" boots %s, not %s", keys, found, arguments);
}

static void assert_leaves(const char *keys)
{
	sim_ram(SIM_RAM_AT, BOOTING_RAM);
	sim.linux_image = &kernel;
	assert_int_equal(run_with(next_byte, keys), SIM_RETURNED);
	if (!menu_seen() || *typing)
		fail_msg("\"%s\": no menu, or left early: %s", keys, sim_console_text);
}

static void configure(const char *global)
{
	shell("mkdir -p $DIR/extlinux; echo kernel >$DIR/k;"
	      "cat >$DIR/extlinux/extlinux.conf <<'E'\n"
	      "%s\n"
	      "label one\n menu label The first\n linux /k\n append first\n"
	      "label two\n menu label The second\n linux /k\n append second\n"
	      "label bad\n menu label The bad\n linux /gone\n append bad\n"
	      "E\n", global);
	booting_find(getenv("DIR"));
}

/* ---- Tests ---- */

static void countdown(void **state)
{
	(void)state;
	configure("default two\ntimeout 25");
	assert_boots("", "second");
	assert_non_null(strstr(sim_console_text, "Booting 'The second' in 3 s"));
	assert_non_null(strstr(sim_console_text, "Booting 'The second' in 1 s"));
	assert_false(menu_seen());
}

static void one_entry_waits_for_nobody(void **state)
{
	(void)state;
	shell("mkdir -p $DIR/extlinux; echo kernel >$DIR/k;"
	      "printf 'label a\\nlinux /k\\nappend alone\\n' >$DIR/extlinux/extlinux.conf");
	booting_find(getenv("DIR"));
	assert_boots("", "alone");
	assert_null(strstr(sim_console_text, "Booting '"));
}

static void stray_bytes_are_dropped(void **state)
{
	(void)state;
	configure("timeout 30");
	assert_boots("xyz\t\x80\xff~%~\033[C\033[1;5D", "first");
	assert_false(menu_seen());
}

static void noise_for_ever_does_not_keep_us(void **state)
{
	(void)state;
	configure("timeout 30");
	sim.linux_image = &kernel;
	assert_int_equal(run_with(noise, ""), SIM_ENTERED);
	assert_false(menu_seen());
}

static void keys_that_mean_something_stop_it(void **state)
{
	static const char *const keys[] = {
		"\r", "\n", " ", "e", "q", "\3", "1", "9", "\033[A", "\033[B", "\033OA", "\033OB",
		"k", "j", "\033",
	};
	char typed[16];

	(void)state;
	configure("timeout 30");
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		snprintf(typed, sizeof(typed), "x~%s~q", keys[i]);
		assert_leaves(typed);
	}
}

static void choosing(void **state)
{
	(void)state;
	configure("timeout 30");
	assert_boots("\r\r", "first");
	assert_boots("\r\033[B\r", "second");
	assert_boots("\r\033OB\033OA\r", "first");
	assert_boots("\r\033[A\033[A\033[B ", "second");	/* no further up than the top */
	assert_boots("\r\033[B\033[B\033[B\033[B\033[A\r", "second");
	assert_boots("\r2\r", "second");
	assert_boots("\r291\r", "first");			/* there is no ninth */
	assert_boots("\rjxz?\t\033[5~~\r", "second");
	assert_leaves("\r~\033");
}

static void editing(void **state)
{
	(void)state;
	configure("timeout 30");
	assert_boots("\re more=1\r\r", "first more=1");
	assert_boots("\r2e\025else\r\r", "else");
	assert_boots("\re dropped\003\r", "first");
	assert_non_null(strstr(sim_console_text, "^C: leave it as it was"));
	assert_boots("\re\033[D\033[D\033[D\033[Dx\033~\r\r", "fxirst");
	assert_boots("\re\025\r\r", "");
}

/* Whatever separates its words, they stay apart; and nothing is lost of a long one. */
static void editing_what_a_file_said(void **state)
{
	static char text[600];

	(void)state;
	shell("mkdir -p $DIR/loader/entries; echo kernel >$DIR/k;"
	      "printf 'linux /k\\noptions a\\tb\\vc\\n' >$DIR/loader/entries/a.conf;"
	      "echo timeout 30 >$DIR/loader/loader.conf");
	booting_find(getenv("DIR"));
	assert_boots("\re d\r\r", "a b c d");

	memset(text, 'x', sizeof(text) - 1);
	booting_end(NULL);
	booting_begin(NULL);
	shell("mkdir -p $DIR/loader/entries; echo kernel >$DIR/k;"
	      "printf 'linux /k\\noptions %s\\n' >$DIR/loader/entries/a.conf;"
	      "echo timeout 30 >$DIR/loader/loader.conf", text);
	booting_find(getenv("DIR"));
	assert_boots("\re\r", text);
	assert_non_null(strstr(sim_console_text, "too long to be edited"));
}

static void what_does_not_boot_brings_the_menu_back(void **state)
{
	(void)state;
	configure("timeout 30");
	assert_boots("\r3\r2\r", "second");
	assert_non_null(strstr(sim_console_text, "'The bad' was not booted"));
}

static void nor_does_the_default(void **state)
{
	(void)state;
	configure("default bad");
	assert_boots("~~~~2\r", "second");			/* by itself, first */
	assert_non_null(strstr(sim_console_text, "cannot boot The bad"));
}

static void nothing_to_boot(void **state)
{
	(void)state;
	shell("touch $DIR/nothing");
	booting_find(getenv("DIR"));
	assert_int_equal(run_with(next_byte, ""), SIM_RETURNED);
	assert_false(menu_seen());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, booting_begin, booting_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(countdown),
		TEST(one_entry_waits_for_nobody),
		TEST(stray_bytes_are_dropped),
		TEST(noise_for_ever_does_not_keep_us),
		TEST(keys_that_mean_something_stop_it),
		TEST(choosing),
		TEST(editing),
		TEST(editing_what_a_file_said),
		TEST(what_does_not_boot_brings_the_menu_back),
		TEST(nor_does_the_default),
		TEST(nothing_to_boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
