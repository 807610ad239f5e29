/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that change volumes. What is overwritten or removed is asked for before, or wants -f. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "boot/files.h"
#include "boot/progress.h"
#include "lib/command.h"
#include "lib/console.h"
#include "lib/errors.h"

enum { PATH_BYTES = 512, ANSWER_US = 60 * 1000 * 1000 };

/* ---- Questions ---- */

/* Whether a word is -f, which is taken away. */
static bool take_force(int *argc, char **argv)
{
	bool found = false;
	int kept = 1;

	for (int i = 1; i < *argc; i++)
		if (!strcmp(argv[i], "-f"))
			found = true;
		else
			argv[kept++] = argv[i];
	*argc = kept;
	return found;
}

/* 0: @force, or the answer is y. */
static int confirm(bool force, const char *question, const char *path)
{
	int key;

	if (force)
		return 0;
	console_print("%s%s? (y/n) ", question, path);
	key = console_wait(ANSWER_US);
	console_print("%s\n", key == 'y' ? "y" : "no");
	return key == 'y' ? 0 : -ECANCELED;
}

/* What the user said himself is no error that he has to be told. */
static int end(struct filesystem *fs, const char *path, int error)
{
	if (error && error != -ECANCELED)
		files_complain(fs, path, error);
	return files_end(fs, error);
}

/* ---- cp, mv ---- */

/*
 * Where a file called as in @from goes: @path, or if that is a directory into it. What is there may
 * be replaced, or else that is the error.
 */
static int target(struct filesystem *fs, const char *path, const char *from, bool force,
		  char to[static PATH_BYTES])
{
	const char *name = strrchr(from, '/');
	struct file f;
	int error = fs_open(fs, path, &f), length;
	bool into = !error && f.is_directory;

	length = snprintf(to, PATH_BYTES, "%s%s%s", path, into ? "/" : "",
			  !into ? "" : name ? name + 1 : from);
	if (length >= PATH_BYTES)
		return -ENAMETOOLONG;
	if (into)
		error = fs_open(fs, to, &f);
	if (error)
		return error == -ENOENT ? 0 : error;
	return confirm(force, "Replace ", to);
}

/* The new contents: another file's, read ahead of the writing. */
struct copy {
	struct fs_source source;
	struct file_stream *stream;
	struct progress progress;
};

static int next_of_copy(struct fs_source *s, const void **data, size_t *bytes)
{
	struct copy *c = (struct copy *)s;
	int error = file_stream_next(c->stream, data, bytes);

	if (!error && !*bytes)
		error = -EIO;
	if (!error && !progress_add(&c->progress, *bytes))
		error = -ECANCELED;
	return error;
}

/* *of_source: the error is about @f. */
static int copy(struct file *f, struct filesystem *fs, const char *to, bool *of_source)
{
	struct copy c = { .source = { .bytes = f->size, .next = next_of_copy } };
	int error = file_stream_open(&c.stream, f, 0, f->size);

	*of_source = true;
	if (error)
		return error;
	progress_begin(&c.progress, to, f->size);
	error = fs_replace_from(fs, to, &c.source);
	progress_end(&c.progress);
	file_stream_close(c.stream);
	*of_source = c.source.error != 0;
	return error;
}

/* What is copied stays open: the volume may be the same, mounted twice. */
static int copy_into(const char *word, const char *from, struct file *f, bool force)
{
	char to[PATH_BYTES];
	struct filesystem *fs;
	bool of_source = false;
	const char *path;
	int error = files_begin(word, &fs, &path);

	if (error)
		return error;
	error = target(fs, path, from, force, to);
	if (!error)
		error = copy(f, fs, to, &of_source);
	if (of_source && error && error != -ECANCELED)
		files_complain(f->fs, from, error);
	return of_source ? files_end(fs, error) : end(fs, to, error);
}

static int cp(int argc, char **argv)
{
	bool force = take_force(&argc, argv);
	struct filesystem *fs;
	const char *from;
	struct file f;
	int error = argc == 3 ? files_begin(argv[1], &fs, &from) : -EINVAL;

	if (error)
		return error;
	error = fs_open(fs, from, &f);
	if (!error && f.is_directory)
		error = -EISDIR;
	return error ? end(fs, from, error) : files_end(fs, copy_into(argv[2], from, &f, force));
}

COMMAND(cp_command) = {
	.name = "cp",
	.arguments = "<volume:/file> <volume:/file> [-f]",
	.summary = "copy a file",
	.details = "Into a directory if there is one of that name. Replacing asks, unless -f.\n"
		   "If the power fails, the file is the old one or the new one.",
	.run = cp,
	.complete = files_complete,
};

