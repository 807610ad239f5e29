/* SPDX-License-Identifier: BSD-2-Clause */
/* cat, hexdump, crc32, sha256: what is in a file. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "boot/files.h"
#include "boot/monitor/monitor.h"
#include "boot/monitor/words.h"
#include "boot/progress.h"
#include "lib/console.h"
#include "lib/crc32.h"
#include "lib/errors.h"
#include "lib/sha256.h"

enum { ROW_BYTES = 16 };

/* What is done with the bytes as they come; false: no more of them. */
struct consumer {
	bool (*add)(struct consumer *c, const u8 *data, size_t bytes);
	u64 offset;			/* of the next byte, in the file */
	u32 crc;
	struct sha256 sha;
};

static int consume(struct consumer *c, const char *word, u64 offset, u64 bytes, bool bar)
{
	struct filesystem *fs;
	struct file_stream *s;
	struct progress progress;
	struct file f;
	const char *path;
	const void *data;
	size_t part;
	int error = files_begin(word, &fs, &path);

	if (error)
		return error;
	error = fs_open(fs, path, &f);
	if (!error) {
		if (offset > f.size)
			offset = f.size;
		if (bytes > f.size - offset)
			bytes = f.size - offset;
		c->offset = offset;
		error = file_stream_open(&s, &f, offset, bytes);
	}
	if (error)
		return files_end(fs, files_complain(fs, path, error));
	progress_begin(&progress, path, bytes);
	while (!(error = file_stream_next(s, &data, &part)) && part) {
		if (!c->add(c, data, part) || (bar && !progress_add(&progress, part))) {
			error = -ECANCELED;
			break;
		}
		c->offset += part;
	}
	progress_end(&progress);
	file_stream_close(s);
	if (error && error != -ECANCELED)
		files_complain(fs, path, error);
	return files_end(fs, error);
}

/* -EINVAL is a reason to print the usage only where the words were wrong. */
static int result(int error)
{
	return error == -EINVAL ? -EIO : error;
}

/* ---- Text: what would be commands to a terminal is shown as dots ---- */

static bool add_text(struct consumer *c, const u8 *data, size_t bytes)
{
	char text[256];

	(void)c;
	while (bytes && !monitor_interrupted()) {
		size_t part = bytes < sizeof(text) ? bytes : sizeof(text);

		for (size_t i = 0; i < part; i++)
			text[i] = (data[i] < ' ' && data[i] != '\n' && data[i] != '\t' &&
				   data[i] != '\r') || data[i] == 0x7f ? '.' : (char)data[i];
		console_write(text, part);
		data += part;
		bytes -= part;
	}
	return !bytes;
}

static int run_cat(int argc, char **argv)
{
	struct consumer c = { .add = add_text };

	return argc == 2 ? result(consume(&c, argv[1], 0, UINT64_MAX, false)) : -EINVAL;
}

/* ---- Numbers ---- */

static bool add_rows(struct consumer *c, const u8 *data, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += ROW_BYTES) {
		size_t count = bytes - at < ROW_BYTES ? bytes - at : ROW_BYTES;
		char text[ROW_BYTES + 1] = "";

		console_print("%08" PRIx64 ":", c->offset + at);
		for (size_t i = 0; i < ROW_BYTES; i++)
			if (i < count) {
				u8 byte = data[at + i];

				console_print(" %02x", byte);
				text[i] = byte >= ' ' && byte <= '~' ? (char)byte : '.';
			} else {
				console_print("   ");
			}
		console_print("  %s\n", text);
		if (monitor_interrupted())
			return false;
	}
	return true;
}

static int run_hexdump(int argc, char **argv)
{
	struct consumer c = { .add = add_rows };
	u64 offset = 0, bytes = UINT64_MAX;

	if (argc < 2 || argc > 4 || (argc > 2 && number_parse_size(argv[2], &offset)) ||
	    (argc > 3 && number_parse_size(argv[3], &bytes)))
		return -EINVAL;
	return result(consume(&c, argv[1], offset, bytes, false));
}

/* ---- Sums ---- */

static bool add_crc(struct consumer *c, const u8 *data, size_t bytes)
{
	c->crc = crc32_add(c->crc, data, bytes);
	return true;
}

static int run_crc32(int argc, char **argv)
{
	struct consumer c = { .add = add_crc };
	int error;

	if (argc != 2)
		return -EINVAL;
	error = consume(&c, argv[1], 0, UINT64_MAX, true);
	if (!error)
		console_print("%08" PRIx32 "  %s\n", c.crc, argv[1]);
	return result(error);
}

static bool add_sha(struct consumer *c, const u8 *data, size_t bytes)
{
	sha256_add(&c->sha, data, bytes);
	return true;
}

static int run_sha256(int argc, char **argv)
{
	struct consumer c = { .add = add_sha };
	u8 digest[SHA256_BYTES];
	int error;

	if (argc != 2)
		return -EINVAL;
	sha256_begin(&c.sha);
	error = consume(&c, argv[1], 0, UINT64_MAX, true);
	if (error)
		return result(error);
	sha256_end(&c.sha, digest);
	for (unsigned i = 0; i < SHA256_BYTES; i++)
		console_print("%02x", digest[i]);
	console_print("  %s\n", argv[1]);
	return 0;
}

COMMAND(cat) = {
	.name = "cat",
	.arguments = "<volume>:<path>",
	.summary = "print a file",
	.run = run_cat,
	.complete = files_complete,
};

COMMAND(hexdump) = {
	.name = "hexdump",
	.arguments = "<volume>:<path> [offset [count]]",
	.summary = "print a file as numbers",
	.run = run_hexdump,
	.complete = files_complete,
};

COMMAND(crc32) = {
	.name = "crc32",
	.arguments = "<volume>:<path>",
	.summary = "checksum of a file",
	.run = run_crc32,
	.complete = files_complete,
};

COMMAND(sha256) = {
	.name = "sha256",
	.arguments = "<volume>:<path>",
	.summary = "SHA-256 of a file",
	.run = run_sha256,
	.complete = files_complete,
};
