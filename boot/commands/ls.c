/* SPDX-License-Identifier: BSD-2-Clause */
/* ls, tree, stat, df: what there is. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "boot/files.h"
#include "boot/monitor/monitor.h"
#include "fs/partition.h"
#include "lib/console.h"
#include "lib/errors.h"
#include "lib/size.h"

enum { DEPTH_MAX = 64, PATH_BYTES = 1024 };

/* ---- Volumes ---- */

/* One line of what is on it, one of what the partition table says. */
static int print_volume(void *context, const struct volume *v, const struct partition *p)
{
	char why[FS_WHY_BYTES], size[SIZE_TEXT_BYTES];
	unsigned *number = context;
	struct filesystem *fs;

	console_print("%3u  %-12s", ++*number, v->name);
	if (p && p->problem) {
		console_print(" not used: it %s\n", p->problem);
	} else {
		console_print(" %10s  ", size_text(v->size, size));
		if (fs_mount(v, &fs, why)) {
			console_print("%s\n", why);
		} else {
			console_print("%s%s%s%s%s%s%s\n", fs->kind, fs->label[0] ? " LABEL=" : "",
				      fs->label, fs->uuid[0] ? " UUID=" : "", fs->uuid,
				      fs->why_read_only ? ", read-only: " : "",
				      fs->why_read_only ? fs->why_read_only : "");
			fs_unmount(fs);
		}
	}
	if (p)
		console_print("     %s%s%sPARTUUID=%s, type %s\n",
			      p->label[0] ? "PARTLABEL=" : "", p->label,
			      p->label[0] ? ", " : "", p->uuid, p->type);
	return monitor_interrupted();
}

static int list_volumes(void)
{
	unsigned count = 0;

	volumes_walk(print_volume, &count);
	if (!count)
		console_print("There are no disks; `explain` says what was found instead.\n");
	return 0;
}

/* ---- Directories ---- */

static void print_info(const struct file_info *info)
{
	char date[DATE_TEXT_BYTES];

	console_print("%s  ", date_text(info->modified, date));
	if (info->is_directory)
		console_print("%12s  %s/\n", "", info->name);
	else
		console_print("%12" PRIu64 "  %s%s\n", info->size, info->name,
			      info->read_only ? "  (read-only)" : "");
}

static int list(struct filesystem *fs, const char *path)
{
	struct directory d;
	struct file_info info;
	struct file f;
	int error = fs_open(fs, path, &f);

	if (error)
		return error;
	if (!f.is_directory) {
		info = (struct file_info){
			.size = f.size, .modified = f.modified, .read_only = f.read_only,
		};
		snprintf(info.name, sizeof(info.name), "%s", path);
		print_info(&info);
		return 0;
	}
	error = fs_open_directory(fs, path, &d);
	if (error)
		return error;
	while (!(error = directory_next(&d, &info)))
		if (monitor_interrupted())
			return -ECANCELED;
		else
			print_info(&info);
	return error == -ENOENT && !fs->why[0] ? 0 : error;
}

/* A path grows and shrinks on the way; each directory is looked for anew. */
static int walk(struct filesystem *fs, char *path, unsigned depth, struct file_info *info)
{
	size_t length = strlen(path);
	struct directory d;
	int error = fs_open_directory(fs, path, &d);

	if (error)
		return error;
	while (!(error = directory_next(&d, info))) {
		console_print("%*s%s%s\n", (int)depth * 4, "", info->name,
			      info->is_directory ? "/" : "");
		if (monitor_interrupted())
			return -ECANCELED;
		if (!info->is_directory)
			continue;
		if (depth == DEPTH_MAX || length + strlen(info->name) + 2 > PATH_BYTES) {
			console_print("%*s... too deep\n", (int)depth * 4 + 4, "");
			continue;
		}
		sprintf(path + length, "/%s", info->name);
		error = walk(fs, path, depth + 1, info);
		if (error == -ECANCELED)
			return error;
		if (error)
			files_complain(fs, path, error);
		path[length] = 0;
	}
	return error == -ENOENT && !fs->why[0] ? 0 : error;
}

static int list_all(struct filesystem *fs, const char *path)
{
	char buffer[PATH_BYTES];
	struct file_info info;

	snprintf(buffer, sizeof(buffer), "%s", path);
	return walk(fs, buffer, 0, &info);
}

/* ---- One file, one volume ---- */

static int describe(struct filesystem *fs, const char *path)
{
	struct piece pieces[16];
	char date[DATE_TEXT_BYTES];
	u64 at = 0, fragments = 0, part;
	struct file f;
	int error = fs_open(fs, path, &f);

	if (error)
		return error;
	console_print("%s, of %s%s\n", f.is_directory ? "directory" : "file",
		      date_text(f.modified, date), f.read_only ? ", read-only" : "");
	if (f.is_directory)
		return 0;
	for (; at < f.size; at += part) {
		size_t count = sizeof(pieces) / sizeof(pieces[0]);

		part = f.size - at;
		error = fs->type->pieces(&f, at, NULL, &part, pieces, &count);
		if (error)
			return error;
		if (!at)
			console_print("begins at byte %" PRIu64 " of the volume\n",
				      pieces[0].offset);
		fragments += count;
	}
	console_print("%" PRIu64 " bytes in about %" PRIu64 " pieces\n", f.size, fragments);
	return 0;
}

static int count_free(struct filesystem *fs, const char *path)
{
	char size[SIZE_TEXT_BYTES], unused[SIZE_TEXT_BYTES];
	struct space s;
	int error = fs_space(fs, &s);

	(void)path;
	if (!error)
		console_print("%-12s %s, %s of %s are free\n", fs->volume.name, fs->kind,
			      size_text(s.free_bytes, unused), size_text(s.bytes, size));
	return error;
}

/* ---- Commands ---- */

static int with_path(int argc, char **argv, int (*act)(struct filesystem *fs, const char *path))
{
	struct filesystem *fs;
	const char *path;
	int error;

	if (argc != 2)
		return -EINVAL;
	error = files_begin(argv[1], &fs, &path);
	if (error)
		return error == -EINVAL ? -ENOENT : error;
	error = act(fs, path);
	if (error && error != -ECANCELED)
		files_complain(fs, path, error);
	error = files_end(fs, error);
	return error == -EINVAL ? -EIO : error;
}

static int run_ls(int argc, char **argv)
{
	return argc == 1 ? list_volumes() : with_path(argc, argv, list);
}

static int run_tree(int argc, char **argv)
{
	return with_path(argc, argv, list_all);
}

static int run_stat(int argc, char **argv)
{
	return with_path(argc, argv, describe);
}

static int run_df(int argc, char **argv)
{
	return with_path(argc, argv, count_free);
}

COMMAND(ls) = {
	.name = "ls",
	.arguments = "[<volume>:[<path>]]",
	.summary = "list a directory, or the volumes",
	.details = "A volume is a name (virtio0p1), its number in the list, LABEL=x, UUID=x,\n"
		   "PARTLABEL=x or PARTUUID=x. Tab completes volumes and paths.",
	.run = run_ls,
	.complete = files_complete,
};

COMMAND(tree) = {
	.name = "tree",
	.arguments = "<volume>:[<path>]",
	.summary = "list a directory and those in it",
	.run = run_tree,
	.complete = files_complete,
};

COMMAND(stat) = {
	.name = "stat",
	.arguments = "<volume>:<path>",
	.summary = "about a file",
	.run = run_stat,
	.complete = files_complete,
};

COMMAND(df) = {
	.name = "df",
	.arguments = "<volume>",
	.summary = "count how much of a volume is free",
	.run = run_df,
	.complete = files_complete,
};
