/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arch/arch.h"
#include "boot/handoff.h"
#include "boot/monitor/words.h"
#include "boot/plan.h"
#include "drivers/device.h"
#include "lib/dt.h"
#include "lib/dt_edit.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/memory.h"

enum {
	HEADER_BYTES = 64,		/* of a Linux Image, on every architecture */
	FREE_MAX = 64,			/* pieces of free memory looked at, from the lowest */
};

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

static size_t list_free(struct range *list)
{
	const struct memory_range *m;
	size_t count = 0;

	for (unsigned i = 0; count < FREE_MAX && (m = memory_at(i)); i++)
		if (m->use == MEMORY_FREE)
			list[count++] = m->range;
	return count;
}

/* The next stage's tree: ours, with /chosen as it is to be. */
static int write_tree(struct range place, const struct range *initrd)
{
	void *copy = (void *)(uintptr_t)place.start;
	int error = dt_edit_begin(copy, place.bytes);

	if (!error)
		error = dt_edit_bootargs(copy, NULL);
	if (!error)
		error = dt_edit_initrd(copy, initrd->start, initrd->bytes);
	if (!error)
		dt_edit_end(copy);
	return error;
}

static void log_plan(const struct plan *p, u64 from, const struct range *initrd)
{
	char size[SIZE_TEXT_BYTES], copied[48] = "", with[64] = "no initrd";

	if (p->copy)
		snprintf(copied, sizeof(copied), ", copied from 0x%" PRIx64, from);
	if (initrd->bytes)
		snprintf(with, sizeof(with), "initrd at 0x%" PRIx64 " - 0x%" PRIx64, initrd->start,
			 initrd->start + initrd->bytes - 1);
	log_info("entering the kernel at 0x%" PRIx64 " (%s%s), %s, device tree at 0x%" PRIx64,
		 p->kernel.start, size_text(p->kernel.bytes, size), copied, with, p->tree.start);
}

int handoff_enter(u64 entry, u64 tree, const struct range *written, size_t count)
{
	int error = devices_quiesce();

	if (error) {
		log_error("the kernel is not entered: a device did not stop");
		return error;
	}
	arch_enter(entry, tree, written, count);
}

/* Comes back if the tree or a device is not ready. The initrd is read with caches on: not given. */
static int leave(const struct plan *p, u64 from, u64 present, const struct range *initrd)
{
	const struct range written[] = { p->kernel, p->tree };
	int error;

	if (p->copy)
		memmove((void *)(uintptr_t)p->kernel.start, (const void *)(uintptr_t)from, present);
	error = write_tree(p->tree, initrd);
	if (error)
		return error;
	log_plan(p, from, initrd);
	return handoff_enter(p->kernel.start, p->tree.start, written,
			     sizeof(written) / sizeof(written[0]));
}

/* From here on nobody is given memory that the plan uses. */
static int claim_and_leave(const struct plan *p, u64 from, u64 present,
			   const struct range *initrd, bool given)
{
	const struct {
		struct range range;
		const char *owner;
	} claims[] = {
		{ p->kernel, "kernel" }, { p->tree, "kernel's device tree" }, { *initrd, "initrd" },
	};
	unsigned wanted = given ? 3 : 2, n;
	int error = 0;

	for (n = 0; n < wanted; n++) {
		error = memory_claim(claims[n].range.start, claims[n].range.bytes, MEMORY_LOADED,
				     claims[n].owner);
		if (error) {
			log_error("%s at 0x%" PRIx64 ": cannot reserve its memory: %s",
				  claims[n].owner, claims[n].range.start, error_text(error));
			break;
		}
	}
	if (n == wanted)
		error = leave(p, from, present, initrd);
	while (n--)
		memory_release(claims[n].range.start, claims[n].range.bytes);
	return error;
}

int handoff_linux(const struct handoff *h)
{
	struct range free[FREE_MAX], initrd;
	struct plan_request request;
	struct arch_linux_image image;
	const char *reason;
	struct plan plan;
	u64 present;
	int error;

	error = look_at_kernel(h->kernel, &image, &present);
	if (error || (error = look_at_initrd(&h->initrd, &initrd)))
		return error;
	request = (struct plan_request){
		.kernel = h->kernel,
		.kernel_bytes = image.image_bytes,
		.align = image.base_align,
		.offset = image.text_offset,
		.initrd = initrd,
		.tree_bytes = dt_edit_bytes(0),
		.free = free,
		.free_count = list_free(free),
	};
	error = plan_make(&request, &plan, &reason);
	if (error) {
		log_error("kernel at 0x%" PRIx64 " (%" PRIu64 " KiB): %s; 'mem' shows who has what",
			  h->kernel, image.image_bytes / 1024, reason);
		return error;
	}
	return claim_and_leave(&plan, h->kernel, present, &initrd, h->initrd.bytes != 0);
}
