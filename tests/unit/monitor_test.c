/* SPDX-License-Identifier: BSD-2-Clause */
/* The monitor's words and commands, from a line typed to the text on a console that keeps it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/sim.h"
#include "boot/monitor/monitor.h"
#include "boot/monitor/words.h"
#include "drivers/device.h"
#include "lib/console.h"
#include "lib/dt.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "tests/tree.h"

/* ---- A console ---- */

static char shown[16 * 1024];
static size_t shown_bytes;
static const char *typed = "";

static void console_keep(void *state, const char *text, size_t bytes)
{
	(void)state;
	for (size_t i = 0; i < bytes; i++)
		if (text[i] != '\r' && shown_bytes < sizeof(shown) - 1)
			shown[shown_bytes++] = text[i];
	shown[shown_bytes] = 0;
}

static int console_typed(void *state)
{
	(void)state;
	return *typed ? (u8)*typed++ : -EAGAIN;
}

static const struct console_ops keeper = { "keeper", console_keep, console_typed };

static int run(const char *line)
{
	char copy[LINE_BYTES];

	shown_bytes = 0;
	shown[0] = 0;
	snprintf(copy, sizeof(copy), "%s", line);
	return monitor_run(copy);
}

#define assert_shown(text) assert_string_equal(shown, text)
#define assert_shows(part) do { \
	if (!strstr(shown, part)) \
		fail_msg("no \"%s\" in:\n%s", part, shown); \
} while (0)

/* ---- A machine ---- */

static int setup(void **state)
{
	(void)state;
	sim_reset();
	TREE(monitor);
	assert_int_equal(memory_init(), 0);
	console_set(&keeper, NULL);
	typed = "";
	return 0;
}

/* ---- Words and numbers ---- */

static void check_words(const char *line, int count, ...)
{
	char copy[128], *argv[WORDS_MAX + 1];
	const char *reason;
	va_list words;

	snprintf(copy, sizeof(copy), "%s", line);
	assert_int_equal(words_split(copy, argv, &reason), count);
	va_start(words, count);
	for (int i = 0; i < count; i++)
		assert_string_equal(argv[i], va_arg(words, const char *));
	va_end(words);
	if (count >= 0)
		assert_null(argv[count]);
}

static void test_words(void **state)
{
	char many[2 * WORDS_MAX + 4];

	(void)state;
	check_words("", 0);
	check_words(" \t # all comment", 0);
	check_words("  md  0x10\t4 ", 3, "md", "0x10", "4");
	check_words("go 1 # why", 2, "go", "1");
	check_words("a#b c", 2, "a#b", "c");
	check_words("'a  b'\"c  d\" e", 2, "a  bc  d", "e");
	check_words("a\\ b \\\"c \"d\\\"e\" 'f\\' \\#", 5, "a b", "\"c", "d\"e", "f\\", "#");
	check_words("'' \"\"", 2, "", "");
	check_words("a'b", -EINVAL);
	check_words("\"b'", -EINVAL);
	check_words("tail\\", 1, "tail\\");

	memset(many, 0, sizeof(many));
	for (int i = 0; i < WORDS_MAX; i++)
		memcpy(many + 2 * i, "x ", 2);
	assert_int_equal(run(many), -ENOENT);
	many[2 * WORDS_MAX] = 'x';
	assert_int_equal(run(many), -EINVAL);
	assert_shown("too many words\n");
}

