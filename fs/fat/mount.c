/* SPDX-License-Identifier: BSD-2-Clause */
/* The boot sector (3.1 to 3.3): everything in it may be a lie. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fs/fat/write.h"
#include "lib/errors.h"

enum {
	BPB_SECTOR_BYTES = 11, BPB_CLUSTER_SECTORS = 13, BPB_RESERVED = 14, BPB_FATS = 16,
	BPB_ROOT_ENTRIES = 17, BPB_SECTORS16 = 19, BPB_MEDIA = 21, BPB_FAT_SECTORS16 = 22,
	BPB_SECTORS32 = 32, BPB_FAT_SECTORS32 = 36, BPB_FLAGS = 40, BPB_VERSION = 42,
	BPB_ROOT_CLUSTER = 44, BPB_INFO_SECTOR = 48,
	BPB_TAIL16 = 36, BPB_TAIL32 = 64,	/* of both: */
	TAIL_DIRTY = 1, TAIL_SIGNATURE = 2, TAIL_ID = 3, TAIL_LABEL = 7,
	BOOT_BYTES = 512, SIGNATURE_STATE = 0x28,	/* or 0x29: there is a TAIL_DIRTY */

	FLAGS_ONE_FAT = 0x80, FLAGS_ACTIVE = 0x0f,
	INFO_SIGNATURE1 = 0x41615252, INFO_SIGNATURE2 = 0x61417272, INFO_SIGNATURE2_AT = 484,

	FAT12_CLUSTERS_MAX = 4084, FAT16_CLUSTERS_MAX = 65524, FAT32_CLUSTERS_MAX = 0x0ffffff5,
};

static bool is_power_of_two(u32 n, u32 least, u32 most)
{
	return n >= least && n <= most && !(n & (n - 1));
}

static bool probe(const u8 *b)
{
	return is_power_of_two(load_le16(b + BPB_SECTOR_BYTES), 512, 4096) &&
	       is_power_of_two(b[BPB_CLUSTER_SECTORS], 1, 128) &&
	       load_le16(b + BPB_RESERVED) && b[BPB_FATS] &&
	       (b[BPB_MEDIA] == 0xf0 || b[BPB_MEDIA] >= 0xf8);
}

int fat_fail(struct fat *f, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(f->fs.why, sizeof(f->fs.why), format, arguments);
	va_end(arguments);
	return error;
}

int fat_damaged(struct fat *f, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(f->fs.why, sizeof(f->fs.why), format, arguments);
	va_end(arguments);
	if (!f->fs.why_read_only && !f->dirty)	/* else the first write looks for itself */
		f->fs.why_read_only = "it is damaged, see fsck";
	return -EIO;
}

/* Sizes and places. What FAT it is follows from the number of clusters, as Linux counts. */
static int geometry(struct fat *f, const u8 *b)
{
	u32 root_entries = load_le16(b + BPB_ROOT_ENTRIES);
	u64 sectors = load_le16(b + BPB_SECTORS16);
	u64 fat_sectors = load_le16(b + BPB_FAT_SECTORS16);
	bool is_32 = !fat_sectors;
	u64 clusters, most;

	f->sector_bytes = load_le16(b + BPB_SECTOR_BYTES);
	f->cluster_bytes = f->sector_bytes * b[BPB_CLUSTER_SECTORS];
	f->fats = b[BPB_FATS];
	if (!sectors)
		sectors = load_le32(b + BPB_SECTORS32);
	if (is_32)
		fat_sectors = load_le32(b + BPB_FAT_SECTORS32);
	if (sectors * f->sector_bytes > f->fs.volume.size)
		return fat_fail(f, -EINVAL, "the FAT in it has %" PRIu64 " bytes, but there are %"
				PRIu64, sectors * f->sector_bytes, f->fs.volume.size);
	if (!fat_sectors)
		return fat_fail(f, -EINVAL, "its FAT has no sectors");
	f->fats_at = f->fat_at = (u64)load_le16(b + BPB_RESERVED) * f->sector_bytes;
	f->fat_bytes = fat_sectors * f->sector_bytes;
	f->root_at = f->fats_at + f->fats * f->fat_bytes;
	f->root_bytes = root_entries * FAT_SLOT_BYTES;
	f->data_at = f->root_at + (f->root_bytes + f->sector_bytes - 1) / f->sector_bytes *
		     f->sector_bytes;
	if (f->data_at + f->cluster_bytes > sectors * f->sector_bytes)
		return fat_fail(f, -EINVAL, "its FAT leaves no room for clusters");
	clusters = (sectors * f->sector_bytes - f->data_at) / f->cluster_bytes;
	f->bits = is_32 ? 32 : clusters > FAT12_CLUSTERS_MAX ? 16 : 12;
	most = is_32 ? FAT32_CLUSTERS_MAX : FAT16_CLUSTERS_MAX;
	if (clusters > most)
		return fat_fail(f, -EINVAL, "%" PRIu64 " clusters are too many for FAT%u", clusters,
				f->bits);
	f->clusters = (u32)clusters;
	if (f->fat_bytes * 8 / f->bits < clusters + 2)
		return fat_fail(f, -EINVAL, "its FAT is too small for %" PRIu64 " clusters",
				clusters);
	if (!is_32 && !root_entries)
		return fat_fail(f, -EINVAL, "its root directory has no entries");
	f->mirrored = true;
	return 0;
}

