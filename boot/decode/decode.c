/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "arch/arch.h"
#include "boot/decode/decode.h"
#include "boot/decode/types.h"
#include "lib/errors.h"
#include "lib/memory.h"

static const struct {
	u8 bytes, magic[DECODE_MAGIC_BYTES];
	const struct decode_type *type;
} known[] = {
	{ 3, { 0x1f, 0x8b, 8 }, &decode_gzip },
	{ 4, { 0x28, 0xb5, 0x2f, 0xfd }, &decode_zstd },
	{ 4, { 0x04, 0x22, 0x4d, 0x18 }, &decode_lz4 },
	{ 4, { 0x02, 0x21, 0x4c, 0x18 }, &decode_lz4_legacy },
	{ 6, { 0xfd, '7', 'z', 'X', 'Z', 0 }, &decode_xz },
};

const struct decode_type *decode_recognise(const void *head, size_t bytes)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (bytes >= known[i].bytes && !memcmp(head, known[i].magic, known[i].bytes))
			return known[i].type;
	return NULL;
}

int decode_begin(struct decoder *d, const struct decode_type *type, void *to, size_t room)
{
	int error = 0;

	*d = (struct decoder){ .type = type, .to = to, .room = room };
	d->state = decode_take(type->state_bytes);
	if (!d->state)
		error = -ENOMEM;
	else if (type->begin)
		error = type->begin(d);
	if (error)
		d->reason = "there is no memory to unpack with";
	return error;
}

int decode_feed(struct decoder *d, const void *data, size_t bytes)
{
	return d->type->feed(d, data, bytes);
}

int decode_finish(struct decoder *d)
{
	if (d->type->finish && !d->type->finish(d))
		return 0;
	d->reason = "it ends in the middle";
	return -EILSEQ;
}

void decode_end(struct decoder *d)
{
	if (d->state && d->type->end)
		d->type->end(d);
	decode_give_back(d->state);
	d->state = NULL;
}

int decode_fail(struct decoder *d, int error, const char *reason)
{
	d->reason = reason;
	return error;
}

bool decode_collect(struct decode_collected *c, size_t wanted, const u8 **data, size_t *bytes)
{
	size_t take = wanted - c->bytes < *bytes ? wanted - c->bytes : *bytes;

	memcpy(c->data + c->bytes, *data, take);
	c->bytes += take;
	*data += take;
	*bytes -= take;
	return c->bytes == wanted;
}

/* A page in front of it says how large it is. */
void *decode_take(size_t bytes)
{
	size_t pages = 1 + (bytes + ARCH_PAGE_BYTES - 1) / ARCH_PAGE_BYTES;
	size_t *memory = memory_pages(pages, "unpacking");

	if (!memory)
		return NULL;
	*memory = pages;
	return (u8 *)memory + ARCH_PAGE_BYTES;
}

void decode_give_back(void *memory)
{
	if (memory) {
		size_t *start = (void *)((u8 *)memory - ARCH_PAGE_BYTES);

		memory_free_pages(start, *start);
	}
}
