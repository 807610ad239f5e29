/* SPDX-License-Identifier: BSD-2-Clause */
/* The block engine over disks of any kind, by chance: all is like an array of bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "tests/drivers/block_disk.h"

/* ---- Ranges, against an array ---- */

static u64 seed;

static u32 number(u32 below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (u32)(seed >> 33) % below;
}

/* A disk of any kind that an engine has to deal with. */
static void any_disk(struct sim_disk *d, u32 round)
{
	static const u32 sizes[] = { 512, 4096, 512, 4096, 1024, 65536 };
	static const u32 aligns[] = { 1, 4, 512, 4096 };
	u32 size = sizes[number(6)];
	struct block_limits *l = &d->block.limits;

	sim_disk_init(d, "any0", size, 3 * 1024 * 1024 / size);
	l->max_blocks = 1 + number(200);
	l->segment_align = aligns[number(4)];
	l->buffer_align = number(2) ? 1 : l->segment_align < 4 ? 1 : 4;
	do {
		l->max_segments = (u16)(1 + number(40));
		l->max_segment_bytes = 4096 + number(3) * 4096 + number(2) * 512 + number(2) * 3;
	} while ((u64)l->max_segments * (l->max_segment_bytes & -l->segment_align) < size);
	l->depth = (u16)(1 + number(10));
	d->room = 1 + number(10);
	d->order = (enum sim_disk_order)number(3);
	d->delay = number(4);
	d->at_a_time = number(3);
	d->random = round;
	l->volatile_cache = number(2);
	assert_int_equal(block_register(&d->block), 0);
}

enum { ROUNDS = 60, STEPS = 25, GUARD = 64 };

static void ranges_are_like_an_array(void **state)
{
	static struct sim_disk any;
	static u8 model[3 << 20], memory[(1 << 20) + 16384];

	(void)state;
	for (u32 round = 0; round < ROUNDS; round++) {
		u32 size, count;

		seed = round;
		any_disk(&any, round);
		size = any.block.limits.block_size;
		count = (u32)any.block.limits.block_count;
		memset(model, 0, sizeof model);
		for (u32 step = 0; step < STEPS; step++) {
			u32 blocks = 1 + number(number(2) ? 4 : (1 << 20) / size);
			u32 lba = number(count), bytes;
			u8 *at = memory + GUARD + number(2) * 4096 +
				 number(3) * number(4096 - GUARD);

			blocks = lba + blocks > count ? count - lba : blocks;
			bytes = blocks * size;
			memset(at - GUARD, 0xa5, bytes + 2 * GUARD);
			if (number(2)) {
				for (u32 i = 0; i < bytes; i++)
					at[i] = (u8)(seed >> 40) + (u8)(i * (round + 3) >> 4);
				memcpy(model + (size_t)lba * size, at, bytes);
				assert_int_equal(block_write(&any.block, lba, blocks, at), 0);
			} else {
				assert_int_equal(block_read(&any.block, lba, blocks, at), 0);
			}
			assert_memory_equal(at, model + (size_t)lba * size, bytes);
			for (u32 i = 0; i < GUARD; i++) {
				assert_int_equal(at[-(int)GUARD + (int)i], 0xa5);
				assert_int_equal(at[bytes + i], 0xa5);
			}
		}
		assert_memory_equal(any.data, model, (size_t)size * count);
		assert_int_equal(any.block.counters.errors, 0);
		assert_int_equal(any.resets, 0);
		sim_disk_end(&any);
	}
}

/* ---- Requests of many segments, in flight together, against an array ---- */

enum { FLIGHT = 6, PIECES = 12, AREA = 128 * 1024 };

static struct flight {
	struct block_request request;
	struct block_segment segments[PIECES];
	u8 *memory;			/* AREA of it, its own */
	bool busy;
} flights[FLIGHT];

static void landed(struct block_request *r)
{
	struct flight *f = r->context;

	assert_true(f->busy);
	assert_int_equal(r->status, 0);
	f->busy = false;
}

static u32 up(u32 n, u32 to)
{
	return (n + to - 1) & -to;
}

