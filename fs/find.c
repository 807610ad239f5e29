/* SPDX-License-Identifier: BSD-2-Clause */
/* Volumes by name: nothing is remembered, the disks are asked each time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/block.h"
#include "fs/fs.h"
#include "fs/partition.h"
#include "fs/text.h"
#include "lib/errors.h"
#include "lib/log.h"

static int walk_disk(struct block_device *disk, void *context,
		     int (*each)(void *context, const struct volume *v, const struct partition *p))
{
	struct partitions t;
	struct volume v;
	int error = partitions_read(&t, disk), result = 0;

	if (t.note[0])
		log_warning("%s: %s", disk->name, t.note);
	volume_whole(&v, disk);
	if (error || !t.count)		/* no table: perhaps one filesystem */
		result = error && error != -EIO ? 0 : each(context, &v, NULL);
	for (unsigned i = 0; i < t.count && !result; i++) {
		partition_volume(&v, disk, &t.list[i]);
		if (!t.list[i].container)
			result = each(context, &v, &t.list[i]);
	}
	partitions_free(&t);
	return result;
}

int volumes_walk(int (*each)(void *context, const struct volume *v, const struct partition *p),
		 void *context)
{
	int result = 0;

	for (struct block_device *b = block_first(); b && !result; b = b->next)
		result = walk_disk(b, context, each);
	return result;
}

/* What is looked for: one of these, the others being NULL; a place in the list counts down. */
struct wanted {
	const char *device, *label, *part_label, *uuid, *part_uuid;
	u64 place;
	char *why;
	unsigned found;
	int error;
	struct volume volume;
};

static bool same(const char *wanted, const char *text)
{
	return wanted && text[0] && text_equal(wanted, strlen(wanted), text);
}

static bool filesystem_fits(const struct wanted *w, const struct volume *v)
{
	char why[FS_WHY_BYTES];
	struct filesystem *fs;
	bool fits;

	if (fs_mount(v, &fs, why))
		return false;
	fits = same(w->label, fs->label) || same(w->uuid, fs->uuid);
	fs_unmount(fs);
	return fits;
}

static int look(void *context, const struct volume *v, const struct partition *p)
{
	struct wanted *w = context;
	bool fits = same(w->device, v->name) || (w->place && !--w->place);

	if (!fits && p)
		fits = same(w->label, p->label) || same(w->part_label, p->label) ||
		       same(w->part_uuid, p->uuid);
	if (!fits && (w->label || w->uuid) && !(p && p->problem))
		fits = filesystem_fits(w, v);
	if (!fits)
		return 0;
	w->found++;
	w->volume = *v;
	w->error = p && p->problem ? -EINVAL : 0;
	if (w->error)
		snprintf(w->why, FS_WHY_BYTES, "the partition %s", p->problem);
	return w->place || w->device;		/* there is only one of those */
}

int volume_find(struct volume *v, const char *name, char *why)
{
	static const char *const keys[] = { "LABEL=", "PARTLABEL=", "UUID=", "PARTUUID=" };
	struct wanted w = { .why = why };
	const char **values[] = { &w.label, &w.part_label, &w.uuid, &w.part_uuid };
	struct block_device *disk = block_find(name);
	char *end;

	why[0] = 0;
	if (disk) {		/* all of it, whatever is on it */
		volume_whole(v, disk);
		return 0;
	}
	for (unsigned i = 0; i < 4; i++)
		if (strncmp(name, keys[i], strlen(keys[i])) == 0)
			*values[i] = name + strlen(keys[i]);
	w.place = strtoull(name, &end, 10);
	if (*end)
		w.place = 0;
	if (!w.place && !strchr(name, '='))
		w.device = name;
	volumes_walk(look, &w);
	if (!w.found) {
		snprintf(why, FS_WHY_BYTES, "no disk has it");
		return -ENOENT;
	}
	if (w.found > 1) {
		snprintf(why, FS_WHY_BYTES, "%u volumes are called so: use their UUIDs", w.found);
		return -EINVAL;
	}
	*v = w.volume;
	return w.error;
}
