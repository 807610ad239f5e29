/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that change volumes. What is overwritten or removed is asked for before, or wants -f. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "boot/monitor/place.h"
#include "lib/command.h"
#include "lib/console.h"
#include "lib/errors.h"

/* Into a directory: under the name that it has. 1: something is there, 0: not yet. */
static int look_target(struct place *to, const char *from)
{
	struct file f;
	const char *name = strrchr(from, '/');
	int error = fs_open(to->fs, to->path, &f);

	if (!error && f.is_directory) {
		error = place_enter(to, name ? name + 1 : from);
		if (!error)
			error = fs_open(to->fs, to->path, &f);
	}
	return error == -ENOENT ? 0 : error ? error : 1;
}

/* 0: go on. */
static int may_replace(struct place *to, const char *from, bool force)
{
	int there = look_target(to, from);

	if (there <= 0)
		return there;
	return confirm(force, "%s:%s is there. Replace it?", to->fs->volume.name, to->path)
		? 0 : -ECANCELED;
}

static int read_all(struct place *from, void **data, size_t *size)
{
	struct file f;
	int error = fs_open(from->fs, from->path, &f);

	if (!error && f.is_directory)
		error = -EISDIR;
	if (error)
		return error;
	*size = (size_t)f.size;
	*data = malloc(*size + 1);
	return *data ? file_read(&f, 0, *data, *size) : -ENOMEM;
}

static int cp(int argc, char **argv)
{
	bool force = take_force(&argc, argv);
	struct place from, to;
	void *data = NULL;
	size_t size = 0;
	int error;

	if (argc != 3)
		return -EINVAL;
	error = place_open(&from, argv[1]);
	if (error)
		return error;
	error = place_close(&from, read_all(&from, &data, &size));
	if (!error)
		error = place_open(&to, argv[2]);
	if (!error) {
		error = may_replace(&to, from.path, force);
		if (!error)
			error = fs_replace(to.fs, to.path, data, size);
		error = place_close(&to, error);
	}
	free(data);
	return error;
}

COMMAND(cp_command) = {
	.name = "cp",
	.arguments = "<volume:/file> <volume:/file> [-f]",
	.summary = "copy a file",
	.details = "Into a directory if there is one of that name. Replacing asks, unless -f.\n"
		   "If the power fails, the file is the old one or the new one.",
	.run = cp,
};

/* On one volume: both names begin with the same one. */
static int mv(int argc, char **argv)
{
	bool force = take_force(&argc, argv);
	const char *colon;
	struct place from, to;
	struct file f;
	int error;

	if (argc != 3)
		return -EINVAL;
	colon = strchr(argv[1], ':');
	if (!colon || strncmp(argv[1], argv[2], (size_t)(colon - argv[1]) + 1)) {
		console_print("mv stays on one volume; there are cp and rm\n");
		return -EXDEV;
	}
	error = place_open(&to, argv[2]);
	if (error)
		return error;
	from = to;
	strncpy(from.path, colon + 1, sizeof(from.path) - 1);
	error = fs_open(from.fs, from.path, &f);
	if (error)
		return place_close(&from, error);
	error = may_replace(&to, from.path, force);
	return place_close(&from, error ? error : fs_rename(from.fs, from.path, to.path));
}

COMMAND(mv_command) = {
	.name = "mv",
	.arguments = "<volume:/path> <volume:/path> [-f]",
	.summary = "rename a file or directory, or move it on its volume",
	.details = "Into a directory if there is one of that name. Replacing asks, unless -f.",
	.run = mv,
};

static int rm(int argc, char **argv)
{
	bool force = take_force(&argc, argv);
	struct place p;
	struct file f;
	int error;

	if (argc != 2)
		return -EINVAL;
	error = place_open(&p, argv[1]);
	if (error)
		return error;
	error = fs_open(p.fs, p.path, &f);
	if (!error && !confirm(force, "Remove %s?", argv[1]))
		error = -ECANCELED;
	return place_close(&p, error ? error : fs_remove(p.fs, p.path));
}

COMMAND(rm_command) = {
	.name = "rm",
	.arguments = "<volume:/path> [-f]",
	.summary = "remove a file or an empty directory; asks, unless -f",
	.run = rm,
};

static int make_directory(int argc, char **argv)
{
	struct place p;
	int error = argc == 2 ? place_open(&p, argv[1]) : -EINVAL;

	return error ? error : place_close(&p, fs_make_directory(p.fs, p.path));
}

COMMAND(mkdir_command) = {
	.name = "mkdir",
	.arguments = "<volume:/path>",
	.summary = "make a directory",
	.run = make_directory,
};

static int label(int argc, char **argv)
{
	struct place p;
	int error = argc == 2 || argc == 3 ? place_open(&p, argv[1]) : -EINVAL;

	if (error)
		return error;
	if (argc == 3)
		error = fs_set_label(p.fs, argv[2]);
	else
		console_print("%s\n", p.fs->label);
	return place_close(&p, error);
}

COMMAND(label_command) = {
	.name = "label",
	.arguments = "<volume:> [text]",
	.summary = "show or set the label of a volume",
	.run = label,
};

/* ---- fsck ---- */

static void say(void *context, const char *line)
{
	(void)context;
	console_print("  %s\n", line);
}

static int check(struct place *p, bool force)
{
	struct fs_check c = { .say = say };
	int error = fs_check(p->fs, &c);

	if (error)
		return error;
	console_print("%s, %s: %" PRIu32 " files, %" PRIu32 " directories, ",
		      p->fs->volume.name, p->fs->kind, c.files, c.directories);
	if (c.damage) {
		console_print("%u problems that are not repaired here: copy what can be read, and "
			      "use another machine's tools. Nothing is written to it.\n", c.damage);
		return 0;
	}
	console_print(c.repairs ? "%u problems\n" : "in order\n", c.repairs);
	if (!c.repairs || !confirm(force, "Repair? Nothing is lost by it."))
		return 0;
	c = (struct fs_check){ .repair = true };
	error = fs_check(p->fs, &c);
	if (!error)
		console_print("Repaired.\n");
	return error;
}

static int fsck(int argc, char **argv)
{
	bool force = take_force(&argc, argv);
	struct place p;
	int error = argc == 2 ? place_open(&p, argv[1]) : -EINVAL;

	return error ? error : place_close(&p, check(&p, force));
}

COMMAND(fsck_command) = {
	.name = "fsck",
	.arguments = "<volume:> [-f]",
	.summary = "look for damage on a volume; repair what a power failure leaves",
	.details = "Repairs are asked for, unless -f.",
	.run = fsck,
};
