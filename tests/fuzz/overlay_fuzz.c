/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any overlay, as bytes or built from bytes, on a tree that has what overlays refer to: refused in
 * a line that names its file; or merged, and then it is a tree, with all nodes that it had.
 */
#include <libfdt.h>

#include "lib/assert.h"
#include "lib/dt_edit.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "tests/tree.h"

enum { OVERLAY_BYTES = 8192 };

static const char name[] = "/boot/fuzz.dtbo";

/* ---- An overlay, from what a fuzzer writes ---- */

struct input {
	const u8 *at, *end;
};

static unsigned take(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static const char *const nodes[] = {
	"fragment@0", "fragment@1", "__overlay__", "__fixups__", "__local_fixups__", "__symbols__",
	"testcase-data-2", "substation@100", "hvac-medium-1", "fairway-1", "ride@100", "new",
	"lights@40000", "", "a@1", "aliases",
};
static const char *const properties[] = {
	"target", "target-path", "phandle", "linux,phandle", "status", "reg", "electric_1",
	"hvac_1", "rides_1", "spin_ctrl_1", "no_such_label", "compatible", "ranges",
	"#address-cells", "x", "retail_1",
};
static const char *const texts[] = {
	"/", "/testcase-data-2", "/testcase-data-2/substation@100", "/none", "/fragment@0:target:0",
	"/fragment@1:target:0", "/fragment@0/__overlay__:x:0", "/fragment@0/__overlay__/new:reg:4",
	"okay", ":::", "/fragment@0:target:99999", "/fragment@0:target:-1", "fragment@0:target:0",
	"/fragment@0/__overlay__", "", "/aliases",
};

static void property(struct input *in, void *fdt)
{
	const char *what = properties[take(in) % 16];
	unsigned kind = take(in), text = take(in);
	fdt32_t cells[4];

	switch (kind % 4) {
	case 0:
		for (unsigned i = 0; i < 4; i++)
			cells[i] = cpu_to_fdt32(text % 2 ? take(in) : 0xffffff00 + take(in));
		fdt_property(fdt, what, cells, (int)(kind / 4 % 5 * 4));
		break;
	case 1:
		fdt_property(fdt, what, texts[text % 16], (int)strlen(texts[text % 16]) + 1);
		break;
	case 2:
		fdt_property_u32(fdt, what, text);
		break;
	default:
		fdt_property(fdt, what, texts[text % 16], (int)(strlen(texts[text % 16]) / 2));
	}
}

static size_t build(struct input *in, void *fdt)
{
	unsigned depth = 0;

	fdt_create(fdt, OVERLAY_BYTES);
	fdt_finish_reservemap(fdt);
	fdt_begin_node(fdt, "");
	while (in->at < in->end) {
		unsigned what = take(in);

		if (what % 4 == 0 && depth < 8) {
			fdt_begin_node(fdt, nodes[what / 4 % 16]);
			depth++;
		} else if (what % 4 == 1 && depth) {
			fdt_end_node(fdt);
			depth--;
		} else {
			property(in, fdt);
		}
	}
	for (depth++; depth; depth--)
		fdt_end_node(fdt);
	return fdt_finish(fdt) ? 0 : fdt_totalsize(fdt);
}

/* ---- What comes of it ---- */

static bool named;

static void look(void *context, enum log_level level, u64 time_us, const char *text)
{
	(void)context, (void)level, (void)time_us;
	named = strstr(text, name);
}

static void assert_all_there(const void *base, const void *copy)
{
	int depth = 0;

	for (int node = 0; node >= 0 && depth >= 0; node = fdt_next_node(base, node, &depth)) {
		char path[256];

		if (!fdt_get_path(base, node, path, sizeof(path)))
			assert(fdt_path_offset(copy, path) >= 0);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	static u64 copy[8192];
	static _Alignas(8) u8 built[OVERLAY_BYTES];
	struct input in = { data + 1, data + bytes };
	const void *base = TREE_BLOB(linux_overlay_base);
	const char *reason;
	void *overlay;
	int error;

	if (!bytes)
		return 0;
	dt_adopt(base);
	if (dt_edit_begin(copy, sizeof(copy)))
		return 0;
	if (data[0] % 2)
		overlay = tree_copy(data + 1, --bytes);
	else
		overlay = tree_copy(built, bytes = build(&in, built));
	error = dt_edit_overlay(copy, overlay, bytes, name);
	free(overlay);
	named = false;
	log_walk(look, NULL);
	assert(!error || named);
	if (!error) {
		assert(!dt_check(copy, sizeof(copy), &reason));
		assert_all_there(base, copy);
	}
	return 0;
}
