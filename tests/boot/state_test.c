/* SPDX-License-Identifier: BSD-2-Clause */
/* What is remembered from boot to boot, and that the power may fail while it changes. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "boot/state/start.h"
#include "lib/errors.h"
#include "tests/fs/image.h"
#include "tests/sim/ram.h"

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

/* What lies in $DIR, as a disk that is one volume. */
static void make_disk_of(u32 block_size)
{
	shell("truncate -s 2M $IMG && mkfs.fat -F 12 -s 1 -S %u $IMG >/dev/null && "
	      "mcopy -s -i $IMG $DIR/* ::", (unsigned)block_size);
	image_attach(&disk, block_size);
	boot_find(&all);
}

static void make_disk(void)
{
	make_disk_of(512);
}

static const char labels[] =
	"mkdir -p $DIR/extlinux; printf 'default a\\ntimeout 1\\nlabel a\\nlinux /gone\\n"
	"label b\\nlinux /gone\\nlabel c\\nlinux /gone\\n' >$DIR/extlinux/extlinux.conf";

static bool noted(const char *text)
{
	for (const struct boot_note *n = all.notes; n; n = n->next)
		if (strstr(n->text, text))
			return true;
	return false;
}

/* ---- The text ---- */

static void text(void **state)
{
	struct boot_state s = { .sequence = 41 }, back;
	char bytes[STATE_BYTES], value[STATE_BYTES], many[480];

	(void)state;
	assert_null(state_get(&s, "default", value));
	assert_int_equal(state_set(&s, "default", "debian"), 0);
	assert_int_equal(state_set(&s, "tries a 3", "5"), 0);
	assert_int_equal(state_set(&s, "tries a", "3"), 0);
	assert_int_equal(state_set(&s, "default", "other one"), 0);
	assert_string_equal(s.lines, "tries a 3\t5\ntries a\t3\ndefault\tother one\n");
	state_render(&s, bytes);
	assert_memory_equal(bytes, "plinth-state-1 ", 15);
	assert_memory_equal(bytes + 23, " 0000000041\ntries a 3\t5\n", 24);
	assert_true(state_parse(&back, bytes));
	assert_int_equal(back.sequence, 41);
	assert_string_equal(back.lines, s.lines);
	assert_string_equal(state_get(&back, "tries a", value), "3");
	assert_int_equal(state_set(&back, "tries a", NULL), 0);
	assert_int_equal(state_set(&back, "tries a", NULL), 0);
	assert_null(state_get(&back, "tries a", value));
	assert_string_equal(state_get(&back, "tries a 3", value), "5");

	strcpy(back.lines, "once\ta\nonce\tb\nx\n");	/* by hand: the first counts, */
	assert_string_equal(state_get(&back, "once", value), "a");
	assert_int_equal(state_set(&back, "once", NULL), 0);	/* all of them go */
	assert_string_equal(back.lines, "x\n");
	strcpy(back.lines, "\n\na\tb\n\n\nc\td\n\n");	/* empty lines are none */
	state_render(&back, bytes);
	assert_true(state_parse(&back, bytes));
	assert_string_equal(back.lines, "a\tb\nc\td\n");

	for (unsigned i = 0; i < STATE_BYTES; i++) {	/* each byte counts */
		bytes[i] ^= 1;
		assert_false(state_parse(&back, bytes));
		bytes[i] ^= 1;
	}
	assert_int_equal(state_set(&s, "a\tb", "c"), -EINVAL);
	assert_int_equal(state_set(&s, "a", "b\nc"), -EINVAL);
	memset(many, 'x', sizeof(many));
	many[sizeof(many) - 1] = '\0';
	assert_int_equal(state_set(&s, "default", many), -ENOSPC);
	assert_string_equal(state_get(&s, "default", value), "other one");
	many[STATE_BYTES - STATE_HEAD_BYTES - strlen(s.lines) + strlen("other one")] = '\0';
	assert_int_equal(state_set(&s, "default", many), 0);	/* to the last byte */
	state_render(&s, bytes);
	assert_true(state_parse(&back, bytes));
	assert_string_equal(back.lines, s.lines);
}

/* ---- The choice ---- */

static void remember(const char *key, const char *id)
{
	assert_int_equal(boot_remember(&all, key, id ? boot_entry_named(&all, id) : NULL), 0);
	boot_find(&all);
}

static void try_label(const char *id, const char *left)
{
	char key[STATE_BYTES];

	snprintf(key, sizeof(key), "tries %s", id);
	assert_int_equal(state_set(&all.state, key, left), 0);
	assert_int_equal(state_write(&all.state), 0);
	boot_find(&all);
}

