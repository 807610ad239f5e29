/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <string.h>

#include "arch/arch.h"
#include "drivers/block.h"
#include "drivers/ram_disk.h"
#include "lib/dt.h"
#include "lib/endian.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/size.h"

enum { BLOCK_BYTES = 512, DEPTH = 32 };

/* ---- Requests: queued by submit, done by the next poll ---- */

static struct block_device disk;
static u8 *memory;
static struct block_request *queue[DEPTH];
static unsigned queued;

static int submit(struct block_device *b, struct block_request *r)
{
	(void)b;
	if (queued == DEPTH)
		return -EAGAIN;
	queue[queued++] = r;
	return 0;
}

static void kick(struct block_device *b)
{
	(void)b;
}

/* 0, or of a comparison: it differs. */
static int do_segment(enum block_op op, u8 *place, const struct block_segment *s)
{
	switch (op) {
	case BLOCK_READ:
		if (s->buffer)
			memcpy(s->buffer, place, s->bytes);
		return 0;
	case BLOCK_WRITE:
		memcpy(place, s->buffer, s->bytes);
		return 0;
	default:
		return memcmp(place, s->buffer, s->bytes);
	}
}

static int perform(const struct block_request *r)
{
	u8 *place = memory + r->lba * BLOCK_BYTES;
	int differs = 0;

	if (!r->segment_count)
		memset(place, 0, (size_t)r->blocks * BLOCK_BYTES);
	for (unsigned i = 0; i < r->segment_count && !differs; i++) {
		differs = do_segment(r->op, place, &r->segments[i]);
		place += r->segments[i].bytes;
	}
	return differs ? -EILSEQ : 0;
}

static void poll(struct block_device *b)
{
	(void)b;
	for (unsigned i = 0; i < queued; i++)
		block_done(queue[i], perform(queue[i]), NULL);
	queued = 0;
}

static int reset(struct block_device *b, int status, const char *cause)
{
	(void)b;
	while (queued)
		block_done(queue[--queued], status, cause);
	return 0;
}

static const struct block_ops ops = {
	.submit = submit, .kick = kick, .poll = poll, .reset = reset,
};

/* ---- Is it a disk? ---- */

/* What an operating system takes for its first files, and is none. */
static const char *archive(const u8 *image)
{
	static const struct {
		u8 count, magic[6];
		const char *name;
	} kinds[] = {
		{ 2, { 0x1f, 0x8b }, "gzip" },
		{ 5, { '0', '7', '0', '7', '0' }, "cpio" },
		{ 4, { 0x28, 0xb5, 0x2f, 0xfd }, "zstd" },
		{ 6, { 0xfd, '7', 'z', 'X', 'Z', 0 }, "xz" },
		{ 4, { 0x02, 0x21, 0x4c, 0x18 }, "lz4" },
		{ 4, { 0x04, 0x22, 0x4d, 0x18 }, "lz4" },
		{ 3, { 'B', 'Z', 'h' }, "bzip2" },
		{ 3, { 0x5d, 0, 0 }, "lzma" },
	};

	for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (!memcmp(image, kinds[i].magic, kinds[i].count))
			return kinds[i].name;
	return NULL;
}

/* A jump, then sizes that make sense: also on floppies, which lack the signature 55 AA. */
static bool has_fat(const u8 *image)
{
	u16 sector = load_le16(image + 11);

	return (image[0] == 0xeb || image[0] == 0xe9) && sector >= 512 && sector <= 4096 &&
	       !(sector & (sector - 1)) && image[13] && !(image[13] & (image[13] - 1)) &&
	       (image[16] == 1 || image[16] == 2);
}

static const char *format(const u8 *image)
{
	enum { SIGNATURE = 510, TYPE = 446 + 4, GPT_PROTECTIVE = 0xee };

	if (has_fat(image))
		return "FAT";
	if (load_le16(image + SIGNATURE) != 0xaa55)
		return NULL;
	return image[TYPE] == GPT_PROTECTIVE ? "GPT" : "MBR";
}

/* All of it is mapped RAM and kept for the image. (U-Boot reserves it in /memreserve/, too.) */
static bool is_kept(u64 start, u64 end)
{
	const struct memory_range *m;

	for (u64 at = start; at < end; at = m->range.start + m->range.bytes) {
		m = memory_find(at);
		if (!m || (m->use != MEMORY_LOADED && m->use != MEMORY_RESERVED))
			return false;
	}
	return true;
}

static int add(u64 start, u64 bytes, const char *what)
{
	char size[SIZE_TEXT_BYTES];
	int error;

	memory = (u8 *)(uintptr_t)start;
	disk = (struct block_device){
		.name = "ram0",
		.ops = &ops,
		.limits = {
			.block_size = BLOCK_BYTES, .block_count = bytes / BLOCK_BYTES,
			.max_blocks = UINT32_MAX / BLOCK_BYTES, .max_segments = UINT16_MAX,
			.max_segment_bytes = UINT32_MAX, .max_gap_bytes = UINT32_MAX,
			.segment_align = 1, .buffer_align = 1,
			.max_zeroes_blocks = UINT32_MAX, .max_erase_blocks = UINT32_MAX,
			.can_compare = true, .depth = DEPTH,
		},
	};
	error = block_register(&disk);
	if (!error)
		log_info("ram0: %s, %s, in memory at 0x%" PRIx64, size_text(bytes, size), what,
			 start);
	return error;
}

int ram_disk_find(void)
{
	struct dt_node chosen = dt_path("/chosen");
	u64 start = dt_u64(chosen, "linux,initrd-start", 0);
	u64 end = dt_u64(chosen, "linux,initrd-end", 0);
	const u8 *image = (const u8 *)(uintptr_t)start;
	const char *what;

	if (start >= end)
		return -ENOENT;
	if (!is_kept(start, end)) {
		log_warning("initrd at 0x%" PRIx64 ": not all of it is in memory that can be used",
			    start);
		return -EFAULT;
	}
	what = end - start < BLOCK_BYTES ? NULL : format(image);
	if (!what) {
		what = end - start < BLOCK_BYTES ? "too small" : archive(image);
		log_info("initrd at 0x%" PRIx64 ": no disk image: %s", start,
			 what ? what : "neither a partition table nor FAT is in it");
		return -ENODEV;
	}
	return add(start, end - start, what);
}
