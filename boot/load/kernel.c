/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's file, brought to its place: a Linux Image to the lowest one that its header allows
 * (kernels lose what is below), an ELF program to the addresses it was linked for.
 */
#include <inttypes.h>
#include <string.h>

#include "boot/load/loading.h"
#include "lib/errors.h"
#include "lib/memory.h"
#include "lib/size.h"
#include "lib/time.h"

enum { UNPACK_ALIGN = 2 << 20, OTHERS_BYTES = 192 << 20 };

static const char no_place[] = "no free piece of memory is large enough for it";

/* What reading or looking said. */
static int fail_image(const struct loading *l, const char *path, int error, const char *why)
{
	return why ? load_fail(l, path, error, "%s", why) : load_fail_file(l, path, error);
}

/* The next address that is @offset behind a multiple of @align. */
static bool align_up(u64 *at, u64 align, u64 offset)
{
	return !__builtin_add_overflow(*at, (offset - *at) & (align - 1), at);
}

/* ---- A Linux Image ---- */

/* Bytes of memory, from its first on; 0: that cannot be. */
static u64 memory_needed(const struct arch_linux_image *header, u64 file_bytes)
{
	u64 bytes = header->image_bytes > file_bytes ? header->image_bytes : file_bytes;

	return bytes <= memory_total() ? bytes : 0;
}

static int claim_lowest(struct loading *l, const struct arch_linux_image *header, u64 bytes)
{
	const struct memory_range *m;

	for (unsigned i = 0; (m = memory_at(i)); i++) {
		u64 at = m->range.start, end = at + m->range.bytes;

		if (m->use == MEMORY_FREE &&
		    align_up(&at, header->base_align, header->text_offset) && at < end &&
		    bytes <= end - at) {
			l->kernel = (struct range){ at, bytes };
			return load_claim(l, l->kernel, "kernel");
		}
	}
	return -ENOMEM;
}

static int load_linux(struct loading *l, struct load_file *f, const struct arch_linux_image *header)
{
	u64 bytes = memory_needed(header, f->bytes);
	char size[SIZE_TEXT_BYTES];
	int error;

	if (!bytes)
		return load_fail(l, f->path, -ENOMEM, "it needs %s of memory, more than there is",
				 size_text(header->image_bytes, size));
	error = claim_lowest(l, header, bytes);
	if (error)
		return load_fail(l, f->path, error, "%s (%s)", no_place, size_text(bytes, size));
	l->start = l->kernel.start;
	return load_read(l, f, (void *)(uintptr_t)l->start);
}

/* ---- An ELF program ---- */

static struct range around(const struct elf *elf)
{
	u64 start = UINT64_MAX, end = 0;

	for (unsigned i = 0; i < elf->count; i++) {
		struct range r = elf->segments[i].place;

		if (r.start < start)
			start = r.start;
		if (r.start + r.bytes > end)
			end = r.start + r.bytes;
	}
	return (struct range){ start, end - start };
}

static int claim_elf(struct loading *l, const char *path, struct range r)
{
	int error = load_claim(l, r, "program");
	const struct memory_range *m;

	if (!error)
		return 0;
	for (u64 at = r.start; at - r.start < r.bytes; at = m->range.start + m->range.bytes) {
		m = memory_find(at);
		if (!m)
			return load_fail(l, path, error, "it wants to be at 0x%" PRIx64
					 ", and there is no RAM at 0x%" PRIx64, r.start, at);
		if (m->use != MEMORY_FREE)
			return load_fail(l, path, error, "it wants to be at 0x%" PRIx64 " - 0x%"
					 PRIx64 ", where %s is", r.start,
					 r.start + r.bytes - 1, m->owner);
	}
	return load_fail(l, path, error, "cannot reserve its memory: %s", error_text(error));
}

static int load_elf(struct loading *l, const char *path, const struct image_source *s)
{
	const char *why;
	struct elf elf;
	int error = elf_read(s, &elf, &why);

	if (error)
		return fail_image(l, path, error, why);
	l->kernel = around(&elf);
	l->start = elf.entry;
	l->bare = true;
	error = claim_elf(l, path, l->kernel);
	for (unsigned i = 0; !error && i < elf.count; i++) {
		const struct elf_segment *e = &elf.segments[i];
		u8 *to = (u8 *)(uintptr_t)e->place.start;

		error = image_read(s, e->offset, to, (size_t)e->file_bytes);
		memset(to + e->file_bytes, 0, (size_t)(e->place.bytes - e->file_bytes));
		if (error)
			error = load_fail_file(l, path, error);
	}
	return error;
}

/* ---- Packed ---- */

