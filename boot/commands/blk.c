/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <string.h>

#include "boot/commands/blk.h"
#include "boot/monitor/monitor.h"
#include "boot/monitor/words.h"
#include "drivers/device.h"
#include "lib/console.h"
#include "lib/memory.h"
#include "lib/time.h"

enum { ROW_BYTES = 16, DUMP_BYTES = 4096, DESCRIBE_BYTES = 320, ANSWER_US = 60 * 1000 * 1000 };

/* ---- What there is ---- */

static const char *mode_of(const struct block_device *b)
{
	if (b->limits.read_only)
		return "read-only";
	if (b->flush_failed)
		return "read-only since a flush failed";
	return b->limits.volatile_cache ? "write-back" : "write-through";
}

static void print_line(const struct block_device *b)
{
	const struct block_limits *l = &b->limits;
	char size[SIZE_TEXT_BYTES];

	console_print("%-10s  %10s, blocks of %" PRIu32 " bytes, %s", b->name,
		      size_text(l->block_count * l->block_size, size), l->block_size, mode_of(b));
	if (b->device)
		console_print(", %s", b->device->name);
	if (b->dead)
		console_print("; lost: %s", b->why_dead ? b->why_dead : error_text(b->dead));
	console_print("\n");
}

static int list(void)
{
	unsigned count = 0;

	for (struct block_device *b = block_first(); b; b = b->next, count++) {
		block_poll(b);
		print_line(b);
	}
	if (!count)
		console_print("There are no disks; `explain` says what was found instead.\n");
	return 0;
}

static void print_ranges(const struct block_limits *l)
{
	const struct { const char *name; u32 blocks; } can[] = {
		{ "discard", l->max_discard_blocks }, { "write zeroes", l->max_zeroes_blocks },
		{ "erase securely", l->max_erase_blocks },
	};

	for (unsigned i = 0; i < sizeof(can) / sizeof(*can); i++)
		if (can[i].blocks)
			console_print("  can %s: %" PRIu32 " blocks at a time\n", can[i].name,
				      can[i].blocks);
}

static int details(struct block_device *b)
{
	const struct block_limits *l = &b->limits;
	const struct block_counters *c = &b->counters;
	char text[DESCRIBE_BYTES];

	block_poll(b);
	print_line(b);
	console_print("  %" PRIu64 " blocks", l->block_count);
	if (l->physical_block_size)
		console_print(", physically of %" PRIu32 " bytes", l->physical_block_size);
	console_print("; at a time %" PRIu32 " blocks in %u segments of %" PRIu32
		      " bytes, %u requests\n", l->max_blocks, l->max_segments,
		      l->max_segment_bytes, l->depth);
	print_ranges(l);
	for (unsigned i = 0; b->ops->describe && b->ops->describe(b, i, text, sizeof(text)); i++)
		console_print("  %s\n", text);
	console_print("  counted: %" PRIu64 " requests, %" PRIu64 " segments, %" PRIu64
		      " bytes, %" PRIu64 " kicks, %" PRIu64 " errors, %" PRIu64 " timeouts, %"
		      PRIu64 " resets\n", c->requests, c->segments, c->bytes, c->kicks, c->errors,
		      c->timeouts, c->resets);
	return 0;
}

/* ---- Safety ---- */

bool blk_may_write(const char *name, int *argc, char **argv, const char *what)
{
	int key;

	if (!strcmp(argv[*argc - 1], "-f")) {
		(*argc)--;
		return true;
	}
	console_print("This %s on %s. Go on? (y/n) ", what, name);
	key = console_wait(ANSWER_US);
	console_print("%s\n", key == 'y' ? "y" : "no");
	return key == 'y';
}

static int parse_blocks(struct block_device *b, char **words, u64 *lba, u64 *count)
{
	if (number_parse(words[0], lba) || number_parse(words[1], count))
		return -EINVAL;
	block_poll(b);
	if (*count && *lba < b->limits.block_count && *count <= b->limits.block_count - *lba)
		return 0;
	console_print("%s has blocks 0 to %" PRIu64 "\n", b->name, b->limits.block_count - 1);
	return -ERANGE;
}

