/* SPDX-License-Identifier: BSD-2-Clause */
/* Contents of files, whatever the filesystem: as pieces of its volume. */
#include <stdlib.h>

#include "arch/arch.h"
#include "fs/fs.h"
#include "lib/errors.h"

enum {
	PIECES = 16384,			/* sorted together: 64 MiB in clusters of 4 KiB */
	WINDOW_BYTES = 256 * 1024, WINDOW_BYTES_MIN = 16 * 1024,
	WINDOWS = 4,			/* one being consumed, three under way */
};

static size_t pieces_for(const struct file *f, u64 bytes, size_t most)
{
	u64 count = bytes / f->fs->unit_bytes + 2;

	return count < most ? (size_t)count : most;
}

int file_read(struct file *f, u64 offset, void *to, size_t bytes)
{
	size_t most = pieces_for(f, bytes, PIECES);
	struct piece *pieces;
	int error = 0;

	f->fs->why[0] = 0;
	if (f->is_directory)
		return -EISDIR;
	if (offset > f->size || bytes > f->size - offset)
		return -ERANGE;
	while (!(pieces = malloc(most * sizeof(*pieces))) && most > 1)
		most /= 2;
	if (!pieces)
		return -ENOMEM;
	while (bytes && !error) {
		u64 part = bytes;
		size_t count = most;

		error = f->fs->type->pieces(f, offset, to, &part, pieces, &count);
		if (!error)
			error = volume_gather(&f->fs->volume, pieces, count);
		offset += part;
		to = (u8 *)to + part;
		bytes -= part;
	}
	free(pieces);
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
