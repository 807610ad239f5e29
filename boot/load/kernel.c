/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's file, brought to its place: a Linux Image to the lowest one that its header allows
 * (old kernels lose what is below), an ELF program to the addresses it was linked for.
 */
#include <inttypes.h>
#include <string.h>

#include "boot/load/loading.h"
#include "lib/errors.h"
#include "lib/memory.h"
#include "lib/size.h"
#include "lib/time.h"

enum { UNPACK_ALIGN = 2 << 20, UNPACK_MAX = 1 << 30, SCRATCH_MAX = 80 << 20 };

/* What reading or looking said. */
static int fail_image(struct loading *l, const char *path, int error, const char *why)
{
	return why ? load_fail(l, path, error, "%s", why) : load_fail_file(l, path, error);
}

/* ---- A Linux Image ---- */

/* @file_bytes of it, unpacked. */
static int plan_linux(struct loading *l, const char *path, const struct arch_linux_image *header,
		      u64 file_bytes)
{
	const struct want want = {
		.what = "kernel", .align = header->base_align, .offset = header->text_offset,
		.bytes = header->image_bytes > file_bytes ? header->image_bytes : file_bytes,
	};
	int error;

	if (header->text_offset >= memory_total())
		return load_fail(l, path, -ENOEXEC, "its header says text_offset 0x%" PRIx64
				 ", which cannot be", header->text_offset);
	error = load_plan(l, want, (struct want){ 0 });
	l->start = l->wants[LOAD_KERNEL].at;
	return error;
}

/* ---- An ELF program ---- */

static int read_elf(struct loading *l, const char *path, const struct image_source *s,
		    struct elf *elf)
{
	const char *why;
	int error = elf_read(s, elf, &why);

	return error ? fail_image(l, path, error, why) : 0;
}

static int plan_elf(struct loading *l, const struct elf *elf, struct want scratch)
{
	u64 start = UINT64_MAX, end = 0;

	for (unsigned i = 0; i < elf->count; i++) {
		struct range r = elf->segments[i].place;

		if (r.start < start)
			start = r.start;
		if (r.start + r.bytes > end)
			end = r.start + r.bytes;
	}
	l->start = elf->entry;
	l->bare = true;
	return load_plan(l, want_fixed("program", start, end - start), scratch);
}

/* From the file, or from where it was unpacked to. */
static int put_elf(struct loading *l, struct load_file *f, const u8 *unpacked,
		   const struct elf *elf)
{
	int error = 0;

	for (unsigned i = 0; !error && i < elf->count; i++) {
		const struct elf_segment *e = &elf->segments[i];
		u8 *to = (u8 *)(uintptr_t)e->place.start;

		if (unpacked)
			memcpy(to, unpacked + e->offset, (size_t)e->file_bytes);
		else
			error = load_bytes(l, f, e->offset, to, e->file_bytes);
		memset(to + e->file_bytes, 0, (size_t)(e->place.bytes - e->file_bytes));
	}
	return error;
}

/* ---- Packed ---- */

static int unpack_stream(struct loading *l, struct load_file *f, const struct image *image,
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
			load_fail(l, f->path, error, "%s", d->reason);
		else if (load_progress(l, f, bytes))
			error = -ECANCELED;
	} while (bytes && !error);
	file_stream_close(stream);
	return error < 0 ? error : 0;
}

static int unpack(struct loading *l, struct load_file *f, const struct image *image, u64 *written)
{
	const struct want *room = &l->wants[LOAD_KERNEL];
	u64 start = time_us();
	struct decoder d;
	int error = decode_begin(&d, image->packing, load_at(l, LOAD_KERNEL), room->bytes);

	if (error)
		error = load_fail(l, f->path, error, "%s", d.reason);
	else
		error = unpack_stream(l, f, image, &d);
	*written = d.written;
	decode_end(&d);
	if (!error)
		load_log(l, f, start, *written, " unpacked");
	return error;
}

static int read_memory(void *context, u64 offset, void *to, size_t bytes)
{
	memcpy(to, (const u8 *)context + offset, bytes);
	return 0;
}

/* It lies where it was unpacked: at @from. */
static int settle(struct loading *l, struct load_file *f, u8 *from, u64 written)
{
	struct image_source s = { .read = read_memory, .context = from, .bytes = written };
	const struct want aside = {
		.what = "unpacked program", .bytes = written, .align = 0x1000, .up = true,
	};
	struct image inside;
	const char *why;
	struct elf elf;
	int error = image_inside(&s, &inside, &why);

	if (error)
		return load_fail(l, f->path, error, "unpacked, %s", why);
	if (inside.kind == IMAGE_LINUX) {
		error = plan_linux(l, f->path, &inside.header, written);
		if (!error && load_at(l, LOAD_KERNEL) != from)
			memmove(load_at(l, LOAD_KERNEL), from, (size_t)written);
		return error;
	}
	/* Out of the way: its segments may go to where it was unpacked. */
	error = read_elf(l, f->path, &s, &elf);
	if (!error)
		error = plan_elf(l, &elf, aside);
	if (error)
		return error;
	memmove(load_at(l, LOAD_SCRATCH), from, (size_t)written);
	return put_elf(l, f, load_at(l, LOAD_SCRATCH), &elf);
}

/*
 * How much it will be, nobody says: as much as there is besides the others. Decoders take pages
 * for themselves, from those that the scratch keeps free.
 */
static int load_packed(struct loading *l, struct load_file *f, const struct image *packed)
{
	u64 quarter = memory_free() / 4, written;
	const struct want room = {
		.what = "kernel", .bytes = UNPACK_MAX, .less = true, .align = UNPACK_ALIGN,
	}, scratch = {
		.what = "unpacking", .bytes = quarter < SCRATCH_MAX ? quarter : SCRATCH_MAX,
		.align = 0x1000, .up = true,
	};
	int error = load_plan(l, room, scratch);

	plan_give_back(&l->wants[LOAD_SCRATCH], 1);
	if (!error)
		error = unpack(l, f, packed, &written);
	return error ? error : settle(l, f, load_at(l, LOAD_KERNEL), written);
}

int load_kernel(struct loading *l)
{
	struct load_file f;
	struct image image;
	const char *why;
	struct elf elf;
	u64 start;
	int error = load_open(l, l->entry->kernel, &f);

	if (error)
		return error;
	error = image_identify(&f.source, &image, &why);
	if (error)
		return fail_image(l, f.path, error, why);
	progress_begin(&l->progress, f.path, f.bytes + l->wants[LOAD_INITRD].bytes);
	if (image.kind == IMAGE_PACKED)
		return load_packed(l, &f, &image);
	start = time_us();
	if (image.kind == IMAGE_ELF) {
		error = read_elf(l, f.path, &f.source, &elf);
		if (!error)
			error = plan_elf(l, &elf, (struct want){ 0 });
		if (!error)
			error = put_elf(l, &f, NULL, &elf);
	} else {
		error = plan_linux(l, f.path, &image.header, f.bytes);
		if (!error)
			error = load_bytes(l, &f, 0, load_at(l, LOAD_KERNEL), f.bytes);
	}
	if (!error)
		load_log(l, &f, start, f.bytes, "");
	return error;
}
