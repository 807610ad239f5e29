/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/partition.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/block.h"
#include "fs/fs.h"
#include "fs/partition_internal.h"
#include "lib/errors.h"

int partition_note(struct partitions *t, int error, const char *format, ...)
{
	size_t used = strlen(t->note);
	va_list arguments;

	if (used && used < sizeof(t->note) - 2) {
		memcpy(t->note + used, "; ", 3);
		used += 2;
	}
	va_start(arguments, format);
	vsnprintf(t->note + used, sizeof(t->note) - used, format, arguments);
	va_end(arguments);
	return error;
}

struct partition *partition_add(struct partitions *t, unsigned index)
{
	struct partition *p;

	if (t->count == PARTITIONS_MAX) {
		if (t->note[0] == 0)
			partition_note(t, 0, "only the first %u partitions count", t->count);
		return NULL;
	}
	if ((t->count & (t->count - 1)) == 0) {		/* full: twice as many, 1, 2, 4, ... */
		p = realloc(t->list, (t->count ? 2 * t->count : 1) * sizeof(*p));
		if (!p)
			return NULL;
		t->list = p;
	}
	p = &t->list[t->count++];
	memset(p, 0, sizeof(*p));
	p->index = index;
	return p;
}

/* In blocks, as both kinds of table say it; overflows are beyond the disk, too. */
void partition_place(struct partition *p, const struct block_limits *disk, u64 first, u64 blocks)
{
	if (!blocks)
		p->problem = "has no blocks";
	else if (!first)
		p->problem = "begins where the partition table is";
	else if (first >= disk->block_count || blocks > disk->block_count - first)
		p->problem = "reaches beyond the end of the disk";
	if (p->problem)
		return;
	p->start = first * disk->block_size;
	p->size = blocks * disk->block_size;
}

static void check_overlaps(struct partitions *t)
{
	for (unsigned i = 0; i < t->count; i++)
		for (unsigned j = 0; j < i; j++) {
			struct partition *a = &t->list[i], *b = &t->list[j];

			if (a->start >= b->start + b->size || b->start >= a->start + a->size ||
			    (a->logical && b->container) || (b->logical && a->container))
				continue;
			a->problem = b->problem = "overlaps another partition";
		}
}

int partitions_read(struct partitions *t, struct block_device *disk)
{
	struct volume v;
	u8 *block;
	int error;

	*t = (struct partitions){ .scheme = "none" };
	volume_whole(&v, disk);
	if (disk->limits.block_count < 3)
		return 0;
	block = malloc(disk->limits.block_size);
	if (!block)
		return -ENOMEM;
	error = volume_read(&v, 0, block, disk->limits.block_size);
	if (error) {
		free(block);
		return error;
	}
	error = partitions_read_gpt(t, &v, block);
	/* Boot sectors of filesystems are signed as an MBR is, and have code where its table is. */
	if ((error == -EIO || error == -ENOENT) && fs_probe(block)) {
		t->note[0] = 0;
		error = 0;
	}
	if (error == -ENOENT)
		error = partitions_read_mbr(t, &v, block);
	free(block);
	check_overlaps(t);
	if (error && error != -EIO)
		partitions_free(t);
	return error;
}

void partitions_free(struct partitions *t)
{
	free(t->list);
	t->list = NULL;
	t->count = 0;
}

int partition_volume(struct volume *v, struct block_device *disk, const struct partition *p)
{
	size_t length = strlen(disk->name);
	bool digit = length && disk->name[length - 1] >= '0' && disk->name[length - 1] <= '9';

	*v = (struct volume){ .disk = disk };
	snprintf(v->name, sizeof(v->name), "%s%s%u", disk->name, digit ? "p" : "", p->index);
	if (p->problem || p->container)
		return -EINVAL;
	v->start = p->start;
	v->size = p->size;
	return 0;
}
