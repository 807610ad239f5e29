/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arch/arch.h"
#include "boot/chosen.h"
#include "boot/handoff.h"
#include "boot/monitor/words.h"
#include "boot/plan.h"
#include "drivers/device.h"
#include "lib/dt.h"
#include "lib/dt_edit.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/memory.h"

enum { HEADER_BYTES = 64 };		/* of a Linux Image, on every architecture */

static const struct memory_range *free_memory(u64 address, const char *what)
{
	const struct memory_range *m = memory_find(address);

	if (!m)
		log_error("%s at 0x%" PRIx64 ": there is no RAM at that address", what, address);
	else if (m->use != MEMORY_FREE)
		log_error("%s at 0x%" PRIx64 ": that memory is not free (%s: %s)", what, address,
			  memory_use_name(m->use), m->owner);
	return m && m->use == MEMORY_FREE ? m : NULL;
}

/*
 * The header, and what of the kernel can be in memory. The file is shorter than the memory the
 * kernel needs, by how much the header does not say: behind the file may be anything but ourselves,
 * who might have overwritten its end.
 */
static int look_at_kernel(u64 kernel, struct arch_linux_image *image, u64 *present)
{
	const struct memory_range *m = free_memory(kernel, "kernel"), *next;
	const char *reason;
	u64 end;
	int error;

	if (!m)
		return -EINVAL;
	end = m->range.start + m->range.bytes;
	error = arch_linux_image_parse((const void *)(uintptr_t)kernel,
				       end - kernel < HEADER_BYTES ? end - kernel : HEADER_BYTES,
				       image, &reason);
	if (error) {
		log_error("kernel at 0x%" PRIx64 ": %s", kernel, reason);
		return error;
	}
	if (image->image_bytes < HEADER_BYTES || image->image_bytes > memory_total()) {
		log_error("kernel at 0x%" PRIx64 ": its header says that it needs 0x%" PRIx64
			  " bytes of memory, which cannot be", kernel, image->image_bytes);
		return -ENOEXEC;
	}
	*present = image->image_bytes < end - kernel ? image->image_bytes : end - kernel;
	next = memory_find(end);
	if (*present < image->image_bytes && next && next->use == MEMORY_PLINTH) {
		log_error("kernel at 0x%" PRIx64 ": it needs memory up to 0x%" PRIx64
			  ", but Plinth is at 0x%" PRIx64 " (%s): put it lower", kernel,
			  kernel + image->image_bytes, next->range.start, next->owner);
		return -EBUSY;
	}
	return 0;
}

/* Where the initrd is: as given, or as whoever booted us told us. */
static int look_at_initrd(const struct range *given, struct range *initrd)
{
	struct dt_node chosen = dt_path("/chosen");
	const struct memory_range *m;
	u64 end;

	*initrd = *given;
	if (!given->bytes) {
		initrd->start = dt_u64(chosen, "linux,initrd-start", 0);
		end = dt_u64(chosen, "linux,initrd-end", 0);
		initrd->bytes = end > initrd->start ? end - initrd->start : 0;
		return 0;
	}
	m = free_memory(initrd->start, "initrd");
	if (!m)
		return -EINVAL;
	end = m->range.start + m->range.bytes;
	if (initrd->bytes > end - initrd->start) {
		log_error("initrd at 0x%" PRIx64 ": free memory ends at 0x%" PRIx64
			  ", before the initrd does", initrd->start, end);
		return -EINVAL;
	}
	return 0;
}

/* The next stage's tree: ours, with /chosen as it is to be. @place becomes as large as it is. */
static int write_tree(struct range *place, const struct range *initrd)
{
	void *copy = (void *)(uintptr_t)place->start;
	int error = dt_edit_begin(copy, place->bytes);

	if (!error)
		error = chosen_write(copy, NULL, initrd);
	if (!error)
		place->bytes = dt_edit_end(copy);
	return error;
}

void handoff_log(const struct handoff_stage *s)
{
	char size[SIZE_TEXT_BYTES], initrd[64] = "no initrd";

	if (s->initrd.bytes)
		snprintf(initrd, sizeof(initrd), "initrd at 0x%" PRIx64 " - 0x%" PRIx64,
			 s->initrd.start, s->initrd.start + s->initrd.bytes - 1);
	log_info("entering %s at 0x%" PRIx64 " (%s), %s, device tree at 0x%" PRIx64, s->title,
		 s->entry, size_text(s->kernel.bytes, size), initrd, s->tree.start);
}

int handoff_enter(const struct handoff_stage *s)
{
	const struct range written[] = { s->kernel, s->tree, s->initrd };
	int error = devices_quiesce();

	if (error) {
		log_error("%s is not entered: a device did not stop", s->title);
		return error;
	}
	arch_enter(s->entry, s->tree.start, written, s->bare && s->initrd.bytes ? 3 : 2);
}

enum { KERNEL, TREE, INITRD, WANTS };

/* Where the kernel lies if that will do, else the lowest place. */
static int take(struct want w[WANTS], u64 kernel, const struct arch_linux_image *image, char *why)
{
	w[KERNEL] = want_fixed("kernel", kernel, image->image_bytes);
	if (!((kernel - image->text_offset) & (image->base_align - 1)) &&
	    !plan_take(w, WANTS, why))
		return 0;
	w[KERNEL] = (struct want){
		.what = "kernel", .bytes = image->image_bytes, .align = image->base_align,
		.offset = image->text_offset,
	};
	return plan_take(w, WANTS, why);
}

/* Comes back if the tree or a device is not ready. */
static int leave(const struct want w[WANTS], u64 kernel, u64 present, const struct range *initrd)
{
	struct handoff_stage next = {
		.title = "the kernel", .entry = w[KERNEL].at,
		.kernel = { w[KERNEL].at, w[KERNEL].bytes }, .initrd = *initrd,
		.tree = { w[TREE].at, w[TREE].bytes },
	};
	int error;

	if (w[KERNEL].at != kernel) {
		log_info("the kernel is copied from 0x%" PRIx64, kernel);
		memmove((void *)(uintptr_t)w[KERNEL].at, (const void *)(uintptr_t)kernel, present);
	}
	error = write_tree(&next.tree, initrd);
	if (error)
		return error;
	handoff_log(&next);
	return handoff_enter(&next);
}

int handoff_linux(const struct handoff *h)
{
	struct arch_linux_image image;
	struct want w[WANTS] = { [TREE] = want_tree(dt_edit_bytes(0)) };
	char why[PLAN_WHY_BYTES];
	struct range initrd;
	u64 present;
	int error;

	error = look_at_kernel(h->kernel, &image, &present);
	if (error || (error = look_at_initrd(&h->initrd, &initrd)))
		return error;
	if (h->initrd.bytes)
		w[INITRD] = want_fixed("initrd", initrd.start, initrd.bytes);
	w[INITRD].near = &w[KERNEL];
	error = take(w, h->kernel, &image, why);
	if (error)
		log_error("kernel at 0x%" PRIx64 ": %s; 'mem' shows who has what", h->kernel, why);
	else
		error = leave(w, h->kernel, present, &initrd);
	plan_give_back(w, WANTS);
	return error;
}
