/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "arch/riscv64/linux_image.h"

enum {
	TEXT_OFFSET = 8, IMAGE_SIZE = 16, FLAGS = 24, MAGIC = 48, MAGIC2 = 56, HEADER_BYTES = 64,
	FLAG_BIG_ENDIAN = 1, BASE_ALIGN = 2 << 20,
};

static u64 load_le64(const u8 *at)
{
	u64 value = 0;

	for (int i = 7; i >= 0; i--)
		value = value << 8 | at[i];
	return value;
}

int riscv64_image_parse(const void *header, size_t bytes, struct arch_linux_image *image,
			const char **reason)
{
	const u8 *at = header;

	*reason = "it is no RISC-V Linux Image (the magic number is not there)";
	if (bytes < HEADER_BYTES)
		return -ENOEXEC;
	if (!memcmp(at + MAGIC2, "ARM\x64", 4))
		*reason = "it is a Linux Image for arm64";
	/* The first magic number is the older one: version 0.1 headers have nothing else. */
	if (memcmp(at + MAGIC2, "RSC\x05", 4) && memcmp(at + MAGIC, "RISCV\0\0", 8))
		return -ENOEXEC;
	*reason = "it is a big-endian kernel";
	if (load_le64(at + FLAGS) & FLAG_BIG_ENDIAN)
		return -ENOEXEC;
	*reason = NULL;
	*image = (struct arch_linux_image){
		.text_offset = load_le64(at + TEXT_OFFSET),
		.image_bytes = load_le64(at + IMAGE_SIZE),
		.base_align = BASE_ALIGN,
	};
	return 0;
}