static void choice_on(u32 block_size)
{
	shell(labels);
	make_disk_of(block_size);
	assert_int_equal(all.state.volume.size, 0);
	assert_string_equal(all.preferred->id, "a");
	assert_int_equal(boot_remember(&all, "default", NULL), 0);	/* there is nothing */
	boot_find(&all);
	assert_int_equal(all.state.volume.size, 0);

	remember("default", "c");
	assert_string_equal(all.state.volume.name, "sim0");
	assert_string_equal(all.preferred->id, "c");
	assert_int_equal(all.timeout_ms, 100);
	remember("once", "b");
	assert_string_equal(all.preferred->id, "b");
	assert_ptr_equal(all.once, all.preferred);
	assert_false(!boot_preferred(&all));		/* its kernel is gone */
	assert_string_equal(all.preferred->id, "c");
	boot_find(&all);
	assert_string_equal(all.preferred->id, "c");	/* b was for once */
	assert_null(all.once);

	try_label("c", "1");
	assert_true(boot_preferred(&all));
	assert_string_equal(all.preferred->id, "a");
	boot_find(&all);
	assert_int_equal(boot_entry_named(&all, "c")->tries_left, 0);
	assert_string_equal(all.preferred->id, "a");
	assert_false(boot_preferred(&all));		/* not on trial: no fallback */
	try_label("a", "0");
	assert_string_equal(all.preferred->id, "b");
	try_label("b", "0");
	assert_string_equal(all.preferred->id, "a");	/* better than none */
	assert_string_equal(all.why, "no entry has tries left");
	try_label("b", "1x");
	assert_string_equal(all.preferred->id, "b");

	assert_int_equal(state_set(&all.state, "default", "who?"), 0);
	assert_int_equal(state_write(&all.state), 0);
	boot_find(&all);
	assert_true(noted("'who?' is remembered (default), and no entry is called so"));
	assert_string_equal(all.preferred->id, "b");
}

static void choice(void **state)
{
	(void)state;
	choice_on(512);
}

static void choice_in_large_blocks(void **state)
{
	(void)state;
	choice_on(4096);
}

/* Chosen for once, and that cannot be forgotten. */
static void cannot_be_written(void **state)
{
	(void)state;
	shell(labels);
	make_disk();
	remember("once", "b");
	disk.bad_ops = 1 << BLOCK_WRITE;
	disk.bad_status = -EIO;
	assert_string_equal(all.preferred->id, "b");
	assert_int_equal(boot_start(&all, all.preferred, false), -EIO);	/* not loaded */
	assert_int_equal(boot_start(&all, all.preferred, true), -ENOENT);	/* asked for */
	assert_true(boot_preferred(&all));
	assert_string_equal(all.preferred->id, "a");
	disk.bad_ops = 0;
	boot_find(&all);
	assert_string_equal(all.preferred->id, "b");
}

static void damaged(void **state)
{
	(void)state;
	shell(labels);
	shell("mkdir $DIR/plinth; printf x >$DIR/plinth/state.0");
	make_disk();
	assert_true(noted("sim0:/plinth: state.0 and state.1 are damaged"));
	assert_string_equal(all.preferred->id, "a");
	remember("default", "c");
	assert_false(noted("state."));
	assert_string_equal(all.preferred->id, "c");
	image_save(&disk);
	shell("fsck.fat -n $IMG >/dev/null; mdel -i $IMG ::plinth/state.1");
	sim_disk_end(&disk);
	image_attach(&disk, 512);
	boot_find(&all);
	assert_true(noted("one of state.0 and state.1 is missing"));
	remember("default", "b");
	assert_false(noted("state."));
	assert_string_equal(all.preferred->id, "b");
}

/* ---- The power fails ---- */

enum { BLOCKS_MOST = 256, FLUSHES_MOST = 64, ALL_CHOICES_OF = 6, CHOICES = 24 };

static struct {
	struct { u64 lba; u8 data[512]; } blocks[BLOCKS_MOST];
	unsigned count, flushed[FLUSHES_MOST + 1], flushes;
} writes;
static u8 *before;
static u64 disk_bytes;

static void record(void)
{
	writes.count = writes.flushes = 0;
	for (size_t i = 0; i < disk.log_count; i++) {
		const struct sim_disk_event *e = &disk.log[i];

		if (e->op == BLOCK_FLUSH) {
			assert_true(writes.flushes < FLUSHES_MOST);
			writes.flushed[writes.flushes++] = writes.count;
			continue;
		}
		if (e->op != BLOCK_WRITE)
			continue;
		for (u32 k = 0; k < e->blocks; k++) {
			assert_true(writes.count < BLOCKS_MOST);
			writes.blocks[writes.count].lba = e->lba + k;
			memcpy(writes.blocks[writes.count++].data, e->data + 512ul * k, 512);
		}
	}
	writes.flushed[writes.flushes++] = writes.count;
	sim_disk_forget_log(&disk);
}

static void start_preferred(void)
{
	disk_bytes = disk.block.limits.block_count * 512;
	before = malloc(disk_bytes);
	memcpy(before, disk.data, disk_bytes);
	disk.keep_log = true;
	boot_start(&all, all.preferred, false);
	disk.keep_log = false;
	record();
	assert_true(writes.count > 0);
}

static void put(unsigned i)
{
	memcpy(disk.data + writes.blocks[i].lba * 512, writes.blocks[i].data, 512);
}

