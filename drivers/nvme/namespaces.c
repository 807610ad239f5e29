/* SPDX-License-Identifier: BSD-2-Clause */
/* Which namespaces there are, what they can do, and how they become block devices. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/nvme/nvme.h"
#include "lib/log.h"
#include "lib/size.h"

enum {
	BLOCK_SHIFT_MIN = 9,
	BLOCK_SHIFT_MAX = 16,
	BLOCKS_MAX = 65536,		/* of a command */
	DISCARD_BYTES = 1024 * 1024 * 1024,
	NAMESPACES_MAX = 256,		/* of a controller: a list is not believed for ever */
};

/* ---- What it can do ---- */

static u32 smaller(u32 a, u32 b)
{
	return a < b ? a : b;
}

/*
 * Protection information that is all of the metadata is made and checked by the controller, and
 * transferred never (8.3.1.3). Other metadata is transferred beside the data, if it can be.
 */
static int take_metadata(struct nvme_namespace *n, const struct nvme_id_namespace *id)
{
	unsigned type = id->dps & NVME_DPS_TYPE;

	if (!n->metadata_bytes)
		return 0;
	if (type) {
		n->write_control = NVME_RW_PRACT;
		n->read_control = NVME_RW_PRACT | NVME_RW_PRCHK_GUARD;
		n->reference_tags = type == NVME_DPS_TYPE1;
		if (n->reference_tags)
			n->read_control |= NVME_RW_PRCHK_REF;
		if (n->metadata_bytes == NVME_PI_BYTES)
			return 0;
	}
	n->metadata_aside = true;
	return id->flbas & NVME_FLBAS_EXTENDED ? -ENOTSUP : 0;
}

static void set_limits(struct nvme_namespace *n, const struct nvme_id_namespace *id)
{
	struct nvme_controller *c = n->controller;
	struct block_limits *l = &n->block.limits;
	u32 block = 1u << n->block_shift;

	*l = (struct block_limits){
		.block_size = block,
		.block_count = le64_get(id->nsze),
		.max_blocks = smaller(c->max_transfer / block, BLOCKS_MAX),
		.max_segments = NVME_SEGMENTS,
		.max_segment_bytes = c->max_transfer,
		.max_gap_bytes = c->max_transfer,
		.segment_align = c->page_bytes,
		.buffer_align = sizeof(u32),
		.can_compare = c->oncs & NVME_ONCS_COMPARE,
		.depth = c->io.slots,
		.read_only = id->nsattr & NVME_NSATTR_PROTECTED,
		.volatile_cache = c->volatile_cache && !c->write_through,
		.can_fua = true,
	};
	if (c->sgls) {
		bool bytes = (c->sgls & NVME_SGLS) == NVME_SGLS_BYTES;

		l->segment_align = l->buffer_align = bytes ? 1 : sizeof(u32);
		if (!(c->sgls & NVME_SGLS_BIT_BUCKET))
			l->max_gap_bytes = NVME_SINK_BYTES;
	} else if (c->page_bytes > ARCH_PAGE_BYTES) {
		l->max_segments = 1;	/* what is bounced keeps its place in small pages only */
		l->segment_align = l->buffer_align;
	}
	if (n->metadata_aside)
		l->max_blocks = smaller(l->max_blocks, NVME_SINK_BYTES / n->metadata_bytes);
	if (c->oncs & NVME_ONCS_DSM)
		l->max_discard_blocks = DISCARD_BYTES / block;
	if (c->oncs & NVME_ONCS_WRITE_ZEROES)
		l->max_zeroes_blocks = n->metadata_aside ? l->max_blocks : BLOCKS_MAX;
}

/* In words why it cannot be used; NULL: it can. */
static const char *take_format(struct nvme_namespace *n, const struct nvme_id_namespace *id)
{
	const struct nvme_lba_format *format = &id->lbaf[nvme_flbas_index(id->flbas)];

	n->block_shift = format->lbads;
	n->metadata_bytes = le16_get(format->ms);
	if (n->block_shift < BLOCK_SHIFT_MIN || n->block_shift > BLOCK_SHIFT_MAX)
		return "its blocks are not of 512 bytes to 64 KiB";
	if (1u << n->block_shift > n->controller->max_transfer)
		return "a block is more than a command may move";
	if (n->metadata_bytes > NVME_SINK_BYTES || take_metadata(n, id))
		return "each block carries metadata (format it without: nvme format)";
	set_limits(n, id);
	return NULL;
}

