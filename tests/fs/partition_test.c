/* SPDX-License-Identifier: BSD-2-Clause */
/* Partition tables that sgdisk and sfdisk wrote, and what is left of them when they are damaged. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "fs/partition.h"
#include "lib/crc32.h"
#include "lib/endian.h"
#include "lib/errors.h"
#include "tests/fs/image.h"

enum { MIB = 1 << 20 };

static struct partitions t;

__attribute__((format(printf, 2, 3)))
static void make(u32 block_size, const char *format, ...)
{
	char command[2048];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	shell("rm -f $IMG; truncate -s 64M $IMG");
	shell("%s", command);
	image_attach(&disk, block_size);
}

/* "1:1048576+2097152 2!..." : index, place, and ! for what is refused. */
static void expect(const char *scheme, const char *list, const char *note)
{
	char text[4096] = "";

	assert_int_equal(partitions_read(&t, &disk.block), 0);
	for (unsigned i = 0; i < t.count; i++) {
		struct partition *p = &t.list[i];

		if (p->problem)
			sprintf(text + strlen(text), " %u!%s", p->index, p->problem);
		else
			sprintf(text + strlen(text), " %u%s%u+%u", p->index,
				p->container ? "x" : ":", (unsigned)(p->start / 512),
				(unsigned)(p->size / 512));
	}
	assert_string_equal(t.scheme, scheme);
	assert_string_equal(text[0] ? text + 1 : text, list);
	if (note ? !strstr(t.note, note) : t.note[0] != 0)
		fail_msg("note: '%s', not '%s'", t.note, note ? note : "");
	partitions_free(&t);
}

static const char sgdisk[] =
	"sgdisk -a 8 -n 1:2048:+4M -c 1:'EFI ä part' -t 1:ef00 -n 3:+0:+2M -c 3:root "
	"-u 3:00112233-4455-6677-8899-AABBCCDDEEFF $IMG >/dev/null";
static const char two[] = "1:2048+8192 3:10240+4096";

