/* SPDX-License-Identifier: BSD-2-Clause */
/* The device tree, printed like its source. Values do not say their type: it is guessed. */
#include <inttypes.h>
#include <string.h>

#include "boot/load/load.h"
#include "boot/monitor/monitor.h"
#include "lib/console.h"
#include "lib/dt.h"
#include "lib/dt_diff.h"
#include "lib/errors.h"
#include "lib/random.h"

enum { CELLS_A_ROW = 8, BYTES_A_ROW = 16, PATH_BYTES = 256 };

/* ---- Values ---- */

/* One or more strings, each with a character at least (dtc decides the same way). */
static bool looks_like_strings(const char *value, u32 bytes)
{
	if (bytes == 0 || value[bytes - 1] != 0)
		return false;
	for (u32 i = 0; i < bytes; i++) {
		if (value[i] == 0 ? i == 0 || value[i - 1] == 0 : value[i] < ' ' || value[i] > '~')
			return false;
	}
	return true;
}

/* Numbers by definition (DT 2.3), whatever characters they would be. */
static bool is_cells(const char *name)
{
	static const char *const names[] = {
		"reg", "ranges", "dma-ranges", "phandle", "interrupts", "interrupt-parent",
	};

	if (name[0] == '#')
		return true;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void print_strings(const char *value, u32 bytes)
{
	for (u32 at = 0; at < bytes; at += (u32)strlen(value + at) + 1) {
		console_print(at ? ", \"" : "\"");
		for (const char *c = value + at; *c; c++)
			console_print(*c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
		console_print("\"");
	}
}

static void print_break(u32 index, u32 in_a_row, unsigned indent)
{
	if (index && index % in_a_row == 0)
		console_print("\n%*s", (int)indent, "");
	else if (index)
		console_print(" ");
}

static void print_value(const char *name, const u8 *value, u32 bytes, unsigned indent)
{
	if (random_is_seed(name)) {
		console_print("[not shown: %" PRIu32 " bytes]", bytes);
	} else if (!is_cells(name) && looks_like_strings((const char *)value, bytes)) {
		print_strings((const char *)value, bytes);
	} else if (bytes % 4 == 0) {
		console_print("<");
		for (u32 i = 0; i < bytes / 4; i++, value += 4) {
			print_break(i, CELLS_A_ROW, indent);
			console_print("0x%" PRIx32, (u32)value[0] << 24 | (u32)value[1] << 16 |
				      (u32)value[2] << 8 | value[3]);
		}
		console_print(">");
	} else {
		console_print("[");
		for (u32 i = 0; i < bytes; i++) {
			print_break(i, BYTES_A_ROW, indent);
			console_print("%02x", value[i]);
		}
		console_print("]");
	}
}

/* ---- Nodes ---- */

enum { INDENT = 4 };

static void print_property(const char *name, const void *value, u32 bytes, unsigned indent)
{
	console_print("%*s%s", (int)indent, "", name);
	if (bytes) {
		console_print(" = ");
		print_value(name, value, bytes, indent + INDENT);
	}
	console_print(";\n");
}

/* false: interrupted. */
static bool print_node(struct dt_node node, unsigned depth)
{
	unsigned indent = depth * INDENT;
	const char *name;
	const void *value;
	u32 bytes;
	int at = -1;

	if (monitor_interrupted())
		return false;
	console_print("%*s%s {\n", (int)indent, "", dt_name(node));
	while (dt_next_property(node, &at, &name, &value, &bytes))
		print_property(name, value, bytes, indent + INDENT);
	dt_for_each_child(child, node)
		if (!print_node(child, depth + 1))
			return false;
	console_print("%*s};\n", (int)indent, "");
	return true;
}

/* ---- Paths ---- */

/* Says which part of @path is missing, and where. */
static void explain_missing(const char *path)
{
	char part[PATH_BYTES];
	size_t have = 0, end;

	if (strlen(path) >= sizeof(part)) {
		console_print("no such path: it is longer than any in use\n");
		return;
	}
	do {
		end = have + (path[have] == '/');
		end += strcspn(path + end, "/");
		memcpy(part, path, end);
		part[end] = 0;
		if (!dt_exists(dt_path(part)))
			break;
		have = end;
	} while (path[have]);

	part[have] = 0;
	if (path[0] != '/' && have == 0)
		console_print("no alias '%.*s'; a path begins with /\n", (int)end, path);
	else
		console_print("%s has no node '%.*s'\n", have ? part : "/", (int)(end - have - 1),
			      path + have + 1);
}

/* ---- What changes ---- */

static void print_difference(bool added, const char *path, const char *property, const void *value,
			     u32 bytes)
{
	console_print("%c %s", added ? '+' : '-', path);
	if (property || !path[0])
		console_print("/%s", property ? property : "");
	if (property && bytes) {
		console_print(" = ");
		print_value(property, value, bytes, INDENT);
	}
	console_print("\n");
}

static void print_differences(const void *tree)
{
	dt_diff(dt_blob(NULL), tree, print_difference);
}

/* All that it names is loaded, to know what the tree would say of it. */
static int run_diff(const char *name)
{
	static struct boot_entries all;
	const struct boot_entry *e;

	boot_find(&all);
	e = name ? boot_entry_find(&all, name) : all.preferred;
	if (e)
		return boot_load_tree(e, print_differences);
	console_print("no such entry: 'boot list' shows what there is\n");
	return -ENOENT;
}

static int run(int argc, char **argv)
{
	struct dt_node node = dt_root();
	const void *value;
	u32 bytes;

	if (argc > 3)
		return -EINVAL;
	if (argc > 1 && !strcmp(argv[1], "diff"))
		return run_diff(argv[2]);
	if (argc > 1)
		node = dt_path(argv[1]);
	if (!dt_exists(node)) {
		explain_missing(argv[1]);
		return -ENOENT;
	}
	if (argc < 3) {
		print_node(node, 0);
		return 0;
	}
	value = dt_property(node, argv[2], &bytes);
	if (!value) {
		console_print("%s has no property '%s'\n", dt_name(node), argv[2]);
		return -ENOENT;
	}
	print_property(argv[2], value, bytes, 0);
	return 0;
}

/* ---- Completion ---- */

static void offer_children(struct line_completion *c, struct dt_node parent)
{
	dt_for_each_child(child, parent)
		line_offer(c, dt_name(child), dt_exists(dt_first_child(child)) ? '/' : ' ');
}

static void offer_properties(struct line_completion *c, struct dt_node node)
{
	const char *name;
	const void *value;
	u32 bytes;
	int at = -1;

	while (dt_next_property(node, &at, &name, &value, &bytes))
		line_offer(c, name, ' ');
}

/* One level: of the path the part behind the last slash; then the property. */
static void complete(struct line_completion *c, size_t from)
{
	char path[PATH_BYTES];
	size_t begin = from + strspn(c->line + from, " ");
	size_t end = begin + strcspn(c->line + begin, " ");
	const char *slash = strrchr(c->line + begin, '/');
	struct dt_node node;

	if (c->line[end] == 0) {
		end = slash ? (size_t)(slash - c->line) : begin;
		c->word = slash ? end + 1 : begin;
	}
	if (end - begin >= sizeof(path))
		return;
	memcpy(path, c->line + begin, end - begin);
	path[end - begin] = 0;

	if (c->word == begin) {				/* "serial0", not yet "/" */
		line_offer(c, "diff", ' ');
		offer_properties(c, dt_path("/aliases"));
		return;
	}
	node = path[0] ? dt_path(path) : dt_root();
	if (!dt_exists(node))
		return;
	if (c->word == end + 1 && c->line[end] == '/')
		offer_children(c, node);
	else
		offer_properties(c, node);
}

COMMAND(dt) = {
	.name = "dt",
	.arguments = "[path [property]]|diff [<entry>]",
	.summary = "print the device tree, a node of it, or one property",
	.details = "A path is /soc/serial@10000000, or begins with an alias: serial0. "
		   "Value types are guessed.\n"
		   "'dt diff': what differs in the tree that the default entry, or <entry>, would\n"
		   "be started with; it is loaded for that.",
	.complete = complete,
	.run = run,
};
