/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disk images that other tools make, on simulated disks. Commands are lines for a shell, in which
 * $IMG is the image, $DIR a folder to put files into and $OUT one to get them out to; both are
 * removed in the end.
 */
#pragma once
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/host/sim.h"
#include "fs/fs.h"
#include "tests/sim/disk.h"
#include "tests/sim/fail.h"
#include "tests/sim/ram.h"

static char image_folder[64];

static inline void image_folder_begin(void)
{
	char path[96];

	strcpy(image_folder, "/tmp/plinth-fs-XXXXXX");
	assert_non_null(mkdtemp(image_folder));
	setenv("IMG", strcat(strcpy(path, image_folder), "/img"), 1);
	setenv("DIR", strcat(strcpy(path, image_folder), "/in"), 1);
	mkdir(path, 0777);
	setenv("OUT", strcat(strcpy(path, image_folder), "/out"), 1);
	mkdir(path, 0777);
	setenv("MTOOLS_SKIP_CHECK", "1", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
}

static inline void image_folder_end(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", image_folder);
	assert_int_equal(system(command), 0);
}

/* ---- What most tests begin and end with: a machine, the folder, and a disk ---- */

static struct sim_disk disk;

static inline int image_begin(void **state)
{
	(void)state;
	sim_reset();
	sim_ram(SIM_RAM_AT, 4 << 20);
	sim.failed = fail_test;
	image_folder_begin();
	return 0;
}

static inline int image_end(void **state)
{
	(void)state;
	sim_disk_end(&disk);
	image_folder_end();
	return 0;
}

#define IMAGE_TEST(function)	cmocka_unit_test_setup_teardown(function, image_begin, image_end)

/* ---- Images ---- */

__attribute__((format(printf, 1, 2)))
static inline void shell(const char *format, ...)
{
	char command[4096];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	if (system(command))
		fail_msg("failed: %s", command);
}

/* $IMG, as @disk. */
static inline void image_attach(struct sim_disk *disk, u32 block_size)
{
	int file = open(getenv("IMG"), O_RDONLY);
	off_t bytes = lseek(file, 0, SEEK_END);

	assert_true(file >= 0);
	sim_disk_init(disk, "sim0", block_size, (u64)bytes / block_size);
	for (off_t at = 0; at < bytes;) {
		off_t data = lseek(file, at, SEEK_DATA), hole;

		if (data < 0)
			break;
		hole = lseek(file, data, SEEK_HOLE);
		if (hole > bytes)
			hole = bytes;
		assert_int_equal(pread(file, disk->data + data, (size_t)(hole - data), data),
				 hole - data);
		at = hole;
	}
	close(file);
	assert_int_equal(block_register(&disk->block), 0);
}

/* Back to $IMG. */
static inline void image_save(const struct sim_disk *disk)
{
	FILE *file = fopen(getenv("IMG"), "r+b");
	size_t bytes = disk->block.limits.block_count * disk->block.limits.block_size;

	assert_non_null(file);
	assert_int_equal(fwrite(disk->data, 1, bytes, file), bytes);
	fclose(file);
}

/* A host file, whole. */
static inline u8 *host_file(const char *path, size_t *bytes)
{
	FILE *file = fopen(path, "rb");
	u8 *data;

	if (!file)
		fail_msg("%s cannot be opened", path);
	fseek(file, 0, SEEK_END);
	*bytes = (size_t)ftell(file);
	rewind(file);
	data = malloc(*bytes + 1);
	assert_int_equal(fread(data, 1, *bytes, file), *bytes);
	fclose(file);
	return data;
}

static inline struct filesystem *mount_whole(struct sim_disk *disk)
{
	char why[FS_WHY_BYTES];
	struct filesystem *fs = NULL;
	struct volume v;
	int error;

	volume_whole(&v, &disk->block);
	error = fs_mount(&v, &fs, why);
	if (error)
		fail_msg("mount: %d: %s", error, why);
	return fs;
}