static int mv(int argc, char **argv)
{
	bool force = take_force(&argc, argv);
	char to[PATH_BYTES];
	struct filesystem *fs;
	const char *path, *from;
	size_t volume;
	int error;

	if (argc != 3)
		return -EINVAL;
	volume = strcspn(argv[1], ":");
	if (!argv[1][volume] || strncmp(argv[1], argv[2], volume + 1)) {
		console_print("mv stays on one volume, by one name; there are cp and rm\n");
		return -EXDEV;
	}
	from = argv[1] + volume + 1;
	error = files_begin(argv[2], &fs, &path);
	if (error)
		return error;
	error = target(fs, path, from, force, to);
	return end(fs, from, error ? error : fs_rename(fs, from, to));
}

COMMAND(mv_command) = {
	.name = "mv",
	.arguments = "<volume:/path> <volume:/path> [-f]",
	.summary = "rename a file or directory, or move it on its volume",
	.details = "Into a directory if there is one of that name. Replacing asks, unless -f.",
	.run = mv,
	.complete = files_complete,
};

static int rm(int argc, char **argv)
{
	bool force = take_force(&argc, argv);
	struct filesystem *fs;
	const char *path;
	struct file f;
	int error = argc == 2 ? files_begin(argv[1], &fs, &path) : -EINVAL;

	if (error)
		return error;
	error = fs_open(fs, path, &f);
	if (!error)
		error = confirm(force, "Remove ", argv[1]);
	return end(fs, path, error ? error : fs_remove(fs, path));
}

COMMAND(rm_command) = {
	.name = "rm",
	.arguments = "<volume:/path> [-f]",
	.summary = "remove a file or an empty directory; asks, unless -f",
	.run = rm,
	.complete = files_complete,
};

static int make_directory(int argc, char **argv)
{
	struct filesystem *fs;
	const char *path;
	int error = argc == 2 ? files_begin(argv[1], &fs, &path) : -EINVAL;

	return error ? error : end(fs, path, fs_make_directory(fs, path));
}

COMMAND(mkdir_command) = {
	.name = "mkdir",
	.arguments = "<volume:/path>",
	.summary = "make a directory",
	.run = make_directory,
	.complete = files_complete,
};

static int label(int argc, char **argv)
{
	struct filesystem *fs;
	const char *path;
	int error = argc == 2 || argc == 3 ? files_begin(argv[1], &fs, &path) : -EINVAL;

	if (error)
		return error;
	if (argc == 3)
		error = fs_set_label(fs, argv[2]);
	else
		console_print("%s\n", fs->label);
	return end(fs, "", error);
}

COMMAND(label_command) = {
	.name = "label",
	.arguments = "<volume> [text]",
	.summary = "show or set the label of a volume",
	.run = label,
	.complete = files_complete,
};

/* ---- fsck ---- */

static void say(void *context, const char *line)
{
	progress_end(context);
	console_print("  %s\n", line);
}

static bool show(void *context, u64 done, u64 total)
{
	struct progress *p = context;

	p->total = total;
	return progress_add(p, done - p->done);
}

static int look(struct filesystem *fs, struct fs_check *c)
{
	struct progress p;
	int error;

	c->progress = show;
	c->context = &p;
	progress_begin(&p, fs->volume.name, 0);
	error = fs_check(fs, c);
	progress_end(&p);
	return error;
}

static int check(struct filesystem *fs, bool force)
{
	struct fs_check c = { .say = say };
	int error = look(fs, &c);

	if (error)
		return error;
	console_print("%s, %s: %" PRIu32 " files, %" PRIu32 " directories, ", fs->volume.name,
		      fs->kind, c.files, c.directories);
	if (c.damage) {
		console_print("%u problems that are not repaired here: copy what can be read, and "
			      "use another machine's tools. Nothing is written to it.\n", c.damage);
		return 0;
	}
	console_print(c.repairs ? "%u problems\n" : "in order\n", c.repairs);
	error = c.repairs ? confirm(force, "Nothing is lost by it: repair ", fs->volume.name) : 0;
	if (error || !c.repairs)
		return error;
	c = (struct fs_check){ .repair = true };
	error = look(fs, &c);
	if (!error)
		console_print("Repaired.\n");
	return error;
}

static int fsck(int argc, char **argv)
{
	bool force = take_force(&argc, argv);
	struct filesystem *fs;
	const char *path;
	int error = argc == 2 ? files_begin(argv[1], &fs, &path) : -EINVAL;

	return error ? error : end(fs, "", check(fs, force));
}

COMMAND(fsck_command) = {
	.name = "fsck",
	.arguments = "<volume> [-f]",
	.summary = "look for damage on a volume; repair what a power failure leaves",
	.details = "Repairs are asked for, unless -f.",
	.run = fsck,
	.complete = files_complete,
};