/* Where to unpack to, not knowing how much it will be: most of the largest free piece. */
static int claim_largest(struct loading *l, struct range *r)
{
	const struct memory_range *m;

	*r = (struct range){ 0 };
	for (unsigned i = 0; (m = memory_at(i)); i++) {
		u64 at = m->range.start, end = at + m->range.bytes;

		if (m->use == MEMORY_FREE && align_up(&at, UNPACK_ALIGN, 0) && at < end &&
		    end - at > r->bytes)
			*r = (struct range){ at, end - at };
	}
	r->bytes -= r->bytes / 2 < OTHERS_BYTES ? r->bytes / 2 : OTHERS_BYTES;
	r->bytes &= -(u64)0x1000;
	return r->bytes ? load_claim(l, *r, "kernel") : -ENOMEM;
}

static int unpack_stream(const struct loading *l, struct load_file *f, const struct image *image,
			 struct decoder *d)
{
	struct file_stream *stream;
	const void *data;
	size_t bytes;
	int error = file_stream_open(&stream, &f->file, f->offset + image->offset, image->bytes);

	if (error)
		return load_fail_file(l, f->path, error);
	do {
		error = file_stream_next(stream, &data, &bytes);
		if (error) {
			error = load_fail_file(l, f->path, error);
			break;
		}
		error = bytes ? decode_feed(d, data, bytes) : decode_finish(d);
		if (error < 0)
			error = load_fail(l, f->path, error, "%s", d->reason);
	} while (bytes && !error);
	file_stream_close(stream);
	return error < 0 ? error : 0;
}

static int unpack(const struct loading *l, struct load_file *f, const struct image *image,
		  struct range room, u64 *written)
{
	u64 start = time_us();
	struct decoder d;
	int error = decode_begin(&d, image->packing, (void *)(uintptr_t)room.start, room.bytes);

	if (error)
		error = load_fail(l, f->path, error, "%s", d.reason);
	else
		error = unpack_stream(l, f, image, &d);
	*written = d.written;
	decode_end(&d);
	if (!error)
		load_log(f, start, *written, " unpacked");
	return error;
}

/* It lies at @room, and may be there already. */
static int settle_linux(struct loading *l, const char *path, const struct arch_linux_image *header,
			struct range room, u64 written)
{
	u64 bytes = memory_needed(header, written);
	int error;

	load_give_back(l, room.start);
	l->kernel = (struct range){ room.start, bytes };
	if (!((room.start - header->text_offset) & (header->base_align - 1)))
		error = bytes ? load_claim(l, l->kernel, "kernel") : -ENOMEM;
	else
		error = bytes ? claim_lowest(l, header, bytes) : -ENOMEM;
	if (error)
		return load_fail(l, path, error, "%s", no_place);
	l->start = l->kernel.start;
	memmove((void *)(uintptr_t)l->start, (const void *)(uintptr_t)room.start, (size_t)written);
	return 0;
}

static int read_memory(void *context, u64 offset, void *to, size_t bytes)
{
	memcpy(to, (const u8 *)context + offset, bytes);
	return 0;
}

/* Out of the way first: its segments may go to where it was unpacked. */
static int settle_elf(struct loading *l, const char *path, struct range room, u64 written)
{
	struct image_source s = { .read = read_memory, .bytes = written };
	u64 aside;
	int error = load_take(l, written, 0, UINT64_MAX, "unpacked program", &aside);

	if (error)
		return load_fail(l, path, error, "%s", no_place);
	memcpy((void *)(uintptr_t)aside, (const void *)(uintptr_t)room.start, (size_t)written);
	load_give_back(l, room.start);
	s.context = (void *)(uintptr_t)aside;
	error = load_elf(l, path, &s);
	load_give_back(l, aside);
	return error;
}

static int load_packed(struct loading *l, struct load_file *f, const struct image *packed)
{
	struct image inside;
	struct range room;
	const char *why;
	u64 written;
	int error = claim_largest(l, &room);

	if (error)
		return load_fail(l, f->path, error, "%s", no_place);
	error = unpack(l, f, packed, room, &written);
	if (error)
		return error;
	error = image_inside((const void *)(uintptr_t)room.start, (size_t)written, &inside, &why);
	if (error)
		return load_fail(l, f->path, error, "unpacked, %s", why);
	if (inside.kind == IMAGE_ELF)
		return settle_elf(l, f->path, room, written);
	return settle_linux(l, f->path, &inside.header, room, written);
}

int load_kernel(struct loading *l)
{
	struct load_file f;
	struct image image;
	const char *why;
	int error = load_open(l, l->entry->kernel, &f);

	if (error)
		return error;
	error = image_identify(&f.source, &image, &why);
	if (error)
		return fail_image(l, f.path, error, why);
	if (image.kind == IMAGE_PACKED)
		return load_packed(l, &f, &image);
	if (image.kind == IMAGE_ELF)
		return load_elf(l, f.path, &f.source);
	return load_linux(l, &f, &image.header);
}
