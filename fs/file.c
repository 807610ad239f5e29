/* SPDX-License-Identifier: BSD-2-Clause */
/* Contents of files, whatever the filesystem: as pieces of its volume. */
#include <stdlib.h>

#include "arch/arch.h"
#include "fs/fs.h"
#include "lib/errors.h"
#include "lib/memory.h"

enum {
	PIECES = 256 * 1024,		/* sorted together: 1 GiB in clusters of 4 KiB */
	FEW_PIECES = 256,		/* most files have no more */
	WINDOW_BYTES = 256 * 1024, WINDOW_BYTES_MIN = 16 * 1024,
	WINDOWS = 4,			/* one being consumed, three under way */
};

static size_t pieces_for(const struct file *f, u64 bytes, size_t most)
{
	u64 count = bytes / f->fs->unit_bytes + 2;

	return count < most ? (size_t)count : most;
}

/* What a read keeps of its pieces. Scattered files have many: sorted together they cost least. */
struct list {
	struct piece *pieces;
	size_t most, pages;		/* pages: 0, they are in @few */
	struct piece few[FEW_PIECES];
};

static void list_grow(struct list *l, const struct file *f, u64 bytes)
{
	size_t most = pieces_for(f, bytes, PIECES);

	for (; !l->pages && most > FEW_PIECES; most /= 2) {
		size_t pages = (most * sizeof(*l->pieces) + ARCH_PAGE_BYTES - 1) / ARCH_PAGE_BYTES;
		struct piece *pieces = memory_pages(pages, "pieces of a file");

		if (pieces) {
			l->pieces = pieces;
			l->most = most;
			l->pages = pages;
		}
	}
}

static int read(struct list *l, struct file *f, u64 offset, u8 *to, size_t bytes)
{
	bool scattered = false;

	while (bytes) {
		u64 part = bytes;
		size_t count = l->most;
		int error = f->fs->type->pieces(f, offset, to, &part, l->pieces, &count);

		if (error)
			return error;
		if (part < bytes && !scattered) {
			scattered = true;
			list_grow(l, f, bytes);
			continue;
		}
		error = volume_gather(&f->fs->volume, l->pieces, count);
		if (error)
			return error;
		offset += part;
		to += part;
		bytes -= part;
	}
	return 0;
}

int file_read(struct file *f, u64 offset, void *to, size_t bytes)
{
	struct list *l;
	int error;

	f->fs->why[0] = 0;
	if (f->is_directory)
		return -EISDIR;
	if (offset > f->size || bytes > f->size - offset)
		return -ERANGE;
	l = malloc(sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->pieces = l->few;
	l->most = FEW_PIECES;
	l->pages = 0;
	error = read(l, f, offset, to, bytes);
	if (l->pages)
		memory_free_pages(l->pieces, l->pages);
	free(l);
	return error;
}

/* ---- Streams: a ring of windows, each with its own reads under way ---- */

struct window {
	u8 *data;
	struct piece *pieces;
	struct gather *gather;		/* NULL: it is not under way */
	u64 bytes;
	int error;
};

struct file_stream {
	struct file file;
	u64 at, end;			/* what is to be asked for */
	size_t piece_count;
	u32 window_bytes;
	unsigned consumed;		/* the window that is */
	struct window windows[WINDOWS];
	struct piece pieces[];		/* of all of them */
};

static void begin(struct file_stream *s, struct window *w)
{
	size_t count = s->piece_count;
	struct file *f = &s->file;

	w->bytes = s->end - s->at < s->window_bytes ? s->end - s->at : s->window_bytes;
	if (!w->bytes)
		return;
	w->error = f->fs->type->pieces(f, s->at, w->data, &w->bytes, w->pieces, &count);
	if (!w->error)
		w->error = gather_begin(&w->gather, &f->fs->volume, w->pieces, count);
	if (w->error)
		s->end = s->at;		/* nothing after it */
	else
		s->at += w->bytes;
}

/*
 * Smaller windows, if there is little memory. They come first, so that they begin on a page: some
 * disks cannot put pieces elsewhere without a copy.
 */
static struct file_stream *allocate(const struct file *f, u64 bytes)
{
	u32 window = bytes < WINDOW_BYTES ? (u32)bytes : WINDOW_BYTES;
	struct file_stream *s;
	u8 *data;

	for (;; window /= 2) {
		size_t count = pieces_for(f, window, PIECES);
		size_t all = WINDOWS * (size_t)window, room;

		room = (all + 7) / 8 * 8 + sizeof(*s) + WINDOWS * count * sizeof(struct piece);
		data = aligned_alloc(ARCH_PAGE_BYTES, (room + ARCH_PAGE_BYTES - 1) /
				     ARCH_PAGE_BYTES * ARCH_PAGE_BYTES);
		if (!data && window > WINDOW_BYTES_MIN)
			continue;
		if (!data)
			return NULL;
		s = (struct file_stream *)(data + (all + 7) / 8 * 8);
		*s = (struct file_stream){
			.file = *f, .piece_count = count, .window_bytes = window,
			.consumed = WINDOWS - 1,
		};
		for (unsigned i = 0; i < WINDOWS; i++) {
			s->windows[i].pieces = s->pieces + i * count;
			s->windows[i].data = data + i * (size_t)window;
		}
		return s;
	}
}

int file_stream_open(struct file_stream **out, struct file *f, u64 offset, u64 bytes)
{
	struct file_stream *s;

	f->fs->why[0] = 0;
	if (f->is_directory)
		return -EISDIR;
	if (offset > f->size || bytes > f->size - offset)
		return -ERANGE;
	s = allocate(f, bytes);
	if (!s)
		return -ENOMEM;
	s->at = offset;
	s->end = offset + bytes;
	for (unsigned i = 0; i < s->consumed; i++)
		begin(s, &s->windows[i]);
	*out = s;
	return 0;
}

static void finish(struct window *w)
{
	if (w->gather)
		w->error = gather_end(w->gather);
	w->gather = NULL;
}

int file_stream_next(struct file_stream *s, const void **data, size_t *bytes)
{
	struct window *w = &s->windows[s->consumed];

	begin(s, w);
	s->consumed = (s->consumed + 1) % WINDOWS;
	w = &s->windows[s->consumed];
	finish(w);
	*data = w->data;
	*bytes = w->error ? 0 : w->bytes;
	return w->error;
}

void file_stream_close(struct file_stream *s)
{
	for (struct window *w = s->windows; w < s->windows + WINDOWS; w++)
		finish(w);
	free(s->windows[0].data);
}
