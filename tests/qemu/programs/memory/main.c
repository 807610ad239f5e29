/* SPDX-License-Identifier: BSD-2-Clause */
/* memcpy, memmove and memset at all places and of all lengths that make a difference. */
#include <stdio.h>
#include <string.h>

#include "arch/arch.h"
#include "drivers/console.h"
#include "lib/console.h"
#include "lib/power.h"

enum { AREA = 256, LONGEST = 80, PLACES = 12 };

static u8 area[AREA], expected[AREA];
static unsigned wrong, cases;

static void prepare(void)
{
	for (unsigned i = 0; i < AREA; i++)
		area[i] = expected[i] = (u8)(i * 7 + cases);
}

static void judge(const char *what, size_t to, size_t from, size_t bytes, bool result)
{
	cases++;
	for (unsigned i = 0; i < AREA; i++)
		result &= ((volatile u8 *)area)[i] == ((volatile u8 *)expected)[i];
	if (!result && !wrong++)
		console_print("%s of %zu bytes from %zu to %zu is wrong\n", what, bytes, from, to);
}

/* As the standard has it: through somewhere else. */
static void expect(size_t to, size_t from, size_t bytes)
{
	volatile u8 between[LONGEST];

	for (size_t i = 0; i < bytes; i++)
		between[i] = expected[from + i];
	for (size_t i = 0; i < bytes; i++)
		expected[to + i] = between[i];
}

static void try_length(size_t bytes)
{
	for (size_t to = 0; to < PLACES; to++) {
		prepare();
		for (volatile size_t i = 0; i < bytes; i++)
			expected[to + i] = 0xa5;
		judge("memset", to, 0, bytes, memset(area + to, 0x7a5, bytes) == area + to);
		for (size_t from = 0; from < PLACES; from++) {
			size_t far = from + LONGEST + PLACES;

			prepare();
			expect(to, from, bytes);
			judge("memmove", to, from, bytes,
			      memmove(area + to, area + from, bytes) == area + to);
			prepare();
			expect(to, far, bytes);
			judge("memcpy", to, far, bytes,
			      memcpy(area + to, area + far, bytes) == area + to);
		}
	}
}

int main(void)
{
	if (console_open())
		return 1;
	for (volatile size_t bytes = 0; bytes <= LONGEST; bytes++)
		try_length(bytes);
	console_print("memory: %u cases, %u wrong\n", cases, wrong);
	return power(POWER_OFF);
}
