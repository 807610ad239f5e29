/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include "arch/types.h"
#include "lib/errors.h"

#define ROW(number, words)	{ number, words " (" #number ")" }
static const struct {
	int number;
	char text[44];
} texts[] = {
	ROW(EPERM, "not allowed"),
	ROW(ENOENT, "no such thing"),
	ROW(EIO, "input/output error"),
	ROW(ENXIO, "nothing is at that address"),
	ROW(ENOEXEC, "not an executable image"),
	ROW(EAGAIN, "nothing there yet"),
	ROW(ENOMEM, "out of memory"),
	ROW(EFAULT, "a bad address"),
	ROW(EBUSY, "in use"),
	ROW(EEXIST, "is there already"),
	ROW(ENODEV, "no such device"),
	ROW(ENOTDIR, "not a directory"),
	ROW(EISDIR, "is a directory"),
	ROW(EINVAL, "invalid"),
	ROW(EFBIG, "too large"),
	ROW(ENOSPC, "no space left"),
	ROW(EROFS, "read-only"),
	ROW(ERANGE, "out of range"),
	ROW(ENOTEMPTY, "not empty"),
	ROW(ENAMETOOLONG, "the name is too long"),
	ROW(ENOTSUP, "not supported"),
	ROW(EILSEQ, "malformed data"),
	ROW(EPROTO, "protocol error"),
	ROW(EOVERFLOW, "too large for its type"),
	ROW(ECANCELED, "cancelled"),
	ROW(ETIMEDOUT, "no answer in time"),
};

const char *error_text(int error)
{
	static char unknown[24];
	int number = error < 0 ? -error : error;

	if (number == 0)
		return "no error";
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (texts[i].number == number)
			return texts[i].text;
	snprintf(unknown, sizeof unknown, "error %d", number);
	return unknown;
}
