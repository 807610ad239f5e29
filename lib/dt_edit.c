/* SPDX-License-Identifier: BSD-2-Clause */
/* Changing a copy of the tree. The blob came through dt_check, so libfdt may walk it. */
#include "lib/dt_edit.h"
#include "lib/dt_edit_internal.h"
#include "lib/board.h"
#include "lib/dt.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/options.h"

#include <libfdt.h>
#include <string.h>

enum { ROOM = 4096 };		/* properties and nodes of /chosen, some reservations */

/* Where /chosen was last in the copy: to look for it takes long. */
static int chosen = -1;

int dt_edit_result(int fdt_result, const char *what)
{
	if (fdt_result >= 0)
		return 0;
	log_error("The device tree for the next stage: cannot %s: %s", what,
		  fdt_result == -FDT_ERR_NOSPACE ? "its memory is full" :
		  fdt_strerror(fdt_result));
	return fdt_result == -FDT_ERR_NOSPACE ? -ENOSPC : -EINVAL;
}

size_t dt_edit_bytes(size_t extra)
{
	size_t rows = board()->keep_out_count * sizeof(struct fdt_reserve_entry);

	/* Twice: libfdt needs that to bring blocks in an unusual order into the usual one. */
	return 2 * dt_used_bytes() + rows + ROOM + extra;
}

static int keep_out(void *copy)
{
	const struct board *b = board();
	int err = 0;

	for (unsigned i = 0; !err && i < b->keep_out_count; i++)
		err = dt_edit_reserve(copy, b->keep_out[i].start, b->keep_out[i].bytes);
	return err;
}

int dt_edit_begin(void *copy, size_t bytes)
{
	int err;

	if (dt_used_bytes() > bytes || bytes > INT32_MAX)
		return dt_edit_result(-FDT_ERR_NOSPACE, "copy it");
	dt_copy(copy);
	chosen = dt_path("/chosen").offset;
	err = dt_edit_result(fdt_open_into(copy, copy, (int)bytes), "copy it");
	return err ? err : keep_out(copy);
}

int dt_edit_chosen(void *copy)
{
	const char *name = chosen < 0 ? NULL : fdt_get_name(copy, chosen, NULL);

	if (!name || strcmp(name, "chosen"))
		chosen = fdt_path_offset(copy, "/chosen");
	if (chosen == -FDT_ERR_NOTFOUND)
		chosen = fdt_add_subnode(copy, 0, "chosen");
	return chosen;
}

int dt_edit_bootargs(void *copy, const char *bootargs)
{
	static const char name[] = "bootargs", what[] = "set the command line";
	int node = dt_edit_chosen(copy), bytes, err;
	char *value;

	if (node < 0)
		return dt_edit_result(node, what);
	if (bootargs) {
		void *place;

		bytes = (int)strlen(bootargs) + 1;
		err = fdt_setprop_placeholder(copy, node, name, bytes, &place);
		if (err)
			return dt_edit_result(err, what);
		value = memcpy(place, bootargs, (size_t)bytes);
	} else {
		value = fdt_getprop_w(copy, node, name, &bytes);
		if (!value || !bytes || value[bytes - 1])
			return 0;
	}
	options_strip(value, value, (size_t)bytes);	/* never grows */
	if (!*value)
		return dt_edit_result(fdt_delprop(copy, node, name), what);
	return dt_edit_result(fdt_setprop_placeholder(copy, node, name, (int)strlen(value) + 1,
					      (void **)&value), what);
}

int dt_edit_chosen_value(void *copy, const char *name, const void *value, size_t bytes)
{
	int node = dt_edit_chosen(copy);

	if (node >= 0)
		node = fdt_setprop(copy, node, name, value, (int)bytes);
	return dt_edit_result(node, "fill /chosen");
}

int dt_edit_chosen_number(void *copy, const char *name, u64 value)
{
	fdt64_t cells = cpu_to_fdt64(value);
	size_t bytes = value >> 32 ? 8 : 4;

	return dt_edit_chosen_value(copy, name, (u8 *)&cells + 8 - bytes, bytes);
}

static int remove_property(void *copy, int node, const char *name)
{
	int err = fdt_delprop(copy, node, name);

	return err == -FDT_ERR_NOTFOUND ? 0 : err;
}

int dt_edit_initrd(void *copy, u64 start, u64 bytes)
{
	static const char first[] = "linux,initrd-start", end[] = "linux,initrd-end";
	static const char what[] = "say where the initrd is";
	int node = dt_edit_chosen(copy), err;

	if (node < 0)
		return dt_edit_result(node, what);
	/* Both go first, so that one alone or two lengths are never seen. */
	err = remove_property(copy, node, first);
	if (!err)
		err = remove_property(copy, node, end);
	if (!err && bytes)
		err = fdt_setprop_u64(copy, node, first, start);
	if (!err && bytes)
		err = fdt_setprop_u64(copy, node, end, start + bytes);
	return dt_edit_result(err, what);
}

int dt_edit_reserve(void *copy, u64 start, u64 bytes)
{
	if (!bytes)		/* such a row would end the table */
		return 0;
	return dt_edit_result(fdt_add_mem_rsv(copy, start, bytes), "reserve memory");
}

size_t dt_edit_end(void *copy)
{
	fdt_pack(copy);
	return fdt_totalsize(copy);
}
