/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Volumes that say anything: they are refused in words, or all that is in them can be listed and
 * read, with errors, but to an end and within bounds.
 *
 * The input: rows of 34 bytes, the place of a row on the disk (little-endian, in rows) and its 32
 * bytes. The rest of the disk is zeroes.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/host/sim.h"
#include "fs/fat/fat.h"
#include "fs/text.h"
#include "lib/assert.h"
#include "lib/endian.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "tests/sim/disk.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

enum { DISK_BYTES = 4 << 20, IMAGE_BYTES = 2 << 20 };
enum { ROW = 32, NAMES_MAX = 300, PATH_BYTES = 2048, PIECES = 5 };

static struct sim_disk disk;
static u8 image[IMAGE_BYTES], contents[DISK_BYTES], again[DISK_BYTES];
static unsigned names;

static void read_image(struct sim_disk *d, u64 lba, u32 blocks, u8 *to)
{
	(void)d;
	for (; blocks--; lba++, to += 512)
		if (lba < IMAGE_BYTES / 512)
			memcpy(to, image + lba * 512, 512);
		else
			memset(to, 0, 512);
}

static void check_text(const char *text, size_t room)
{
	const char *end = memchr(text, 0, room);

	assert(end);
	while (text < end) {
		u32 code = utf8_next(&text, end);

		assert(code >= ' ' && code != 0x7f);
	}
}

static void check_result(struct filesystem *fs, const char *path, int error)
{
	char text[FS_EXPLAIN_BYTES];

	assert(error <= 0);
	assert(memchr(fs->why, 0, sizeof(fs->why)));
	fs_explain(fs, path, error, text);
}

/* A few pieces at a time, and all at once by file_read: the same bytes, or the same error. */
static void read_file(struct file *f, const char *path)
{
	struct filesystem *fs = f->fs;
	struct piece pieces[PIECES];
	int error = 0, all;
	u64 at = 0, part;

	assert(f->size <= DISK_BYTES);
	for (; at < f->size && !error; at += part) {
		size_t count = 1 + (size_t)at / 512 % PIECES, total = 0;

		part = f->size - at;
		error = fs->type->pieces(f, at, again + at, &part, pieces, &count);
		if (error)
			break;
		assert(part && part <= f->size - at && count && count <= PIECES);
		for (size_t i = 0; i < count; i++) {
			assert(pieces[i].offset + pieces[i].size <= fs->volume.size);
			assert(pieces[i].to == again + at + total);
			total += pieces[i].size;
		}
		assert(total == part);
		assert(!volume_gather(&fs->volume, pieces, count));
	}
	check_result(fs, path, error);
	all = file_read(f, 0, contents, f->size);
	check_result(fs, path, all);
	assert(all == error && (error || !memcmp(contents, again, f->size)));
}

static void walk(struct filesystem *fs, char *path)
{
	size_t length = strlen(path);
	struct directory d;
	struct file_info info;
	int error = fs_open_directory(fs, path, &d);

	check_result(fs, path, error);
	while (!error && names < NAMES_MAX) {
		struct file f;

		error = directory_next(&d, &info);
		check_result(fs, path, error);
		if (error)
			break;
		names++;
		check_text(info.name, sizeof(info.name));
		if (length + strlen(info.name) + 2 > PATH_BYTES)
			continue;
		path[length] = '/';
		strcpy(path + length + 1, info.name);
		error = fs_open(fs, path, &f);
		check_result(fs, path, error);
		if (!error && !f.is_directory)
			read_file(&f, path);
		else if (!error)
			walk(fs, path);
		error = 0;
		path[length] = 0;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	char why[FS_WHY_BYTES], path[PATH_BYTES] = "";
	struct filesystem *fs;
	struct volume v;
	struct space s;
	int error;

	sim_reset();
	log_set_level(LOG_ERROR);
	memset(image, 0, sizeof(image));
	for (; bytes >= 2 + ROW; data += 2 + ROW, bytes -= 2 + ROW)
		memcpy(image + load_le16(data) % (IMAGE_BYTES / ROW) * ROW, data + 2, ROW);
	sim_disk_init(&disk, "sim0", 512, DISK_BYTES / 512);
	disk.read = read_image;
	disk.block.limits.read_only = true;
	assert(!block_register(&disk.block));
	volume_whole(&v, &disk.block);
	error = fs_mount(&v, &fs, why);
	if (error) {
		assert(memchr(why, 0, sizeof(why)) && why[0]);
	} else {
		names = 0;
		check_text(fs->label, sizeof(fs->label));
		walk(fs, path);
		error = fs_space(fs, &s);
		assert(error || s.free_bytes <= s.bytes);
		assert(!fs_unmount(fs));
	}
	sim_disk_end(&disk);
	return 0;
}
