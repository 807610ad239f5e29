/* SPDX-License-Identifier: BSD-2-Clause */
/* Configurations as tools and people write them, on volumes that other tools made. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "boot/entries/scan.h"
#include "lib/dt.h"
#include "tests/fs/image.h"
#include "tests/sim/ram.h"
#include "unit/tree.h"

static struct sim_disk disk;
static struct boot_entries all;

static int begin(void **state)
{
	(void)state;
	sim_reset();
	sim_ram(SIM_RAM_AT, 64 << 20);
	image_folder_begin();
	return 0;
}

static int end(void **state)
{
	(void)state;
	boot_forget(&all);
	sim_disk_end(&disk);
	image_folder_end();
	return 0;
}

/* What lies in $DIR, on a disk. */
static void find(void)
{
	shell("tools/mkdisk -q --size 64M $IMG $DIR");
	image_attach(&disk, 512);
	boot_find(&all);
}

static const struct boot_entry *entry(unsigned index)
{
	const struct boot_entry *e = all.first;

	assert_true(index < all.count);
	while (index--)
		e = e->next;
	return e;
}

static bool noted(const char *text)
{
	for (const struct boot_note *n = all.notes; n; n = n->next)
		if (strstr(n->text, text))
			return true;
	return false;
}

#define assert_text(a, b) do { \
	assert_non_null(a); \
	assert_string_equal(a, b); \
} while (0)

/* As Debian's u-boot-menu writes it. */
static void u_boot_menu(void **state)
{
	const struct boot_entry *e;

	(void)state;
	shell("mkdir -p $DIR/extlinux; cat >$DIR/extlinux/extlinux.conf <<'END'\n"
	      "## /boot/extlinux/extlinux.conf\n"
	      "##\n"
	      "## IMPORTANT WARNING\n"
	      "\n"
	      "default l0\n"
	      "menu title U-Boot menu\n"
	      "prompt 1\n"
	      "timeout 50\n"
	      "\n"
	      "\n"
	      "label l0\n"
	      "\tmenu label Debian GNU/Linux 12 (bookworm) 6.1.0-13-arm64\n"
	      "\tlinux /boot/vmlinuz-6.1.0-13-arm64\n"
	      "\tinitrd /boot/initrd.img-6.1.0-13-arm64\n"
	      "\tfdtdir /usr/lib/linux-image-6.1.0-13-arm64/\n"
	      "\t\n"
	      "\tappend root=/dev/vda1 ro quiet\n"
	      "\n"
	      "label l0r\n"
	      "\tmenu label Debian GNU/Linux 12 (bookworm) 6.1.0-13-arm64 (rescue target)\n"
	      "\tlinux /boot/vmlinuz-6.1.0-13-arm64\n"
	      "\tinitrd /boot/initrd.img-6.1.0-13-arm64\n"
	      "\tappend root=/dev/vda1 ro single\n"
	      "END\n");
	find();
	assert_int_equal(all.count, 2);
	e = entry(0);
	assert_string_equal(e->format, "extlinux");
	assert_string_equal(e->volume.name, "sim0p1");
	assert_string_equal(e->source, "/extlinux/extlinux.conf");
	assert_string_equal(e->id, "l0");
	assert_string_equal(e->title, "Debian GNU/Linux 12 (bookworm) 6.1.0-13-arm64");
	assert_text(e->arguments, "root=/dev/vda1 ro quiet");
	assert_non_null(e->kernel);
	assert_string_equal(e->kernel->path, "/boot/vmlinuz-6.1.0-13-arm64");
	assert_string_equal(e->initrd->path, "/boot/initrd.img-6.1.0-13-arm64");
	assert_null(e->initrd->next);
	assert_null(e->tree);
	assert_null(e->reason);
	assert_ptr_equal(all.preferred, e);
	assert_int_equal(all.timeout_ms, 5000);
	assert_string_equal(entry(1)->title,
			    "Debian GNU/Linux 12 (bookworm) 6.1.0-13-arm64 (rescue target)");
	assert_true(noted("fdtdir"));
}

