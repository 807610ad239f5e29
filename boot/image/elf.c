/* SPDX-License-Identifier: BSD-2-Clause */
/* ELF-64 (System V ABI, 4 and 5): the program headers, and nothing else. */
#include <string.h>

#include "boot/image/image.h"
#include "lib/endian.h"
#include "lib/errors.h"

enum {
	HEADER_BYTES = 64, CLASS_AT = 4, CLASS_64 = 2, DATA_AT = 5, DATA_LITTLE = 1, TYPE_AT = 16,
	TYPE_EXEC = 2, TYPE_DYN = 3, MACHINE_AT = 18, ENTRY_AT = 24, PROGRAM_AT = 32,
	PROGRAM_SIZE_AT = 54, PROGRAM_COUNT_AT = 56,
	/* of a program header */
	SEGMENT_BYTES = 56, P_TYPE = 0, P_OFFSET = 8, P_VIRTUAL = 16, P_PHYSICAL = 24, P_FILE = 32,
	P_MEMORY = 40, LOAD = 1, DYNAMIC = 2, INTERPRETER = 3,
};

static int refuse(const char **why, const char *text)
{
	*why = text;
	return -ENOEXEC;
}

static int check_header(const u8 *h, const char **why)
{
	if (h[CLASS_AT] != CLASS_64 || h[DATA_AT] != DATA_LITTLE)
		return refuse(why, "it is an ELF file, but not of 64 bits, little-endian");
	if (load_le16(h + MACHINE_AT) != arch_elf_machine)
		return refuse(why, "it is an ELF file for another architecture");
	if (load_le16(h + TYPE_AT) != TYPE_EXEC && load_le16(h + TYPE_AT) != TYPE_DYN)
		return refuse(why, "it is an ELF file, but not a program that was linked");
	if (load_le16(h + PROGRAM_SIZE_AT) != SEGMENT_BYTES)
		return refuse(why, "its ELF program headers are damaged");
	return 0;
}

static bool overlap(struct range a, struct range b)
{
	return a.start < b.start + b.bytes && b.start < a.start + a.bytes;
}

static int add_segment(const u8 *p, u64 source_bytes, struct elf *elf, const char **why)
{
	struct elf_segment s = {
		.offset = load_le64(p + P_OFFSET), .file_bytes = load_le64(p + P_FILE),
		.place = { load_le64(p + P_PHYSICAL), load_le64(p + P_MEMORY) },
	};

	if (!s.place.bytes)
		return 0;
	if (s.offset > source_bytes || s.file_bytes > source_bytes - s.offset)
		return refuse(why, "it is cut off: an ELF segment is not in the file");
	if (s.file_bytes > s.place.bytes || s.place.start + s.place.bytes < s.place.start)
		return refuse(why, "an ELF segment has a size that cannot be");
	for (unsigned i = 0; i < elf->count; i++)
		if (overlap(s.place, elf->segments[i].place))
			return refuse(why, "its ELF segments overlap in memory");
	if (elf->count == ELF_SEGMENTS_MAX)
		return refuse(why, "it has too many ELF segments");
	elf->segments[elf->count++] = s;
	return 0;
}

/* The entry is a virtual address: of the segment that holds it, where that lies. */
static int find_entry(u64 entry, u64 virtual, struct elf *elf)
{
	const struct elf_segment *s = &elf->segments[elf->count - 1];

	if (entry < virtual || entry - virtual >= s->place.bytes)
		return 0;
	elf->entry = s->place.start + (entry - virtual);
	return 1;
}

int elf_read(const struct image_source *s, struct elf *elf, const char **why)
{
	u8 header[HEADER_BYTES], p[SEGMENT_BYTES];
	bool has_entry = false;
	int error;

	*why = NULL;
	elf->count = 0;
	error = image_read(s, 0, header, sizeof(header));
	if (error == -ERANGE)
		return refuse(why, "it is cut off: its ELF header is not whole");
	if (error || (error = check_header(header, why)))
		return error;
	for (unsigned i = 0; i < load_le16(header + PROGRAM_COUNT_AT); i++) {
		unsigned before = elf->count;
		u64 at;

		if (__builtin_add_overflow(load_le64(header + PROGRAM_AT), i * SEGMENT_BYTES, &at))
			return refuse(why, "its ELF program headers are damaged");
		error = image_read(s, at, p, sizeof(p));
		if (error == -ERANGE)
			return refuse(why, "it is cut off: its ELF program headers are not whole");
		if (error)
			return error;
		if (load_le32(p + P_TYPE) == INTERPRETER)
			return refuse(why, "it is an ELF program for an operating system");
		if (load_le32(p + P_TYPE) == LOAD)
			error = add_segment(p, s->bytes, elf, why);
		if (error)
			return error;
		if (elf->count > before)
			has_entry |= find_entry(load_le64(header + ENTRY_AT),
						load_le64(p + P_VIRTUAL), elf);
	}
	if (!elf->count)
		return refuse(why, "there is nothing to load in this ELF file");
	if (!has_entry)
		return refuse(why, "its ELF entry point is in none of its segments");
	return 0;
}
