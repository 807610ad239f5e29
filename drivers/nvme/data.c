/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a command's data is, in the controller's words: PRPs (4.3), which are pages, or SGLs (4.4),
 * which are any pieces. Lists of either lie in pages of the controller's own.
 */
#include "drivers/nvme/nvme.h"

/*
 * A page of a PRP list ends with the address of the next one, or an empty place: some drives and
 * hypervisors misread a list whose last entry is a page's last. So this many are used. With one
 * more it would be full, and the last place not an address of a list: such a list begins later.
 */
enum { LIST_PRPS = NVME_LIST_BYTES / 8 - 1 };

enum { PRP_PAGES = 8 };			/* beyond that an SGL, if there are any, is less to read */

/* ---- Pages for lists ---- */

static void *list_at(struct nvme_controller *c, unsigned list)
{
	return (char *)c->lists.cpu + list * NVME_LIST_BYTES;
}

static u64 list_address(struct nvme_controller *c, unsigned list)
{
	return dma_at(&c->lists, list * NVME_LIST_BYTES).bus;
}

static int take_lists(struct nvme_controller *c, struct nvme_slot *slot, unsigned count)
{
	if (count > NVME_SLOT_LISTS)
		return -E2BIG;
	if (count > c->free_list_count)
		return -EAGAIN;
	while (slot->list_count < count)
		slot->lists[slot->list_count++] = c->free_lists[--c->free_list_count];
	return 0;
}

/* ---- Loans ---- */

void nvme_data_return(struct nvme_controller *c, struct nvme_slot *slot)
{
	while (slot->loans) {
		struct nvme_loan *loan = slot->loans;

		slot->loans = loan->next;
		dma_unmap(&loan->map);
		loan->next = c->free_loans;
		c->free_loans = loan;
	}
	while (slot->list_count)
		c->free_lists[c->free_list_count++] = slot->lists[--slot->list_count];
}

/* What lies together is one loan. */
static int lend(struct nvme_controller *c, struct nvme_slot *slot, const struct block_request *r)
{
	enum dma_direction direction = r->op == BLOCK_READ ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
	struct nvme_loan **last = &slot->loans;

	for (unsigned i = 0; i < r->segment_count; ) {
		struct nvme_loan *loan = c->free_loans;
		void *buffer = r->segments[i].buffer;
		u32 bytes;
		int error;

		if (!buffer) {
			i++;
			continue;
		}
		if (!loan)
			return -EAGAIN;
		i = block_segments_together(r, i, &bytes);
		error = dma_map(&loan->map, c->domain, buffer, bytes, direction);
		if (error)
			return error;
		c->free_loans = loan->next;
		loan->next = NULL;
		*last = loan;
		last = &loan->next;
	}
	return 0;
}

/* The memory of a segment, as the device sees it; *loan is its loan, then that of the next one. */
static u64 piece(struct nvme_controller *c, const struct block_segment *s, struct nvme_loan **loan)
{
	const struct dma_mapping *map;
	size_t into;

	if (!s->buffer)
		return c->sink.addr.bus;
	map = &(*loan)->map;
	into = (size_t)((u8 *)s->buffer - (u8 *)map->buffer);
	if (into + s->bytes == map->bytes)
		*loan = (*loan)->next;
	return map->addr.bus + into;
}

/* ---- PRPs ---- */

/* Gaps are pages of the sink, which begins one. The first of several pieces ends with a page. */
static u64 first_offset(struct nvme_controller *c, const struct nvme_slot *slot,
			const struct block_request *r)
{
	u64 mask = c->page_bytes - 1;

	if (!r->segments[0].buffer)
		return r->segment_count == 1 ? 0 : -(u64)r->segments[0].bytes & mask;
	return slot->loans->map.addr.bus & mask;
}

struct prps {
	struct nvme_controller *c;
	struct nvme_slot *slot;
	unsigned index, count;
	unsigned skip;			/* places of the first list */
};

static void put(struct prps *p, u64 address)
{
	struct nvme_command *command = &p->slot->command;
	unsigned at = p->index++;

	if (!at) {
		command->prp1 = le64_put(address);
	} else if (p->count == 2) {
		command->prp2 = le64_put(address);
	} else {
		unsigned place = at - 1 + p->skip;
		le64 *list = list_at(p->c, p->slot->lists[place / LIST_PRPS]);

		list[place % LIST_PRPS] = le64_put(address);
	}
}

static void put_piece(struct prps *p, u64 address, u64 bytes, bool gap)
{
	u64 page = p->c->page_bytes, offset = address & (page - 1);

	for (;;) {
		u64 here = page - offset;

		put(p, address);
		if (bytes <= here)
			return;
		bytes -= here;
		address = gap ? p->c->sink.addr.bus : address + here;
		offset = 0;
	}
}

