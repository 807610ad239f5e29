/* SPDX-License-Identifier: BSD-2-Clause */
/* From an entry on a disk to the first instruction: what lies where, and what is said meanwhile. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "arch/aarch64/linux_image.h"
#include "lib/dt.h"
#include "tests/boot/booting.h"

enum { MIB = 1 << 20 };

static int parse(const void *header, size_t bytes, struct arch_linux_image *image,
		 const char **reason)
{
	unsigned page_kib;

	return aarch64_image_parse(header, bytes, image, &page_kib, reason);
}

static int begin(void **state)
{
	booting_begin(state);
	sim.linux_parse = parse;
	return 0;
}

/* Lines of Python with what tests/boot/broken/cases.py has, and put(path, data). */
static void make(const char *lines)
{
	shell("/usr/bin/python3 - <<'END'\n"
	      "import os, pathlib, sys\n"
	      "sys.path.insert(0, 'tests/boot/broken')\n"
	      "from cases import *\n"
	      "def put(path, data):\n"
	      "    to = pathlib.Path(os.environ['DIR'] + path)\n"
	      "    to.parent.mkdir(parents=True, exist_ok=True)\n"
	      "    to.write_bytes(data if isinstance(data, bytes) else data.encode())\n"
	      "%s\nEND\n", lines);
	booting_find(getenv("DIR"));
}

/* What was entered is @path of $DIR, at @at. */
static void assert_lies(const char *path, u64 at)
{
	char full[160];
	size_t bytes;
	u8 *data;

	snprintf(full, sizeof(full), "%s%s", getenv("DIR"), path);
	data = host_file(full, &bytes);
	assert_memory_equal((const void *)(uintptr_t)at, data, bytes);
	free(data);
}

static void assert_enters(const char *id)
{
	sim_console_clear();
	if (booting_try(booting_entry(id)) != SIM_ENTERED)
		fail_msg("%s is not entered: %s", id, sim_console_text);
}

static struct dt_node chosen(void)
{
	const char *reason;

	assert_int_equal(sim.entered_tree % 8, 0);
	assert_in_range(sim.entered_written[1].bytes, 1, 2 * MIB);
	assert_int_equal(dt_open((const void *)(uintptr_t)sim.entered_tree,
				 sim.entered_written[1].bytes, &reason), 0);
	return dt_path("/chosen");
}

static void image_and_initrds(void **state)
{
	struct dt_node node;
	u64 at, end;

	(void)state;
	make("put('/k', image('aarch64', memory=5 * MIB, size=3 * MIB + 7))\n"
	     "put('/a', b'a' * 1001)\n"
	     "put('/b', b'b' * 70000)\n"
	     "put('/c', b'c' * 3)\n"
	     "put('/extlinux/extlinux.conf', 'label x\\nlinux /k\\ninitrd /a,/b,/c\\n'\n"
	     "    'append root=/dev/vda1 quiet\\n')\n");
	assert_enters("x");
	assert_int_equal(sim.entered, SIM_RAM_AT);
	assert_lies("/k", SIM_RAM_AT);
	assert_int_equal(sim.entered_written_count, 2);
	assert_int_equal(sim.entered_written[0].start, SIM_RAM_AT);
	assert_int_equal(sim.entered_written[0].bytes, 5 * MIB);
	node = chosen();
	assert_string_equal(dt_string(node, "bootargs"), "root=/dev/vda1 quiet");
	at = dt_u64(node, "linux,initrd-start", 0);
	end = dt_u64(node, "linux,initrd-end", 0);
	assert_int_equal(end - at, 1004 + 70000 + 3);
	assert_lies("/a", at);
	assert_memory_equal((const void *)(uintptr_t)(at + 1001), "\0\0\0", 3);
	assert_lies("/b", at + 1004);
	assert_lies("/c", at + 71004);
	assert_string_equal(memory_find(at)->owner, "initrd");
	assert_string_equal(memory_find(sim.entered_tree)->owner, "device tree");
	assert_true(memory_find(SIM_RAM_AT + 6 * MIB)->use == MEMORY_FREE);
}

/* Where the header wants it, unpacked there or, for old kernels, moved. */
static void packed(void **state)
{
	static const char *const ids[] = { "gzip", "xz", "zstd", "lz4", "lz4-legacy", "zboot" };

	(void)state;
	make("good, conf = image('aarch64', size=300000), ''\n"
	     "put('/k', good)\n"
	     "old = image('aarch64', offset=0x80000, size=300000)\n"
	     "put('/o', old)\n"
	     "files = {name: pack(good) for name, pack in PACKERS.items()}\n"
	     "files['zboot'] = zboot(files['gzip'])\n"
	     "files['old'] = pack_gzip(old)\n"
	     "for name, data in files.items():\n"
	     "    put('/' + name, data)\n"
	     "    conf += f'label {name}\\nlinux /{name}\\n'\n"
	     "put('/extlinux/extlinux.conf', conf)\n");
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		assert_enters(ids[i]);
		assert_int_equal(sim.entered, SIM_RAM_AT);
		assert_int_equal(sim.entered_written[0].bytes, 2 * MIB);
		assert_lies("/k", SIM_RAM_AT);
		sim_ram(SIM_RAM_AT, BOOTING_RAM);
	}
	assert_enters("old");
	assert_int_equal(sim.entered, SIM_RAM_AT + 0x80000);
	assert_lies("/o", SIM_RAM_AT + 0x80000);
}

