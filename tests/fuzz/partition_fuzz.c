/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partition tables that say anything: what can be opened lies on the disk and overlaps nothing
 * else.
 *
 * The input: a byte of choices, then rows as in fat_fuzz.c. The checksums of both GPTs are made
 * right afterwards, if that is chosen.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/host/sim.h"
#include "fs/fs.h"
#include "fs/partition.h"
#include "lib/assert.h"
#include "lib/crc32.h"
#include "lib/endian.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "tests/sim/disk.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

enum { DISK_BYTES = 1 << 20, ROW = 32, CHOOSE_4096 = 1, CHOOSE_ENTRIES = 2, CHOOSE_HEADERS = 4 };

static struct sim_disk disk;
static u8 image[DISK_BYTES];

static void read_image(struct sim_disk *d, u64 lba, u32 blocks, u8 *to)
{
	u32 block = d->block.limits.block_size;

	memcpy(to, image + lba * block, (size_t)blocks * block);
}

static void make_right(u8 *header, u32 block, u8 choices)
{
	u64 entries = load_le64(header + 72), bytes;
	u32 size = load_le32(header + 12);

	bytes = (u64)load_le32(header + 80) * load_le32(header + 84);
	if (!(choices & CHOOSE_ENTRIES) && entries < DISK_BYTES / block &&
	    bytes <= DISK_BYTES - entries * block)
		store_le32(header + 88, crc32_add(0, image + entries * block, bytes));
	if (!(choices & CHOOSE_HEADERS) && size <= block) {
		store_le32(header + 16, 0);
		store_le32(header + 16, crc32_add(0, header, size));
	}
}

static int look(void *context, const struct volume *v, const struct partition *p)
{
	(void)context;
	assert(!p || !p->container);
	assert(v->start + v->size <= DISK_BYTES && v->start + v->size >= v->start);
	assert(memchr(v->name, 0, sizeof(v->name)));
	return 0;
}

static void check(const struct partitions *t)
{
	for (unsigned i = 0; i < t->count; i++) {
		const struct partition *p = &t->list[i];
		struct volume v;
		int error = partition_volume(&v, &disk.block, p);

		assert(memchr(p->type, 0, sizeof(p->type)) && memchr(p->uuid, 0, sizeof(p->uuid)));
		assert(memchr(p->label, 0, sizeof(p->label)));
		assert(!error == !(p->problem || p->container));
		if (error)
			continue;
		assert(v.size && v.start && v.start % disk.block.limits.block_size == 0);
		assert(v.start < DISK_BYTES && v.size <= DISK_BYTES - v.start);
		for (unsigned j = 0; j < i; j++) {
			const struct partition *q = &t->list[j];

			assert(q->problem || q->container || q->start >= p->start + p->size ||
			       p->start >= q->start + q->size);
		}
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	char why[FS_WHY_BYTES];
	struct partitions t;
	struct volume v;
	u8 choices;
	u32 block;
	int error;

	if (!bytes)
		return 0;
	choices = *data++;
	bytes--;
	block = choices & CHOOSE_4096 ? 4096 : 512;
	sim_reset();
	log_set_level(LOG_ERROR);
	memset(image, 0, sizeof(image));
	for (; bytes >= 2 + ROW; data += 2 + ROW, bytes -= 2 + ROW)
		memcpy(image + load_le16(data) % (DISK_BYTES / ROW) * ROW, data + 2, ROW);
	make_right(image + block, block, choices);
	make_right(image + DISK_BYTES - block, block, choices);
	sim_disk_init(&disk, "sim0", block, DISK_BYTES / block);
	disk.read = read_image;
	disk.block.limits.read_only = true;
	assert(!block_register(&disk.block));
	error = partitions_read(&t, &disk.block);
	assert(!error || error == -EIO);
	assert(memchr(t.note, 0, sizeof(t.note)) && t.count <= PARTITIONS_MAX);
	assert(!error || t.note[0]);
	check(&t);
	partitions_free(&t);
	assert(!volumes_walk(look, NULL));
	error = volume_find(&v, "1", why);
	assert(error <= 0 && memchr(why, 0, sizeof(why)));
	sim_disk_end(&disk);
	return 0;
}
