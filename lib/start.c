/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the first C with the MMU on to main(), in two halves. The image starts wherever somebody
 * put it, usually where a kernel wants to be. So the first half only reads the memory map, finds
 * a nest at the top of RAM, and moves there; the second half starts over from the nest, for good.
 */
#include <inttypes.h>

#include "arch/arch.h"
#include "lib/board.h"
#include "lib/cpu_tree.h"
#include "lib/dt.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/nest.h"
#include "lib/random.h"
#include "lib/time.h"
#include "lib/version.h"

int main(void);

enum {
	TREE_LIMIT_BYTES = 2 * 1024 * 1024,	/* the arm64 boot protocol's; real: < 256 KiB */
};

static u64 page_up(u64 n)
{
	return (n + ARCH_PAGE_BYTES - 1) & -(u64)ARCH_PAGE_BYTES;
}

static u64 page_down(u64 n)
{
	return n & -(u64)ARCH_PAGE_BYTES;
}

/* false: it is no free RAM. Where we were put may be reserved already: nobody else's either. */
static bool claim(u64 start, u64 bytes, const char *owner)
{
	return memory_claim(start, bytes, MEMORY_PLINTH, owner) == 0;
}

/* ---- First half: in place ---- */

struct tree_check {
	const void *blob;
	const char *reason;
	int error;
};

static void check_tree(void *argument)
{
	struct tree_check *c = argument;

	c->error = dt_open(c->blob, TREE_LIMIT_BYTES, &c->reason);
}

/* Nothing vouches for the address: a fault on the way is one more kind of bad tree. */
static void open_tree(u64 address)
{
	struct tree_check check = { .blob = (const void *)(uintptr_t)address };

	if (arch_catch(check_tree, &check, NULL)) {
		check.error = -EFAULT;
		check.reason = "no memory can be read there";
	}
	if (check.error)
		panic("The device tree at %#" PRIx64 " cannot be used: %s.\n"
		      "Plinth learns from it what machine this is. Check what the previous stage "
		      "hands over: QEMU's -dtb, the third argument of U-Boot's booti, the "
		      "firmware.",
		      address, check.reason);
}

_Noreturn void start(const struct arch_boot *entered)
{
	struct arch_boot boot = *entered;
	u64 image_bytes = page_up(arch_image_bytes());
	size_t tree_bytes;
	int error;

	time_init(boot.start_ticks);
	open_tree(boot.tree);
	error = memory_init();
	if (error)
		panic("The memory that the device tree lists cannot be used: %s.",
		      error_text(error));

	dt_blob(&tree_bytes);
	claim(boot.load_address, image_bytes, "image as loaded");
	claim(boot.tree, tree_bytes, "firmware's device tree");

	boot.tree_bytes = dt_used_bytes();
	error = nest_take(image_bytes, boot.tree_bytes, &boot.nest);
	if (error == -ENOSPC)
		panic("The device tree lists more pieces of memory than Plinth has room for.");
	if (error)
		panic("No %" PRIu64 " KiB of free memory in one piece: Plinth cannot run here.",
		      boot.nest.bytes / 1024);
	error = arch_map(boot.nest.start, boot.nest.bytes, ARCH_MAP_DATA);
	if (error)
		panic("Cannot map memory at %#" PRIx64 ": %s.", boot.nest.start, error_text(error));

	boot.given_tree = boot.tree;
	boot.tree = boot.nest.start;
	dt_copy((void *)(uintptr_t)boot.tree);
	arch_move(&boot);
}

/* ---- Second half: in the nest ---- */

static void *table_page(void)
{
	return memory_pages(1, "page tables");
}

/* Whole pages inside @r only. */
static void map(struct range r, enum arch_map_kind kind)
{
	u64 from = page_up(r.start), to = page_down(r.start + r.bytes);
	int error = to > from ? arch_map(from, to - from, kind) : 0;

	if (error)
		panic("Cannot map %" PRIu64 " KiB of memory at %#" PRIx64 ": %s.", r.bytes / 1024,
		      r.start, error_text(error));
}

/* All RAM but what must not even be mapped. Neighbours of different owners share large pages. */
static void map_ram(void)
{
	const struct memory_range *m;
	struct range run = { 0 };

	for (unsigned i = 0; (m = memory_at(i)); i++) {
		if (m->use == MEMORY_NO_MAP)
			continue;
		if (m->range.start != run.start + run.bytes) {
			map(run, ARCH_MAP_DATA);
			run = (struct range){ m->range.start, 0 };
		}
		run.bytes += m->range.bytes;
	}
	map(run, ARCH_MAP_DATA);
}

static void map_image(const struct arch_image *image)
{
	map(image->text, ARCH_MAP_TEXT);
	map(image->rodata, ARCH_MAP_RODATA);
	map(image->data, ARCH_MAP_DATA);
	map(image->stack_guard, ARCH_MAP_NONE);
	map(image->trap_guard, ARCH_MAP_NONE);
}

/*
 * What firmware made up for one start of one system is ours alone from here on: in the tree that it
 * left, which becomes anybody's memory, there is nothing to be found. It may not let us write.
 */
static void erase_seeds(const struct arch_boot *boot)
{
	const struct memory_range *m = memory_find(boot->given_tree);

	if (!m || m->use == MEMORY_NO_MAP)
		return;
	dt_adopt((const void *)(uintptr_t)boot->given_tree);
	arch_catch(random_erase_seeds, NULL, NULL);
	dt_adopt((const void *)(uintptr_t)boot->tree);
}

_Noreturn void start_moved(const struct arch_boot *boot)
{
	u64 image_bytes = page_up(arch_image_bytes());
	struct arch_image image;
	bool first_half;
	int error;

	time_init(boot->start_ticks);
	log_info("Plinth %s", plinth_version());
	dt_adopt((const void *)(uintptr_t)boot->tree);
	memory_init();				/* the first half has seen it succeed */

	arch_image(&image);
	claim(image.text.start, image_bytes, "image");
	claim(boot->tree, boot->tree_bytes, "device tree");
	/* its page tables are in use */
	first_half = claim(boot->load_address, image_bytes, "first half");
	memory_pages_within(boot->nest);

	error = arch_describe(&cpu_tree);
	if (error)
		log_warning("The CPU's description in the device tree is incomplete: %s",
			    error_text(error));

	error = arch_tables_begin(table_page);
	if (error)
		panic("No memory for page tables.");
	map_ram();
	map_image(&image);
	arch_tables_use();
	memory_pages_within((struct range){ 0 });
	erase_seeds(boot);
	random_begin();
	if (first_half)
		memory_release(boot->load_address, image_bytes);

	if (board()->init && (error = board()->init()))
		log_warning("board %s: init failed: %s", board()->name, error_text(error));
	main();
	panic("main() returned.");
}