/* All up to a flush, and any choice of what lies between it and the next; then @judge. */
static void cut_everywhere(void (*judge)(void))
{
	unsigned from = 0;

	srand(1);
	for (unsigned f = 0; f < writes.flushes; f++) {
		unsigned count = writes.flushed[f] - from;
		bool few = count <= ALL_CHOICES_OF;

		for (unsigned c = 0; c < (few ? 1u << count : CHOICES); c++) {
			memcpy(disk.data, before, disk_bytes);
			for (unsigned i = 0; i < from; i++)
				put(i);
			for (unsigned i = 0; i < count; i++)
				if (few ? c >> i & 1 : c < CHOICES / 2 ? i < c : rand() % 2 == 0)
					put(from + i);
			boot_find(&all);
			judge();
		}
		from = writes.flushed[f];
	}
	free(before);
}

static char old_lines[STATE_BYTES], new_lines[STATE_BYTES];
static unsigned seen_old, seen_new;

static void old_or_new(void)
{
	bool is_old = !strcmp(all.state.lines, old_lines);

	if (!is_old)
		assert_string_equal(all.state.lines, new_lines);
	seen_old += is_old;
	seen_new += !is_old;
	assert_non_null(all.preferred);
	assert_false(noted("damaged"));
}

static void power_fails_at_state(void **state)
{
	(void)state;
	shell(labels);
	make_disk();
	remember("default", "a");
	remember("once", "b");
	try_label("b", "3");
	strcpy(old_lines, all.state.lines);
	start_preferred();
	assert_int_equal(writes.count, 1);		/* one block, and no more; */
	assert_int_equal(writes.flushes, 2);		/* and it was flushed */
	strcpy(new_lines, all.state.lines);
	assert_string_equal(new_lines, "default\ta\ntries b\t2\n");

	/* A disk that writes half of it. */
	for (unsigned bytes = 1; bytes < 512; bytes += 7) {
		memcpy(disk.data, before, disk_bytes);
		memcpy(disk.data + writes.blocks[0].lba * 512, writes.blocks[0].data, bytes);
		boot_find(&all);
		if (memcmp(disk.data + writes.blocks[0].lba * 512, writes.blocks[0].data, 512))
			assert_string_equal(all.state.lines, old_lines);
	}
	cut_everywhere(old_or_new);
	assert_true(seen_old && seen_new);
}

static unsigned count_of(const char *id)
{
	unsigned count = 0;

	for (const struct boot_entry *e = all.first; e; e = e->next)
		count += !strncmp(id, e->id, strlen(id));
	return count;
}

static unsigned seen_both;

/* Whatever it is like now: something boots, and a try more is counted as one, or was. */
static void tries_go_down(void)
{
	struct filesystem *fs;
	struct fs_check c = { .repair = false };
	int left;

	seen_both += count_of("a") == 2;
	assert_true(count_of("a") >= 1);
	assert_non_null(all.preferred);
	assert_int_equal(all.preferred->id[0], 'a');
	left = all.preferred->tries_left;
	assert_true(left == 3 || left == 2);
	boot_start(&all, all.preferred, false);
	assert_int_equal(all.preferred->tries_left, left - 1);
	boot_find(&all);
	assert_int_equal(count_of("a"), 1);
	assert_int_equal(all.preferred->tries_left, left - 1);
	assert_int_equal(all.preferred->tries_done, 4 - left);
	fs = mount_whole(&disk);
	assert_int_equal(fs_check(fs, &c), 0);
	assert_int_equal(c.damage + c.repairs, 0);
	fs_unmount(fs);
}

static void cut_count(const char *name)
{
	shell("mkdir -p $DIR/loader/entries; cd $DIR/loader/entries; "
	      "for i in 1 2 3 4 5 6 7; do printf 'linux /gone\\n' >b$i.conf; done; "
	      "printf 'sort-key a\\nlinux /gone\\n' >%s+3.conf", name);
	make_disk();
	assert_int_equal(all.preferred->tries_left, 3);
	start_preferred();
	boot_find(&all);
	assert_int_equal(all.preferred->tries_left, 2);
	assert_int_equal(all.preferred->tries_done, 1);
	cut_everywhere(tries_go_down);
}

static void power_fails_at_name(void **state)
{
	(void)state;
	cut_count("a");
}

/* Of so many slots that the old one and the new one are in different sectors. */
static void power_fails_at_long_name(void **state)
{
	(void)state;
	seen_both = 0;
	cut_count("a-name-so-long-that-it-takes-a-row-of-slots-and-another-sector-of-its-"
		  "folder-when-it-is-written-anew-which-is-what-counting-does-to-it");
	assert_true(seen_both > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test_setup_teardown(choice, begin, end),
		cmocka_unit_test_setup_teardown(choice_in_large_blocks, begin, end),
		cmocka_unit_test_setup_teardown(cannot_be_written, begin, end),
		cmocka_unit_test_setup_teardown(damaged, begin, end),
		cmocka_unit_test_setup_teardown(power_fails_at_state, begin, end),
		cmocka_unit_test_setup_teardown(power_fails_at_name, begin, end),
		cmocka_unit_test_setup_teardown(power_fails_at_long_name, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
