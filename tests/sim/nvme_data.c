/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the data of a command is (NVMe 1.4, 4.3 and 4.4). Lists are read again whenever they are
 * needed, as by drives that prefetch nothing.
 */
#include "lib/dma_loans.h"
#include "tests/sim/nvme_internal.h"

enum { PRP1 = 24, PRP2 = 32, SGL1 = 24 };

/*
 * Who was told that the command is complete when it was not has taken the memory back: no driver
 * can do better.
 */
static bool reaches(const struct sim_nvme *s, u64 at, size_t bytes, bool write)
{
	void *device;
	struct dma_loan *loan;

	if (!s->tolerant)
		return true;
	loan = dma_loan_find((dma_addr_t){ at }, bytes, &device);
	return loan && !(write && !loan->shared && loan->direction == DMA_TO_DEVICE);
}

void memory_read(struct sim_nvme *s, u64 at, void *to, size_t bytes)
{
	if (reaches(s, at, bytes, false))
		sim_dma_read(at, to, bytes);
	else
		memset(to, 0, bytes);
}

void memory_write(struct sim_nvme *s, u64 at, const void *from, size_t bytes)
{
	if (reaches(s, at, bytes, true))
		sim_dma_write(at, from, bytes);
}
enum { SGL_DATA = 0x00, SGL_BUCKET = 0x10, SGL_SEGMENT = 0x20, SGL_LAST = 0x30 };

static bool add(struct sim_nvme *s, struct data *d, struct place place)
{
	if (d->count == PLACES_MAX) {
		blame(s, "a transfer of more than %d pieces", PLACES_MAX);
		return false;
	}
	d->places[d->count++] = place;
	return true;
}

static u64 smaller(u64 a, u64 b)
{
	return a < b ? a : b;
}

/* ---- PRPs ---- */

/*
 * The last entry of a page points to the next list, unless no more is to come. Drives and
 * hypervisors have got that last case wrong, so the driver must not have it.
 */
static bool walk_list(struct sim_nvme *s, u64 list, u64 bytes, struct data *d)
{
	u32 page = page_bytes(s);
	u64 entry;

	if (list % 8) {
		blame(s, "a PRP list at 0x%" PRIx64, list);
		return false;
	}
	for (;;) {
		u64 room = (page - list % page) / 8, wanted = (bytes + page - 1) / page;
		bool chained = wanted > room;

		s->prp_lists++;
		if (wanted == room) {
			blame(s, "a PRP list that ends where its page does");
			return false;
		}
		for (u64 i = 0; i < (chained ? room - 1 : wanted); i++) {
			memory_read(s, list + 8 * i, &entry, sizeof entry);
			if (entry % page) {
				blame(s, "entry %" PRIu64 " of a PRP list is 0x%" PRIx64, i, entry);
				return false;
			}
			if (!add(s, d, (struct place){ entry, (u32)smaller(page, bytes), false }))
				return false;
			bytes -= smaller(page, bytes);
		}
		if (!chained)
			return true;
		memory_read(s, list + 8 * (room - 1), &entry, sizeof entry);
		if (entry % page) {
			blame(s, "a PRP list goes on at 0x%" PRIx64, entry);
			return false;
		}
		list = entry;
	}
}

static bool find_prps(struct sim_nvme *s, const u8 *entry, u64 bytes, struct data *d)
{
	u32 page = page_bytes(s);
	u64 first = get64(entry, PRP1), second = get64(entry, PRP2);
	u32 here = (u32)smaller(bytes, page - first % page);

	if (first % 4) {
		blame(s, "PRP1 is 0x%" PRIx64, first);
		return false;
	}
	add(s, d, (struct place){ first, here, false });
	bytes -= here;
	if (!bytes)
		return true;
	if (bytes > page)
		return walk_list(s, second, bytes, d);
	if (second % page) {
		blame(s, "PRP2 is 0x%" PRIx64 ", and not at the beginning of a page", second);
		return false;
	}
	return add(s, d, (struct place){ second, (u32)bytes, false });
}

/* ---- SGLs ---- */

/* A descriptor of data. false: it, or all before it, is wrong. */
static bool add_descriptor(struct sim_nvme *s, const u8 *descriptor, bool to_host, u64 *bytes,
			   struct data *d)
{
	u64 at = get64(descriptor, 0);
	u32 length = get32(descriptor, 8);
	bool bucket = descriptor[15] == SGL_BUCKET;