/* By hand, on another system: CRLF, a byte order mark, tabs, no newline at the end. */
static void by_hand(void **state)
{
	const struct boot_entry *e;

	(void)state;
	shell("mkdir -p $DIR/boot/extlinux; printf '\\357\\273\\277DEFAULT two\\r\\nTIMEOUT x\\r\\n"
	      "# LABEL no\\r\\nLABEL one\\r\\n  KERNEL ../Image\\r\\n  FROB 3\\r\\n"
	      "LABEL \"two\"\\r\\n\\tKERNEL\\t\\timage#conf\\r\\n"
	      "LABEL three\\r\\n\\tlinux Image\\r\\n\\tinitrd a.gz,/b.gz c\\r\\n\\tfdt x.dtb\\r\\n"
	      "\\tfdtoverlays 1.dtbo /2.dtbo\\r\\n\\tappend a\\r\\n\\tappend b  c\\r\\n"
	      "LABEL four\\r\\n\\tMENU LABEL no\\033thing\\r\\nlabel five\\r\\nlocalboot 1'"
	      " >$DIR/boot/extlinux/extlinux.conf");
	find();
	assert_int_equal(all.count, 5);
	assert_string_equal(entry(0)->kernel->path, "/boot/extlinux/../Image");
	assert_ptr_equal(all.preferred, entry(0));	/* the default cannot boot */
	assert_int_equal(all.timeout_ms, BOOT_NO_TIMEOUT);
	assert_true(noted("line 6: 'FROB'"));
	assert_non_null(strstr(entry(1)->reason, "FIT"));
	e = entry(2);
	assert_string_equal(e->initrd->path, "/boot/extlinux/a.gz");
	assert_string_equal(e->initrd->next->path, "/b.gz");
	assert_string_equal(e->initrd->next->next->path, "/boot/extlinux/c");
	assert_string_equal(e->tree->path, "/boot/extlinux/x.dtb");
	assert_string_equal(e->overlays->next->path, "/2.dtbo");
	assert_text(e->arguments, "a b  c");
	assert_string_equal(entry(3)->title, "no?thing");
	assert_non_null(strstr(entry(3)->reason, "no kernel"));
	assert_non_null(strstr(entry(4)->reason, "localboot"));
}

/* What is to be read by people only looks like words. */
static void help_for_a_label(void **state)
{
	(void)state;
	shell("mkdir -p $DIR/extlinux; cat >$DIR/extlinux/extlinux.conf <<'END'\n"
	      "LABEL one\n"
	      "TEXT HELP\n"
	      "  Linux with all that is safe.\n"
	      "  Label it as you like.\n"
	      "ENDTEXT\n"
	      "KERNEL /Image\n"
	      "END\n");
	find();
	assert_int_equal(all.count, 1);
	assert_string_equal(entry(0)->kernel->path, "/Image");
}