static int geometry32(struct fat *f, const u8 *b)
{
	u32 flags = load_le16(b + BPB_FLAGS), version = load_le16(b + BPB_VERSION);
	u64 info = (u64)load_le16(b + BPB_INFO_SECTOR) * f->sector_bytes;
	u8 signature[4];

	f->root_cluster = load_le32(b + BPB_ROOT_CLUSTER);
	if (version)
		return fat_fail(f, -EINVAL, "it is FAT32 of version %" PRIu32 ".%" PRIu32
				"; known is 0.0", version >> 8, version & 0xff);
	if (!fat_is_cluster(f, f->root_cluster))
		return fat_fail(f, -EINVAL, "its root directory begins in cluster %" PRIu32
				", which it does not have", f->root_cluster);
	if (flags & FLAGS_ONE_FAT) {
		if ((flags & FLAGS_ACTIVE) >= f->fats)
			return fat_fail(f, -EINVAL, "copy %" PRIu32 " of its FAT counts, of %u",
					flags & FLAGS_ACTIVE, f->fats);
		f->fat_at += (flags & FLAGS_ACTIVE) * f->fat_bytes;
		f->mirrored = false;
	}
	if (info && info < f->fats_at && !fat_read(f, info, signature, 4) &&
	    load_le32(signature) == INFO_SIGNATURE1 &&
	    !fat_read(f, info + INFO_SIGNATURE2_AT, signature, 4) &&
	    load_le32(signature) == INFO_SIGNATURE2)
		f->info_at = info;
	return 0;
}

/* The label: an entry of the root directory, else (older) in the boot sector. */
static int read_label(struct fat *f, const u8 *tail)
{
	struct fat_name n;
	struct fat_walk w;
	int error;

	if (tail[TAIL_SIGNATURE] == 0x29) {
		u32 id = load_le32(tail + TAIL_ID);

		snprintf(f->fs.uuid, sizeof(f->fs.uuid), "%04" PRIX32 "-%04" PRIX32, id >> 16,
			 id & 0xffff);
		if (memcmp(tail + TAIL_LABEL, "NO NAME    ", 11) != 0)
			fat_oem_text(f->fs.label, tail + TAIL_LABEL, 11, false);
	}
	fat_walk_begin(f, &w, 0);
	while (!(error = fat_walk_name(f, &w, &n)))
		if (n.entry[ENTRY_ATTRIBUTES] & FAT_VOLUME_LABEL) {
			if (n.entry[0] == NAME_E5)
				n.entry[0] = 0xe5;
			fat_oem_text(f->fs.label, n.entry, 11, false);
			return 0;
		}
	return error == -EIO || error == -ENOENT ? 0 : error;
}

/* Whether it was not unmounted, as Windows and as Linux say so (3.4). */
static int read_dirty(struct fat *f, const u8 *tail)
{
	u32 value;
	int error = f->bits == 12 ? 0 : fat_entry(f, 1, &value);

	f->dirty = (tail[TAIL_SIGNATURE] & ~1) == SIGNATURE_STATE && tail[TAIL_DIRTY] & 1;
	if (!error && f->bits != 12 && !(value >> (f->bits == 32 ? 27 : 15) & 1))
		f->dirty = true;
	return error;
}

static int free_all(struct fat *f, int error)
{
	for (unsigned i = 0; i < FAT_LINES; i++)
		free(f->lines[i].data);
	free(f);
	return error;
}

static int mount(const struct volume *v, struct filesystem **fs, char *why)
{
	static const char *const kinds[] = { "FAT12", "FAT16", "FAT32" };
	struct fat *f = calloc(1, sizeof(*f));
	u8 b[BOOT_BYTES];
	const u8 *tail;
	int error;

	if (!f)
		return -ENOMEM;
	f->fs.volume = *v;
	f->sector_bytes = BOOT_BYTES;
	error = fat_read(f, 0, b, sizeof(b));
	if (!error)
		error = probe(b) ? geometry(f, b) : -ENODEV;
	if (!error && f->bits == 32)
		error = geometry32(f, b);
	tail = b + (f->bits == 32 ? BPB_TAIL32 : BPB_TAIL16);
	if (!error)
		error = read_dirty(f, tail);
	if (!error)
		error = read_label(f, tail);
	if (error) {
		memcpy(why, f->fs.why, FS_WHY_BYTES);
		return free_all(f, error);
	}
	f->fs.kind = kinds[f->bits == 32 ? 2 : f->bits / 4 - 3];
	f->fs.unit_bytes = f->cluster_bytes;
	if (volume_read_only(v))
		f->fs.why_read_only = "the disk is write-protected";
	*fs = &f->fs;
	return 0;
}

static int unmount(struct filesystem *fs)
{
	struct fat *f = fat_of(fs);

	return free_all(f, 0);
}

static int space(struct filesystem *fs, struct space *s)
{
	struct fat *f = fat_of(fs);
	u32 value, unused = 0;

	for (u32 cluster = 2; cluster - 2 < f->clusters; cluster++) {
		int error = fat_entry(f, cluster, &value);

		if (error)
			return error;
		unused += !value;
	}
	s->bytes = (u64)f->clusters * f->cluster_bytes;
	s->free_bytes = (u64)unused * f->cluster_bytes;
	return 0;
}

FILESYSTEM(fat) = {
	.name = "fat",
	.probe = probe,
	.mount = mount,
	.unmount = unmount,
	.space = space,
	.open = fat_open,
	.pieces = fat_pieces,
	.open_directory = fat_open_directory,
	.next = fat_directory_next,
	.write = fat_file_write,
	.truncate = fat_file_truncate,
	.replace = fat_replace,
	.rename = fat_rename,
	.remove = fat_remove,
	.make_directory = fat_make_directory,
	.set_label = fat_set_label,
	.check = fat_check,
};
