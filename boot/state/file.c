/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "boot/state/state.h"
#include "lib/errors.h"
#include "lib/log.h"

static const char folder[] = "/plinth", *const paths[] = { "/plinth/state.0", "/plinth/state.1" };

/* -ENOENT: it is not there; other errors: it is of no use. */
static int read(struct filesystem *fs, unsigned which, struct boot_state *s)
{
	char bytes[STATE_BYTES];
	struct file f;
	int error = fs_open(fs, paths[which], &f);

	if (!error)
		error = file_read(&f, 0, bytes, sizeof(bytes));
	return error ? error : state_parse(s, bytes) ? 0 : -EILSEQ;
}

const char *state_read(struct boot_state *s, struct filesystem *fs)
{
	struct boot_state each[2];
	bool good[2];
	int error[2];

	for (unsigned i = 0; i < 2; i++) {
		error[i] = read(fs, i, &each[i]);
		if (error[i] == -ENOTDIR)
			error[i] = -ENOENT;
		good[i] = !error[i];
	}
	if (error[0] == -ENOENT && error[1] == -ENOENT)
		return NULL;
	*s = (struct boot_state){ .newer = 1 };
	for (unsigned i = 0; i < 2; i++)
		if (good[i] && (i == 0 || !good[0] || each[1].sequence > each[0].sequence)) {
			*s = each[i];
			s->newer = i;
		}
	s->volume = fs->volume;
	if (good[0] && good[1])
		return NULL;
	if (good[0] || good[1])
		return error[0] == -ENOENT || error[1] == -ENOENT ?
		       "one of state.0 and state.1 is missing; the other one counts" :
		       "one of state.0 and state.1 is damaged; the other one counts";
	return "state.0 and state.1 are damaged: nothing is remembered; 'boot default' begins anew";
}

static int write(struct filesystem *fs, unsigned which, const struct boot_state *s)
{
	char bytes[STATE_BYTES];
	struct file f;
	int error = fs_open(fs, paths[which], &f);

	state_render(s, bytes);
	if (!error && f.size == sizeof(bytes))
		return file_overwrite(&f, 0, bytes, sizeof(bytes));
	if (error && error != -ENOENT)
		return error;
	error = error ? fs_make_directory(fs, folder) : 0;
	if (error && error != -EEXIST)
		return error;
	return fs_replace(fs, paths[which], bytes, sizeof(bytes));
}

int state_write(struct boot_state *s)
{
	unsigned which = s->newer ^ 1;
	char text[FS_EXPLAIN_BYTES];
	struct filesystem *fs;
	int error;

	text[0] = '\0';
	s->sequence++;
	error = volume_exists(&s->volume) ? fs_mount(&s->volume, &fs, text) : -ENODEV;
	if (!error) {
		int end;

		error = write(fs, which, s);
		if (error)
			fs_explain(fs, paths[which], error, text);
		end = fs_unmount(fs);
		error = error ? error : end;
	}
	if (error) {
		log_error("%s: what is remembered cannot be written: %s", s->volume.name,
			  text[0] ? text : error_text(error));
		return error;
	}
	s->newer = which;
	return 0;
}