/* Is it all RAM (that we may even look at)? */
static int check_ram(u64 address, u64 bytes)
{
	u64 at = address;

	while (at - address < bytes) {
		const struct memory_range *m = memory_find(at);

		if (!m || m->use == MEMORY_NO_MAP) {
			console_print("0x%" PRIx64 " is not RAM; `mem` lists what is\n", at);
			return -EFAULT;
		}
		at = m->range.start + m->range.bytes;
	}
	return 0;
}

/* ---- Reading ---- */

static void dump(u64 at, const u8 *bytes, u64 count)
{
	for (u64 row = 0; row < count && !monitor_interrupted(); row += ROW_BYTES) {
		console_print("%08" PRIx64 ":", at + row);
		for (unsigned i = 0; i < ROW_BYTES; i++)
			console_print(" %02x", bytes[row + i]);
		console_print("  ");
		for (unsigned i = 0; i < ROW_BYTES; i++) {
			u8 c = bytes[row + i];

			console_print("%c", c >= ' ' && c <= '~' ? c : '.');
		}
		console_print("\n");
	}
}

static int read_and_dump(struct block_device *b, u64 lba, u64 count)
{
	u32 size = b->limits.block_size;
	size_t pages = (size + ARCH_PAGE_BYTES - 1) / ARCH_PAGE_BYTES;
	u8 *block = memory_pages(pages, "blk");
	int error = block ? 0 : -ENOMEM;

	for (; count && !error && !monitor_interrupted(); lba++, count--) {
		error = block_read(b, lba, 1, block);
		if (!error)
			dump(lba * size, block, size);
	}
	if (block)
		memory_free_pages(block, pages);
	return error;
}

/* To where nobody has anything, and for the time of reading nobody else gets anything. */
static int read_to(struct block_device *b, u64 lba, u64 count, u64 address)
{
	u64 bytes = count * b->limits.block_size;
	int error = memory_claim(address, bytes, MEMORY_LOADED, "blk read");
	const struct memory_range *m = memory_find(address);

	if (error) {
		console_print("0x%" PRIx64 " bytes at 0x%" PRIx64 " are not free (%s); see `mem`\n",
			      bytes, address, m ? m->owner : "no RAM");
		return error;
	}
	error = block_read(b, lba, count, (void *)(uintptr_t)address);
	memory_release(address, bytes);
	if (!error)
		console_print("%" PRIu64 " bytes at 0x%" PRIx64 "\n", bytes, address);
	return error;
}

static int run_read(struct block_device *b, int argc, char **argv)
{
	u64 lba, count, address;
	int error;

	if (argc < 2 || argc > 3)
		return -EINVAL;
	error = parse_blocks(b, argv, &lba, &count);
	if (error || argc == 2)
		return error ? error : read_and_dump(b, lba, count);
	return number_parse(argv[2], &address) ? -EINVAL : read_to(b, lba, count, address);
}

/* ---- Writing ---- */

static int run_write(struct block_device *b, int argc, char **argv)
{
	u64 lba, count, address;
	int error;

	if (argc < 3)
		return -EINVAL;
	error = parse_blocks(b, argv, &lba, &count);
	if (error)
		return error;
	if (number_parse(argv[2], &address))
		return -EINVAL;
	error = check_ram(address, count * b->limits.block_size);
	if (error)
		return error;
	if (!blk_may_write(b->name, &argc, argv, "overwrites blocks"))
		return -ECANCELED;
	if (argc != 3)
		return -EINVAL;
	error = block_write(b, lba, count, (const void *)(uintptr_t)address);
	return error ? error : block_flush(b);
}

