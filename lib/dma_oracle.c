/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two views of memory, and the caches between them. See dma_oracle.h.
 *
 * A device may be another thread (an emulator's, or a test's), so its view is read and written by
 * atomic accesses of 8 bytes, and a line is read until two passes agree.
 */
#include <string.h>
#include "arch/arch.h"
#include "lib/assert.h"
#include "lib/dma_oracle.h"
#include "lib/dma_pool.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/memory.h"

enum { WORD = 8, PASSES_MAX = 1000, PENDING_MAX = 16, RECENT = 8, RUBBISH = 0xa5 };

const struct dma_oracle_settings dma_oracle_defaults = { .seed = 1, .line_bytes = 64, .rate = 2 };
bool dma_oracle_on;
void (*dma_oracle_device)(void);
struct dma_oracle_counters dma_oracle_counters;
void (*arch_turn_hook)(void);

static struct dma_oracle_settings settings;
static u64 random_state;
static bool busy;

/* Lines that were given and have not arrived, as they were then; the oldest first. */
static struct {
	struct dma_loan *loan;
	size_t at, bytes;
	u8 line[DMA_ORACLE_LINE_MAX];
} pending[PENDING_MAX];
static unsigned pending_count;

/* Where something was handed over lately: what is about to be, is near there. */
static struct {
	struct dma_loan *loan;
	size_t offset;
} recent[RECENT];
static unsigned next_recent;

const struct dma_oracle_settings *dma_oracle(void)
{
	return dma_oracle_on ? &settings : NULL;
}

/* ---- Bytes on their way ---- */

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The first and last word may be partly of nobody: a device's view is a piece of whole lines. */
static void store(struct dma_loan *loan, size_t at, const u8 *from, size_t bytes)
{
	uintptr_t to = (uintptr_t)loan->device + at;
	size_t skip = to % WORD;
	u64 *word = (u64 *)(to - skip);

	memcpy(loan->copy + at, from, bytes);
	while (bytes) {
		size_t n = smaller(bytes, WORD - skip);
		u64 value = 0;

		memcpy((u8 *)&value + skip, from, n);
		__atomic_store_n(word++, value, __ATOMIC_RELEASE);
		from += n;
		bytes -= n;
		skip = 0;
	}
}

static void write_back(struct dma_loan *loan, size_t at, size_t bytes)
{
	store(loan, at, loan->view + at, bytes);
}

static void read_line(const u8 *device, u64 *line, size_t bytes)
{
	for (size_t i = 0; i < bytes / WORD; i++)
		line[i] = __atomic_load_n((const u64 *)device + i, __ATOMIC_ACQUIRE);
}

/* One line, as it was at one moment: unless the device never stops writing it. */
static void fetch(struct dma_loan *loan, size_t at, size_t bytes)
{
	u64 line[DMA_ORACLE_LINE_MAX / WORD], again[DMA_ORACLE_LINE_MAX / WORD];
	unsigned passes = 0;

	read_line(loan->device + at, line, bytes);
	for (;;) {
		read_line(loan->device + at, again, bytes);
		if (!memcmp(line, again, bytes) || ++passes == PASSES_MAX)
			break;
		memcpy(line, again, bytes);
	}
	memcpy(loan->view + at, again, bytes);
	memcpy(loan->copy + at, again, bytes);
}

/* ---- Lines ---- */

/* The bytes of the view in the line of byte @at: from *start on. */
static size_t line_of(const struct dma_loan *loan, size_t at, size_t *start)
{
	size_t lead = (uintptr_t)loan->view % settings.line_bytes;
	size_t line = (at + lead) & -settings.line_bytes;

	*start = line > lead ? line - lead : 0;
	return smaller(line - lead + settings.line_bytes, loan->view_bytes) - *start;
}

static bool written(const struct dma_loan *loan, size_t start, size_t bytes)
{
	return memcmp(loan->view + start, loan->copy + start, bytes);
}

