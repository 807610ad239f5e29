/* SPDX-License-Identifier: BSD-2-Clause */
/* What is not in directories: clusters of nobody, FSInfo, the label, copies of the FAT. */
#include "fs/fat/check.h"

#include <inttypes.h>
#include <stdlib.h>

#include "lib/endian.h"
#include "lib/errors.h"

enum { COMPARE_BYTES = 16 * 1024, INFO_FREE = 488, CLUSTERS_A_STEP = 16 * 1024 };

int check_progress(struct check *k, u64 done)
{
	return k->c->progress &&
	       !k->c->progress(k->c->context, done, k->f->fat_bytes * k->f->fats) &&
	       !k->repair ? -ECANCELED : 0;
}

static int check_clusters(struct check *k)
{
	u32 lost = 0, value;
	int error;

	k->free_clusters = 0;
	for (u32 cluster = 2; fat_is_cluster(k->f, cluster); cluster++) {
		error = fat_entry(k->f, cluster, &value);
		if (!error && cluster % CLUSTERS_A_STEP == 0)
			error = check_progress(k, (u64)cluster * k->f->bits / 8);
		if (error)
			return error;
		if (value && !check_is_used(k, cluster) && value != fat_last(k->f) - 1) {
			lost++;
			if (k->repair)
				error = fat_entry_set(k->f, cluster, value = 0);
		}
		if (error)
			return error;
		k->free_clusters += !value;
	}
	if (lost)
		check_repairs(k, "%" PRIu32 " clusters are in use, but belong to nothing", lost);
	return 0;
}

static int check_info(struct check *k)
{
	u8 info[4];
	int error;

	if (!k->f->info_at)
		return 0;
	error = fat_read(k->f, k->f->info_at + INFO_FREE, info, sizeof info);
	if (error || load_le32(info) == k->free_clusters ||
	    (load_le32(info) == UINT32_MAX && !k->repair) ||
	    !check_repairs(k, "FSInfo says that %" PRIu32 " clusters are free, but %" PRIu32 " are",
		     load_le32(info), k->free_clusters))
		return error;
	store_le32(info, k->free_clusters);
	return fat_write(k->f, k->f->info_at + INFO_FREE, info, sizeof info);
}

static int check_label(struct check *k)
{
	struct fat_name n;
	int error = fat_find_label(k->f, &n);

	if (error && error != -ENOENT)
		return error;
	error = fat_boot_label(k->f, error ? NULL : n.entry, k->repair);
	if (error > 0 && !k->repair)
		check_repairs(k, "the boot sector has another label");
	return error < 0 ? error : 0;
}

/* Past the cache, which has one of them only. */
static int compare_copy(struct check *k, unsigned copy, u8 *memory)
{
	struct volume *v = &k->f->fs.volume;
	bool differs = false;
	int error = 0;

	for (u64 at = 0, part; at < k->f->fat_bytes && !error; at += part) {
		u64 there = k->f->fats_at + copy * k->f->fat_bytes + at;

		part = k->f->fat_bytes - at;
		if (part > COMPARE_BYTES)
			part = COMPARE_BYTES;
		error = volume_read(v, k->f->fat_at + at, memory, part);
		if (!error)
			error = volume_read(v, there, memory + COMPARE_BYTES, part);
		if (!error)
			error = check_progress(k, copy * k->f->fat_bytes + at);
		if (error || !memcmp(memory, memory + COMPARE_BYTES, part))
			continue;
		differs = true;
		if (k->repair)
			error = volume_write(v, there, memory, part);
	}
	if (differs)
		check_repairs(k, "copy %u of the FAT is not like the first", copy + 1);
	return error;
}

int check_copies(struct check *k)
{
	u8 *memory;
	int error = 0;

	if (!k->f->mirrored || k->f->fats < 2)
		return 0;
	memory = malloc(2 * COMPARE_BYTES);
	if (!memory)
		return -ENOMEM;
	for (unsigned copy = 1; copy < k->f->fats && !error; copy++)
		error = compare_copy(k, copy, memory);
	free(memory);
	return error;
}

int check_volume(struct check *k)
{
	int error = check_clusters(k);

	if (!error)
		error = check_info(k);
	return error ? error : check_label(k);
}