static void gpt(void **state)
{
	struct volume v;
	char why[FS_WHY_BYTES];

	(void)state;
	make(512, "%s", sgdisk);
	expect("GPT", two, NULL);
	assert_int_equal(partitions_read(&t, &disk.block), 0);
	assert_string_equal(t.list[0].type, "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
	assert_string_equal(t.list[0].label, "EFI ä part");
	assert_string_equal(t.list[1].uuid, "00112233-4455-6677-8899-aabbccddeeff");
	partitions_free(&t);
	assert_int_equal(volume_find(&v, "sim0p3", why), 0);
	assert_string_equal(v.name, "sim0p3");
	assert_int_equal(v.start, 5 * MIB);
	assert_int_equal(v.size, 2 * MIB);
	assert_int_equal(volume_find(&v, "PARTUUID=00112233-4455-6677-8899-AABBCCDDEEFF", why), 0);
	assert_int_equal(v.start, 5 * MIB);
	assert_int_equal(volume_find(&v, "PARTLABEL=root", why), 0);
	assert_int_equal(v.start, 5 * MIB);
	assert_int_equal(volume_find(&v, "1", why), 0);
	assert_int_equal(v.start, 1 * MIB);
	assert_int_equal(volume_find(&v, "2", why), 0);
	assert_int_equal(v.start, 5 * MIB);
	assert_int_equal(volume_find(&v, "sim0", why), 0);
	assert_int_equal(v.size, 64 * MIB);
	assert_int_equal(volume_find(&v, "3", why), -ENOENT);
	assert_int_equal(volume_find(&v, "sim0p2", why), -ENOENT);
	assert_int_equal(volume_find(&v, "LABEL=", why), -ENOENT);
	assert_int_equal(volume_find(&v, "UUID=1234-5678", why), -ENOENT);
}

static void gpt_of_4096(void **state)
{
	(void)state;
	/* sgdisk knows only files of 512: fdisk writes it. */
	make(4096, "printf 'label: gpt\\nsize=1024, name=one\\nsize=1024\\n' | "
	     "sfdisk -q --sector-size 4096 $IMG 2>/dev/null || "
	     "printf 'g\\nn\\n1\\n256\\n+1023\\nn\\n2\\n1280\\n+1023\\nw\\n' | "
	     "fdisk -b 4096 $IMG >/dev/null");
	expect("GPT", "1:2048+8192 2:10240+8192", NULL);
}

static void gpt_with_many(void **state)
{
	(void)state;
	make(512, "sgdisk --resize-table=200 $IMG >/dev/null; "
	     "for i in $(seq 150); do set -- \"$@\" -n $i:+0:+128K; done; "
	     "sgdisk -a 1 \"$@\" $IMG >/dev/null");
	assert_int_equal(partitions_read(&t, &disk.block), 0);
	assert_int_equal(t.count, 150);
	for (unsigned i = 0; i < 150; i++) {
		assert_int_equal(t.list[i].index, i + 1);
		assert_int_equal(t.list[i].size, 128 << 10);
		assert_null(t.list[i].problem);
	}
	partitions_free(&t);
}

static void gpt_damaged(void **state)
{
	u64 last = 64 * MIB - 512;

	(void)state;
	make(512, "%s", sgdisk);
	disk.data[512 + 60] ^= 1;
	expect("GPT", two, "the GPT has a wrong checksum: its backup is used");
	disk.data[512 + 60] ^= 1;
	disk.data[1024 + 5] ^= 1;
	expect("GPT", two, "the GPT has entries with a wrong checksum: its backup is used");
	memset(disk.data + 512, 0, 512);
	expect("GPT", two, "the GPT is not there: its backup is used");
	disk.data[last + 16] ^= 1;
	assert_int_equal(partitions_read(&t, &disk.block), -EIO);
	assert_string_equal(t.note, "the GPT is not there, its backup has a wrong checksum");
	partitions_free(&t);
	/* Without its MBR a whole one is believed. */
	disk.data[last + 16] ^= 1;
	sim_disk_end(&disk);
	make(512, "%s", sgdisk);
	memset(disk.data, 0, 512);
	expect("GPT", two, NULL);
	memcpy(disk.data + 512, disk.data + last, 512);
	expect("none", "", NULL);
}

/* The table changed, its checksums made right again. */
static void change(unsigned entry, unsigned at, u64 value)
{
	u8 *header = disk.data + 512, *entries = disk.data + 1024;

	store_le64(entries + 128 * (entry - 1) + at, value);
	store_le32(header + 88, crc32_add(0, entries, 128 * 128));
	store_le32(header + 16, 0);
	store_le32(header + 16, crc32_add(0, header, 92));
}

/* Nothing is read from it, whatever looks at all volumes. */
static int problems_are_empty(void *context, const struct volume *v, const struct partition *p)
{
	(void)context;
	assert_true(p && (p->problem ? !v->size : v->size > 0));
	return 0;
}

static void gpt_lies(void **state)
{
	struct volume v;
	char why[FS_WHY_BYTES];

	(void)state;
	make(512, "%s", sgdisk);
	change(3, 32, 10239);
	expect("GPT", "1!overlaps another partition 3!overlaps another partition", NULL);
	assert_int_equal(volume_find(&v, "sim0p1", why), -EINVAL);
	assert_string_equal(why, "the partition overlaps another partition");
	assert_int_equal(volumes_walk(problems_are_empty, NULL), 0);
	change(3, 32, 10240);
	change(3, 40, 131072);
	expect("GPT", "1:2048+8192 3!reaches beyond the end of the disk", NULL);
	change(3, 40, UINT64_MAX);
	expect("GPT", "1:2048+8192 3!reaches beyond the end of the disk", NULL);
	change(3, 40, 10239);
	expect("GPT", "1:2048+8192 3!has no blocks", NULL);
	change(3, 40, 131071);
	expect("GPT", "1:2048+8192 3!lies outside of what the GPT has for partitions", NULL);
	change(3, 40, 14335);
	change(1, 32, 0);
	expect("GPT", "1!begins where the partition table is 3:10240+4096", NULL);
	change(1, 32, 3);
	expect("GPT", "1!lies outside of what the GPT has for partitions 3:10240+4096", NULL);
}

static void gpt_headers_that_lie(void **state)
{
	static const struct {
		unsigned at;
		u32 value;
		const char *words;
	} lies[] = {
		{ 12, 91, "has a wrong size" }, { 12, 513, "has a wrong size" },
		{ 24, 2, "says that it is elsewhere" }, { 84, 64, "has entries of a wrong size" },
		{ 84, 129, "has entries of a wrong size" }, { 80, 1 << 24, "of a wrong size" },
		{ 72, 1 << 30, "has its entries beyond the disk" }, { 80, 127, "wrong checksum" },
	};

	(void)state;
	make(512, "%s", sgdisk);
	for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		u8 *header = disk.data + 512, saved[512];
		u32 bytes;

		memcpy(saved, header, 512);
		store_le32(header + lies[i].at, lies[i].value);
		bytes = load_le32(header + 12);
		store_le32(header + 16, 0);
		store_le32(header + 16, crc32_add(0, header, bytes > 512 ? 512 : bytes));
		expect("GPT", two, lies[i].words);
		memcpy(header, saved, 512);
	}
}

static void hybrid(void **state)
{
	(void)state;
	make(512, "%s && sgdisk -h 3 $IMG >/dev/null", sgdisk);
	expect("GPT", two, "the MBR has partitions of its own, which do not count");
}

static const char sfdisk[] =
	"printf 'label: dos\\nlabel-id: 0xdeadbeef\\n2048,2048,c,*\\n4096,16384,5\\n"
	",,83\\n\\n6144,2048,83\\n10240,2048,e\\n' | sfdisk -q $IMG";

