/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one look at every byte of a device tree that others will trust. libfdt sees a blob only
 * after this: its walks take names, lengths and nesting as they come.
 *
 * Beyond what a structure walk needs to stay inside the blob, this refuses what readers would
 * silently misread: properties after child nodes (libfdt never finds them), a second root,
 * names that would break paths or the terminal they are printed on.
 */
#include "lib/dt.h"
#include "lib/errors.h"

#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	HEADER_BYTES = FDT_V17_SIZE,
	NAME_BYTES_MAX = 255,	/* DT 2.2.1 and 2.2.4.1 say 31; real trees go beyond */
	BLOB_BYTES_MAX = 64 << 20,	/* real ones are below 1 MiB; sums of sizes fit an int */
};

struct check {
	const u8 *blob;
	u32 total;			/* bytes of the whole blob */
	u32 structure, structure_bytes;	/* offsets from the blob's start */
	u32 strings, string_bytes;
	const char **reason;
};

static char why[160];

static int __attribute__((format(printf, 2, 3)))
refuse(const char **reason, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, sizeof why, format, arguments);
	va_end(arguments);
	*reason = why;
	return -EINVAL;
}

static u32 cell(const struct check *c, u32 at)
{
	return fdt32_ld((const fdt32_t *)(c->blob + at));
}

/* A block of the blob lies behind the header, inside the blob, at its alignment (DT 5.6). */
static int block(const struct check *c, const char *name, u32 at, u32 bytes, u32 align)
{
	if (at < HEADER_BYTES || at > c->total || bytes > c->total - at)
		return refuse(c->reason, "its %s block (0x%x bytes at 0x%x) is outside of its 0x%x"
			      " bytes: it was cut off or overwritten", name, (unsigned)bytes,
			      (unsigned)at, (unsigned)c->total);
	if (at % align)
		return refuse(c->reason, "its %s block is at 0x%x, which is not a multiple of %u",
			      name, (unsigned)at, (unsigned)align);
	return 0;
}

static int header(struct check *c, size_t limit)
{
	const struct fdt_header *h = (const struct fdt_header *)c->blob;

	if ((uintptr_t)h % 8)
		return refuse(c->reason, "it is at %p, not at a multiple of 8", (const void *)h);
	if (limit < HEADER_BYTES)
		return refuse(c->reason, "only %zu bytes of it are there, less than its header",
			      limit);
	if (fdt_magic(h) != FDT_MAGIC)
		return refuse(c->reason, "it begins with 0x%08x instead of 0x%08x: there is no"
			      " device tree at that address", (unsigned)fdt_magic(h),
			      (unsigned)FDT_MAGIC);
	/* 17 is 2005's, and the first to say how long the structure block is (DT 5.2) */
	if (fdt_version(h) < 17 || fdt_last_comp_version(h) > 17)
		return refuse(c->reason, "it has format version %u (compatible with %u); version 17"
			      " can be read", (unsigned)fdt_version(h),
			      (unsigned)fdt_last_comp_version(h));
	c->total = fdt_totalsize(h);
	if (c->total < HEADER_BYTES || c->total > BLOB_BYTES_MAX)
		return refuse(c->reason, "its header says it is 0x%x bytes long, which no tree is",
			      (unsigned)c->total);
	if (c->total > limit)
		return refuse(c->reason, "its header says it is 0x%x bytes long, but it is cut off"
			      " after 0x%zx", (unsigned)c->total, limit);
	c->structure = fdt_off_dt_struct(h);
	c->structure_bytes = fdt_size_dt_struct(h);
	c->strings = fdt_off_dt_strings(h);
	c->string_bytes = fdt_size_dt_strings(h);
	return 0;
}

/* DT 5.3: rows of address and size, the last one zero. */
static int reservations(const struct check *c)
{
	u32 at = fdt_off_mem_rsvmap(c->blob);
	int err = block(c, "memory reservation", at, 0, 8);

	if (err)
		return err;
	for (; c->total - at >= sizeof(struct fdt_reserve_entry);
	     at += sizeof(struct fdt_reserve_entry))
		if (!cell(c, at + 8) && !cell(c, at + 12))
			return 0;
	return refuse(c->reason, "its memory reservation block has no end");
}

