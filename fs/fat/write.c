/* SPDX-License-Identifier: BSD-2-Clause */
/* Stages, the dirty bits, FSInfo, and who has which cluster. */
#include "fs/fat/write.h"

#include <inttypes.h>

#include "lib/endian.h"
#include "lib/errors.h"

enum {
	BOOT_STATE_16 = 37, BOOT_STATE_32 = 65, BOOT_STATE_DIRTY = 1,
	BOOT_EXTENDED = 0x28,			/* or 0x29: there is a state */
	INFO_FREE = 488, INFO_NEXT = 492,
};
#define INFO_UNKNOWN UINT32_MAX

/* ---- Stages ---- */

int fat_stage(struct fat *f)
{
	int error = fat_sync(f);

	return error ? error : volume_flush(&f->fs.volume);
}

/* FAT12 has no such bit in its FAT; a boot sector of DOS 3 has none either. */
int fat_mark(struct fat *f, bool dirty)
{
	u32 clean = f->bits == 12 ? 0 : 1u << (f->bits == 32 ? 27 : 15), entry;
	u64 at = f->bits == 32 ? BOOT_STATE_32 : BOOT_STATE_16;
	u8 boot[2];
	int error;

	if (clean) {
		error = fat_entry(f, 1, &entry);
		if (!error)
			error = fat_entry_set(f, 1, dirty ? entry & ~clean : entry | clean);
		if (error)
			return error;
	}
	error = fat_read(f, at, boot, 2);
	if (error || (boot[1] & ~1) != BOOT_EXTENDED)
		return error;
	boot[0] = dirty ? boot[0] | BOOT_STATE_DIRTY : boot[0] & ~BOOT_STATE_DIRTY;
	return fat_write(f, at, boot, 1);
}

int fat_ready(struct fat *f)
{
	struct fs_check check = { .repair = true };
	u8 next[4];
	int error;

	if (!f->search) {
		f->search = 2;
		if (f->info_at && !fat_read(f, f->info_at + INFO_NEXT, next, sizeof next) &&
		    fat_is_cluster(f, load_le32(next)))
			f->search = load_le32(next);
	}
	if (!f->dirty)
		return 0;
	error = fat_check(&f->fs, &check);
	if (error || !check.damage)
		return error;
	f->fs.why_read_only = "it is damaged, see fsck";
	return fat_fail(f, -EIO, "%s", f->fs.why_read_only);
}

void fat_write_failed(struct fat *f)
{
	f->fs.why_read_only = "a write failed";
	fat_forget(f);
}

int fat_begin(struct fat *f)
{
	int error;

	f->freed = 0;
	error = fat_mark(f, true);
	if (!error)
		error = fat_stage(f);
	if (error)
		fat_write_failed(f);
	return error;
}

/* How many are free is a hint: what is unknown stays so, what is nonsense becomes unknown. */
static int update_info(struct fat *f)
{
	u8 info[8];
	u32 now;
	int error;

	if (!f->info_at)
		return 0;
	error = fat_read(f, f->info_at + INFO_FREE, info, sizeof info);
	if (error)
		return error;
	now = load_le32(info) + (u32)f->freed;
	if (load_le32(info) == INFO_UNKNOWN || now > f->clusters)
		now = INFO_UNKNOWN;
	store_le32(info, now);
	store_le32(info + (INFO_NEXT - INFO_FREE), f->search);
	return fat_write(f, f->info_at + INFO_FREE, info, sizeof info);
}

int fat_end(struct fat *f, int error)
{
	int own = error == -ENOSPC || error == -ECANCELED ? 0 : error;

	if (!own)
		own = update_info(f);
	if (!own)
		own = fat_stage(f);
	if (!own)
		own = fat_mark(f, false);
	if (!own)
		own = fat_stage(f);
	if (own)
		fat_write_failed(f);
	return error ? error : own;
}

/* ---- Clusters ---- */

