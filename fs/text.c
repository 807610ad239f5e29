/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/text.h"

#include <string.h>

u32 utf8_next(const char **text, const char *end)
{
	static const u32 least[] = { 0, 0x80, 0x800, 0x10000 };
	const u8 *t = (const u8 *)*text;
	unsigned more = t[0] < 0xc0 ? 0 : t[0] < 0xe0 ? 1 : t[0] < 0xf0 ? 2 : 3;
	u32 code = more ? t[0] & (0x3f >> more) : t[0];

	if (t[0] >= 0xf8 || (t[0] & 0xc0) == 0x80 || end - *text <= (ptrdiff_t)more)
		goto bad;
	for (unsigned i = 1; i <= more; i++) {
		if ((t[i] & 0xc0) != 0x80)
			goto bad;
		code = code << 6 | (t[i] & 0x3f);
	}
	if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		goto bad;
	*text += more + 1;
	return code;
bad:
	++*text;
	return TEXT_BAD;
}

char *utf8_put(char *to, u32 code)
{
	unsigned more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;

	*to++ = (char)(more ? 0xf0 << (3 - more) | code >> 6 * more : code);
	while (more--)
		*to++ = (char)(0x80 | (code >> 6 * more & 0x3f));
	return to;
}

void utf16_text(char *to, const u8 *units, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		u32 code = units[2 * i] | (u32)units[2 * i + 1] << 8;

		if (!code)
			break;
		if (code >= 0xd800 && code < 0xdc00 && i + 1 < count &&
		    (units[2 * i + 3] & 0xfc) == 0xdc) {
			i++;
			code = 0x10000 + ((code & 0x3ff) << 10) +
			       (units[2 * i] | (u32)(units[2 * i + 1] & 3) << 8);
		} else if (code < ' ' || (code >= 0x7f && code < 0xa0) ||
			   (code >= 0xd800 && code < 0xe000)) {
			code = TEXT_BAD;
		}
		to = utf8_put(to, code);
	}
	*to = 0;
}

/*
 * Unicode's simple upper case, as far as letters of living scripts go: @delta leads from each of
 * @count letters from @first on to its capital. Where it is -1, small ones and capitals take turns.
 */
static const struct {
	u16 first;
	u8 count;
	s16 delta;
} capitals[] = {
	{ 0x00e0, 23, -32 }, { 0x00f8, 7, -32 }, { 0x00ff, 1, 121 }, { 0x0101, 24, -1 },
	{ 0x0133, 3, -1 }, { 0x013a, 8, -1 }, { 0x014b, 23, -1 }, { 0x017a, 3, -1 },
	{ 0x0183, 2, -1 }, { 0x0188, 1, -1 }, { 0x018c, 1, -1 }, { 0x0192, 1, -1 },
	{ 0x0199, 1, -1 }, { 0x01a1, 3, -1 }, { 0x01a8, 1, -1 }, { 0x01ad, 1, -1 },
	{ 0x01b0, 1, -1 }, { 0x01b4, 2, -1 }, { 0x01b9, 1, -1 }, { 0x01bd, 1, -1 },
	{ 0x01c6, 1, -2 }, { 0x01c9, 1, -2 }, { 0x01cc, 1, -2 }, { 0x01ce, 8, -1 },
	{ 0x01df, 9, -1 }, { 0x01f3, 1, -2 }, { 0x01f5, 1, -1 }, { 0x01f9, 20, -1 },
	{ 0x0223, 9, -1 }, { 0x023c, 1, -1 }, { 0x023f, 2, 10815 }, { 0x0242, 1, -1 },
	{ 0x0247, 5, -1 }, { 0x0371, 2, -1 }, { 0x0377, 1, -1 }, { 0x037b, 3, 130 },
	{ 0x03ac, 1, -38 }, { 0x03ad, 3, -37 }, { 0x03b1, 17, -32 }, { 0x03c2, 1, -31 },
	{ 0x03c3, 9, -32 }, { 0x03cc, 1, -64 }, { 0x03cd, 2, -63 }, { 0x03d9, 12, -1 },
	{ 0x03f8, 1, -1 }, { 0x03fb, 1, -1 }, { 0x0430, 32, -32 }, { 0x0450, 16, -80 },
	{ 0x0461, 17, -1 }, { 0x048b, 27, -1 }, { 0x04c2, 7, -1 }, { 0x04cf, 1, -15 },
	{ 0x04d1, 48, -1 }, { 0x0561, 38, -48 }, { 0x1e01, 75, -1 }, { 0x1ea1, 48, -1 },
	{ 0x1f00, 8, 8 }, { 0x1f10, 6, 8 }, { 0x1f20, 8, 8 }, { 0x1f30, 8, 8 }, { 0x1f40, 6, 8 },
	{ 0x1f51, 7, 8 }, { 0x1f60, 8, 8 }, { 0x2170, 16, -16 }, { 0x24d0, 26, -26 },
	{ 0x2c30, 48, -48 }, { 0x2c68, 3, -1 }, { 0x2c81, 50, -1 }, { 0xa641, 23, -1 },
	{ 0xa681, 14, -1 }, { 0xa723, 7, -1 }, { 0xa733, 31, -1 }, { 0xa77f, 5, -1 },
	{ 0xa797, 10, -1 }, { 0xa7b5, 8, -1 }, { 0xff41, 26, -32 },
};

u32 text_upper(u32 code)
{
	if (code < 0x80)
		return code >= 'a' && code <= 'z' ? code - 'a' + 'A' : code;
	for (unsigned i = 0; i < sizeof(capitals) / sizeof(capitals[0]); i++) {
		u32 distance = code - capitals[i].first;
		bool turns = capitals[i].delta == -1;

		if (code < capitals[i].first)
			break;
		if (distance < (u32)capitals[i].count << turns && !(turns && distance % 2))
			return code + (u32)(s32)capitals[i].delta;
	}
	return code;
}

bool text_equal(const char *a, size_t a_bytes, const char *b)
{
	const char *a_end = a + a_bytes, *b_end = b + strlen(b);

	while (a < a_end && b < b_end)
		if (text_upper(utf8_next(&a, a_end)) != text_upper(utf8_next(&b, b_end)))
			return false;
	return a == a_end && b == b_end;
}
