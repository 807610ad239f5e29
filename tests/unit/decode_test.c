/* SPDX-License-Identifier: BSD-2-Clause */
/* What the usual packers make of real bytes comes out the same; anything else is noticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "boot/decode/decode.h"
#include "lib/errors.h"
#include "lib/memory.h"
#include "tests/sim/ram.h"

enum { RAM_BYTES = 128 << 20 };

static const char *const packers[] = {
	"gzip -1 -n", "gzip -9 -n", "gzip -9", "zstd -q -1", "zstd -q -19 --no-check",
	"zstd -q --ultra -22 --long=27", "lz4 -q -1", "lz4 -q -9 -BD", "lz4 -q -9 -B4 -BX",
	"lz4 -q --no-frame-crc", "lz4 -q --content-size", "lz4 -q -l -9", "xz -1", "xz -9",
	"xz --check=crc32", "xz --check=none",
};
enum { PACKERS = sizeof(packers) / sizeof(*packers) };

static struct file {
	u8 *data;
	size_t bytes;
} plain, packed[PACKERS];

static char folder[] = "/tmp/decode_test.XXXXXX";

static struct file read_file(const char *name, size_t limit)
{
	struct file f = { malloc(limit), 0 };
	FILE *stream = fopen(name, "rb");

	assert_non_null(stream);
	f.bytes = fread(f.data, 1, limit, stream);
	fclose(stream);
	return f;
}

/* Our own program, with a stretch that does not pack in the middle of it. */
static int pack(void **state)
{
	char name[64], line[200];
	FILE *stream;

	(void)state;
	plain = read_file("/proc/self/exe", 400 << 10);
	srand(1);
	for (size_t i = 0; i < 100000; i++)
		plain.data[150000 + i] = (u8)rand();
	assert_non_null(mkdtemp(folder));
	snprintf(name, sizeof(name), "%s/plain", folder);
	stream = fopen(name, "wb");
	assert_non_null(stream);
	assert_int_equal(fwrite(plain.data, 1, plain.bytes, stream), plain.bytes);
	assert_int_equal(fclose(stream), 0);
	for (unsigned i = 0; i < PACKERS; i++) {
		snprintf(line, sizeof(line), "%s -c <%s >%s/packed", packers[i], name, folder);
		assert_int_equal(system(line), 0);
		snprintf(line, sizeof(line), "%s/packed", folder);
		packed[i] = read_file(line, 2 << 20);
	}
	snprintf(line, sizeof(line), "rm -r %s", folder);
	return system(line);
}

static int with_ram(void **state)
{
	(void)state;
	sim_ram(SIM_RAM_AT, RAM_BYTES);
	return 0;
}

/* All of @f in pieces of @piece bytes; the memory behind d->to is exactly @room. */
static int unpack(struct decoder *d, const struct file *f, size_t room, size_t piece)
{
	const struct decode_type *type = decode_recognise(f->data, f->bytes);
	u64 before = memory_free();
	u8 *to = malloc(room + 1);
	int result;

	assert_non_null(type);
	assert_int_equal(decode_begin(d, type, to, room), 0);
	result = 0;
	for (size_t at = 0; at < f->bytes && !result; at += piece)
		result = decode_feed(d, f->data + at,
				     piece < f->bytes - at ? piece : f->bytes - at);
	if (!result)
		result = decode_finish(d);
	else if (result == 1)
		result = 0;
	assert_true(d->written <= room);
	if (result)
		assert_non_null(d->reason);
	else
		assert_memory_equal(to, plain.data, d->written);
	decode_end(d);
	assert_int_equal(memory_free(), before);
	free(to);
	return result;
}

static void pieces_of_any_size(void **state)
{
	static const size_t sizes[] = { 1, 7, 4096, 65537, 4 << 20 };

	(void)state;
	for (unsigned i = 0; i < PACKERS; i++)
		for (unsigned s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
			struct decoder d;

			if (unpack(&d, &packed[i], plain.bytes, sizes[s]))
				fail_msg("%s, %zu: %s", packers[i], sizes[s], d.reason);
			assert_int_equal(d.written, plain.bytes);
		}
}

static void no_room(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PACKERS; i++)
		for (size_t less = 1; less < plain.bytes; less *= 37) {
			struct decoder d;

			if (unpack(&d, &packed[i], plain.bytes - less, 4096) != -ENOSPC)
				fail_msg("%s, %zu less: %s", packers[i], less, d.reason);
		}
}

static void cut_off(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PACKERS; i++)
		for (unsigned n = 0; n < 40; n++) {
			struct file f = packed[i];
			struct decoder d;

			/* at the end, and anywhere */
			f.bytes -= n < 12 ? 1 + n : 1 + (size_t)rand() % (f.bytes - 8);
			if (f.bytes >= 4 && strstr(packers[i], "-l ") == NULL)
				assert_int_not_equal(unpack(&d, &f, plain.bytes, 4096), 0);
		}
}

/* Does the format carry a checksum of all of it, and do we look? */
static bool checked(const char *packer)
{
	return strstr(packer, "gzip") || !strcmp(packer, "zstd -q -1") ||
	       !strcmp(packer, "lz4 -q -1") || strstr(packer, "crc32");
}

static void flipped_bits(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PACKERS; i++)
		for (unsigned n = 0; n < 60; n++) {
			size_t at = 6 + (size_t)rand() % (n % 2 ? packed[i].bytes - 6 : 60);
			u8 right = packed[i].data[at];
			const struct decode_type *type;
			u8 *to = malloc(plain.bytes);
			struct decoder d;

			packed[i].data[at] ^= (u8)(1 << rand() % 8);
			type = decode_recognise(packed[i].data, packed[i].bytes);
			assert_int_equal(decode_begin(&d, type, to, plain.bytes), 0);
			if (decode_feed(&d, packed[i].data, packed[i].bytes) < 0)
				assert_non_null(d.reason);
			else if (checked(packers[i]))
				assert_memory_equal(to, plain.data, d.written);
			decode_end(&d);
			packed[i].data[at] = right;
			free(to);
		}
}

/* More than 32 bits count, as on a machine with much memory. Some write beyond what comes out. */
static void much_room(void **state)
{
	u8 *to = malloc(plain.bytes + 4096);

	(void)state;
	for (unsigned i = 0; i < PACKERS; i++) {
		struct decoder d;
		int result;

		assert_int_equal(decode_begin(&d, decode_recognise(packed[i].data, 8), to,
					      (size_t)1 << 32), 0);
		result = decode_feed(&d, packed[i].data, packed[i].bytes);
		if (!result)
			result = decode_finish(&d);
		if (result < 0)
			fail_msg("%s: %s", packers[i], d.reason);
		assert_int_equal(d.written, plain.bytes);
		assert_memory_equal(to, plain.data, plain.bytes);
		decode_end(&d);
	}
	free(to);
}

static void other_files(void **state)
{
	(void)state;
	assert_null(decode_recognise("MZ\0\0\0\0", 6));
	assert_null(decode_recognise("\x1f\x8b", 2));
	assert_null(decode_recognise("", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(pieces_of_any_size, with_ram),
		cmocka_unit_test_setup(no_room, with_ram),
		cmocka_unit_test_setup(cut_off, with_ram),
		cmocka_unit_test_setup(flipped_bits, with_ram),
		cmocka_unit_test_setup(much_room, with_ram),
		cmocka_unit_test(other_files),
	};

	return cmocka_run_group_tests(tests, pack, NULL);
}
