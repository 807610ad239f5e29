/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packed files, unpacked on their way to memory: gzip (RFC 1952), zstd (RFC 8878), lz4 (frames, and
 * the older format that Linux calls its own), xz. The packed bytes come in pieces of any size, as
 * the disk delivers them; what comes out is written to its final place, once.
 *
 * The decoders are those of the Linux tree, in its permissively licensed files.
 */
#pragma once
#include "arch/types.h"

struct decoder;

struct decode_type {
	const char *name;			/* "gzip" */
	u32 state_bytes;			/* zeroed, for d->state */
	int (*begin)(struct decoder *d);	/* may be NULL */
	int (*feed)(struct decoder *d, const u8 *data, size_t bytes);
	int (*finish)(struct decoder *d);	/* no more comes; may be NULL: too early */
	void (*end)(struct decoder *d);		/* may be NULL */
};

struct decoder {
	const struct decode_type *type;
	u8 *to;
	size_t room, written;			/* bytes */
	const char *reason;			/* after an error: why, in words */
	void *state;				/* the type's */
};

/* By the first bytes of a file (DECODE_MAGIC_BYTES, or all it has). NULL: none of these. */
enum { DECODE_MAGIC_BYTES = 6 };
const struct decode_type *decode_recognise(const void *head, size_t bytes);

/* 0, or -ENOMEM. After that, decode_end() is owed. */
int decode_begin(struct decoder *d, const struct decode_type *type, void *to, size_t room);

/*
 * 0: more is wanted; 1: complete, checked, and whatever else comes is ignored; -EILSEQ: damaged;
 * -ENOSPC: more comes out than there is room for; -ENOTSUP: of a kind not known here; -ENOMEM.
 * After an error the bytes up to d->written are right, as far as anybody can tell.
 */
int decode_feed(struct decoder *d, const void *data, size_t bytes);

/* That was all of the file. 0: it was complete; -EILSEQ: it ends in the middle. */
int decode_finish(struct decoder *d);

void decode_end(struct decoder *d);

/* Memory for decoders, too large for the heap. */
void *decode_take(size_t bytes);
void decode_give_back(void *memory);		/* NULL: nothing */
