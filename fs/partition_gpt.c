/* SPDX-License-Identifier: BSD-2-Clause */
/* GUID partition tables (UEFI 2.10, 5.3). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "drivers/block.h"
#include "fs/partition_internal.h"
#include "fs/text.h"
#include "lib/crc32.h"
#include "lib/errors.h"

enum {
	HEADER_SIZE = 12, HEADER_CRC = 16, HEADER_MY_BLOCK = 24,
	HEADER_FIRST = 40, HEADER_LAST = 48, HEADER_ENTRIES_BLOCK = 72,
	HEADER_ENTRY_COUNT = 80, HEADER_ENTRY_SIZE = 84, HEADER_ENTRIES_CRC = 88, HEADER_BYTES = 92,

	ENTRY_TYPE = 0, ENTRY_UUID = 16, ENTRY_FIRST = 32, ENTRY_LAST = 40, ENTRY_LABEL = 56,
	ENTRY_LABEL_UNITS = 36, ENTRY_BYTES = 128, ENTRY_BYTES_MAX = 4096,

	CHUNK_BYTES = 16 * 1024,	/* a multiple of ENTRY_BYTES_MAX */
	ENTRIES_BYTES_MAX = 16 * 1024 * 1024,
};

struct gpt {
	const struct volume *v;
	u64 first, last;		/* blocks for partitions */
	u64 entries_at;			/* bytes */
	u32 count, entry_bytes;
};

/* Entries in chunks: @each on every one, or, without it, their CRC. */
static int entries(const struct gpt *g, u32 *crc,
		   int (*each)(const struct gpt *g, struct partitions *t, const u8 *e, unsigned i),
		   struct partitions *t)
{
	u64 bytes = (u64)g->count * g->entry_bytes, part;
	u8 *chunk = malloc(CHUNK_BYTES);
	int error = chunk ? 0 : -ENOMEM;

	*crc = 0;
	for (u64 done = 0; done < bytes && !error; done += part) {
		part = bytes - done < CHUNK_BYTES ? bytes - done : CHUNK_BYTES;
		error = volume_read(g->v, g->entries_at + done, chunk, part);
		if (error)
			break;
		if (!each)
			*crc = crc32_add(*crc, chunk, part);
		for (u64 at = 0; each && at < part && !error; at += g->entry_bytes)
			error = each(g, t, chunk + at,
				     (unsigned)((done + at) / g->entry_bytes) + 1);
	}
	free(chunk);
	return error;
}

/* NULL, or what is wrong with the header in @lba, or with its entries. */
static const char *read_header(struct gpt *g, u64 lba, u8 *block)
{
	const struct block_limits *l = &g->v->disk->limits;
	u32 bytes, crc, zero = 0;

	if (volume_read(g->v, lba * l->block_size, block, l->block_size))
		return "cannot be read";
	if (memcmp(block, "EFI PART", 8) != 0)
		return "is not there";
	bytes = load_le32(block + HEADER_SIZE);
	if (bytes < HEADER_BYTES || bytes > l->block_size)
		return "has a wrong size";
	crc = crc32_add(0, block, HEADER_CRC);
	crc = crc32_add(crc, &zero, sizeof(zero));
	crc = crc32_add(crc, block + HEADER_CRC + 4, bytes - HEADER_CRC - 4);
	if (crc != load_le32(block + HEADER_CRC))
		return "has a wrong checksum";
	if (load_le64(block + HEADER_MY_BLOCK) != lba)
		return "says that it is elsewhere";
	g->first = load_le64(block + HEADER_FIRST);
	g->last = load_le64(block + HEADER_LAST);
	g->count = load_le32(block + HEADER_ENTRY_COUNT);
	g->entry_bytes = load_le32(block + HEADER_ENTRY_SIZE);
	if (g->entry_bytes < ENTRY_BYTES || g->entry_bytes > ENTRY_BYTES_MAX ||
	    (g->entry_bytes & (g->entry_bytes - 1)) ||
	    (u64)g->count * g->entry_bytes > ENTRIES_BYTES_MAX)
		return "has entries of a wrong size";
	g->entries_at = load_le64(block + HEADER_ENTRIES_BLOCK);
	if (!g->entries_at || g->entries_at >= l->block_count)
		return "has its entries beyond the disk";
	g->entries_at *= l->block_size;
	if (entries(g, &crc, NULL, NULL))
		return "has entries that cannot be read";
	return crc == load_le32(block + HEADER_ENTRIES_CRC) ? NULL :
		"has entries with a wrong checksum";
}

static void uuid_text(const u8 *u, char to[static PARTITION_UUID_BYTES])
{
	int used = snprintf(to, PARTITION_UUID_BYTES, "%08" PRIx32 "-%04x-%04x-%02x%02x-",
			    load_le32(u), load_le16(u + 4), load_le16(u + 6), u[8], u[9]);

	for (unsigned i = 10; i < 16; i++)
		used += snprintf(to + used, PARTITION_UUID_BYTES - (unsigned)used, "%02x", u[i]);
}

static int keep(const struct gpt *g, struct partitions *t, const u8 *e, unsigned index)
{
	static const u8 unused[16];
	struct partition *p;
	u64 first, last;

	if (memcmp(e + ENTRY_TYPE, unused, sizeof(unused)) == 0)
		return 0;
	first = load_le64(e + ENTRY_FIRST);
	last = load_le64(e + ENTRY_LAST);
	p = partition_add(t, index);
	if (!p)
		return t->count == PARTITIONS_MAX ? 0 : -ENOMEM;
	uuid_text(e + ENTRY_TYPE, p->type);
	uuid_text(e + ENTRY_UUID, p->uuid);
	utf16_text(p->label, e + ENTRY_LABEL, ENTRY_LABEL_UNITS);
	partition_place(p, &g->v->disk->limits, first, last < first ? 0 : last - first + 1);
	if (!p->problem && (first < g->first || last > g->last)) {
		p->problem = "lies outside of what the GPT has for partitions";
		p->start = p->size = 0;
	}
	return 0;
}

/* Is there an entry for a GPT in the MBR, and are there others? */
static bool is_protected(const u8 *block, bool *others)
{
	bool found = false;

	*others = false;
	if (block[MBR_SIGNATURE] != 0x55 || block[MBR_SIGNATURE + 1] != 0xaa)
		return false;
	for (unsigned i = 0; i < 4; i++) {
		u8 type = block[MBR_ENTRIES + i * MBR_ENTRY_BYTES + MBR_TYPE];

		if (type == MBR_TYPE_PROTECTIVE)
			found = true;
		else if (type)
			*others = true;
	}
	return found;
}

int partitions_read_gpt(struct partitions *t, const struct volume *v, const u8 *mbr)
{
	u64 last = v->disk->limits.block_count - 1;
	u8 *block = malloc(v->disk->limits.block_size);
	bool others, protected = is_protected(mbr, &others);
	const char *primary, *backup;
	struct gpt g = { .v = v };
	u32 crc;

	if (!block)
		return -ENOMEM;
	primary = protected || !others ? read_header(&g, 1, block) : "is not there";
	if (primary && protected) {
		backup = read_header(&g, last, block);
		if (!backup)
			partition_note(t, 0, "the GPT %s: its backup is used", primary);
		else
			partition_note(t, 0, "the GPT %s, its backup %s", primary, backup);
	} else {
		backup = primary;
	}
	free(block);
	if (backup)
		return protected ? -EIO : -ENOENT;
	if (protected && others)
		partition_note(t, 0, "the MBR has partitions of its own, which do not count");
	t->scheme = "GPT";
	return entries(&g, &crc, keep, t);
}
