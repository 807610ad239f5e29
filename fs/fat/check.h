/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of the check. */
#pragma once
#include "fs/fat/write.h"

struct pending {
	u32 first, parent;		/* clusters of directories; 0: the root, as '..' says it */
};

struct check {
	struct fat *f;
	struct fs_check *c;
	u32 free_clusters;
	bool repair;
	u8 *used;			/* a bit for each cluster: too much for the heap */
	size_t used_pages;
	struct pending *queue;
	size_t queued, done, room;
	u32 here;			/* the directory that is walked */
	struct fat_name moved[2];	/* the entries of a rename, by their marks; slots 0: none */
	u32 moved_in;			/* the directory of the first one */
};

/*
 * A problem that is repaired where it is found: true if it is to be. Both are said in the first of
 * two rounds; the second one, which repairs, there is only if the first one has found no damage.
 */
bool check_repairs(struct check *k, const char *format, ...) __attribute__((format(printf, 2, 3)));
void check_damage(struct check *k, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* So much of the FATs has been looked at. */
int check_progress(struct check *k, u64 done);

static inline bool check_is_used(const struct check *k, u32 cluster)
{
	return k->used[cluster / 8] >> cluster % 8 & 1;
}

/*
 * Clusters that nobody claimed, FSInfo, the label in the boot sector: when all have claimed theirs.
 */
int check_volume(struct check *k);
/* The copies of the FAT, on the disk. */
int check_copies(struct check *k);
