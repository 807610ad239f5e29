/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "arch/arch.h"
#include "boot/image/pe.h"
#include "lib/endian.h"
#include "lib/errors.h"

enum {
	DOS_BYTES = 64, HEADER_AT = 60,
	/* behind the signature: the COFF header */
	SIGNATURE_BYTES = 4, COFF_BYTES = 20, MACHINE = 0, SECTION_COUNT = 2, OPTIONAL_BYTES = 16,
	/* of a section's header */
	SECTION_BYTES = 40, NAME_BYTES = 8, MEMORY_BYTES = 8, FILE_BYTES = 16, FILE_AT = 20,
};

static int no_pe(const char **reason, const char *why)
{
	*reason = why;
	return -ENOEXEC;
}

/* false: it reaches beyond the end of the file. */
static bool take_section(const u8 *header, u64 file_bytes, struct pe_section *section)
{
	u32 memory = load_le32(header + MEMORY_BYTES), file = load_le32(header + FILE_BYTES);

	memcpy(section->name, header, NAME_BYTES);
	section->name[NAME_BYTES] = '\0';
	section->offset = load_le32(header + FILE_AT);
	section->bytes = memory && memory < file ? memory : file;
	return !section->bytes || (section->offset <= file_bytes &&
				   section->bytes <= file_bytes - section->offset);
}

int pe_read(const struct image_source *s, struct pe *pe, const char **reason)
{
	u8 dos[DOS_BYTES], coff[SIGNATURE_BYTES + COFF_BYTES], header[SECTION_BYTES];
	const u8 *fields = coff + SIGNATURE_BYTES;
	unsigned count;
	u64 at;
	int error;

	*reason = NULL;
	pe->count = 0;
	if (s->bytes < DOS_BYTES)
		return no_pe(reason, "it is too short for an EFI program");
	error = image_read(s, 0, dos, sizeof(dos));
	if (error)
		return error;
	at = load_le32(dos + HEADER_AT);
	if (memcmp(dos, "MZ", 2) || s->bytes < at + sizeof(coff))
		return no_pe(reason, "it is no EFI program (no MZ header)");
	error = image_read(s, at, coff, sizeof(coff));
	if (error)
		return error;
	if (memcmp(coff, "PE\0", SIGNATURE_BYTES))
		return no_pe(reason, "it is no EFI program (no PE header)");
	if (load_le16(fields + MACHINE) != arch_pe_machine)
		return no_pe(reason, "it is an EFI program for another architecture");
	count = load_le16(fields + SECTION_COUNT);
	if (count > PE_SECTIONS_MAX)
		return no_pe(reason, "it has too many sections");
	at += sizeof(coff) + load_le16(fields + OPTIONAL_BYTES);
	for (; pe->count < count; at += SECTION_BYTES) {
		error = image_read(s, at, header, sizeof(header));
		if (!error && !take_section(header, s->bytes, &pe->sections[pe->count]))
			error = -ERANGE;
		if (error == -ERANGE)
			*reason = "it is cut off: a section is not in the file";
		if (error)
			return error;
		pe->count++;
	}
	return 0;
}
