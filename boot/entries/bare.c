/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernels without a configuration: files with well-known names, and an initrd and a command line
 * (cmdline.txt) beside them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "boot/entries/scan.h"

/* In this order; "-*" is a version, which names the initrd too. */
static const char *const kernels[] = {
	"Image", "Image.gz", "Image.zst", "Image.lz4", "Image.xz", "vmlinuz", "linux", "kernel",
	"kernel.elf", "vmlinuz-*", "Image-*", "vmlinux-*",
};
static const char *const initrds[] = {
	"initrd%s", "initrd.img%s", "initrd%s.img", "initrd%s.gz", "initramfs%s.img",
	"initramfs%s", "initramfs.img%s", "initramfs%s.cpio", "initramfs%s.cpio.gz",
	"initramfs%s.cpio.zst",
};
static const char *const folders[] = { "", "/boot" };

static bool exists(struct boot_scan *s, const char *path)
{
	struct file f;

	return !fs_open(s->fs, path, &f) && !f.is_directory;
}

static void add_initrd(struct boot_scan *s, struct boot_entry *e, const char *in,
		       const char *version)
{
	char name[FS_NAME_BYTES + 32], path[FS_NAME_BYTES + 48];

	for (size_t i = 0; i < sizeof(initrds) / sizeof(*initrds); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(name, sizeof(name), initrds[i], version);
#pragma GCC diagnostic pop
		snprintf(path, sizeof(path), "%s/%s", in, name);
		if (exists(s, path)) {
			entry_part(e, &e->initrd, "", path, 0, 0);
			return;
		}
	}
}

static void add(struct boot_scan *s, const char *in, const char *name, const char *version)
{
	char path[FS_NAME_BYTES + 16], *text, *line, *rest;
	struct boot_entry *e;

	snprintf(path, sizeof(path), "%s/%s", in, name);
	s->source = path;
	e = scan_add(s, name);
	if (e) {
		entry_part(e, &e->kernel, "", path, 0, 0);
		if (*version)
			entry_set(e, &e->version, version + 1);
		add_initrd(s, e, in, version);
		snprintf(path, sizeof(path), "%s/cmdline.txt", in);
		rest = text = scan_read(s, path);
		while (text && (line = scan_line(s, &rest)))
			entry_append(e, &e->arguments, line);
		free(text);
	}
	s->source = NULL;
}

/* All of a folder whose names are like this. */
static void add_all(struct boot_scan *s, const char *in, const char *pattern)
{
	static struct file_info info;		/* a name is long; only one is at work */
	size_t before = strlen(pattern) - 2;	/* without -* */
	struct directory d;

	if (fs_open_directory(s->fs, *in ? in : "/", &d))
		return;
	while (!directory_next(&d, &info))
		if (!info.is_directory && pattern_matches(pattern, info.name))
			add(s, in, info.name, info.name + before);
}

void bare_find(struct boot_scan *s)
{
	for (size_t f = 0; f < sizeof(folders) / sizeof(*folders); f++)
		for (size_t k = 0; k < sizeof(kernels) / sizeof(*kernels); k++) {
			char path[32];

			if (strchr(kernels[k], '*')) {
				add_all(s, folders[f], kernels[k]);
				continue;
			}
			snprintf(path, sizeof(path), "%s/%s", folders[f], kernels[k]);
			if (exists(s, path))
				add(s, folders[f], kernels[k], "");
		}
}
