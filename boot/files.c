/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/files.h"

#include <stdio.h>
#include <string.h>

#include "boot/monitor/line.h"
#include "fs/partition.h"
#include "lib/console.h"
#include "lib/errors.h"

/* ---- Paths ---- */

static int find(const char *word, struct volume *v, const char **path, char *why)
{
	const char *colon = strchr(word, ':');
	char name[FS_LABEL_BYTES];

	*path = colon ? colon + 1 : "";
	if (!colon)
		colon = word + strlen(word);
	if ((size_t)(colon - word) >= sizeof(name)) {
		snprintf(why, FS_WHY_BYTES, "no volume has so long a name");
		return -ENOENT;
	}
	memcpy(name, word, (size_t)(colon - word));
	name[colon - word] = 0;
	return volume_find(v, name, why);
}

int files_begin(const char *word, struct filesystem **fs, const char **path)
{
	char why[FS_WHY_BYTES];
	struct volume v;
	int error = find(word, &v, path, why);

	if (error) {
		console_print("%s: %s; `ls` lists the volumes, paths are volume:/path\n", word,
			      why[0] ? why : error_text(error));
		return error;
	}
	error = fs_mount(&v, fs, why);
	if (error)
		console_print("%s: %s\n", v.name, why[0] ? why : error_text(error));
	return error;
}

int files_end(struct filesystem *fs, int error)
{
	struct volume v = fs->volume;
	int end = fs_unmount(fs);

	if (end && !error)
		console_print("%s: %s\n", v.name, error_text(end));
	return error ? error : end;
}

int files_complain(const struct filesystem *fs, const char *path, int error)
{
	char text[FS_EXPLAIN_BYTES];

	console_print("%s\n", fs_explain(fs, path, error, text));
	return error;
}

const char *date_text(s64 seconds, char to[static DATE_TEXT_BYTES])
{
	/* Years begin in March, so that what is special is at their end; eras are 400 years. */
	u32 days = (u32)(seconds / 86400) + 719468, second = (u32)(seconds % 86400);
	u32 era = days / 146097, day = days % 146097;
	u32 year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	u32 month;

	day -= 365 * year + year / 4 - year / 100;
	month = (5 * day + 2) / 153;
	day -= (153 * month + 2) / 5;
	year += 400 * era + (month >= 10);
	snprintf(to, DATE_TEXT_BYTES, "%04u-%02u-%02u %02u:%02u", (unsigned)year,
		 (unsigned)(month < 10 ? month + 3 : month - 9), (unsigned)day + 1,
		 (unsigned)second / 3600, (unsigned)second / 60 % 60);
	return to;
}

/* ---- Completion ---- */

static int offer_volume(void *context, const struct volume *v, const struct partition *p)
{
	char name[sizeof(v->name) + 2];

	if (!p || !p->problem) {
		snprintf(name, sizeof(name), "%s:/", v->name);
		line_offer(context, name, 0);
	}
	return 0;
}

static void offer_names(struct line_completion *c, const char *folder)
{
	char why[FS_WHY_BYTES], name[2 * FS_NAME_BYTES], *to;
	struct filesystem *fs;
	struct file_info info;
	struct directory d;
	struct volume v;
	const char *path;

	if (find(folder, &v, &path, why) || fs_mount(&v, &fs, why))
		return;
	if (!fs_open_directory(fs, path, &d))
		while (!directory_next(&d, &info)) {
			to = name;
			for (const char *from = info.name; *from; from++) {
				if (strchr(" \t\\\"'#", *from))
					*to++ = '\\';
				*to++ = *from;
			}
			*to = 0;
			line_offer(c, name, info.is_directory ? '/' : ' ');
		}
	fs_unmount(fs);
}

/* The last word, taken out of its backslashes, up to its last '/'. */
void files_complete(struct line_completion *c, size_t from)
{
	char folder[LINE_BYTES];
	size_t length = 0, end = 0;

	c->word = from;
	for (size_t i = from; c->line[i]; i++) {
		if (c->line[i] == ' ') {
			c->word = i + 1;
			length = end = 0;
			continue;
		}
		if (c->line[i] == '\\' && c->line[i + 1])
			i++;
		folder[length++] = c->line[i];
		if (c->line[i] == '/') {
			end = length;
			c->word = i + 1;
		}
	}
	folder[end] = 0;
	if (end)
		offer_names(c, folder);
	else
		volumes_walk(offer_volume, c);
}
