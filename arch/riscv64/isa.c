/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "arch/riscv64/isa.h"

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Is [text, end) @name, or @name with a version ("2p1") behind it? */
static bool is_name(const char *text, const char *end, const char *name)
{
	size_t length = strlen(name);

	if ((size_t)(end - text) < length || memcmp(text, name, length))
		return false;
	for (text += length; text < end; text++)
		if (!digit(*text) && !(*text == 'p' && digit(text[-1])))
			return false;
	return true;
}

bool riscv64_isa_string_has(const char *isa, u32 bytes, const char *name)
{
	const char *end = isa + strnlen(isa, bytes);
	const char *at = isa;

	if (end - isa < 4 || memcmp(isa, "rv64", 4))
		return false;
	/* Single letters up to the first underscore, or the first longer name ("s", "z", "x"). */
	for (at += 4; at < end && !strchr("_szx", *at); at++)
		if (*at == name[0] && !name[1])
			return true;
	while (at < end) {
		const char *next = memchr(at + 1, '_', end - at - 1);

		if (!next)
			next = end;
		if (is_name(*at == '_' ? at + 1 : at, next, name))
			return true;
		at = next;
	}
	return false;
}

bool riscv64_string_list_has(const char *list, u32 bytes, const char *name)
{
	const char *end = list + bytes;

	while (list < end) {
		size_t length = strnlen(list, end - list);

		if (list + length == end)
			return false;		/* not terminated: not a string */
		if (!strcmp(list, name))
			return true;
		list += length + 1;
	}
	return false;
}

static u32 be32(const void *cell)
{
	const u8 *byte = cell;

	return (u32)byte[0] << 24 | byte[1] << 16 | byte[2] << 8 | byte[3];
}

u64 riscv64_number(const struct arch_tree *tree, const char *property)
{
	u32 bytes;
	const void *cells = tree->cpu_property(property, &bytes);

	if (!cells || (bytes != 4 && bytes != 8))
		return 0;
	return bytes == 4 ? be32(cells) : (u64)be32(cells) << 32 | be32((const u8 *)cells + 4);
}

bool riscv64_has(const struct arch_tree *tree, const char *extension)
{
	u32 bytes;
	const char *text = tree->cpu_property("riscv,isa-extensions", &bytes);

	if (text)
		return riscv64_string_list_has(text, bytes, extension);
	text = tree->cpu_property("riscv,isa", &bytes);
	return text && riscv64_isa_string_has(text, bytes, extension);
}

/* XTheadCmo: said by newer trees; older ones only name the core. */
static bool has_thead_cmo(const struct arch_tree *tree)
{
	u32 bytes;
	const char *text = tree->cpu_property("compatible", &bytes);

	return riscv64_has(tree, "xtheadcmo") ||
	       (text && bytes >= 8 && !memcmp(text, "thead,c9", 8));
}

struct riscv64_cache_facts riscv64_cache_facts(const struct arch_tree *tree)
{
	u64 block = riscv64_has(tree, "zicbom") ? riscv64_number(tree, "riscv,cbom-block-size") : 0;
	bool usable = block && block <= ARCH_PAGE_BYTES && !(block & (block - 1));

	return (struct riscv64_cache_facts){ usable ? (u32)block : 0, has_thead_cmo(tree) };
}
