/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/aarch64/linux_image.h"

/* As in a kernel of Debian 12: at 8 text_offset, 16 image_size, 24 flags, 56 magic. */
static const unsigned char debian[64] = {
	[0] = 0x4d, 0x5a, 0x00, 0x91,
	[16] = 0x00, 0x00, 0x0b, 0x02,
	[24] = 0x0a,
	[56] = 'A', 'R', 'M', 0x64,
};

static struct arch_linux_image image;
static unsigned page_kib;
static const char *reason;

/* On the heap at its size: what reads past it is seen. */
static int parse(const unsigned char *header, size_t bytes)
{
	unsigned char *copy = malloc(bytes);
	int error;

	memcpy(copy, header, bytes);
	error = aarch64_image_parse(copy, bytes, &image, &page_kib, &reason);
	free(copy);
	return error;
}

static void a_kernel_of_today(void **state)
{
	(void)state;
	assert_int_equal(parse(debian, sizeof debian), 0);
	assert_int_equal(image.text_offset, 0);
	assert_int_equal(image.image_bytes, 0x20b0000);
	assert_int_equal(image.base_align, 0x200000);
	assert_int_equal(page_kib, 4);
}

static void an_old_kernel(void **state)
{
	unsigned char header[64];

	(void)state;
	memcpy(header, debian, sizeof header);
	memset(header + 16, 0, 16);
	assert_int_equal(parse(header, sizeof header), 0);
	assert_int_equal(image.text_offset, 0x80000);
	assert_int_equal(image.image_bytes, 0);
	assert_int_equal(page_kib, 0);
}

static void refused(unsigned at, const char *bytes, size_t count, const char *words)
{
	unsigned char header[64];

	memcpy(header, debian, sizeof header);
	memcpy(header + at, bytes, count);
	assert_int_equal(parse(header, sizeof header), -ENOEXEC);
	assert_non_null(strstr(reason, words));
}

static void others_are_refused_in_words(void **state)
{
	(void)state;
	refused(24, "\x0b", 1, "big-endian");
	refused(56, "RSC\x05", 4, "RISC-V");
	refused(56, "XXXX", 4, "no arm64 Linux Image");
	assert_int_equal(parse(debian, 63), -ENOEXEC);
	assert_int_equal(parse(debian, 0), -ENOEXEC);
	assert_non_null(strstr(reason, "no arm64 Linux Image"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_of_today),
		cmocka_unit_test(an_old_kernel),
		cmocka_unit_test(others_are_refused_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
