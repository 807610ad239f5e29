/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>

#include "boot/handoff.h"
#include "boot/monitor/words.h"
#include "lib/command.h"
#include "lib/console.h"
#include "lib/errors.h"

/* "0x88000000 0x89000000", or "0x88000000 +16M". */
static int parse_initrd(char **words, struct range *initrd)
{
	bool is_size = words[1][0] == '+';
	u64 end;

	if (number_parse(words[0], &initrd->start) || number_parse_size(words[1] + is_size, &end))
		return -EINVAL;
	initrd->bytes = is_size ? end : end - initrd->start;
	if (initrd->bytes == 0 || (!is_size && end < initrd->start)) {
		console_print("the initrd ends where it begins, or before\n");
		return -EINVAL;
	}
	return 0;
}

static int run(int argc, char **argv)
{
	struct handoff h = { 0 };
	int error;

	if (argc != 2 && argc != 4)
		return -EINVAL;
	if (number_parse(argv[1], &h.kernel) || (argc == 4 && parse_initrd(argv + 2, &h.initrd)))
		return -EINVAL;
	error = handoff_linux(&h);
	return error == -EINVAL ? -EIO : error;		/* the words were right: no usage */
}

COMMAND(go) = {
	.name = "go",
	.arguments = "<address> [<initrd start> <initrd end>|+<size>]",
	.summary = "enter a Linux Image that lies in memory",
	.details = "It may lie anywhere in free memory, and is moved if it must. Its command line\n"
		   "is /chosen/bootargs without our own words (plinth.*). Without an initrd here,\n"
		   "the one that /chosen names is kept.",
	.run = run,
};
