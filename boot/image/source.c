/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/image/source.h"
#include "lib/errors.h"

int image_read(const struct image_source *s, u64 offset, void *to, size_t bytes)
{
	if (offset > s->bytes || bytes > s->bytes - offset)
		return -ERANGE;
	return s->read(s->context, offset, to, bytes);
}

int image_read_some(const struct image_source *s, u64 offset, void *to, size_t bytes)
{
	int error;

	if (offset >= s->bytes)
		return 0;
	if (bytes > s->bytes - offset)
		bytes = (size_t)(s->bytes - offset);
	error = s->read(s->context, offset, to, bytes);
	return error ? error : (int)bytes;
}