/* As kernel-install writes them, and with everything else the specification has. */
static void type_1(void **state)
{
	const struct boot_entry *e;

	(void)state;
	shell("mkdir -p $DIR/loader/entries; cd $DIR/loader; "
	      "printf 'default beta-*\\ntimeout 3\\nconsole-mode max\\n' >loader.conf; cd entries; "
	      "printf 'title Old\\nversion 6.1.9\\nsort-key debian\\nmachine-id 1\\n"
	      "linux /m/6.1.9/linux\\n' >alpha-1.conf;"
	      "printf 'title New\\nversion 6.1.10\\nsort-key debian\\nmachine-id 1\\n"
	      "linux m/6.1.10/linux\\n"
	      "initrd /a\\ninitrd /b\\noptions x=1\\noptions \"y\"\\narchitecture HOST64\\n"
	      "devicetree /d.dtb\\ndevicetree-overlay /1.dtbo /2.dtbo\\n' >alpha-2+3-1.conf;"
	      "printf 'title Bad\\nversion 9\\nsort-key debian\\nlinux /l\\n' >worn+0-3.conf;"
	      "printf 'title Alien\\nsort-key zz\\nlinux /l\\narchitecture ia64\\n' >beta-1.conf;"
	      "printf 'title Plain\\nlinux /l\\n' >beta-2.conf;"
	      "printf 'title Program\\nsort-key zzz\\nefi /shell.efi\\n' >efi.conf;"
	      "touch readme.txt empty.conf");
	find();
	assert_int_equal(all.count, 7);
	e = entry(0);
	assert_string_equal(e->format, "BLS");
	assert_string_equal(e->title, "New");
	assert_string_equal(e->id, "alpha-2");
	assert_int_equal(e->tries_left, 3);
	assert_int_equal(e->tries_done, 1);
	assert_string_equal(e->kernel->path, "/m/6.1.10/linux");
	assert_string_equal(e->initrd->next->path, "/b");
	assert_text(e->arguments, "x=1 y");
	assert_string_equal(e->tree->path, "/d.dtb");
	assert_string_equal(e->overlays->next->path, "/2.dtbo");
	assert_null(e->reason);
	assert_string_equal(entry(1)->title, "Old");
	assert_string_equal(entry(2)->title, "Alien");
	assert_non_null(strstr(entry(2)->reason, "another architecture"));
	assert_string_equal(entry(3)->title, "Program");
	assert_non_null(strstr(entry(3)->reason, "no EFI here"));
	assert_string_equal(entry(4)->id, "empty");
	assert_string_equal(entry(5)->title, "Plain");
	assert_string_equal(entry(6)->title, "Bad");
	assert_ptr_equal(all.preferred, entry(5));	/* the first beta that can */
	assert_int_equal(all.timeout_ms, 3000);
}

static const char uki_writer[] =
	"import os, sys\n"
	"sys.dont_write_bytecode = True\n"
	"sys.path.insert(0, 'tests/boot/broken')\n"
	"from cases import pe\n"
	"folder = os.environ['DIR'] + '/EFI/Linux/'\n"
	"os.makedirs(folder)\n";

static void type_2(void **state)
{
	const struct boot_entry *e;

	(void)state;
	shell("/usr/bin/python3 - <<'END'\n%s"
	      "good = [(b'.osrel',\n"
	      "         b'ID=debian\\nPRETTY_NAME=\"Debian 13\"\\nVERSION_ID=\"13\"\\n'),\n"
	      "        (b'.cmdline', b'root=x quiet\\n'), (b'.uname', b'6.12.1'),\n"
	      "        (b'.linux', b'K' * 5000), (b'.initrd', b'I' * 100)]\n"
	      "open(folder + 'good+2.efi', 'wb').write(pe(0x7e57, good))\n"
	      "open(folder + 'alien.efi', 'wb').write(pe(0x14c, good))\n"
	      "open(folder + 'shell.efi', 'wb').write(pe(0x7e57, good[:2]))\n"
	      "open(folder + 'cut.efi', 'wb').write(pe(0x7e57, good)[:5000])\n"
	      "open(folder + 'junk.efi', 'wb').write(b'junk')\n"
	      "END\n", uki_writer);
	find();
	assert_int_equal(all.count, 5);
	e = boot_entry_find(&all, "good");
	assert_ptr_equal(all.preferred, e);
	assert_string_equal(e->title, "Debian 13");
	assert_text(e->version, "6.12.1");
	assert_text(e->sort_key, "debian");
	assert_text(e->arguments, "root=x quiet");
	assert_int_equal(e->tries_left, 2);
	assert_int_equal(e->kernel->bytes, 5000);
	assert_int_equal(e->kernel->offset, 4096 + 3 * 512);
	assert_int_equal(e->initrd->bytes, 100);
	assert_string_equal(e->kernel->path, "/EFI/Linux/good+2.efi");
	assert_non_null(strstr(boot_entry_find(&all, "alien")->reason, "another architecture"));
	assert_non_null(strstr(boot_entry_find(&all, "shell")->reason, "no .linux section"));
	assert_non_null(strstr(boot_entry_find(&all, "cut")->reason, "cut off"));
	assert_non_null(strstr(boot_entry_find(&all, "junk")->reason, "too short"));
}