#define for_each_line(loan, start, n, from, bytes) \
	for (size_t start, n = line_of(loan, from, &start), end_ = (from) + (bytes); start < end_; \
	     start += n, n = start < end_ ? line_of(loan, start, &start) : 0)

static void remember(struct dma_loan *loan, size_t offset)
{
	recent[next_recent].loan = loan;
	recent[next_recent].offset = offset;
	next_recent = (next_recent + 1) % RECENT;
}

void dma_oracle_flush(void)
{
	for (unsigned i = 0; i < pending_count; i++)
		store(pending[i].loan, pending[i].at, pending[i].line, pending[i].bytes);
	pending_count = 0;
}

static bool is_pending(const struct dma_loan *loan, size_t at)
{
	unsigned i = 0;

	while (i < pending_count && (pending[i].loan != loan || pending[i].at != at))
		i++;
	return i < pending_count;
}

void dma_oracle_give(struct dma_loan *loan, size_t offset, size_t bytes)
{
	for_each_line(loan, start, n, offset, bytes) {
		if (pending_count == PENDING_MAX)
			dma_oracle_flush();
		pending[pending_count].loan = loan;
		pending[pending_count].at = start;
		pending[pending_count].bytes = n;
		memcpy(pending[pending_count++].line, loan->view + start, n);
	}
	remember(loan, offset);
}

static void complain(const struct dma_site *site)
{
	if (!dma_oracle_counters.lost++)
		log_warning("oracle: %s, line %u, throws away what we wrote there and did not give",
			    site->file, site->line);
}

void dma_oracle_take(struct dma_loan *loan, const struct dma_site *site, size_t offset,
		     size_t bytes)
{
	for_each_line(loan, start, n, offset, bytes) {
		if (is_pending(loan, start))
			dma_oracle_flush();
		if (written(loan, start, n))
			complain(site);
		fetch(loan, start, n);
	}
	remember(loan, offset);
}

