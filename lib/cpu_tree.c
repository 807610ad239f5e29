/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/cpu_tree.h"
#include "lib/dt.h"

static const void *cpu_property(const char *name, u32 *bytes)
{
	struct dt_node cpus = dt_path("/cpus");
	const void *value = NULL;

	dt_for_each_child(cpu, cpus) {
		u64 id = dt_u64(cpu, "reg", UINT64_MAX);

		if (id == arch_cpu_id())
			value = dt_property(cpu, name, bytes);
	}
	return value ? value : dt_property(cpus, name, bytes);
}

static const void *compatible_property(const char *compatible, const char *name, u32 *bytes)
{
	struct dt_node node = dt_root();

	while (dt_exists(node = dt_compatible_node(node, compatible)))
		if (dt_enabled(node))
			return dt_property(node, name, bytes);
	return NULL;
}

const struct arch_tree cpu_tree = { cpu_property, compatible_property };
