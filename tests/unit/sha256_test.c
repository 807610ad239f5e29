/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "lib/sha256.h"

static void expect(const void *data, size_t bytes, size_t step, const char *wanted)
{
	char text[2 * SHA256_BYTES + 1];
	u8 digest[SHA256_BYTES];
	struct sha256 s;

	sha256_begin(&s);
	for (size_t at = 0; at < bytes; at += step)
		sha256_add(&s, (const u8 *)data + at, bytes - at < step ? bytes - at : step);
	sha256_end(&s, digest);
	for (unsigned i = 0; i < SHA256_BYTES; i++)
		sprintf(text + 2 * i, "%02x", digest[i]);
	assert_string_equal(text, wanted);
}

/* The examples of FIPS 180-2, and of each length around a block sha256sum's own words. */
static void examples(void **state)
{
	char *a = malloc(1000000);

	(void)state;
	expect("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	expect("abc", 3, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	expect("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, 5,
	       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(a, 'a', 1000000);
	expect(a, 1000000, 999,
	       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(a);
}

static void every_length(void **state)
{
	u8 data[200];

	(void)state;
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 37);
	for (unsigned bytes = 50; bytes < sizeof(data); bytes++) {
		char command[] = "sha256sum /tmp/plinth-sha256", wanted[65] = "";
		FILE *f = fopen(command + 10, "wb");

		fwrite(data, 1, bytes, f);
		fclose(f);
		f = popen(command, "r");
		assert_int_equal(fread(wanted, 1, 64, f), 64);
		pclose(f);
		expect(data, bytes, bytes, wanted);
		expect(data, bytes, 1, wanted);
		expect(data, bytes, 63, wanted);
	}
	remove("/tmp/plinth-sha256");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples),
		cmocka_unit_test(every_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
