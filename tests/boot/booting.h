/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine that boots: memory, a console that keeps what it is told, and a volume made of what
 * lies in $DIR (tests/fs/image.h). To be included behind cmocka.h.
 */
#pragma once
#include "arch/host/sim.h"
#include "boot/entries/entry.h"
#include "boot/load/load.h"
#include "lib/memory.h"
#include "tests/fs/image.h"
#include "tests/sim/console.h"
#include "tests/sim/ram.h"

enum { BOOTING_RAM = 64 << 20 };

static struct sim_disk booting_disk;
static struct boot_entries booting;

static inline int booting_begin(void **state)
{
	(void)state;
	sim_reset();
	sim_ram(SIM_RAM_AT, BOOTING_RAM);
	console_set(&sim_console, NULL);
	sim_console_clear();
	image_folder_begin();
	return 0;
}

static inline int booting_end(void **state)
{
	(void)state;
	boot_forget(&booting);
	sim_disk_end(&booting_disk);
	image_folder_end();
	return 0;
}

/* What lies in @folder, on a disk without partitions, and what is found there. */
static inline void booting_find(const char *folder)
{
	shell("rm -f $IMG; truncate -s 96M $IMG; mkfs.fat -F 32 -s 1 $IMG >/dev/null;"
	      "mcopy -Q -s -i $IMG %s/* ::/", folder);
	image_attach(&booting_disk, 512);
	boot_find(&booting);
}

static inline void booting_enter(void *entry)
{
	boot_load(entry);
}

/* SIM_ENTERED, or SIM_RETURNED. What is said meanwhile is in sim_console_text. */
static inline enum sim_end booting_try(struct boot_entry *e)
{
	return sim_run(booting_enter, e);
}

/* By its id, exactly. */
static inline struct boot_entry *booting_entry(const char *id)
{
	for (struct boot_entry *e = booting.first; e; e = e->next)
		if (!strcmp(e->id, id))
			return e;
	fail_msg("there is no entry %s", id);
	return NULL;
}