int fat_allocate(struct fat *f, u32 count, u32 *first)
{
	u32 found = 0, last = 0, cluster = f->search, entry;
	int error = 0;

	for (u32 looked = 0; looked < f->clusters && found < count; looked++, cluster++) {
		if (!fat_is_cluster(f, cluster))
			cluster = 2;
		error = fat_entry(f, cluster, &entry);
		if (!error && !entry)
			error = fat_entry_set(f, cluster, fat_last(f) + 7);
		if (!error && !entry && last)
			error = fat_entry_set(f, last, cluster);
		if (error)
			return error;
		if (!entry) {
			last = cluster;
			if (!found++)
				*first = cluster;
		}
	}
	f->freed -= found;
	if (found < count) {
		error = found ? fat_free(f, *first, 0) : 0;
		return error ? error : fat_fail(f, -ENOSPC, "the volume is full");
	}
	f->search = cluster;
	return 0;
}

int fat_free(struct fat *f, u32 first, u32 stop)
{
	u32 next;
	int error = 0;

	for (u32 cluster = first; cluster && cluster != stop && !error; cluster = next) {
		error = fat_next(f, cluster, &next);
		if (!error)
			error = fat_entry_set(f, cluster, 0);
		if (!error)
			f->freed++;
	}
	return error;
}

int fat_chain_check(struct fat *f, u32 first, u32 *count, u32 *last)
{
	u32 seen = 0, before = 0;
	int error;

	for (u32 cluster = first; cluster; seen++) {
		if (seen == f->clusters)
			return fat_damaged(f, "the chain from cluster %" PRIu32 " loops", first);
		before = cluster;
		error = fat_next(f, cluster, &cluster);
		if (error)
			return error;
	}
	if (count)
		*count = seen;
	if (last)
		*last = before;
	return 0;
}

/*
 * An entry of FAT12 may lie in two sectors, and is half of the old value and half of the new one
 * for a moment. If it is to lead on, its low half goes first, if it is to be the end, its high
 * half: what is there in between begins with 15 and should be no cluster, so that everybody takes
 * it for the end. On volumes with more than 3838 clusters some have such numbers; one entry in 512
 * lies so.
 */
bool fat_may_follow(const struct fat *f, u32 last, u32 next)
{
	return !fat_is_split(f, last) ||
	       !fat_is_cluster(f, last & 1 ? 0xff0 | (next & 0xf) : 0xf00 | (next & 0xff));
}

int fat_allocate_behind(struct fat *f, u32 last, u32 count, u32 *first)
{
	u32 cluster = f->search, entry;

	if (!fat_is_split(f, last))
		return fat_allocate(f, count, first);
	for (u32 looked = 0; looked < f->clusters; looked++, cluster++) {
		int error;

		if (!fat_is_cluster(f, cluster))
			cluster = 2;
		if (!fat_may_follow(f, last, cluster))
			continue;
		error = fat_entry(f, cluster, &entry);
		if (error)
			return error;
		if (!entry) {
			f->search = cluster;
			return fat_allocate(f, count, first);
		}
	}
	return fat_fail(f, -ENOSPC, "no free cluster can follow cluster %" PRIu32, last);
}

int fat_chain_extend(struct fat *f, u32 last, u32 next)
{
	u32 value = next ? next : fat_last(f) + 7;
	u64 at = f->fat_at + (u64)last * 3 / 2;
	u8 both[2];
	int error;

	if (!fat_is_split(f, last)) {
		error = fat_entry_set(f, last, value);
		return error ? error : fat_stage(f);
	}
	error = fat_read(f, at, both, 2);
	if (error)
		return error;
	store_le16(both, last & 1 ? (load_le16(both) & 0xf) | value << 4
				  : (load_le16(both) & 0xf000) | value);
	for (unsigned i = 0; i < 2 && !error; i++) {
		unsigned half = next ? i : 1 - i;

		error = fat_write(f, at + half, both + half, 1);
		if (!error)
			error = fat_stage(f);
	}
	return error;
}