static int run_erase(struct block_device *b, int argc, char **argv)
{
	static const struct { const char *word; enum block_op op; } ways[] = {
		{ "discard", BLOCK_DISCARD }, { "zeroes", BLOCK_WRITE_ZEROES },
		{ "secure", BLOCK_SECURE_ERASE },
	};
	u64 lba, count;
	int error;

	if (argc < 3)
		return -EINVAL;
	error = parse_blocks(b, argv + 1, &lba, &count);
	if (error)
		return error;
	for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		if (strcmp(argv[0], ways[i].word))
			continue;
		if (!blk_may_write(b->name, &argc, argv, "erases blocks"))
			return -ECANCELED;
		if (argc != 3)
			return -EINVAL;
		error = block_erase(b, ways[i].op, lba, count);
		return error ? error : block_flush(b);
	}
	return -EINVAL;
}

static int run_flush(struct block_device *b, int argc, char **argv)
{
	(void)argv;
	return argc ? -EINVAL : block_flush(b);
}

static int run_test(struct block_device *b, int argc, char **argv)
{
	if (argc > 1 || (argc == 1 && strcmp(argv[0], "-f")))
		return -EINVAL;
	return blk_test(b, argc == 1);
}

static int run_cache(struct block_device *b, int argc, char **argv)
{
	bool back = argc == 1 && !strcmp(argv[0], "writeback");
	int error;

	if (argc != 1 || (!back && strcmp(argv[0], "writethrough")))
		return -EINVAL;
	error = back ? 0 : block_flush(b);
	if (!error)
		error = b->ops->set_cache ? b->ops->set_cache(b, back) : -ENOTSUP;
	if (error == -ENOTSUP)
		console_print("%s has no such choice\n", b->name);
	return error;
}

/* Whoever asks for it has seen that a flush failed. */
static int run_reset(struct block_device *b, int argc, char **argv)
{
	int error;

	(void)argv;
	if (argc)
		return -EINVAL;
	error = block_reset(b, -ECANCELED, "somebody asked for it");
	if (!error)
		b->flush_failed = false;
	return error;
}

static const struct {
	const char *word;
	int (*run)(struct block_device *b, int argc, char **argv);
} actions[] = {
	{ "read", run_read }, { "write", run_write }, { "erase", run_erase },
	{ "flush", run_flush }, { "test", run_test }, { "cache", run_cache },
	{ "reset", run_reset },
};

static struct block_device *find(const char *name)
{
	struct block_device *b = block_find(name);

	if (!b)
		console_print("There is no disk \"%s\"; `blk` lists them.\n", name);
	return b;
}

static int run(int argc, char **argv)
{
	struct block_device *b;

	if (argc == 1)
		return list();
	for (unsigned i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		if (strcmp(argv[1], actions[i].word))
			continue;
		if (argc < 3)
			return -EINVAL;
		b = find(argv[2]);
		return b ? actions[i].run(b, argc - 3, argv + 3) : -ENOENT;
	}
	if (argc != 2)
		return -EINVAL;
	b = find(argv[1]);
	return b ? details(b) : -ENOENT;
}

static void complete(struct line_completion *c, size_t from)
{
	if (!strchr(c->line + from, ' '))
		for (unsigned i = 0; i < sizeof(actions) / sizeof(*actions); i++)
			line_offer(c, actions[i].word, ' ');
	for (struct block_device *b = block_first(); b; b = b->next)
		line_offer(c, b->name, ' ');
}

COMMAND(blk) = {
	.name = "blk",
	.arguments = "[<disk> | <action> <disk> ...]",
	.summary = "disks: list, read, write, test",
	.details = "Alone: the disks. With one: what it can, and what it has done.\n"
		   "  read <disk> <block> <count> [address]       else it is shown\n"
		   "  write <disk> <block> <count> <address> [-f]\n"
		   "  flush <disk>       what it has taken is on the medium then\n"
		   "  test <disk> [-f]   reads; -f: also writes, and puts back\n"
		   "  cache <disk> writeback|writethrough\n"
		   "  reset <disk>\n"
		   "  erase <disk> discard|zeroes|secure <block> <count> [-f]\n"
		   "Writing asks before, unless the last word is -f, and flushes.\n",
	.run = run,
	.complete = complete,
};
