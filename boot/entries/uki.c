/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unified kernel images (UAPI.5; Boot Loader Specification, type 2): kernel, initrd, command line
 * in sections of one PE file. No EFI is needed to take them out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "boot/entries/scan.h"
#include "boot/entries/sort.h"
#include "boot/image/pe.h"
#include "lib/dt.h"
#include "lib/errors.h"

enum { TEXT_MAX = 16 * 1024, TREE_MAX = 2 << 20 };
static const char folder[] = "/EFI/Linux";

static int read_file(void *context, u64 offset, void *to, size_t bytes)
{
	return file_read(context, offset, to, bytes);
}

/* A section as a string, without what is blank at its end; NULL: too large, or not to be read. */
static char *read_text(const struct image_source *s, const struct pe_section *section)
{
	size_t bytes = (size_t)section->bytes;
	char *text = bytes <= TEXT_MAX ? malloc(bytes + 1) : NULL;

	if (!text || image_read(s, section->offset, text, bytes)) {
		free(text);
		return NULL;
	}
	text[bytes] = '\0';
	text_clean(text);
	for (bytes = strlen(text); bytes && strchr(" \t\r\n", text[bytes - 1]); bytes--)
		text[bytes - 1] = '\0';
	return text;
}

/* os-release: NAME=value, or NAME="value". */
static void take_release(struct boot_entry *e, char *text)
{
	for (char *line; (line = strtok(text, "\r\n")); text = NULL) {
		char *value = strchr(line, '=');

		if (!value)
			continue;
		*value = '\0';
		value = line_unquote(value + 1);
		if (!strcmp(line, "PRETTY_NAME"))
			entry_set(e, &e->title, value);
		else if (!strcmp(line, "IMAGE_ID") || (!strcmp(line, "ID") && !e->sort_key))
			entry_set(e, &e->sort_key, value);
		else if (!e->version && (!strcmp(line, "VERSION_ID") || !strcmp(line, "BUILD_ID")))
			entry_set(e, &e->version, value);
		else if (!strcmp(line, "IMAGE_VERSION"))
			entry_set(e, &e->version, value);
	}
}

/* Is the tree in a .dtbauto section for this machine? */
static bool tree_fits(const struct image_source *s, const struct pe_section *section)
{
	const char *wanted = dt_compatible(dt_root(), 0);
	void *tree = wanted && section->bytes <= TREE_MAX ? malloc((size_t)section->bytes) : NULL;
	bool fits = tree && !image_read(s, section->offset, tree, (size_t)section->bytes) &&
		    dt_blob_compatible(tree, (size_t)section->bytes, wanted);

	free(tree);
	return fits;
}

static void take_section(struct boot_entry *e, const struct image_source *s, const char *path,
			 const struct pe_section *section)
{
	const char *name = section->name;
	char *text;

	if ((!strcmp(name, ".linux") && e->kernel) || (!strcmp(name, ".initrd") && e->initrd))
		entry_refuse(e, "it has two sections called %s", name);
	else if (!strcmp(name, ".linux"))
		entry_part(e, &e->kernel, "", path, section->offset, section->bytes);
	else if (!strcmp(name, ".initrd"))
		entry_part(e, &e->initrd, "", path, section->offset, section->bytes);
	else if (!strcmp(name, ".dtb") && !e->tree)
		entry_part(e, &e->tree, "", path, section->offset, section->bytes);
	if (strcmp(name, ".cmdline") && strcmp(name, ".osrel") && strcmp(name, ".uname"))
		return;
	text = read_text(s, section);
	if (!text)
		entry_refuse(e, "its section %s cannot be read", name);
	else if (name[1] == 'c')
		entry_set(e, &e->arguments, text);
	else if (name[1] == 'o')
		take_release(e, text);
	else
		entry_set(e, &e->version, text);
	free(text);
}

/* One that is found to be for this machine comes before the one that is for any. */
static void take_tree_that_fits(struct boot_entry *e, const struct image_source *s,
				const char *path, const struct pe *pe)
{
	for (unsigned i = 0; i < pe->count && !e->tree; i++) {
		const struct pe_section *section = &pe->sections[i];

		if (!strcmp(section->name, ".dtbauto") && tree_fits(s, section))
			entry_part(e, &e->tree, "", path, section->offset, section->bytes);
	}
}

/* What follows the kernel's is for other profiles; the base is one itself. */
static void leave_out_profiles(struct pe *pe)
{
	bool kernel = false;

	for (unsigned i = 0; i < pe->count; i++) {
		if (kernel && !strcmp(pe->sections[i].name, ".profile"))
			pe->count = i;
		kernel |= !strcmp(pe->sections[i].name, ".linux") && pe->sections[i].bytes;
	}
}

static void look_at(struct boot_scan *s, const char *path, const char *name)
{
	static struct pe pe;		/* large; only one is at work */
	char why[FS_EXPLAIN_BYTES], id[FS_NAME_BYTES];
	struct image_source source;
	struct boot_entry *e;
	const char *reason = NULL;
	struct file f;
	int error;

	s->source = path;
	snprintf(id, sizeof(id), "%.*s", (int)strlen(name) - 4, name);
	e = scan_add(s, id);
	if (!e)
		return;
	entry_counts(e);
	error = fs_open(s->fs, path, &f);
	if (!error) {
		source = (struct image_source){ read_file, &f, f.size };
		error = pe_read(&source, &pe, &reason);
	}
	if (error) {
		entry_refuse(e, "%s", reason ? reason : fs_explain(s->fs, path, error, why));
		return;
	}
	leave_out_profiles(&pe);
	take_tree_that_fits(e, &source, path, &pe);
	for (unsigned i = 0; i < pe.count; i++)
		if (pe.sections[i].bytes)
			take_section(e, &source, path, &pe.sections[i]);
	if (!e->kernel)
		entry_refuse(e, "it is an EFI program without a kernel in it (no .linux section)");
}

void uki_find(struct boot_scan *s)
{
	static struct file_info info;		/* a name is long; only one is at work */
	struct directory d;
	int error = fs_open_directory(s->fs, folder, &d);

	while (!error && !(error = directory_next(&d, &info))) {
		char path[FS_NAME_BYTES + sizeof(folder) + 1];
		size_t length = strlen(info.name);

		if (info.is_directory || length <= 4 || strcasecmp(info.name + length - 4, ".efi"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, info.name);
		look_at(s, path, info.name);
	}
	s->source = NULL;
	entries_sort(s);
}
