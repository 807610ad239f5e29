/* SPDX-License-Identifier: BSD-2-Clause */
/* Volumes that mkfs.fat and mtools made, read: files, directories, names, sizes. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <dirent.h>
#include "lib/errors.h"
#include "tests/fs/image.h"

/* ---- A folder of the host and a directory, compared: names, sizes, contents ---- */

static void compare_file(struct filesystem *fs, const char *host, const char *path)
{
	char text[FS_EXPLAIN_BYTES];
	struct file f;
	size_t bytes;
	u8 *wanted = host_file(host, &bytes), *data = malloc(bytes + 1);
	int error = fs_open(fs, path, &f);

	if (error)
		fail_msg("%s", fs_explain(fs, path, error, text));
	assert_false(f.is_directory);
	assert_int_equal(f.size, bytes);
	error = file_read(&f, 0, data, bytes);
	if (error)
		fail_msg("%s", fs_explain(fs, path, error, text));
	assert_memory_equal(data, wanted, bytes);
	for (unsigned i = 0; bytes && i < 8; i++) { /* parts */
		size_t from = (size_t)rand() % bytes, count = (size_t)rand() % (bytes - from + 1);

		memset(data, 0xaa, bytes);
		assert_int_equal(file_read(&f, from, data, count), 0);
		assert_memory_equal(data, wanted + from, count);
		assert_true(count == bytes || data[count] == 0xaa);
	}
	assert_int_equal(file_read(&f, bytes, data, 1), -ERANGE);
	free(data);
	free(wanted);
}

static unsigned compare_folder(struct filesystem *fs, const char *host, const char *path)
{
	DIR *folder = opendir(host);
	struct file_info info;
	struct directory d;
	struct dirent *e;
	unsigned host_count = 0, count = 0;
	int error;

	assert_non_null(folder);
	while ((e = readdir(folder))) {
		char host_path[600], fs_path[600];

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(host_path, sizeof(host_path), "%s/%s", host, e->d_name);
		snprintf(fs_path, sizeof(fs_path), "%s/%s", path, e->d_name);
		if (e->d_type == DT_DIR)
			compare_folder(fs, host_path, fs_path);
		else
			compare_file(fs, host_path, fs_path);
		host_count++;
	}
	closedir(folder);
	assert_int_equal(fs_open_directory(fs, path, &d), 0);
	while (!(error = directory_next(&d, &info))) {
		char host_path[1200];
		struct stat s;

		snprintf(host_path, sizeof(host_path), "%s/%s", host, info.name);
		if (stat(host_path, &s))
			fail_msg("'%s' is none of %s", info.name, host);
		assert_int_equal(info.is_directory, S_ISDIR(s.st_mode));
		assert_true(info.is_directory || info.size == (u64)s.st_size);
		count++;
	}
	assert_int_equal(error, -ENOENT);
	assert_int_equal(count, host_count);
	return count;
}

/* ---- Every geometry ---- */

static const char fill[] =
	"cd $DIR && mkdir -p sub/deeper/deepest 'a folder with a long name' && "
	"printf x >one && : >empty && head -c 511 /dev/urandom >f511 && "
	"head -c 512 /dev/urandom >F512.BIN && head -c 70000 /dev/urandom >sub/f70000.bin && "
	"head -c 12345 /dev/urandom >'sub/deeper/A name that is longer than 13.text' && "
	"head -c 1 /dev/urandom >sub/deeper/deepest/Ä_ö_ß_Ω_я_日本.txt && "
	"for i in $(seq 40); do echo $i >\"a folder with a long name/number $i of many\"; done && "
	"mcopy -s -i $IMG one empty f511 F512.BIN sub 'a folder with a long name' ::/";