static void write_tree(const char *name, const char *compatible)
{
	void *fdt = tree_begin();
	FILE *f;

	tree_string(fdt, "compatible", compatible);
	assert_non_null(tree_end(fdt));
	f = fopen(name, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(fdt, fdt_totalsize(fdt), 1, f), 1);
	fclose(f);
}

/* The first .dtbauto for this machine, before any .dtb, wherever that is; else that one. */
static void trees_of_type_2(void **state)
{
	static const struct { const char *trees; int taken; } ukis[] = {
		{ "O", 0 }, { "oO", 1 }, { "Oo", 0 }, { "ooO", 2 }, { "Omm", 1 }, { "mO", 0 },
		{ "omO", 1 }, { "om", 1 }, { "o", -1 },
	};
	const char *reason;
	char path[256];
	void *fdt;

	(void)state;
	snprintf(path, sizeof(path), "%s.m", getenv("IMG"));
	write_tree(path, "acme,this");
	snprintf(path, sizeof(path), "%s.o", getenv("IMG"));
	write_tree(path, "acme,other");
	fdt = tree_begin();
	tree_string(fdt, "compatible", "acme,this");
	tree_end(fdt);
	assert_int_equal(dt_open(fdt, TREE_BYTES, &reason), 0);
	/* O: a .dtb; m, o: .dtbauto for this machine, for another. */
	shell("/usr/bin/python3 - O oO Oo ooO Omm mO omO om o <<'END'\n%s"
	      "def tree(letter):\n"
	      "    file = open(os.environ['IMG'] + '.' + letter.lower(), 'rb').read()\n"
	      "    return b'.dtb' if letter == 'O' else b'.dtbauto', file\n"
	      "for n, trees in enumerate(sys.argv[1:]):\n"
	      "    data = pe(0x7e57, [(b'.linux', b'K')] + [tree(t) for t in trees])\n"
	      "    open(folder + f'uki-{n}.efi', 'wb').write(data)\n"
	      "END\n"
	      "rm $IMG.m $IMG.o", uki_writer);
	find();
	for (unsigned i = 0; i < sizeof(ukis) / sizeof(*ukis); i++) {
		const struct boot_part *tree;

		snprintf(path, sizeof(path), "uki-%u", i);
		tree = boot_entry_find(&all, path)->tree;
		if (tree ? tree->offset != 4096 + 512 * (1 + (unsigned)ukis[i].taken) :
			   ukis[i].taken >= 0)
			fail_msg("of the trees %s, another one is taken", ukis[i].trees);
	}
}

static void bare_files(void **state)
{
	(void)state;
	shell("cd $DIR; mkdir boot; touch Image initrd.gz boot/vmlinuz-6.1.0 boot/vmlinuz-6.12.0 "
	      "boot/initrd.img-6.12.0; printf '# mine\\nroot=/dev/vda1\\nquiet\\n' >cmdline.txt");
	find();
	assert_int_equal(all.count, 3);
	assert_string_equal(entry(0)->kernel->path, "/Image");
	assert_string_equal(entry(0)->initrd->path, "/initrd.gz");
	assert_text(entry(0)->arguments, "root=/dev/vda1 quiet");
	assert_string_equal(boot_entry_find(&all, "vmlinuz-6.12.0")->initrd->path,
			    "/boot/initrd.img-6.12.0");
	assert_null(boot_entry_find(&all, "vmlinuz-6.1.0")->initrd);
	assert_null(boot_entry_find(&all, "vmlinuz-*"));	/* two */
	assert_ptr_equal(boot_entry_find(&all, "1"), entry(0));
	assert_null(boot_entry_find(&all, "4"));
}

