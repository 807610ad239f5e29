/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/chosen.h"

#include <stdio.h>
#include <string.h>

#include "arch/arch.h"
#include "boot/timeline.h"
#include "lib/dt_edit.h"
#include "lib/log.h"
#include "lib/random.h"
#include "lib/version.h"

struct seeds {
	u8 kaslr[8];		/* where the kernel puts itself: it takes no other size */
	u8 rng[64];		/* for its random numbers */
};

static int write_seeds(void *copy)
{
	char from[RANDOM_FROM_BYTES];
	struct seeds seeds;
	int error;

	if (random_bytes(&seeds, sizeof(seeds), from))
		log_info("random seeds: %s", from);
	else
		log_warning("the random seeds are weak (%s%sa clock's jitter): this machine would "
			    "want a virtio-rng device, or firmware that gives rng-seed", from,
			    from[0] ? ", " : "");
	error = dt_edit_chosen_value(copy, "kaslr-seed", seeds.kaslr, sizeof(seeds.kaslr));
	if (!error)
		error = dt_edit_chosen_value(copy, "rng-seed", seeds.rng, sizeof(seeds.rng));
	explicit_bzero(&seeds, sizeof(seeds));
	return error;
}

static int write_boot_cpu(void *copy)
{
	const char *property = arch_boot_cpu_property;

	return property ? dt_edit_chosen_number(copy, property, arch_cpu_id()) : 0;
}

static int write_name(void *copy)
{
	char name[64];

	snprintf(name, sizeof(name), "Plinth %s", plinth_version());
	return dt_edit_chosen_value(copy, "bootloader", name, strlen(name) + 1);
}

/* Up to now: the rest takes no time that anybody would miss. Each line is a string. */
static int write_timeline(void *copy)
{
	char text[2048];
	size_t bytes = timeline_text(text, sizeof(text));

	for (size_t i = 0; i < bytes; i++)
		if (text[i] == '\n' || i == bytes - 1)
			text[i] = 0;
	return dt_edit_chosen_value(copy, "plinth,timeline", text, bytes);
}

int chosen_write(void *copy, const char *arguments, const struct range *initrd)
{
	int error = dt_edit_bootargs(copy, arguments);

	if (!error)
		error = dt_edit_initrd(copy, initrd->start, initrd->bytes);
	if (!error)
		error = write_seeds(copy);
	if (!error)
		error = write_boot_cpu(copy);
	if (!error)
		error = write_name(copy);
	return error ? error : write_timeline(copy);
}
