/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "boot/image/image.h"
#include "boot/image/pe.h"
#include "lib/endian.h"
#include "lib/errors.h"

/* The header of drivers/firmware/efi/libstub's zboot. */
enum { ZBOOT_MAGIC_AT = 4, ZBOOT_OFFSET_AT = 8, ZBOOT_BYTES_AT = 12, ZBOOT_HEAD_BYTES = 16 };

static int refuse(const char **why, const char *text)
{
	*why = text;
	return -ENOEXEC;
}

static bool is_zboot(const u8 *head, size_t bytes)
{
	return bytes >= ZBOOT_HEAD_BYTES && !memcmp(head, "MZ", 2) &&
	       !memcmp(head + ZBOOT_MAGIC_AT, "zimg", 4);
}

/* The kernel is an EFI program, too, most times: that says how long the file has to be. */
static int check_length(const struct image_source *s, const char **why)
{
	static struct pe pe;			/* large; only one is at work */

	return pe_read(s, &pe, why) == -ERANGE ? -ENOEXEC : 0;
}

static int inside(const struct image_source *s, const u8 *head, size_t bytes, struct image *image,
		  const char **why)
{
	int error;

	*why = NULL;
	if (bytes >= 4 && !memcmp(head, "\177ELF", 4)) {
		image->kind = IMAGE_ELF;
		image->format = "ELF";
		return 0;
	}
	image->kind = IMAGE_LINUX;
	image->format = "Linux Image";
	error = arch_linux_image_parse(head, bytes, &image->header, why);
	return error || memcmp(head, "MZ", 2) ? error : check_length(s, why);
}

int image_inside(const struct image_source *s, struct image *image, const char **why)
{
	u8 head[IMAGE_HEAD_BYTES];
	int got = image_read_some(s, 0, head, sizeof(head));

	return got < 0 ? got : inside(s, head, (size_t)got, image, why);
}

static int zboot(const struct image_source *s, const u8 *head, struct image *image,
		 const char **why)
{
	u8 magic[DECODE_MAGIC_BYTES];
	int error;

	image->offset = load_le32(head + ZBOOT_OFFSET_AT);
	image->bytes = load_le32(head + ZBOOT_BYTES_AT);
	if (image->offset > s->bytes || image->bytes > s->bytes - image->offset)
		return refuse(why, "it is cut off: its packed kernel is not in the file");
	if (image->bytes < sizeof(magic))
		return refuse(why, "its packed kernel is empty");
	error = image_read(s, image->offset, magic, sizeof(magic));
	if (error)
		return error;
	image->packing = decode_recognise(magic, sizeof(magic));
	if (!image->packing)
		return refuse(why, "its kernel is packed in a way that is not known here");
	image->kind = IMAGE_PACKED;
	image->format = "EFI zboot image";
	return 0;
}

int image_identify(const struct image_source *s, struct image *image, const char **why)
{
	u8 head[IMAGE_HEAD_BYTES];
	int got = image_read_some(s, 0, head, sizeof(head));

	*why = NULL;
	*image = (struct image){ .bytes = s->bytes };
	if (got < 0)
		return got;
	if (!got)
		return refuse(why, "it is empty");
	if (is_zboot(head, (size_t)got))
		return zboot(s, head, image, why);
	image->packing = decode_recognise(head, (size_t)got);
	if (image->packing) {
		image->kind = IMAGE_PACKED;
		image->format = image->packing->name;
		return 0;
	}
	return inside(s, head, (size_t)got, image, why);
}
