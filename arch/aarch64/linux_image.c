/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "arch/aarch64/linux_image.h"

enum {
	TEXT_OFFSET = 8, IMAGE_SIZE = 16, FLAGS = 24, MAGIC = 56, HEADER_BYTES = 64,
	FLAG_BIG_ENDIAN = 1 << 0, FLAG_PAGES_SHIFT = 1,
	/* before Linux 3.17, which has no size and may lie about the offset */
	OLD_TEXT_OFFSET = 0x80000,
	BASE_ALIGN = 2 << 20,
};

static u64 load_le64(const u8 *at)
{
	u64 value = 0;

	for (int i = 7; i >= 0; i--)
		value = value << 8 | at[i];
	return value;
}

int aarch64_image_parse(const void *header, size_t bytes, struct arch_linux_image *image,
			unsigned *page_kib, const char **reason)
{
	static const u8 page_sizes[] = { 0, 4, 16, 64 };
	const u8 *at = header;
	u64 flags;

	*reason = "it is no arm64 Linux Image (the magic number is not there)";
	if (bytes < HEADER_BYTES)
		return -ENOEXEC;
	if (!memcmp(at + MAGIC, "RSC\x05", 4))
		*reason = "it is a Linux Image for RISC-V";
	if (memcmp(at + MAGIC, "ARM\x64", 4))
		return -ENOEXEC;
	flags = load_le64(at + FLAGS);
	*reason = "it is a big-endian kernel";
	if (flags & FLAG_BIG_ENDIAN)
		return -ENOEXEC;
	*reason = NULL;
	*page_kib = page_sizes[flags >> FLAG_PAGES_SHIFT & 3];
	image->text_offset = load_le64(at + TEXT_OFFSET);
	image->image_bytes = load_le64(at + IMAGE_SIZE);
	image->base_align = BASE_ALIGN;
	if (image->image_bytes == 0)
		image->text_offset = OLD_TEXT_OFFSET;
	return 0;
}
