/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program of its own on the library: `make APP=examples/hello run`. When main begins, the CPU,
 * memory and the device tree are ready (lib/start.c); what drives devices is asked for here.
 */
#include "arch/arch.h"
#include "drivers/block.h"
#include "drivers/console.h"
#include "drivers/device.h"
#include "fs/fs.h"
#include "lib/board.h"
#include "lib/console.h"
#include "lib/memory.h"
#include "lib/power.h"
#include "lib/size.h"

static void print_file(const char *volume, const char *path)
{
	char why[FS_WHY_BYTES], text[200];
	struct filesystem *fs;
	struct volume v;
	struct file f;

	if (volume_find(&v, volume, why) || fs_mount(&v, &fs, why)) {
		console_print("volume %s: %s\n", volume, why);
		return;
	}
	if (!fs_open(fs, path, &f) && f.size <= sizeof(text) &&
	    !file_read(&f, 0, text, (size_t)f.size))
		console_print("%s:%s says: %.*s", v.name, path, (int)f.size, text);
	fs_unmount(fs);
}

int main(void)
{
	char size[SIZE_TEXT_BYTES];

	console_open();
	devices_discover();

	console_print("\nHello from %s, a %s in %s.\n", board()->name, arch_cpu_name(),
		      arch_cpu_mode());
	console_print("memory: %s\n", size_text(memory_total(), size));
	for (struct block_device *b = block_first(); b; b = b->next)
		console_print("disk %s: %s\n", b->name,
			      size_text(b->limits.block_count * b->limits.block_size, size));
	print_file("1", "/hello.txt");

	devices_quiesce();
	return power(POWER_OFF);
}