static void mbr(void **state)
{
	struct volume v;
	char why[FS_WHY_BYTES];

	(void)state;
	make(512, "%s", sfdisk);
	expect("MBR", "1:2048+2048 2x4096+16384 3:20480+110592 5:6144+2048 6:10240+2048", NULL);
	assert_int_equal(volume_find(&v, "PARTUUID=deadbeef-06", why), 0);
	assert_int_equal(v.start, 5 * MIB);
	assert_string_equal(v.name, "sim0p6");
	assert_int_equal(volume_find(&v, "sim0p2", why), -ENOENT);
	assert_int_equal(volume_find(&v, "4", why), 0);
	assert_int_equal(v.start, 5 * MIB);
}

/* Entry @i of the table in block @lba. */
static u8 *mbr_entry(u64 lba, unsigned i)
{
	return disk.data + lba * 512 + 446 + 16 * i;
}

static void mbr_lies(void **state)
{
	u64 list = 4096, next;

	(void)state;
	make(512, "%s", sfdisk);
	next = list + load_le32(mbr_entry(list, 1) + 8);
	store_le32(mbr_entry(next, 1) + 8, 0);		/* back to the first of the list */
	mbr_entry(next, 1)[4] = 5;
	store_le32(mbr_entry(next, 1) + 12, 1);
	expect("MBR", "1:2048+2048 2x4096+16384 3:20480+110592 5:6144+2048 6:10240+2048",
	       "the list of logical partitions loops at block 4096");
	store_le32(mbr_entry(next, 1) + 8, 16384);
	expect("MBR", "1:2048+2048 2x4096+16384 3:20480+110592 5:6144+2048 6:10240+2048",
	       "the list of logical partitions leaves the extended partition at block 20480");
	store_le32(mbr_entry(next, 1) + 8, 100);
	expect("MBR", "1:2048+2048 2x4096+16384 3:20480+110592 5:6144+2048 6:10240+2048",
	       "block 4196 has no list");
	mbr_entry(next, 1)[4] = 0;
	store_le32(mbr_entry(next, 0) + 12, 16384);
	expect("MBR", "1:2048+2048 2x4096+16384 3:20480+110592 5:6144+2048 "
	       "6!reaches beyond the extended partition", NULL);
	store_le32(mbr_entry(0, 2) + 12, 110593);
	store_le32(mbr_entry(0, 0) + 12, 2049);
	expect("MBR", "1!overlaps another partition 2!overlaps another partition "
	       "3!reaches beyond the end of the disk 5:6144+2048 "
	       "6!reaches beyond the extended partition", NULL);
	store_le32(mbr_entry(0, 0) + 12, 0);
	store_le32(mbr_entry(0, 2) + 8, 0);
	store_le32(mbr_entry(0, 2) + 12, 1);
	expect("MBR", "1!has no blocks 2x4096+16384 3!begins where the partition table is "
	       "5:6144+2048 6!reaches beyond the extended partition", NULL);
}

/* A filesystem on all of a disk, with and without what looks like an MBR in it. */
static void bare(void **state)
{
	struct volume v;
	char why[FS_WHY_BYTES];

	(void)state;
	make(512, "mkfs.fat -F 32 -n BARE -i 12345678 $IMG >/dev/null");
	expect("none", "", NULL);
	assert_int_equal(volume_find(&v, "LABEL=bare", why), 0);
	assert_string_equal(v.name, "sim0");
	assert_int_equal(volume_find(&v, "UUID=1234-5678", why), 0);
	assert_int_equal(volume_find(&v, "1", why), 0);
	assert_string_equal(v.name, "sim0");
	memset(disk.data + 446, 0xee, 64);
	expect("none", "", NULL);
	sim_disk_end(&disk);
	make(512, "mkfs.fat --mbr=yes -F 32 $IMG >/dev/null");
	expect("none", "", NULL);
	sim_disk_end(&disk);
	make(512, ":");
	expect("none", "", NULL);
	memset(disk.data, 'x', 510);
	disk.data[510] = 0x55;
	disk.data[511] = 0xaa;
	expect("none", "", NULL);
}

/* Two with one label: neither is guessed. */
static void ambiguous(void **state)
{
	struct volume v;
	char why[FS_WHY_BYTES];

	(void)state;
	make(512, "sgdisk -n 1:0:+10M -n 2:0:+10M $IMG >/dev/null && "
	     "mkfs.fat -n SAME --offset 2048 $IMG 10240 >/dev/null && "
	     "mkfs.fat -n SAME -i 11112222 --offset 22528 $IMG 10240 >/dev/null");
	assert_int_equal(volume_find(&v, "LABEL=SAME", why), -EINVAL);
	assert_string_equal(why, "2 volumes are called so: use their UUIDs");
	assert_int_equal(volume_find(&v, "UUID=1111-2222", why), 0);
	assert_string_equal(v.name, "sim0p2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IMAGE_TEST(gpt),
		IMAGE_TEST(gpt_of_4096),
		IMAGE_TEST(gpt_with_many),
		IMAGE_TEST(gpt_damaged),
		IMAGE_TEST(gpt_lies),
		IMAGE_TEST(gpt_headers_that_lie),
		IMAGE_TEST(hybrid),
		IMAGE_TEST(mbr),
		IMAGE_TEST(mbr_lies),
		IMAGE_TEST(bare),
		IMAGE_TEST(ambiguous),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
