/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/monitor/place.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/console.h"
#include "lib/errors.h"

enum { ANSWER_US = 60 * 1000 * 1000, QUESTION_BYTES = 300 };

int place_open(struct place *p, const char *word)
{
	const char *colon = strchr(word, ':');
	char name[128], why[FS_WHY_BYTES] = "";
	struct volume v;
	int error;

	if (!colon || (size_t)(colon - word) >= sizeof(name) ||
	    strlen(colon + 1) >= sizeof(p->path)) {
		console_print("'%s' is not volume:/path\n", word);
		return -EINVAL;
	}
	memcpy(name, word, (size_t)(colon - word));
	name[colon - word] = 0;
	strcpy(p->path, colon + 1);
	error = volume_find(&v, name, why);
	if (!error)
		error = fs_mount(&v, &p->fs, why);
	if (error)
		console_print("%s: %s\n", name, why[0] ? why : error_text(error));
	return error;
}

int place_explain(const struct place *p, int error)
{
	char text[FS_EXPLAIN_BYTES];

	if (error)
		console_print("%s\n", fs_explain(p->fs, p->path, error, text));
	return error;
}

int place_close(struct place *p, int error)
{
	int own;

	place_explain(p, error);
	own = fs_unmount(p->fs);
	return error ? error : own;
}

int place_enter(struct place *p, const char *name)
{
	size_t length = strlen(p->path);

	while (length && p->path[length - 1] == '/')
		length--;
	if (length + 1 + strlen(name) >= sizeof(p->path))
		return -ENAMETOOLONG;
	p->path[length] = '/';
	strcpy(p->path + length + 1, name);
	return 0;
}

bool take_force(int *argc, char **argv)
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

bool confirm(bool force, const char *format, ...)
{
	char question[QUESTION_BYTES];
	va_list arguments;
	int key;

	if (force)
		return true;
	va_start(arguments, format);
	vsnprintf(question, sizeof(question), format, arguments);
	va_end(arguments);
	console_print("%s (y/n) ", question);
	key = console_wait(ANSWER_US);
	console_print("%s\n", key == 'y' ? "y" : "no");
	return key == 'y';
}
