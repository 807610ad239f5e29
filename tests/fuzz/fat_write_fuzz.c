/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations on FAT volumes of which anything may be wrong: they end, in success or in a refusal;
 * and a volume without damage has none afterwards.
 *
 * The input: a byte that chooses the volume, one for the number of bytes on it that are changed,
 * three for each of these (place, value), and then four for each operation: which one, two names, a
 * size.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/host/sim.h"
#include "fs/fat/write.h"
#include "tests/sim/disk.h"
#include "tests/sim/ram.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

enum { SECTOR = 512, KINDS = 3, PLACES = 8192, CHOOSE_DIRTY = 4, CHOOSE_REPAIR = 8 };

static const struct {
	unsigned bits;
	u32 sectors, fat_sectors, reserved, root_sectors;
} kinds[KINDS] = {
	{ 12, 160, 1, 1, 2 }, { 16, 4200, 17, 1, 2 }, { 32, 160, 2, 8, 0 },
};
static struct sim_disk disks[KINDS];
static u8 *origins[KINDS];

static const char *const names[] = {
	"/a", "/dir", "/dir/b", "/dir/a longer name that takes several slots", "/full", "/full/x",
	"/dir/inner", "/dir/inner/deep", "/new", "/New long name.text", "/", "", "/dir/..", "/a/b",
	"/full/another one that does not fit", "/ünï",
};

/* ---- Volumes in order ---- */

static void make_empty(unsigned kind)
{
	u8 *b = disks[kind].data, *fat = b + kinds[kind].reserved * SECTOR;
	unsigned tail = kinds[kind].bits == 32 ? 64 : 36;

	store_le16(b + 11, SECTOR);
	b[13] = 1;
	store_le16(b + 14, (u16)kinds[kind].reserved);
	b[16] = 2;
	store_le16(b + 17, (u16)(kinds[kind].root_sectors * SECTOR / FAT_SLOT_BYTES));
	store_le16(b + 19, (u16)kinds[kind].sectors);
	b[21] = 0xf8;
	b[tail + 2] = 0x29;
	memcpy(b + tail + 7, "NO NAME    ", 11);
	if (kinds[kind].bits == 32) {
		store_le32(b + 36, kinds[kind].fat_sectors);
		store_le32(b + 44, 2);
		store_le16(b + 48, 1);
		store_le16(b + 50, 6);
		store_le32(b + SECTOR, 0x41615252);
		store_le32(b + SECTOR + 484, 0x61417272);
		store_le32(b + SECTOR + 488, UINT32_MAX);
	} else {
		store_le16(b + 22, (u16)kinds[kind].fat_sectors);
	}
	for (unsigned i = 0; i < 2; i++, fat += kinds[kind].fat_sectors * SECTOR) {
		memset(fat, 0xff, kinds[kind].bits == 12 ? 3 : kinds[kind].bits / 4);
		if (kinds[kind].bits == 32)
			store_le64(fat + 4, 0x0fffffff0fffffff);
	}
}

static struct filesystem *mount(unsigned kind)
{
	char why[FS_WHY_BYTES];
	struct filesystem *fs;
	struct volume v;

	volume_whole(&v, &disks[kind].block);
	return fs_mount(&v, &fs, why) ? NULL : fs;
}

static void must(int error)
{
	if (error)
		abort();
}

static void make(unsigned kind)
{
	static const char *const short_names[] = { "sim12", "sim16", "sim32" };
	static u8 contents[4000];
	struct filesystem *fs;
	char path[32];

	sim_disk_init(&disks[kind], short_names[kind], SECTOR, kinds[kind].sectors);
	must(block_register(&disks[kind].block));
	make_empty(kind);
	fs = mount(kind);
	must(fs_make_directory(fs, "/dir"));
	must(fs_make_directory(fs, "/dir/inner"));
	must(fs_make_directory(fs, "/full"));
	must(fs_replace(fs, "/a", contents, 3000));
	must(fs_replace(fs, names[3], contents, 1300));
	must(fs_replace(fs, "/dir/inner/deep", contents, 100));
	must(fs_replace(fs, "/dir/b", contents, 0));
	for (unsigned i = 0; i < 14; i++) {
		snprintf(path, sizeof path, "/full/%u", i);
		must(fs_replace(fs, path, contents, i % 3));
	}
	must(fs_unmount(fs));
	origins[kind] = malloc(kinds[kind].sectors * SECTOR);
	memcpy(origins[kind], disks[kind].data, kinds[kind].sectors * SECTOR);
}

/* ---- Operations ---- */

static void on_file(struct filesystem *fs, const char *path, unsigned what, u32 size)
{
	static u8 contents[256 * 40];
	struct file f;

	if (fs_open(fs, path, &f))
		return;
	if (what == 0)
		file_truncate(&f, size);
	else
		file_write(&f, what == 1 ? f.size : f.size / 2, contents, size);
}

static void operate(struct filesystem *fs, const u8 *o)
{
	static u8 contents[256 * 40];
	const char *path = names[o[1] % 16], *other = names[o[2] % 16];
	struct fs_check check = { .repair = o[3] & 1 };
	u32 size = o[3] * 37u;

	switch (o[0] % 10) {
	case 0: fs_replace(fs, path, contents, size); break;
	case 1: on_file(fs, path, 0, size); break;
	case 2: on_file(fs, path, 1, size); break;
	case 3: on_file(fs, path, 2, size); break;
	case 4: fs_rename(fs, path, other); break;
	case 5: fs_remove(fs, path); break;
	case 6: fs_make_directory(fs, path); break;
	case 7: fs_set_label(fs, o[3] & 1 ? "LABEL" : ""); break;
	case 8: fs_check(fs, &check); break;
	case 9: fs_rename(fs, other, path); break;
	}
}

static bool is_damaged(struct filesystem *fs)
{
	struct fs_check check = { .repair = false };

	return fs_check(fs, &check) || check.damage;
}

static void run(unsigned kind, u8 choices, const u8 *data, size_t bytes)
{
	struct filesystem *fs = mount(kind);
	bool damaged;

	if (!fs)
		return;
	fat_of(fs)->dirty |= choices & CHOOSE_DIRTY;
	damaged = !(choices & CHOOSE_REPAIR) && is_damaged(fs);
	for (; bytes >= 4; data += 4, bytes -= 4)
		operate(fs, data);
	fs_unmount(fs);
	fs = mount(kind);
	if (!(choices & CHOOSE_REPAIR) && !damaged && (!fs || is_damaged(fs)))
		abort();
	if (fs)
		fs_unmount(fs);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	unsigned kind, changes;

	if (bytes < 2)
		return 0;
	if (!origins[0]) {
		sim_reset();
		sim_ram(SIM_RAM_AT, 4 << 20);
		for (unsigned i = 0; i < KINDS; i++)
			make(i);
	}
	kind = data[0] % 4 % KINDS;
	memcpy(disks[kind].data, origins[kind], kinds[kind].sectors * SECTOR);
	changes = data[1];
	for (unsigned i = 0; i < changes && bytes >= 5 + 3 * i; i++) {
		const u8 *change = data + 2 + 3 * i;

		disks[kind].data[load_le16(change) % PLACES] = change[2];
	}
	changes = 2 + 3 * changes;
	if (bytes > changes)
		run(kind, data[0], data + changes, bytes - changes < 64 ? bytes - changes : 64);
	return 0;
}
