/* SPDX-License-Identifier: BSD-2-Clause */
/* How fast a file is read into memory, and what that costs beyond its bytes. */
#include <inttypes.h>

#include "arch/arch.h"
#include "boot/bench.h"
#include "boot/files.h"
#include "boot/monitor/monitor.h"
#include "drivers/block.h"
#include "lib/console.h"
#include "lib/memory.h"
#include "lib/size.h"
#include "lib/time.h"

enum { PASSES = 3 };

static u64 since(u64 start)
{
	u64 now = time_us();

	return now > start ? now - start : 1;
}

static void print(const char *what, u64 bytes, u64 us, const struct block_counters *before,
		  const struct block_device *b)
{
	u64 requests = b->counters.requests - before->requests;
	u64 read = (b->counters.bytes - before->bytes) * 100 / bytes;

	console_print("  %s: %" PRIu64 " MB/s (%" PRIu64 " us), %" PRIu64 " requests, %" PRIu64
		      ".%02u bytes read for each\n", what, bytes / us, us, requests, read / 100,
		      (unsigned)(read % 100));
}

/* As a user waits for it: with mounting and looking for it; then the disk alone, as much of it. */
static int measure(const char *word, u8 *buffer, size_t room)
{
	char size[SIZE_TEXT_BYTES];

	for (unsigned pass = 0; pass < PASSES && !monitor_interrupted(); pass++) {
		struct block_counters before;
		struct block_device *b;
		struct filesystem *fs;
		const char *path;
		struct file f;
		u64 start = time_us();
		int error = files_begin(word, &fs, &path);

		if (error)
			return error;
		b = fs->volume.disk;
		before = b->counters;
		error = fs_open(fs, path, &f);
		if (!error && f.size > room)
			f.size = room;
		if (!error)
			error = file_read(&f, 0, buffer, f.size);
		if (error)
			files_complain(fs, path, error);
		error = files_end(fs, error);
		if (error)
			return error;
		if (!pass)
			console_print("%s, %s\n", word, size_text(f.size, size));
		print("file", f.size, since(start), &before, b);
		before = b->counters;
		start = time_us();
		error = block_read(b, 0, f.size / b->limits.block_size, buffer);
		if (error)
			return error;
		print("disk", f.size, since(start), &before, b);
	}
	return 0;
}

static int file_size(const char *word, u64 *bytes)
{
	struct filesystem *fs;
	const char *path;
	struct file f;
	int error = files_begin(word, &fs, &path);

	if (error)
		return error;
	error = fs_open(fs, path, &f);
	*bytes = error ? 0 : f.size;
	if (error)
		files_complain(fs, path, error);
	else if (!f.size)
		error = files_complain(fs, path, f.is_directory ? -EISDIR : -ERANGE);
	return files_end(fs, error);
}

static int run(int argc, char **argv)
{
	u64 bytes, most = memory_free() / 2;
	size_t pages;
	u8 *buffer;
	int error;

	if (argc != 2)
		return -EINVAL;
	error = file_size(argv[1], &bytes);
	if (error)
		return error;
	if (bytes > most)
		bytes = most;
	pages = (size_t)((bytes + ARCH_PAGE_BYTES - 1) / ARCH_PAGE_BYTES);
	buffer = memory_pages(pages, "bench");
	if (!buffer) {
		console_print("there is too little free memory\n");
		return -ENOMEM;
	}
	error = measure(argv[1], buffer, (size_t)bytes);
	memory_free_pages(buffer, pages);
	return error;
}

BENCH(fs) = {
	.name = "fs",
	.arguments = "<volume>:<path>",
	.summary = "reading a file into memory, and as much of the disk",
	.run = run,
};