static void test_numbers(void **state)
{
	u64 n;

	(void)state;
	assert_int_equal(number_parse("0", &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(number_parse("010", &n), 0);
	assert_int_equal(n, 10);
	assert_int_equal(number_parse("0xfFfFffffFFFFFFFF", &n), 0);
	assert_int_equal(n, UINT64_MAX);
	assert_int_equal(number_parse("18446744073709551615", &n), 0);
	assert_int_equal(n, UINT64_MAX);
	assert_int_equal(number_parse_size("4k", &n), 0);
	assert_int_equal(n, 4096);
	assert_int_equal(number_parse_size("0x10M", &n), 0);
	assert_int_equal(n, 16 << 20);
	assert_int_equal(number_parse_size("3g", &n), 0);
	assert_int_equal(n, 3ull << 30);

	shown_bytes = 0;
	assert_int_equal(number_parse("18446744073709551616", &n), -EINVAL);
	assert_int_equal(number_parse("84000f00", &n), -EINVAL);
	assert_int_equal(number_parse("f00", &n), -EINVAL);
	assert_int_equal(number_parse("", &n), -EINVAL);
	assert_int_equal(number_parse("0x", &n), -EINVAL);
	assert_int_equal(number_parse("-1", &n), -EINVAL);
	assert_int_equal(number_parse("4k", &n), -EINVAL);
	assert_int_equal(number_parse_size("4kB", &n), -EINVAL);
	assert_int_equal(number_parse_size("0x8000000000000000k", &n), -EINVAL);
	assert_shown("'18446744073709551616' does not fit 64 bits\n"
		     "'84000f00' is not a number (hexadecimal begins with 0x)\n"
		     "'f00' is not a number (hexadecimal begins with 0x)\n"
		     "'' is not a number\n"
		     "'0x' is not a number\n"
		     "'-1' is not a number\n"
		     "'4k' is not a number\n"
		     "'4kB' is not a size (123, 0x1000, 4k, 16M, 1G)\n"
		     "'0x8000000000000000k' does not fit 64 bits\n");
}

static void test_sizes(void **state)
{
	static const struct {
		u64 bytes;
		const char *text;
	} sizes[] = {
		{ 0, "0 bytes" }, { 1023, "1023 bytes" }, { 1024, "1 KiB" }, { 1536, "1.5 KiB" },
		{ (128 << 20) - 1, "127.9 MiB" }, { 1ull << 30, "1 GiB" }, { 5ull << 40, "5 TiB" },
		{ UINT64_MAX, "16777215.9 TiB" },
	};
	char text[SIZE_TEXT_BYTES];

	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_string_equal(size_text(sizes[i].bytes, text), sizes[i].text);
}

/* ---- Running ---- */

static void test_unknown_commands(void **state)
{
	(void)state;
	assert_int_equal(run("xyzzy 1"), -ENOENT);
	assert_shown("no command 'xyzzy'; 'help' lists them\n");
	assert_int_equal(run("hlep"), -ENOENT);
	assert_shown("no command 'hlep'; did you mean 'help'? 'help' lists them\n");
	assert_int_equal(run("help.b"), -ENOENT);
	assert_int_equal(run("''"), -ENOENT);
	assert_int_equal(run(""), 0);
	assert_shown("");
	assert_int_equal(run("mem 'x"), -EINVAL);
	assert_shown("a ' is missing\n");
}

static void test_help(void **state)
{
	(void)state;
	assert_int_equal(run("help"), 0);
	assert_shows("\ndt        print the device tree");
	assert_true(strstr(shown, "\nmd ") < strstr(shown, "\nmem "));
	assert_int_equal(run("help md"), 0);
	assert_shows("usage: md[.b|.h|.w|.q] <address> [count]\ndisplay");
	assert_int_equal(run("help mem 2"), -EINVAL);
	assert_shown("usage: help [command]\n");
	assert_int_equal(run("help me"), -ENOENT);
}

static void test_time(void **state)
{
	(void)state;
	assert_int_equal(run("time"), 0);
	assert_shows("up ");
	assert_int_equal(run("time help time"), 0);
	assert_shows("usage: time [command ...]");
	assert_shows("\ntook ");
	assert_int_equal(run("time xyzzy"), -ENOENT);
	run("time mem 2");
	assert_shows("usage: mem\ntook ");
	assert_null(strstr(shown, "usage: time"));
}

static void test_log(void **state)
{
	(void)state;
	log_warning("something is odd");
	assert_int_equal(run("log"), 0);
	assert_shows(" warning something is odd\n");
	assert_int_equal(run("log debug"), 0);
	assert_int_equal(log_get_level(), LOG_DEBUG);
	assert_int_equal(run("log info"), 0);
	assert_int_equal(run("log loud"), -EINVAL);
	assert_shown("'loud' is not a log level\nusage: log [error|warning|info|debug]\n");
}

static void test_mem(void **state)
{
	(void)state;
	assert_int_equal(memory_claim(0x80200000, 0x100000, MEMORY_PLINTH, "image"), 0);
	assert_int_equal(run("mem"), 0);
	assert_shows("  80000000 -   801fffff        2 MiB  free      RAM\n");
	assert_shows("  80200000 -   802fffff        1 MiB  Plinth    image\n");
	assert_shows("128 MiB of RAM, 127 MiB free\n");
}

static void test_power(void **state)
{
	(void)state;
	assert_int_equal(run("reset"), -EIO);
	assert_shows("no way to reset this machine worked");
	assert_int_equal(run("poweroff now"), -EINVAL);
}

static bool stops;
static unsigned stopped;

static int bind(struct device *dev, const struct device_id *id)
{
	(void)dev;
	(void)id;
	return 0;
}

static int stop(struct device *dev)
{
	(void)dev;
	stopped++;
	return stops ? 0 : -EIO;
}

static const struct device_id master_ids[] = { MATCH_DT("acme,box") };

DRIVER(master) = {
	.name = "master", .ids = master_ids, .id_count = 1, .probe = bind, .quiesce = stop,
};

static void run_line(void *line)
{
	run(line);
}

/* Memory outlives a reset: what is quiet before it writes nothing into what comes next. */
static void test_power_finds_devices_quiet(void **state)
{
	static char lines[][16] = { "reset", "poweroff" };
	static const enum sim_end ends[] = { SIM_RESET, SIM_POWERED_OFF };

	(void)state;
	assert_int_equal(device_bind_node(dt_root(), NULL), 0);
	sim.firmware_resets = true;
	for (unsigned i = 0; i < 4; i++) {
		stops = i < 2;
		assert_int_equal(sim_run(run_line, lines[i % 2]), ends[i % 2]);
		assert_int_equal(stopped, i + 1);
	}
	assert_shows("may still access memory, it did not stop");	/* told, and no obstacle */
}

/* ---- md, mw ---- */

static u8 registers[32];

static u64 register_read(void *state, u64 offset, unsigned width)
{
	u64 value = 0;

	(void)state;
	memcpy(&value, registers + offset, width);
	return value;
}

static void register_write(void *state, u64 offset, unsigned width, u64 value)
{
	(void)state;
	memcpy(registers + offset, &value, width);
}

static const struct sim_mmio_ops register_ops = { register_read, register_write };

static void test_md(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(registers); i++)
		registers[i] = (u8)(i < 8 ? 0xf8 + i : 0x38 + i);
	sim_mmio_add(0x10000000, 32, &register_ops, NULL);

	assert_int_equal(run("md 0x10000000 5"), 0);
	assert_shown("10000000: fbfaf9f8 fffefdfc 43424140 47464544  ........@ABCDEFG\n"
		     "10000010: 4b4a4948                             HIJK\n");
	assert_int_equal(sim.maps[0].start, 0x10000000);
	assert_int_equal(sim.maps[0].kind, ARCH_MAP_DEVICE);
	assert_int_equal(run("md.b 0x10000007 3"), 0);
	assert_shown("10000007: ff 40 41                                         .@A\n");
	assert_int_equal(run("md.h 0x10000008 2"), 0);
	assert_shown("10000008: 4140 4342                                @ABC\n");
	assert_int_equal(run("md.q 0x10000008 1"), 0);
	assert_shown("10000008: 4746454443424140                   @ABCDEFG\n");

	assert_int_equal(run("md 0x10000010"), -EFAULT);
	assert_shown("10000010: 4b4a4948 4f4e4d4c 53525150 57565554  HIJKLMNOPQRSTUVW\n"
		     "0x10000020 cannot be read: simulated fault\n");
	assert_int_equal(run("md.h 0x10000009"), -EINVAL);
	assert_shows("0x10000009 is not a multiple of 2");
	assert_int_equal(run("md.x 0"), -EINVAL);
	assert_shows("'.x' is not a width");
	assert_int_equal(run("md.bb 0"), -EINVAL);
	assert_int_equal(run("md 0xfffffffffffffff0 8"), -EINVAL);
	assert_shows("beyond the last address");
	assert_int_equal(run("md 0xfffffffffffffff0 5"), -EINVAL);
	assert_shows("beyond the last address");
	assert_int_equal(run("md 0xfffffffffffffff0 4"), -EFAULT);
	assert_shows("0xfffffffffffffff0 cannot be read");
	assert_int_equal(run("md pc"), -EINVAL);
	assert_shows("'pc' is not a number\nusage: md");
}

static void test_md_leaves_page_0_and_ram_unmapped(void **state)
{
	(void)state;
	assert_int_equal(run("md 0x10"), -EFAULT);
	assert_int_equal(memory_claim(0x80000000, 4096, MEMORY_RESERVED, "firmware"), 0);
	assert_int_equal(run("md 0x80000000"), -EFAULT);
	assert_shows("0x80000000 cannot be read: simulated fault (it belongs to firmware)\n");
	assert_int_equal(sim.map_count, 0);
}

static void test_mw(void **state)
{
	static const u8 expected[16] = {
		0x11, 0, 0, 0, 0x44, 0x33, 0x44, 0x33,
		0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
	};

	(void)state;
	memset(registers, 0, sizeof(registers));
	sim_mmio_add(0x10000000, 16, &register_ops, NULL);
	assert_int_equal(run("mw.b 0x10000000 0x11"), 0);
	assert_int_equal(run("mw.h 0x10000004 0x3344 2"), 0);
	assert_int_equal(run("mw.q 0x10000008 0x1122334455667788"), 0);
	assert_shown("");
	assert_memory_equal(registers, expected, sizeof(expected));
	assert_int_equal(run("mw.b 0x10000000 256"), -EINVAL);
	assert_shows("256 does not fit 8 bits");
	assert_int_equal(run("mw 0x1000000c 0 4"), -EFAULT);
	assert_shown("0x10000010 cannot be written: simulated fault\n");
}

static void test_interrupting(void **state)
{
	(void)state;
	sim_mmio_add(0x10000000, 32, &register_ops, NULL);
	typed = "\003";
	assert_int_equal(run("md 0x10000000"), 0);
	assert_shown("");
}

/* ---- dt ---- */

static void test_dt_nodes(void **state)
{
	(void)state;
	assert_int_equal(run("dt /soc"), 0);
	assert_shown("soc {\n"
		     "    dma-coherent;\n"
		     "    serial@1000 {\n"
		     "        compatible = \"acme,uart\", \"quo\\\"te\";\n"
		     "        reg = <0x30303000 0x41414100 0x0 0x100>;\n"
		     "        mac = [01 02 03];\n"
		     "        table = <0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8\n"
		     "            0x9 0xa>;\n"
		     "    };\n"
		     "    spi@2000 {\n"
		     "    };\n"
		     "};\n");
	assert_int_equal(run("dt"), 0);
	assert_shows("/ {\n    compatible = \"acme,box\";\n    #address-cells = <0x2>;\n");
	assert_shows("    };\n};\n");
	typed = "x\003";
	assert_int_equal(run("dt"), 0);
	assert_shown("");
}

static void test_dt_property(void **state)
{
	(void)state;
	assert_int_equal(run("dt serial0 reg"), 0);
	assert_shown("reg = <0x30303000 0x41414100 0x0 0x100>;\n");
	assert_int_equal(run("dt /soc dma-coherent"), 0);
	assert_shown("dma-coherent;\n");
	assert_int_equal(run("dt /soc reg"), -ENOENT);
	assert_shown("soc has no property 'reg'\n");
	assert_int_equal(run("dt / a b"), -EINVAL);
}

static void test_dt_missing(void **state)
{
	(void)state;
	assert_int_equal(run("dt /nowhere"), -ENOENT);
	assert_shown("/ has no node 'nowhere'\n");
	assert_int_equal(run("dt /soc/i2c@3000/eeprom"), -ENOENT);
	assert_shown("/soc has no node 'i2c@3000'\n");
	assert_int_equal(run("dt serial1"), -ENOENT);
	assert_shown("no alias 'serial1'; a path begins with /\n");
	assert_int_equal(run("dt serial0/child"), -ENOENT);
	assert_shown("serial0 has no node 'child'\n");
}

/* ---- Completion ---- */

static const struct line_io silent = { .write = console_write };

static const char *completed(const char *typed_so_far)
{
	static char text[256];
	struct line_completion c = { .line = typed_so_far, .io = &silent };

	monitor_complete(&c, 0);
	snprintf(text, sizeof(text), "%.*s%s%.1s %u", (int)c.word, typed_so_far, c.common,
		 c.count == 1 ? &c.after : "", c.count);
	return text;
}

/* Words from devices and disks: what could not be typed is left out, and no character is cut. */
static void test_offers(void **state)
{
	static const char *const bad[] = { "n o", "n\x1b", "n\x7f", "n\xff", "n\xc3", "n\xc2\x9b" };
	struct line_completion c = { .line = "", .io = &silent };

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		line_offer(&c, bad[i], 0);
	assert_int_equal(c.count, 0);
	line_offer(&c, "na\\ \u00e4x", 0);
	assert_string_equal(c.common, "na\\ \u00e4x");
	line_offer(&c, "na\\ \u00e9x", 0);
	assert_string_equal(c.common, "na\\ ");
	assert_int_equal(c.count, 2);
}

static void test_completion(void **state)
{
	(void)state;
	assert_string_equal(completed("hel"), "help  1");
	assert_string_equal(completed("m"), "m 5");
	assert_string_equal(completed("help pow"), "help poweroff  1");
	assert_string_equal(completed("time log de"), "time log debug 1");
	assert_string_equal(completed("time  time  hel"), "time  time  help  1");
	assert_string_equal(completed("dt se"), "dt serial0  1");
	assert_string_equal(completed("dt /so"), "dt /soc/ 1");
	assert_string_equal(completed("dt /soc/"), "dt /soc/s 2");
	assert_string_equal(completed("dt /soc/se"), "dt /soc/serial@1000  1");
	assert_string_equal(completed("dt /soc d"), "dt /soc dma-coherent  1");
	assert_string_equal(completed("dt serial0 com"), "dt serial0 compatible  1");
	assert_string_equal(completed("dt /nowhere/x"), "dt /nowhere/ 0");
	assert_string_equal(completed("xyzzy a"), "xyzzy  0");
}

/* ---- The loop ---- */

static void loop(void *unused)
{
	(void)unused;
	monitor();
}

static void test_reads_lines_until_the_end(void **state)
{
	(void)state;
	shown_bytes = 0;
	sim.firmware_resets = true;
	typed = "me\t\rgarbage\003dt serial0 mac\n\033[A\r\rpoweroff\rnever";
	assert_int_equal(sim_run(loop, NULL), SIM_POWERED_OFF);
	assert_shows("plinth> mem \n  80000000");
	assert_shows("plinth> garbage^C\nplinth> dt serial0 mac\nmac = [01 02 03];\nplinth> ");
	assert_shows("\033[22C\nmac = [01 02 03];\nplinth> \nplinth> poweroff\n");
	assert_shows("free\nplinth> garbage");
	assert_null(strstr(shown, "never"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_words, setup),
		cmocka_unit_test_setup(test_numbers, setup),
		cmocka_unit_test_setup(test_sizes, setup),
		cmocka_unit_test_setup(test_unknown_commands, setup),
		cmocka_unit_test_setup(test_help, setup),
		cmocka_unit_test_setup(test_time, setup),
		cmocka_unit_test_setup(test_log, setup),
		cmocka_unit_test_setup(test_mem, setup),
		cmocka_unit_test_setup(test_power, setup),
		cmocka_unit_test_setup(test_power_finds_devices_quiet, setup),
		cmocka_unit_test_setup(test_md, setup),
		cmocka_unit_test_setup(test_md_leaves_page_0_and_ram_unmapped, setup),
		cmocka_unit_test_setup(test_mw, setup),
		cmocka_unit_test_setup(test_interrupting, setup),
		cmocka_unit_test_setup(test_dt_nodes, setup),
		cmocka_unit_test_setup(test_dt_property, setup),
		cmocka_unit_test_setup(test_dt_missing, setup),
		cmocka_unit_test(test_offers),
		cmocka_unit_test_setup(test_completion, setup),
		cmocka_unit_test_setup(test_reads_lines_until_the_end, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
