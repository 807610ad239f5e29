/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a configuration, a UKI, an ELF file or a kernel: entries, or a reason in words. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "arch/aarch64/linux_image.h"
#include "arch/host/sim.h"
#include "arch/riscv64/linux_image.h"
#include "boot/entries/scan.h"
#include "boot/image/image.h"
#include "boot/image/pe.h"
#include "lib/errors.h"

struct bytes {
	const u8 *data;
	size_t bytes;
};

static int read_bytes(void *context, u64 offset, void *to, size_t bytes)
{
	const struct bytes *b = context;

	assert(offset <= b->bytes && bytes <= b->bytes - offset);
	memcpy(to, b->data + offset, bytes);
	return 0;
}

static int parse_aarch64(const void *header, size_t bytes, struct arch_linux_image *image,
			 const char **reason)
{
	unsigned page_kib;

	return aarch64_image_parse(header, bytes, image, &page_kib, reason);
}

static void images(const u8 *data, size_t bytes)
{
	struct bytes b = { data, bytes };
	struct image_source s = { read_bytes, &b, bytes };
	static struct pe pe;
	struct image image;
	const char *why;
	struct elf elf;
	int error;

	error = image_identify(&s, &image, &why);
	assert(!error || why);
	assert(error || (image.offset <= bytes && image.bytes <= bytes - image.offset));
	assert(error || image.kind == IMAGE_PACKED || !image_inside(&s, &image, &why));
	error = elf_read(&s, &elf, &why);
	assert(!error || why);
	for (unsigned i = 0; !error && i < elf.count; i++)
		assert(elf.segments[i].file_bytes <= bytes);
	error = pe_read(&s, &pe, &why);
	assert(!error || why);
	for (unsigned i = 0; !error && i < pe.count; i++)
		assert(!pe.sections[i].bytes || pe.sections[i].offset + pe.sections[i].bytes <=
		       bytes);
}

static void configuration(u8 which, const u8 *data, size_t bytes)
{
	static struct filesystem fs = { .volume.name = "fuzz" };
	static struct boot_entries all;
	struct boot_scan s = { .all = &all, .fs = &fs, .format = "fuzz", .source = "/fuzz" };
	char *text = malloc(bytes + 1);

	boot_forget(&all);
	memcpy(text, data, bytes);
	text[bytes] = '\0';
	switch (which % 3) {
	case 0:
		extlinux_parse(&s, text, "/extlinux");
		break;
	case 1:
		bls_parse(&s, text, "fuzz+3-1.conf");
		break;
	default:
		loader_conf_parse(&s, text);
	}
	for (const struct boot_entry *e = all.first; e; e = e->next)
		assert(e->kernel || e->reason);
	if (s.preferred)
		pattern_matches(s.preferred, "debian-6.12");
	free(s.preferred);
	free(text);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	if (!bytes)
		return 0;
	sim.linux_parse = data[0] & 4 ? parse_aarch64 : riscv64_image_parse;
	if (data[0] % 4 == 3)
		images(data + 1, bytes - 1);
	else
		configuration(data[0] % 4, data + 1, bytes - 1);
	return 0;
}