static const struct {
	const char *kind, *mkfs;
	unsigned kib;
	u32 block_size;
} geometries[] = {
	{ "FAT12", "-F 12", 1440, 512 },
	{ "FAT12", "-F 12 -s 1 -f 1 -r 32", 700, 512 },
	{ "FAT12", "-F 12 -s 8 -R 5 -f 3 -r 1024", 8000, 512 },
	{ "FAT16", "-F 16 -s 1", 8191, 512 },
	{ "FAT16", "-F 16 -s 4 -r 2048 -a", 20001, 512 },
	{ "FAT16", "-F 16 -s 128", 400000, 512 },
	{ "FAT16", "-F 16 -S 4096", 100000, 4096 },
	{ "FAT16", "-F 16 -S 2048 -s 2", 60000, 512 },
	{ "FAT32", "-F 32 -s 1", 40000, 512 },
	{ "FAT32", "-F 32 -s 8", 300000, 512 },
	{ "FAT32", "-F 32 -s 1 -R 9 -f 1 -b 4", 70001, 512 },
	{ "FAT32", "-F 32 -S 4096", 300000, 4096 },
	{ "FAT32", "-F 32 -S 1024 -s 1", 80000, 512 },
	{ "FAT32", "-F 32 -s 128", 5000000, 512 },
	{ "FAT32", "-F 32 -s 1", 40000, 4096 },		/* sectors smaller than blocks */
};

static u64 free_as_mtools_says(void)
{
	FILE *f = popen("mdir -i $IMG ::/ | grep 'bytes free' | tr -cd 0-9", "r");
	unsigned long long bytes = 0;

	assert_int_equal(fscanf(f, "%llu", &bytes), 1);
	pclose(f);
	return bytes;
}

static void every_geometry(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(geometries) / sizeof(geometries[0]); i++) {
		struct filesystem *fs;
		struct space space;

		print_message("%s\n", geometries[i].mkfs);
		shell("rm -rf $IMG $DIR/* && truncate -s %uK $IMG && "
		      "mkfs.fat %s -i 1234abcd -n 'A LABEL' $IMG >/dev/null", geometries[i].kib,
		      geometries[i].mkfs);
		shell("%s", fill);
		image_attach(&disk, geometries[i].block_size);
		fs = mount_whole(&disk);
		assert_string_equal(fs->kind, geometries[i].kind);
		assert_string_equal(fs->label, "A LABEL");
		assert_string_equal(fs->uuid, "1234-ABCD");
		assert_int_equal(compare_folder(fs, getenv("DIR"), ""), 6);
		assert_int_equal(fs_space(fs, &space), 0);
		assert_int_equal(space.free_bytes, free_as_mtools_says());
		assert_int_equal(fs_unmount(fs), 0);
		sim_disk_end(&disk);
	}
}

/* Directories of many clusters; files of many levels of them. */
static void large_directories(void **state)
{
	struct filesystem *fs;
	struct file f;

	(void)state;
	shell("truncate -s 40M $IMG && mkfs.fat -F 32 -s 1 $IMG >/dev/null && cd $DIR && "
	      "mkdir many && "
	      "for i in $(seq 300); do echo $i >\"many/a rather long name of number $i\"; done && "
	      "mkdir -p 1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16 && "
	      "echo deep >1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/file && "
	      "mcopy -s -i $IMG many 1 ::/");
	image_attach(&disk, 512);
	fs = mount_whole(&disk);
	assert_int_equal(compare_folder(fs, getenv("DIR"), ""), 2);
	assert_int_equal(fs_open(fs, "1/2/../2/3/../../../many/A RATHER LONG NAME OF NUMBER 7",
				 &f), 0);
	assert_int_equal(fs_open(fs, "/1/2/4", &f), -ENOENT);
	assert_int_equal(fs_open(fs, "/1/20/4", &f), -ENOENT);
	fs_unmount(fs);
}

static void formats_of_mtools(void **state)
{
	static const char *const formats[] = {
		"-f 160", "-f 320", "-f 360", "-f 720", "-f 1200", "-f 1440", "-f 2880",
		"-t 100 -h 16 -s 63", "-F -t 160 -h 16 -s 63 -c 1", "-t 500 -h 16 -s 63 -S 3",
	};

	(void)state;
	shell("cd $DIR && head -c 30000 /dev/urandom >'Some file' && echo two >two");
	for (unsigned i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct filesystem *fs;

		print_message("%s\n", formats[i]);
		shell("rm -f $IMG; mformat -C -v M -i $IMG %s :: && cd $DIR && "
		      "mcopy -i $IMG 'Some file' two ::/", formats[i]);
		image_attach(&disk, 512);
		fs = mount_whole(&disk);
		assert_string_equal(fs->label, "M");
		assert_int_equal(compare_folder(fs, getenv("DIR"), ""), 2);
		fs_unmount(fs);
		sim_disk_end(&disk);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IMAGE_TEST(every_geometry),
		IMAGE_TEST(large_directories),
		IMAGE_TEST(formats_of_mtools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