/* Links between its pages, and where it begins; then the device may see it. */
static void finish_lists(struct prps *p)
{
	struct nvme_controller *c = p->c;
	struct nvme_slot *slot = p->slot;
	unsigned left = p->count - 1 + p->skip;

	for (unsigned i = 0; i < slot->list_count; i++) {
		bool last = i + 1u == slot->list_count;
		unsigned used = last ? left : LIST_PRPS + 1;

		if (!last)
			((le64 *)list_at(c, slot->lists[i]))[LIST_PRPS] =
				le64_put(list_address(c, slot->lists[i + 1]));
		dma_give(&c->lists, slot->lists[i] * NVME_LIST_BYTES, used * sizeof(le64));
		left -= LIST_PRPS;
	}
	if (slot->list_count)
		slot->command.prp2 = le64_put(list_address(c, slot->lists[0]) +
					      p->skip * sizeof(le64));
}

static int describe_by_prps(struct nvme_controller *c, struct nvme_slot *slot,
			    const struct block_request *r)
{
	struct nvme_loan *loan = slot->loans;
	u64 offset = first_offset(c, slot, r), bytes = offset;
	struct prps p = { .c = c, .slot = slot };
	int error;

	for (unsigned i = 0; i < r->segment_count; i++)
		bytes += r->segments[i].bytes;
	p.count = (unsigned)((bytes + c->page_bytes - 1) / c->page_bytes);
	if (p.count > 2) {
		p.skip = (p.count - 1) % (LIST_PRPS + 1) == 0;
		error = take_lists(c, slot, (p.count - 1 + LIST_PRPS - 1) / LIST_PRPS);
		if (error)
			return error;
	}
	for (unsigned i = 0; i < r->segment_count; i++) {
		const struct block_segment *s = &r->segments[i];
		u64 address = piece(c, s, &loan);

		if (!i && !s->buffer)
			address += offset;
		put_piece(&p, address, s->bytes, !s->buffer);
	}
	finish_lists(&p);
	return 0;
}

/* ---- SGLs ---- */

static struct nvme_sgl descriptor(u64 address, u32 bytes, enum nvme_sgl_type type)
{
	return (struct nvme_sgl){
		.address = le64_put(address),
		.bytes = le32_put(bytes),
		.type = type,
	};
}

static int describe_by_sgl(struct nvme_controller *c, struct nvme_slot *slot,
			   const struct block_request *r)
{
	struct nvme_loan *loan = slot->loans;
	struct nvme_sgl *list = &slot->command.sgl;
	u32 list_bytes = r->segment_count * sizeof(*list);
	unsigned page;

	if (r->segment_count > 1) {
		int error = take_lists(c, slot, 1);

		if (error)
			return error;
		list = list_at(c, slot->lists[0]);
	}
	for (unsigned i = 0; i < r->segment_count; i++) {
		const struct block_segment *s = &r->segments[i];

		if (!s->buffer && c->sgls & NVME_SGLS_BIT_BUCKET)
			list[i] = descriptor(0, s->bytes, NVME_SGL_BIT_BUCKET);
		else
			list[i] = descriptor(piece(c, s, &loan), s->bytes, NVME_SGL_DATA);
	}
	if (r->segment_count > 1) {
		page = slot->lists[0];
		dma_give(&c->lists, page * NVME_LIST_BYTES, list_bytes);
		slot->command.sgl = descriptor(list_address(c, page), list_bytes,
					       NVME_SGL_LAST_SEGMENT);
	}
	slot->command.flags = NVME_PSDT_SGL;
	return 0;
}

/* One piece that is short enough: what every controller is made for. */
static bool suits_prps(const struct nvme_controller *c, const struct nvme_slot *slot,
		      const struct block_request *r)
{
	u64 address;

	if (r->segment_count != 1 || !slot->loans)
		return false;
	address = slot->loans->map.addr.bus;
	return address % sizeof(u32) == 0 &&
		(address & (c->page_bytes - 1)) + r->segments[0].bytes <=
			PRP_PAGES * c->page_bytes;
}

int nvme_data_lend(struct nvme_controller *c, struct nvme_slot *slot, const struct block_request *r)
{
	int error = lend(c, slot, r);

	if (!error)
		error = c->sgls && !suits_prps(c, slot, r) ? describe_by_sgl(c, slot, r) :
							    describe_by_prps(c, slot, r);
	if (error)
		nvme_data_return(c, slot);
	return error;
}

int nvme_data_range(struct nvme_controller *c, struct nvme_slot *slot, u64 lba, u32 blocks)
{
	struct nvme_dsm_range *range;
	int error = take_lists(c, slot, 1);

	if (error)
		return error;
	range = list_at(c, slot->lists[0]);
	*range = (struct nvme_dsm_range){ .blocks = le32_put(blocks), .lba = le64_put(lba) };
	dma_give(&c->lists, slot->lists[0] * NVME_LIST_BYTES, sizeof(*range));
	slot->command.prp1 = le64_put(list_address(c, slot->lists[0]));
	return 0;
}