/* ---- Chance ---- */

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators". */
static u64 chance(void)
{
	u64 z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static struct dma_loan *pick(size_t *at)
{
	u64 which = chance();
	unsigned slot = which >> 8 & (RECENT - 1);
	struct dma_loan *loan = recent[slot].loan;

	if ((which & 1) && loan) {
		*at = (recent[slot].offset + (which >> 1 & 3) * settings.line_bytes) %
			loan->view_bytes;
	} else {
		loan = dma_loan_at((unsigned)(which >> 32) % dma_loan_count());
		*at = chance() % loan->view_bytes;
	}
	return loan;
}

/*
 * What only goes out is never fetched: the memory may be such that we cannot write it. Nothing that
 * was written arrives before what was given earlier.
 */
static void disturb(void)
{
	size_t at, start, n;
	struct dma_loan *loan = pick(&at);

	n = line_of(loan, at, &start);
	if (written(loan, start, n)) {
		dma_oracle_flush();
		write_back(loan, start, n);
		dma_oracle_counters.written_back++;
	} else if (loan->shared || loan->direction == DMA_FROM_DEVICE) {
		fetch(loan, start, n);
		dma_oracle_counters.fetched++;
	}
}

void dma_oracle_hook(void)
{
	if (busy || !dma_loan_count())
		return;
	busy = true;
	dma_oracle_counters.hooks++;
	if (dma_oracle_device)
		dma_oracle_device();
	if (settings.rate && chance() & 1)
		dma_oracle_flush();
	for (unsigned i = 0; i < settings.rate; i++)
		disturb();
	busy = false;
}

/* Registers and polling loops: by now, what we stored is everywhere. */
static void turn(void)
{
	if (busy)
		return;
	dma_oracle_flush();
	dma_oracle_hook();
}

/* ---- Loans ---- */

/* Rubbish differs from what it stands for, so that all of it counts as written by us. */
static void begin_unlike(struct dma_loan *loan)
{
	for (size_t i = 0; i < loan->view_bytes; i++)
		loan->device[i] = loan->copy[i] = (u8)(loan->view[i] ^ RUBBISH);
}

/*
 * Memory for what the device sees of [ours, ours + whole): an offset says where, or it lies
 * anywhere in reach.
 */
static u8 *device_block(const struct dma_domain *domain, uintptr_t of, size_t whole, size_t align,
			dma_addr_t *addr)
{
	u8 *block;

	if (align < ARCH_PAGE_BYTES)
		align = ARCH_PAGE_BYTES;
	if (settings.offset)
		block = (u8 *)(of + settings.offset);
	else
		block = dma_pool_take(domain, whole, align, of & (align - 1));
	if (block && !dma_translate(domain, (uintptr_t)block, whole, addr))
		block = NULL;			/* only with an offset: the rest is in reach */
	return block;
}

static void device_block_give_back(u8 *block)
{
	if (!settings.offset)
		dma_pool_give_back(block);
}

int dma_oracle_lend(struct dma_loan *loan, const struct dma_domain *domain, size_t align, bool same)
{
	size_t line = settings.line_bytes, lead = (uintptr_t)loan->ours % line;
	size_t whole = (lead + loan->bytes + line - 1) & -line;
	bool goes_out = !loan->shared && loan->direction == DMA_TO_DEVICE;
	uintptr_t first = (uintptr_t)loan->ours - lead;
	u8 *block = device_block(domain, first, whole, align, &loan->addr);
	u8 *copy = block ? dma_pool_take(NULL, whole, line, 0) : NULL;

	if (!copy) {
		if (block)
			device_block_give_back(block);
		return -ENOMEM;
	}
	loan->addr.bus += lead;
	loan->view = goes_out ? loan->ours : (u8 *)first;
	loan->view_bytes = goes_out ? loan->bytes : whole;
	loan->device = block + (goes_out ? lead : 0);
	loan->copy = copy + (goes_out ? lead : 0);
	if (same)
		write_back(loan, 0, loan->view_bytes);
	else
		begin_unlike(loan);
	return 0;
}

static u8 *block_of(const u8 *at)
{
	return (u8 *)((uintptr_t)at & -settings.line_bytes);
}

void dma_oracle_end_loan(struct dma_loan *loan)
{
	dma_oracle_flush();
	for (unsigned i = 0; i < RECENT; i++)
		if (recent[i].loan == loan)
			recent[i].loan = NULL;
	device_block_give_back(block_of(loan->device));
	dma_pool_give_back(block_of(loan->copy));
}

/* ---- At work, and at rest ---- */

int dma_oracle_begin(const struct dma_oracle_settings *s, const char **reason)
{
	size_t line = s->line_bytes;

	*reason = "its line size is not a power of two from 16 to 256";
	if (line & (line - 1) || line < DMA_ORACLE_LINE_MIN || line > DMA_ORACLE_LINE_MAX)
		return -EINVAL;
	*reason = "its limit and its offset are multiples of a page";
	if ((s->limit | s->offset) % ARCH_PAGE_BYTES)
		return -EINVAL;
	*reason = "devices use memory already";
	if (dma_counters()->lent || dma_counters()->shared)
		return -EINVAL;
	settings = *s;
	random_state = s->seed;
	next_recent = 0;
	if (s->limit && memory_at(0))
		dma_domains_within((struct range){ memory_at(0)->range.start, s->limit });
	*reason = "no two pieces of free memory are its offset apart "
		  "(more memory may help: QEMU's -m)";
	if (s->offset && dma_oracle_pairs_take(s)) {
		dma_domains_within((struct range){ 0 });
		return -ENOMEM;
	}
	*reason = NULL;
	dma_oracle_counters = (struct dma_oracle_counters){ 0 };
	dma_oracle_on = true;
	arch_turn_hook = turn;
	return 0;
}

void dma_oracle_end(void)
{
	dma_oracle_on = false;
	arch_turn_hook = NULL;
	dma_domains_within((struct range){ 0 });
	if (settings.offset)
		dma_oracle_pairs_release();
}