	if ((descriptor[15] != SGL_DATA && !bucket) || descriptor[12] || descriptor[13] ||
	    descriptor[14]) {
		blame(s, "an SGL descriptor of type 0x%02x with reserved bits", descriptor[15]);
		return false;
	}
	if (bucket && (!(s->sgls & 1 << 16) || !to_host || at)) {
		blame(s, "an SGL bit bucket that it does not know");
		return false;
	}
	if ((s->sgls & 3) == 2 && (at | length) % 4) {
		blame(s, "an SGL of 0x%" PRIx32 " bytes at 0x%" PRIx64, length, at);
		return false;
	}
	if (length > *bytes || !length) {
		blame(s, "an SGL descriptor of 0x%" PRIx32 " bytes, 0x%" PRIx64 " are left", length,
		      *bytes);
		return false;
	}
	*bytes -= length;
	return add(s, d, (struct place){ at, length, bucket });
}

/* Segments: only the last descriptor of one may point to another; "last" says what it points to. */
static bool walk_segment(struct sim_nvme *s, const u8 *pointer, bool to_host, u64 *bytes,
			 struct data *d)
{
	u8 descriptor[16], next[16];
	bool is_last;

	memcpy(next, pointer, sizeof next);
	do {
		u64 at = get64(next, 0);
		u32 length = get32(next, 8);
		bool more = false;

		is_last = next[15] == SGL_LAST;
		if (!length || length % 16 || at % 16) {
			blame(s, "an SGL segment of 0x%" PRIx32 " bytes at 0x%" PRIx64, length, at);
			return false;
		}
		for (u32 i = 0; i < length; i += 16) {
			memory_read(s, at + i, descriptor, sizeof descriptor);
			more = (descriptor[15] & 0xe0) == 0x20;
			if (more && (is_last || i + 16 != length)) {
				blame(s, "an SGL segment pointed to from where none may be");
				return false;
			}
			if (!more && !add_descriptor(s, descriptor, to_host, bytes, d))
				return false;
		}
		if (!is_last && !more) {
			blame(s, "an SGL segment that is not called the last leads nowhere");
			return false;
		}
		memcpy(next, descriptor, sizeof next);
	} while (!is_last);
	return true;
}

static bool find_sgls(struct sim_nvme *s, const u8 *entry, bool to_host, u64 bytes,
		      struct data *d)
{
	const u8 *first = entry + SGL1;
	bool good;

	if (!(s->sgls & 3)) {
		blame(s, "an SGL, which it does not know");
		return false;
	}
	s->sgl_commands++;
	good = (first[15] & 0xe0) == 0x20 ? walk_segment(s, first, to_host, &bytes, d) :
		add_descriptor(s, first, to_host, &bytes, d);
	if (good && bytes)
		blame(s, "an SGL that is 0x%" PRIx64 " bytes short", bytes);
	return good && !bytes;
}

/* ---- Both ---- */

bool data_find(struct sim_nvme *s, const u8 *entry, bool admin, bool to_host, u64 bytes,
	       struct data *d)
{
	unsigned way = entry[1] >> 6;

	d->count = d->next = d->into = 0;
	if (entry[1] & 3)
		blame(s, "a fused command");
	if (way == 0)
		return find_prps(s, entry, bytes, d);
	if (way == 1 && !admin)
		return find_sgls(s, entry, to_host, bytes, d);
	blame(s, "PSDT is %u in command %02x", way, entry[0]);
	return false;
}

/* The next bytes, which may end in the midst of a place. NULL: thrown away. */
static u32 next_place(struct data *d, size_t bytes, u64 *at)
{
	struct place *p = &d->places[d->next];
	u32 n = (u32)smaller(bytes, p->bytes - d->into);

	*at = p->bucket ? 0 : p->at + d->into;
	d->into += n;
	if (d->into == p->bytes) {
		d->next++;
		d->into = 0;
	}
	return n;
}

void data_put(struct sim_nvme *s, struct data *d, const u8 *from, size_t bytes)
{
	u64 at;
	u32 n;

	for (; bytes && d->next < d->count; bytes -= n, from += n) {
		n = next_place(d, bytes, &at);
		if (at)
			memory_write(s, at, from, n);
	}
}

void data_get(struct sim_nvme *s, struct data *d, u8 *to, size_t bytes)
{
	u64 at;
	u32 n;

	for (; bytes && d->next < d->count; bytes -= n, to += n) {
		n = next_place(d, bytes, &at);
		memory_read(s, at, to, n);
	}
}