/* Bytes of the name at blob offset @at, without its NUL, which is before @end; or -EINVAL. */
static int name_bytes(const struct check *c, u32 at, u32 end)
{
	for (int i = 0; i <= NAME_BYTES_MAX && end - at > (u32)i; i++) {
		u8 byte = c->blob[at + i];

		if (!byte)
			return i;
		if (byte <= ' ' || byte > '~' || byte == '/')
			return -EINVAL;
	}
	return -EINVAL;
}

/* @at is the blob offset behind FDT_BEGIN_NODE (5.4.1); it moves behind the node's name. */
static int node(const struct check *c, u32 *at, u32 end, unsigned depth)
{
	int bytes = name_bytes(c, *at, end);

	if (bytes < 0)
		return refuse(c->reason, "the node at 0x%x has no proper name",
			      (unsigned)(*at - c->structure - FDT_TAGSIZE));
	if ((bytes == 0) != (depth == 0))
		return refuse(c->reason, depth ? "the node at 0x%x has an empty name"
			      : "the node at 0x%x is the root, but has a name",
			      (unsigned)(*at - c->structure - FDT_TAGSIZE));
	if (depth >= DT_DEPTH_MAX)
		return refuse(c->reason, "nodes are nested more than %d deep", DT_DEPTH_MAX);
	*at += (u32)bytes + 1;
	return 0;
}

/* @at is the blob offset behind FDT_PROP (5.4.1); it moves behind the value. */
static int property(const struct check *c, u32 *at, u32 end)
{
	u32 place = *at - c->structure - FDT_TAGSIZE, bytes, name;

	if (end - *at < 8)
		return refuse(c->reason, "the property at 0x%x is cut off", (unsigned)place);
	bytes = cell(c, *at);
	name = cell(c, *at + 4);
	*at += 8;
	if (bytes > end - *at)
		return refuse(c->reason, "the property at 0x%x says 0x%x bytes, 0x%x are left",
			      (unsigned)place, (unsigned)bytes, (unsigned)(end - *at));
	*at += bytes;
	if (name >= c->string_bytes ||
	    name_bytes(c, c->strings + name, c->strings + c->string_bytes) <= 0)
		return refuse(c->reason, "the property at 0x%x has no proper name (0x%x in the"
			      " strings)", (unsigned)place, (unsigned)name);
	return 0;
}

/* Nodes nest, each has its properties before its children, and all ends in FDT_END (5.4.2). */
static int structure(const struct check *c)
{
	u32 at = c->structure, end = c->structure + c->structure_bytes;
	unsigned depth = 0;
	bool began = false, properties = false;
	int err = 0;

	while (!err && end - at >= FDT_TAGSIZE) {
		u32 place = at - c->structure, tag = cell(c, at);

		at += FDT_TAGSIZE;
		if (tag == FDT_BEGIN_NODE && (depth || !began)) {
			err = node(c, &at, end, depth++);
			began = properties = true;
		} else if (tag == FDT_PROP && properties) {
			err = property(c, &at, end);
		} else if (tag == FDT_END_NODE && depth) {
			depth--;
			properties = false;
		} else if (tag == FDT_END && began && !depth) {
			return 0;
		} else if (tag != FDT_NOP || !began) {
			err = refuse(c->reason, "the word 0x%x at 0x%x of the structure is not"
				     " one that can stand there", (unsigned)tag, (unsigned)place);
		}
		at += -(at - c->structure) % FDT_TAGSIZE;
		if (at > end)
			break;
	}
	return err ? err : refuse(c->reason, "its structure block has no end");
}

int dt_check(const void *blob, size_t limit, const char **reason)
{
	struct check c = { .blob = blob, .reason = reason };
	int err = header(&c, limit);

	if (!err)
		err = reservations(&c);
	if (!err)
		err = block(&c, "structure", c.structure, c.structure_bytes, FDT_TAGSIZE);
	if (!err)
		err = block(&c, "strings", c.strings, c.string_bytes, 1);
	return err ? err : structure(&c);
}

bool dt_blob_compatible(const void *blob, size_t bytes, const char *compatible)
{
	const char *reason, *first;

	if (dt_check(blob, bytes, &reason))
		return false;
	first = fdt_stringlist_get(blob, 0, "compatible", 0, NULL);
	return first && !strcmp(first, compatible);
}
