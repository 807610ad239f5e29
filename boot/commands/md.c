/* SPDX-License-Identifier: BSD-2-Clause */
/* Read and write memory and registers at addresses somebody typed: nothing vouches for them. */
#include <inttypes.h>
#include <string.h>

#include "arch/arch.h"
#include "boot/monitor/monitor.h"
#include "boot/monitor/words.h"
#include "lib/console.h"
#include "lib/errors.h"
#include "lib/memory.h"

enum { ROW_BYTES = 16, DEFAULT_BYTES = 64 };

/* Accesses of one width, in order, abandoned at the first that faults. */
struct access {
	u64 address;			/* physical, as typed */
	unsigned width;			/* bytes: 1, 2, 4, 8 */
	unsigned count;
	uintptr_t at;			/* where it is mapped */
	u64 values[ROW_BYTES];
};

static void read(void *argument)
{
	struct access *a = argument;

	for (unsigned i = 0; i < a->count; i++) {
		uintptr_t at = a->at + i * a->width;

		switch (a->width) {
		case 1: a->values[i] = arch_mmio_read8(at); break;
		case 2: a->values[i] = arch_mmio_read16(at); break;
		case 4: a->values[i] = arch_mmio_read32(at); break;
		case 8: a->values[i] = arch_mmio_read64(at); break;
		}
	}
}

static void write(void *argument)
{
	struct access *a = argument;

	for (unsigned i = 0; i < a->count; i++) {
		uintptr_t at = a->at + i * a->width;

		switch (a->width) {
		case 1: arch_mmio_write8(at, (u8)a->values[0]); break;
		case 2: arch_mmio_write16(at, (u16)a->values[0]); break;
		case 4: arch_mmio_write32(at, (u32)a->values[0]); break;
		case 8: arch_mmio_write64(at, a->values[0]); break;
		}
	}
}

/*
 * What is not RAM is mapped as a device, but not page 0: it stays unmapped for good, so that a
 * null pointer faults. RAM is mapped already, or must not be.
 */
static int map(struct access *a)
{
	a->at = (uintptr_t)a->address;
	if (memory_find(a->address) || a->address < ARCH_PAGE_BYTES)
		return 0;
	a->at = arch_map_device(a->address, a->width * a->count);
	if (a->at)
		return 0;
	console_print("0x%" PRIx64 " cannot be mapped: this CPU's page tables do not reach it, "
		      "or there is no memory for them\n", a->address);
	return -ERANGE;
}

static int try(struct access *a, void (*function)(void *), const char *participle)
{
	const struct memory_range *m;
	struct arch_fault fault;
	int error = map(a);

	if (error)
		return error;
	error = arch_catch(function, a, &fault);
	if (!error)
		return 0;
	if (fault.address_valid)
		a->address += fault.address - a->at;
	console_print("0x%" PRIx64 " cannot be %s: %s", a->address, participle, fault.what);
	m = memory_find(a->address);
	if (m && m->use != MEMORY_FREE)
		console_print(" (it belongs to %s%s)", m->use == MEMORY_PLINTH ? "Plinth: " : "",
			      m->owner);
	console_print("\n");
	return error;
}

/* The part after the dot of "md.b": 4 bytes without one. */
static int parse_width(const char *name, unsigned *width)
{
	static const char letters[] = "bhwq";
	const char *dot = strchr(name, '.'), *found;

	*width = 4;
	if (!dot)
		return 0;
	found = dot[1] && !dot[2] ? strchr(letters, dot[1]) : NULL;
	if (!found) {
		console_print("'%s' is not a width: .b .h .w .q are 1, 2, 4, 8 bytes\n", dot);
		return -EINVAL;
	}
	*width = 1u << (found - letters);
	return 0;
}

static int parse(struct access *a, char **argv, const char *count_word, u64 *count)
{
	if (parse_width(argv[0], &a->width) || number_parse(argv[1], &a->address))
		return -EINVAL;
	if (count_word && number_parse_size(count_word, count))
		return -EINVAL;
	if (a->address % a->width) {
		console_print("0x%" PRIx64 " is not a multiple of %u; .b is for single bytes\n",
			      a->address, a->width);
		return -EINVAL;
	}
	if (*count && *count - 1 > (UINT64_MAX - a->address) / a->width) {
		console_print("%" PRIu64 " of them reach beyond the last address\n", *count);
		return -EINVAL;
	}
	return 0;
}

static void print_row(const struct access *a)
{
	char text[ROW_BYTES + 1];
	unsigned n = 0;

	console_print("%08" PRIx64 ":", a->address);
	for (unsigned i = 0; i < ROW_BYTES / a->width; i++) {
		if (i >= a->count) {
			console_print(" %*s", (int)a->width * 2, "");
			continue;
		}
		console_print(" %0*" PRIx64, (int)a->width * 2, a->values[i]);
		for (unsigned byte = 0; byte < a->width; byte++) {
			char c = (char)(a->values[i] >> byte * 8);

			text[n++] = c >= ' ' && c <= '~' ? c : '.';
		}
	}
	text[n] = 0;
	console_print("  %s\n", text);
}

static int display(int argc, char **argv)
{
	struct access a = { 0 };
	u64 count = 0;
	int error;

	if (argc < 2 || argc > 3)
		return -EINVAL;
	error = parse(&a, argv, argc == 3 ? argv[2] : NULL, &count);
	if (error)
		return error;
	if (argc < 3)
		count = DEFAULT_BYTES / a.width;
	while (count && !error && !monitor_interrupted()) {
		u64 to_page_end = (ARCH_PAGE_BYTES - a.address % ARCH_PAGE_BYTES) / a.width;

		a.count = ROW_BYTES / a.width;
		if (a.count > count)
			a.count = (unsigned)count;
		if (a.count > to_page_end)		/* what follows may be somebody else's */
			a.count = (unsigned)to_page_end;
		error = try(&a, read, "read");
		if (!error)
			print_row(&a);
		a.address += a.count * a.width;
		count -= a.count;
	}
	return error;
}

static int modify(int argc, char **argv)
{
	struct access a = { .count = 1 };
	u64 count = 1;
	int error;

	if (argc < 3 || argc > 4)
		return -EINVAL;
	error = parse(&a, argv, argc == 4 ? argv[3] : NULL, &count);
	if (error || (error = number_parse(argv[2], &a.values[0])))
		return error;
	if (a.width < 8 && a.values[0] >> a.width * 8) {
		console_print("%s does not fit %u bits\n", argv[2], a.width * 8);
		return -EINVAL;
	}
	for (; count && !error && !monitor_interrupted(); count--) {
		error = try(&a, write, "written");
		a.address += a.width;
	}
	return error;
}

COMMAND(md) = {
	.name = "md",
	.arguments = "[.b|.h|.w|.q] <address> [count]",
	.summary = "display memory or registers",
	.details = "In units of 1, 2, 4 or 8 bytes (4 without a suffix). What is not RAM\n"
		   "is read as a device's registers.",
	.run = display,
};

COMMAND(mw) = {
	.name = "mw",
	.arguments = "[.b|.h|.w|.q] <address> <value> [count]",
	.summary = "write memory or registers",
	.details = "In units of 1, 2, 4 or 8 bytes (4 without a suffix). What is not RAM\n"
		   "is written as a device's registers.",
	.run = modify,
};