static void timeouts_of_loader_conf(void **state)
{
	static const struct { const char *word; s64 ms; } timeouts[] = {
		{ "5", 5000 }, { "0", 0 }, { "menu-hidden", 0 }, { "menu-disabled", 0 },
		{ "menu-force", BOOT_NO_TIMEOUT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(timeouts) / sizeof(*timeouts); i++) {
		struct boot_scan s = { .timeout_ms = 1 };
		char text[32];

		snprintf(text, sizeof(text), "timeout %s\n", timeouts[i].word);
		loader_conf_parse(&s, text);
		assert_int_equal(s.timeout_ms, timeouts[i].ms);
	}
}

static void nothing_bootable(void **state)
{
	(void)state;
	shell("cd $DIR; mkdir extlinux loader loader/entries; head -c 70000 /dev/zero | tr '\\0' x"
	      " >extlinux/extlinux.conf; printf 'a\\0b' >loader/entries/a.conf");
	find();
	assert_int_equal(all.count, 0);
	assert_null(all.preferred);
	assert_true(noted("sim0p1:/extlinux/extlinux.conf: it is larger than 64 KiB"));
	assert_true(noted("/loader/entries/a.conf: it is not a text file"));
}

static void nothing_at_all(void **state)
{
	(void)state;
	boot_find(&all);
	assert_true(noted("there is no volume: 'blk' lists the disks"));
	find();
	assert_int_equal(all.count, 0);
	assert_true(noted("sim0p1: no extlinux.conf, /loader/entries/*.conf or /EFI/Linux/*.efi, "
			  "and no kernel in / or /boot"));
	assert_false(noted("there is no"));
}

static void patterns(void **state)
{
	(void)state;
	assert_true(pattern_matches("a*c", "abbc"));
	assert_true(pattern_matches("*", ""));
	assert_true(pattern_matches("A?c", "abC"));
	assert_true(pattern_matches("[a-c]x[!0-9]", "bxy"));
	assert_false(pattern_matches("[a-c]x[!0-9]", "bx3"));
	assert_true(pattern_matches("a*b*c*d", "axxbxxcxxbxxcxd"));
	assert_false(pattern_matches("a*b", "abc"));
	assert_false(pattern_matches("", "a"));
	assert_true(pattern_matches("[", "["));
	assert_false(pattern_matches("a[", "ab"));
	assert_true(pattern_matches("[]]", "]"));
}

/* The examples of UAPI.10. */
static void versions(void **state)
{
	static const struct { const char *low, *high; } pairs[] = {
		{ "bar-123", "foo-123" }, { "~1", "" }, { "", "0" }, { "123", "123a" },
		{ "123.a", "123.1" }, { "123.a-1", "123.a.1" }, { "123~rc1-1", "123-1" },
		{ "6.1.9", "6.1.10" }, { "1", "1^post" }, { "1^post", "1.1" }, { "9", "10" },
		{ "123", "123.a" },
	};

	(void)state;
	assert_int_equal(version_compare("6.1.10", "6.1.10"), 0);
	assert_int_equal(version_compare("06.1", "6.01"), 0);
	assert_true(version_compare(NULL, "1") < 0);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		if (version_compare(pairs[i].low, pairs[i].high) >= 0 ||
		    version_compare(pairs[i].high, pairs[i].low) <= 0)
			fail_msg("%s < %s", pairs[i].low, pairs[i].high);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(u_boot_menu, begin, end),
		cmocka_unit_test_setup_teardown(by_hand, begin, end),
		cmocka_unit_test_setup_teardown(help_for_a_label, begin, end),
		cmocka_unit_test_setup_teardown(type_1, begin, end),
		cmocka_unit_test_setup_teardown(type_2, begin, end),
		cmocka_unit_test_setup_teardown(trees_of_type_2, begin, end),
		cmocka_unit_test_setup_teardown(bare_files, begin, end),
		cmocka_unit_test_setup_teardown(nothing_bootable, begin, end),
		cmocka_unit_test_setup_teardown(nothing_at_all, begin, end),
		cmocka_unit_test(timeouts_of_loader_conf),
		cmocka_unit_test(patterns),
		cmocka_unit_test(versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