/* To its own addresses, though it was unpacked there; the rest is zero; it reads its initrd. */
static void programs(void **state)
{
	static const char *const ids[] = { "plain", "packed" };
	u64 at = SIM_RAM_AT + 0x1000;

	(void)state;
	make("program = elf(0x7e57, [(1, 4096, 0x20001000, 3000, 9000),\n"
	     "                       (1, 4196, 0x20008000, 100, 100)], entry=0x20001010)\n"
	     "put('/part', program[4096:4096 + 3000])\n"
	     "put('/p', program)\n"
	     "put('/i', 'initrd')\n"
	     "put('/g', pack_gzip(program))\n"
	     "put('/extlinux/extlinux.conf', 'label plain\\nlinux /p\\ninitrd /i\\n'\n"
	     "    'label packed\\nlinux /g\\ninitrd /i\\n')\n");
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		assert_enters(ids[i]);
		assert_int_equal(sim.entered, at + 0x10);
		assert_lies("/part", at);
		assert_int_equal(((const u8 *)(uintptr_t)at)[3000], 0);
		assert_int_equal(((const u8 *)(uintptr_t)at)[8999], 0);
		assert_int_equal(sim.entered_written_count, 3);
		assert_int_equal(sim.entered_written[2].bytes, 6);
		assert_lies("/i", sim.entered_written[2].start);
		sim_ram(SIM_RAM_AT, BOOTING_RAM);
	}
}

/* A tree of its own and overlays on it; memory is what the firmware's says. */
static void trees(void **state)
{
	u64 start, bytes;

	(void)state;
	make("put('/k', image('aarch64'))\n"
	     "put('/t', tree('/dts-v1/; / { #address-cells = <1>; #size-cells = <1>;'\n"
	     "    'compatible = \"mine\"; memory { device_type = \"memory\"; reg = <1 2>; };'\n"
	     "    'lamp: lamp { }; };'))\n"
	     "put('/1', tree('/dts-v1/; /plugin/; &lamp { light = \"on\"; };'))\n"
	     "put('/2', tree('/dts-v1/; /plugin/; &lamp { light = \"red\"; };'))\n"
	     "put('/extlinux/extlinux.conf',\n"
	     "    'label x\\nlinux /k\\nfdt /t\\nfdtoverlays /1 /2\\n')\n");
	assert_enters("x");
	chosen();
	assert_string_equal(dt_compatible(dt_root(), 0), "mine");
	assert_string_equal(dt_string(dt_path("/lamp"), "light"), "red");
	assert_int_equal(dt_reg(dt_path("/memory@20000000"), 0, &start, &bytes), 0);
	assert_int_equal(start, SIM_RAM_AT);
	assert_int_equal(bytes, BOOTING_RAM);
}

/* ---- A bar where it takes long ---- */

static void slow_disks_show_a_bar(void **state)
{
	const char *bar;

	(void)state;
	make("put('/k', image('aarch64', memory=9 * MIB, size=64) + bytes(9 * MIB))\n"
	     "put('/z', pack_gzip(image('aarch64', size=3 * MIB)))\n"
	     "put('/i', bytes(3 * MIB))\n"
	     "put('/extlinux/extlinux.conf', 'label x\\nlinux /k\\ninitrd /i\\n'\n"
	     "    'label z\\nlinux /z\\n')\n");
	assert_enters("x");
	assert_null(strstr(sim_console_text, "%"));
	sim_ram(SIM_RAM_AT, BOOTING_RAM);

	sim.ticks_step = 500 * 1000;			/* 50 ms at each look at the clock */
	booting_disk.delay = 12;
	assert_enters("x");
	bar = strstr(sim_console_text, "/k [");
	assert_non_null(bar);
	assert_non_null(strstr(bar, "/i [#"));		/* one bar, of all of it */
	assert_non_null(strstr(bar, "\r\033[K"));	/* gone before a line is said */
	sim_ram(SIM_RAM_AT, BOOTING_RAM);
	assert_enters("z");
	assert_non_null(strstr(sim_console_text, "/z ["));
}

static void a_key_stops_it(void **state)
{
	u64 before;

	(void)state;
	make("put('/k', image('aarch64', memory=9 * MIB, size=64) + bytes(9 * MIB))\n"
	     "put('/z', pack_gzip(image('aarch64', size=3 * MIB)))\n"
	     "put('/extlinux/extlinux.conf', 'label x\\nlinux /k\\nlabel z\\nlinux /z\\n')\n");
	before = memory_free();
	sim.ticks_step = 500 * 1000;
	booting_disk.delay = 12;
	for (const char *id = "x"; id; id = *id == 'x' ? "z" : NULL) {
		sim_console_clear();
		sim_console_typed = "\3";
		assert_int_equal(booting_try(booting_entry(id)), SIM_RETURNED);
		assert_non_null(strstr(sim_console_text, ": stopped by ^C"));
		assert_int_equal(memory_free(), before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(image_and_initrds, begin, booting_end),
		cmocka_unit_test_setup_teardown(packed, begin, booting_end),
		cmocka_unit_test_setup_teardown(programs, begin, booting_end),
		cmocka_unit_test_setup_teardown(trees, begin, booting_end),
		cmocka_unit_test_setup_teardown(slow_disks_show_a_bar, begin, booting_end),
		cmocka_unit_test_setup_teardown(a_key_stops_it, begin, booting_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