static void announce(const struct nvme_namespace *n)
{
	const struct nvme_controller *c = n->controller;
	const struct block_limits *l = &n->block.limits;
	char size[SIZE_TEXT_BYTES], dma[80], metadata[32] = "";

	if (n->metadata_bytes)
		snprintf(metadata, sizeof(metadata), " + %u%s", n->metadata_bytes,
			 n->read_control ? " (protected)" : "");
	log_info("%s: %s, blocks of %" PRIu32 "%s%s, queue of %u%s%s, DMA %s", n->block.name,
		 size_text(l->block_count << n->block_shift, size), l->block_size, metadata,
		 l->read_only ? ", read-only" : "", l->depth, c->sgls ? ", SGL" : "",
		 c->io.shadow ? ", shadow doorbells" : "",
		 dma_describe(c->domain, dma, sizeof(dma)));
}

/* ---- Coming and going ---- */

static bool is_known(const struct nvme_controller *c, u32 id)
{
	const struct nvme_namespace *n = c->namespaces;

	while (n && n->id != id)
		n = n->next;
	return n;
}

static int add(struct nvme_controller *c, u32 id, struct nvme_id_namespace *page)
{
	struct nvme_namespace *n;
	const char *why;
	int error;

	if (is_known(c, id))
		return 0;
	error = nvme_identify(c, NVME_CNS_NAMESPACE, id, page);
	if (error < 0)
		return error;
	if (error || !le64_get(page->nsze))
		return 0;			/* a number without a namespace */
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->controller = c;
	n->id = id;
	n->block.ops = &nvme_block_ops;
	n->block.driver = n;
	n->block.device = c->device;
	snprintf(n->block.name, sizeof(n->block.name), "%sn%" PRIu32, c->name, id);
	why = take_format(n, page);
	if (why)
		log_warning("%s: not usable: %s", n->block.name, why);
	if (why || block_register(&n->block)) {
		free(n);
		return 0;
	}
	n->next = c->namespaces;
	c->namespaces = n;
	announce(n);
	return 0;
}

void nvme_namespace_remove(struct nvme_namespace *n, int status, const char *why)
{
	struct nvme_namespace **at = &n->controller->namespaces;

	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	block_unregister(&n->block, status, why);
	free(n);
}

/* ---- Which there are ---- */

/* By number, where there is no list; numbers without a namespace are passed over. */
static int add_by_number(struct nvme_controller *c, void *page)
{
	u32 last = smaller(c->namespaces_max, NAMESPACES_MAX);
	int error = 0;

	for (u32 id = 1; id <= last && !error; id++)
		error = add(c, id, page);
	return error;
}

/* In ascending order, a page of them at a time (5.15.2.3). What is not, is no list. */
static int add_by_list(struct nvme_controller *c, le32 *list, void *page)
{
	unsigned count = 0;
	u32 id = 0;

	for (;;) {
		int error = nvme_identify(c, NVME_CNS_ACTIVE_LIST, id, list);

		if (error)
			return error;
		for (unsigned i = 0; i < NVME_LIST_IDS; i++) {
			u32 next = le32_get(list[i]);

			if (!next || count++ == NAMESPACES_MAX)
				return 0;
			if (next <= id || next > c->namespaces_max)
				return NVME_INVALID_FIELD;
			id = next;
			error = add(c, id, page);
			if (error)
				return error;
		}
	}
}

int nvme_namespaces_add(struct nvme_controller *c)
{
	bool has_list = c->version >= NVME_VS_1_1 && !(c->quirks & NVME_QUIRK_NO_LIST);
	char *pages = malloc(2 * NVME_IDENTIFY_BYTES);
	int error = NVME_INVALID_FIELD;

	if (!pages)
		return -ENOMEM;
	if (has_list)
		error = add_by_list(c, (le32 *)pages, pages + NVME_IDENTIFY_BYTES);
	if (error > 0)
		error = add_by_number(c, pages);
	free(pages);
	return error;
}
