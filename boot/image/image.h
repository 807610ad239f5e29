/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a file is that somebody wants to boot, by its first bytes: a Linux Image, a static ELF
 * program, either of them packed, or an EFI "zboot" image, whose packed kernel needs no EFI.
 */
#pragma once
#include "arch/arch.h"
#include "boot/decode/decode.h"
#include "boot/image/source.h"

enum image_kind { IMAGE_LINUX, IMAGE_ELF, IMAGE_PACKED };

/* A file or part of one, as it lies there. */
struct image {
	enum image_kind kind;		/* IMAGE_PACKED: unpack it, then image_inside() */
	const char *format;		/* for people: "Linux Image", "zboot, gzip", ... */
	const struct decode_type *packing;
	u64 offset, bytes;		/* of what is packed, in the source */
	struct arch_linux_image header;	/* of a Linux Image */
};

enum { IMAGE_HEAD_BYTES = 64 };

/* 0; -ENOEXEC with *why in words; what reading said, with *why NULL. */
int image_identify(const struct image_source *s, struct image *image, const char **why);

/* The same of what came out of a packed one: not packed again. */
int image_inside(const struct image_source *s, struct image *image, const char **why);

/* ---- ELF ---- */

enum { ELF_SEGMENTS_MAX = 16 };

struct elf_segment {
	u64 offset, file_bytes;		/* in the source */
	struct range place;		/* physical; what the file does not fill is zero */
};

struct elf {
	u64 entry;			/* physical */
	unsigned count;
	struct elf_segment segments[ELF_SEGMENTS_MAX];
};

/* A static program for this architecture, its segments disjoint. Results as above. */
int elf_read(const struct image_source *s, struct elf *elf, const char **why);
