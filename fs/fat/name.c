/* SPDX-License-Identifier: BSD-2-Clause */
/* Short names, and dates. */
#include "fs/fat/fat.h"
#include "fs/text.h"

/*
 * The upper half of code page 850: what mkfs.fat, mtools and Windows in western Europe put into
 * short names and labels.
 */
static const u16 oem[128] = {
	0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7,
	0x00ea, 0x00eb, 0x00e8, 0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5,
	0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
	0x00ff, 0x00d6, 0x00dc, 0x00f8, 0x00a3, 0x00d8, 0x00d7, 0x0192,
	0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba,
	0x00bf, 0x00ae, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
	0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x00c1, 0x00c2, 0x00c0,
	0x00a9, 0x2563, 0x2551, 0x2557, 0x255d, 0x00a2, 0x00a5, 0x2510,
	0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x00e3, 0x00c3,
	0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x00a4,
	0x00f0, 0x00d0, 0x00ca, 0x00cb, 0x00c8, 0x0131, 0x00cd, 0x00ce,
	0x00cf, 0x2518, 0x250c, 0x2588, 0x2584, 0x00a6, 0x00cc, 0x2580,
	0x00d3, 0x00df, 0x00d4, 0x00d2, 0x00f5, 0x00d5, 0x00b5, 0x00fe,
	0x00de, 0x00da, 0x00db, 0x00d9, 0x00fd, 0x00dd, 0x00af, 0x00b4,
	0x00ad, 0x00b1, 0x2017, 0x00be, 0x00b6, 0x00a7, 0x00f7, 0x00b8,
	0x00b0, 0x00a8, 0x00b7, 0x00b9, 0x00b3, 0x00b2, 0x25a0, 0x00a0,
};

u8 fat_checksum(const u8 short_name[static 11])
{
	u8 sum = 0;

	for (unsigned i = 0; i < 11; i++)
		sum = (u8)((sum << 7 | sum >> 1) + short_name[i]);
	return sum;
}

char *fat_oem_text(char *to, const u8 *from, unsigned count, bool lower)
{
	while (count && from[count - 1] == ' ')
		count--;
	for (unsigned i = 0; i < count; i++) {
		u32 code = from[i];

		if (code >= 0x80)
			code = oem[code - 0x80];
		else if (code < ' ' || code == 0x7f)
			code = TEXT_BAD;
		else if (lower && code >= 'A' && code <= 'Z')
			code += 'a' - 'A';
		to = utf8_put(to, code);
	}
	*to = 0;
	return to;
}

void fat_short_name(const u8 entry[static FAT_SLOT_BYTES], char to[static FAT_ALIAS_BYTES])
{
	u8 base[8];
	char *end;

	memcpy(base, entry, sizeof(base));
	if (base[0] == NAME_E5)
		base[0] = 0xe5;
	end = fat_oem_text(to, base, sizeof(base), entry[ENTRY_CASE] & CASE_LOWER_BASE);
	to = fat_oem_text(end + 1, entry + 8, 3, entry[ENTRY_CASE] & CASE_LOWER_EXTENSION);
	if (to != end + 1)
		*end = '.';
}

s64 fat_time(u16 date, u16 time)
{
	static const u16 before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	unsigned years = date >> 9, month = date >> 5 & 15, day = date & 31;	/* since 1980 */
	s64 days = 3652 + years * 365 + (years + 3) / 4;

	if (month < 1 || month > 12 || day < 1)
		return 0;
	days += before[month - 1] + day - 1;
	if (month > 2 && years % 4 == 0 && years != 120)
		days++;
	if (years > 120)		/* 2100 was none */
		days--;
	return ((days * 24 + (time >> 11)) * 60 + (time >> 5 & 63)) * 60 + (time & 31) * 2;
}