/* Segments with gaps that keep the limits, each somewhere in the area; how many bytes. */
static u32 scatter(const struct block_limits *l, struct flight *f)
{
	u32 count = 1 + number(l->max_segments < PIECES ? l->max_segments : PIECES);
	u32 at = 0, sum = 0;
	bool reading = f->request.op == BLOCK_READ;

	for (u32 i = 0; i < count; i++) {
		u32 align = i ? l->segment_align : l->buffer_align, end_align = l->segment_align;
		u32 most = l->max_segment_bytes < 5000 ? l->max_segment_bytes : 5000;
		struct block_segment *s = &f->segments[i];
		u32 bytes, start = up(at + number(100), align);

		if (reading && i && l->max_gap_bytes && number(3) == 0) {
			*s = (struct block_segment){ NULL, end_align * (1 + number(2)) };
			sum += s->bytes;
			continue;
		}
		bytes = 1 + number(most);
		if (i + 1 < count || number(2))		/* ends where the next may begin */
			bytes = up(start + bytes, end_align) - start;
		if (bytes > most)
			bytes = end_align - start % end_align;
		*s = (struct block_segment){ f->memory + start, bytes };
		at = start + bytes;
		sum += bytes;
	}
	f->request.segment_count = (u16)count;
	return sum;
}

/* The last piece is as long as it takes for whole blocks; false: that is too long. */
static bool round_off(const struct block_limits *l, struct flight *f, u32 sum)
{
	struct block_segment *last = &f->segments[f->request.segment_count - 1];
	u32 more = up(sum, l->block_size) - sum;

	f->request.blocks = (sum + more) / l->block_size;
	last->bytes += more;
	return f->request.blocks <= l->max_blocks &&
		last->bytes <= (last->buffer ? l->max_segment_bytes : l->max_gap_bytes);
}

static void model_request(const struct flight *f, u8 *model, u32 size, bool compare)
{
	u8 *at = model + f->request.lba * size;

	for (unsigned i = 0; i < f->request.segment_count; i++) {
		const struct block_segment *s = &f->segments[i];

		if (s->buffer && compare)
			assert_memory_equal(s->buffer, at, s->bytes);
		else if (s->buffer)
			memcpy(at, s->buffer, s->bytes);
		at += s->bytes;
	}
}

/* Each in a part of the disk of its own: what is in flight together has no order. */
static bool take_off(struct sim_disk *d, struct flight *f, u8 *model)
{
	struct block_limits *l = &d->block.limits;
	u64 part = l->block_count / FLIGHT, first = part * (u64)(f - flights);
	int error;

	f->request = (struct block_request){
		.op = number(2) ? BLOCK_WRITE : BLOCK_READ, .flags = number(4) ? 0 : BLOCK_FUA,
		.segments = f->segments, .done = landed, .context = f,
	};
	if (!round_off(l, f, scatter(l, f)) || f->request.blocks > part)
		return false;
	f->request.lba = first + number((u32)(part - f->request.blocks + 1));
	for (u32 i = 0; i < AREA; i++)
		f->memory[i] = (u8)(seed >> (i % 40));
	error = block_submit(&d->block, &f->request);
	if (error == -EAGAIN)
		return false;
	if (error)
		fail_msg("%s", f->request.cause);
	f->busy = true;
	if (f->request.op == BLOCK_WRITE)
		model_request(f, model, l->block_size, false);
	return true;
}

static void requests_are_like_an_array(void **state)
{
	static struct sim_disk any;
	static u8 model[3 << 20];
	unsigned gaps = 0;

	(void)state;
	for (unsigned i = 0; i < FLIGHT; i++)
		flights[i].memory = aligned_alloc(4096, AREA);
	for (u32 round = 0; round < ROUNDS; round++) {
		u32 begun = 0;

		seed = round + 1000;
		any_disk(&any, round);
		any.block.limits.max_blocks += 60;
		memset(model, 0, sizeof model);
		for (u32 turn = 0; turn < 400; turn++) {
			struct flight *f = &flights[number(FLIGHT)];

			if (!f->busy && turn < 300)
				begun += take_off(&any, f, model);
			if (number(3) == 0)
				block_kick(&any.block);
			for (unsigned i = 0; i < FLIGHT; i++) {
				bool was = flights[i].busy;

				if (i == 0)
					block_poll(&any.block);
				if (was && !flights[i].busy && flights[i].request.op == BLOCK_READ)
					model_request(&flights[i], model,
						      any.block.limits.block_size, true);
			}
		}
		for (unsigned i = 0; i < FLIGHT; i++) {
			assert_false(flights[i].busy);
			for (unsigned s = 0; s < flights[i].request.segment_count; s++)
				gaps += !flights[i].segments[s].buffer;
		}
		assert_in_range(begun, any.block.limits.block_size < 65536 ? 5 : 0, 300);
		assert_memory_equal(any.data, model, sizeof model);
		assert_int_equal(any.block.counters.errors, 0);
		sim_disk_end(&any);
	}
	assert_true(gaps > 20);
	for (unsigned i = 0; i < FLIGHT; i++)
		free(flights[i].memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ranges_are_like_an_array),
		TEST(requests_are_like_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
