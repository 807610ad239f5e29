/* SPDX-License-Identifier: BSD-2-Clause */
/* A PCI function of class NVMe becomes a controller: found, identified, driven, let go. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/nvme/nvme.h"
#include "lib/log.h"

enum { ADMIN_ENTRIES = 16, APST_BYTES = 256 };

static struct nvme_controller *controllers;

struct nvme_controller *nvme_first(void)
{
	return controllers;
}

static const struct {
	u16 vendor, product;
	u8 quirks;
} quirks[] = {
	{ 0x144d, 0xa809, NVME_QUIRK_NO_ZEROES },	/* Samsung PM991 */
	{ 0x144d, 0xa80b, NVME_QUIRK_NO_ZEROES },	/* Samsung PM9B1 */
	{ 0x144d, 0xa821, NVME_QUIRK_DELAY },		/* Samsung PM1725 */
	{ 0x144d, 0xa822, NVME_QUIRK_DELAY | NVME_QUIRK_NO_ZEROES },	/* Samsung PM1725a */
	{ 0x15b7, 0x2001, NVME_QUIRK_NO_ZEROES },	/* Sandisk Skyhawk */
	{ 0x1987, 0x5013, NVME_QUIRK_NO_ZEROES },	/* Phison E13 */
	{ 0x1b36, 0x0010, NVME_QUIRK_NO_BIT_BUCKET },	/* QEMU */
	{ 0x1bb1, 0x0100, NVME_QUIRK_DELAY },		/* Seagate Nytro */
	{ 0x1c58, 0x0003, NVME_QUIRK_DELAY },		/* HGST SN100 */
	{ 0x1c58, 0x0023, NVME_QUIRK_DELAY },		/* WDC SN200 */
	{ 0x1c5c, 0x1504, NVME_QUIRK_NO_ZEROES },	/* SK Hynix PC400 */
	{ 0x1c5c, 0x1d59, NVME_QUIRK_NO_ZEROES },	/* SK Hynix BC901 */
	{ 0x1c5f, 0x0540, NVME_QUIRK_DELAY },		/* Memblaze PBlaze4 */
	{ 0x1cc1, 0x8201, NVME_QUIRK_NO_TRANSITIONS },	/* ADATA SX8200 Pro */
	{ 0x1d97, 0x1602, NVME_QUIRK_DELAY },		/* Lexar NM790 */
	{ 0x1d97, 0x2263, NVME_QUIRK_NO_ZEROES },	/* SPCC */
	{ 0x1e4b, 0x1602, NVME_QUIRK_DELAY },		/* Maxio MAP1602 */
	{ 0x2646, 0x2262, NVME_QUIRK_NO_TRANSITIONS },	/* Kingston KC2000 */
	{ 0x2646, 0x2263, NVME_QUIRK_NO_TRANSITIONS },	/* Kingston A2000 */
	{ 0x2646, 0x500d, NVME_QUIRK_NO_ZEROES },	/* Kingston OM3PDP3 */
	{ 0x8086, 0x5845, NVME_QUIRK_NO_LIST | NVME_QUIRK_NO_ZEROES },	/* old QEMU */
	{ 0x8086, 0xf1a5, NVME_QUIRK_NO_TRANSITIONS | NVME_QUIRK_NO_ZEROES },	/* Intel 600p */
};

static unsigned quirks_of(const struct device_id *id)
{
	for (unsigned i = 0; i < sizeof(quirks) / sizeof(*quirks); i++)
		if (quirks[i].vendor == id->vendor && quirks[i].product == id->product)
			return quirks[i].quirks;
	return 0;
}

/* ---- Which there are ---- */

static void enlist(struct nvme_controller *c)
{
	struct nvme_controller **at = &controllers;

	for (; *at && (*at)->number == c->number; at = &(*at)->next)
		c->number++;
	c->next = *at;
	*at = c;
	snprintf(c->name, sizeof(c->name), "nvme%u", c->number);
}

static void free_controller(struct nvme_controller *c)
{
	struct nvme_controller **at = &controllers;

	while (*at && *at != c)
		at = &(*at)->next;
	if (*at)
		*at = c->next;
	nvme_queue_destroy(&c->admin);
	nvme_queue_destroy(&c->io);
	dma_free(&c->page);
	dma_free(&c->lists);
	dma_free(&c->sink);
	dma_free(&c->shadow);
	dma_free(&c->events);
	dma_free(&c->host_memory);
	free(c->loans);
	free(c);
}

/* ---- What it is ---- */

static void copy_words(char *to, const char *from, size_t bytes)
{
	while (bytes && (from[bytes - 1] == ' ' || !from[bytes - 1]))
		bytes--;
	for (size_t i = 0; i < bytes; i++)
		to[i] = from[i] < ' ' || from[i] > '~' ? '?' : from[i];
	to[bytes] = '\0';
}

static u32 max_transfer(const struct nvme_controller *c, unsigned mdts)
{
	u64 bytes = mdts && mdts < 32 ? (u64)c->page_bytes << mdts : NVME_TRANSFER_MAX;

	return bytes < NVME_TRANSFER_MAX ? (u32)bytes : NVME_TRANSFER_MAX;
}

static const char *take_identity(struct nvme_controller *c, const struct nvme_id_controller *id)
{
	if ((id->sqes & 0xf) > 6 || (id->cqes & 0xf) > 4)
		return "it wants queue entries of another size";
	copy_words(c->model, id->mn, sizeof(id->mn));
	copy_words(c->serial, id->sn, sizeof(id->sn));
	copy_words(c->firmware, id->fr, sizeof(id->fr));
	c->namespaces_max = le32_get(id->nn);
	c->max_transfer = max_transfer(c, id->mdts);
	c->oacs = le16_get(id->oacs);
	c->oncs = le16_get(id->oncs);
	if (c->quirks & NVME_QUIRK_NO_ZEROES)
		c->oncs &= (u16)~NVME_ONCS_WRITE_ZEROES;
	c->sgls = le32_get(id->sgls);
	if (!(c->sgls & NVME_SGLS) || (c->sgls & NVME_SGLS) == NVME_SGLS)
		c->sgls = 0;
	if (c->quirks & NVME_QUIRK_NO_BIT_BUCKET)
		c->sgls &= ~(u32)NVME_SGLS_BIT_BUCKET;
	c->volatile_cache = id->vwc & NVME_VWC_PRESENT;
	c->shutdown_us = le32_get(id->rtd3e);
	c->host_memory_bytes = (u64)le32_get(id->hmpre) * 4096;
	c->host_memory_least = (u64)le32_get(id->hmmin) * 4096;
	if (!id->apsta)
		c->quirks &= ~(unsigned)NVME_QUIRK_NO_TRANSITIONS;
	return NULL;
}

static int identify(struct nvme_controller *c, const char **why)
{
	struct nvme_id_controller *id = malloc(sizeof(*id));
	int error;

	*why = "no memory";
	if (!id)
		return -ENOMEM;
	error = nvme_identify(c, NVME_CNS_CONTROLLER, 0, id);
	*why = error ? nvme_words(error) : take_identity(c, id);
	free(id);
	return error ? error : *why ? -ENOTSUP : 0;
}

static int forbid_transitions(struct nvme_controller *c)
{
	static char none[APST_BYTES];
	struct nvme_command command = {
		.opcode = NVME_SET_FEATURES,
		.cdw10 = le32_put(NVME_FEATURE_POWER_TRANSITIONS),
	};
	int error = 0;

	if (c->quirks & NVME_QUIRK_NO_TRANSITIONS)
		error = nvme_admin_data(c, &command, none, sizeof(none), true, NULL);
	return error < 0 ? error : 0;
}

/* ---- Probe ---- */

/* What the registers say before anything is done to it; in words why that will not do. */
static const char *take_capabilities(struct nvme_controller *c)
{
	u32 entries, sets;

	c->cap = mmio_read32(c->registers, NVME_CAP) |
		 (u64)mmio_read32(c->registers, NVME_CAP + 4) << 32;
	c->version = mmio_read32(c->registers, NVME_VS);
	if (c->cap == UINT64_MAX || c->version == NVME_GONE)
		return "its registers read as ones";
	c->page_bytes = 4096u << nvme_cap_mpsmin(c->cap);
	c->io.stride = c->admin.stride = 4u << nvme_cap_dstrd(c->cap);
	entries = nvme_cap_mqes(c->cap) + 1;
	c->io.id = 1;
	c->io.entries = (u16)(entries < NVME_ENTRIES ? entries : NVME_ENTRIES);
	c->io.slots = c->io.entries <= NVME_SLOTS_MAX ? c->io.entries - 1 : NVME_SLOTS_MAX;
	c->admin.entries = ADMIN_ENTRIES;
	c->admin.slots = 1;
	c->admin.registers = c->io.registers = c->registers;
	c->admin.page_bytes = c->io.page_bytes = c->page_bytes;
	if (c->registers.size < NVME_DOORBELLS + 4 * c->io.stride)
		return "its registers end before the doorbells";
	sets = nvme_cap_css(c->cap);
	if ((sets & NVME_CSS_NO_IO && !(sets & (NVME_CSS_NVM | NVME_CSS_SEVERAL))) || !c->io.slots)
		return "it does no input or output (CAP)";
	return NULL;
}

static int allocate(struct nvme_controller *c)
{
	size_t sink = c->page_bytes > NVME_SINK_BYTES ? c->page_bytes : NVME_SINK_BYTES;

	c->admin.domain = c->io.domain = c->domain;
	c->loans = calloc(NVME_LOANS, sizeof(*c->loans));
	if (!c->loans || dma_alloc(&c->page, c->domain, NVME_IDENTIFY_BYTES, c->page_bytes,
				   DMA_OWNED) ||
	    dma_alloc(&c->lists, c->domain, NVME_LISTS * NVME_LIST_BYTES, NVME_LIST_BYTES,
		      DMA_OWNED) ||
	    dma_alloc(&c->sink, c->domain, 2 * sink, c->page_bytes, DMA_OWNED))
		return -ENOMEM;
	for (unsigned i = 0; i < NVME_LOANS; i++) {
		c->loans[i].next = c->free_loans;
		c->free_loans = &c->loans[i];
	}
	while (c->free_list_count < NVME_LISTS) {
		c->free_lists[c->free_list_count] = (u8)c->free_list_count;
		c->free_list_count++;
	}
	return 0;
}

static int bring_up(struct nvme_controller *c, const char **why)
{
	int error = nvme_disable(c);

	*why = "it cannot be switched off (CC.EN)";
	if (!error)
		error = nvme_enable(c, why);
	if (!error)
		error = identify(c, why);
	if (!error)
		error = nvme_begin_io(c, why);
	if (!error && (error = forbid_transitions(c)))
		*why = nvme_words(error);
	return error;
}

static int refuse(struct nvme_controller *c, int error, const char *why)
{
	struct device *dev = c->device;

	device_refuse(dev, error < 0 ? error : -EIO,
		      "%s; CAP %016" PRIx64 ", VS %" PRIx32 ", CC %" PRIx32 ", CSTS %" PRIx32, why,
		      c->cap, c->version, mmio_read32(c->registers, NVME_CC),
		      mmio_read32(c->registers, NVME_CSTS));
	if (nvme_disable(c) != -EIO)
		free_controller(c);
	return error < 0 ? error : -EIO;
}

static int probe(struct device *dev, const struct device_id *id)
{
	struct nvme_controller *c = calloc(1, sizeof(*c));
	const char *why;
	int error;

	(void)id;
	if (!c)
		return -ENOMEM;
	c->device = dev;
	c->function = pci_function_of(dev);
	c->quirks = quirks_of(&dev->id);
	error = device_map(dev, 0, &c->registers);
	if (!error && c->registers.size <= NVME_DOORBELLS)
		error = device_refuse(dev, -EINVAL, "BAR 0 has %zu bytes, too few for registers",
				      c->registers.size);
	if (!error)
		error = device_dma(dev, &c->domain);
	if (error) {
		free(c);
		return error;
	}
	why = take_capabilities(c);
	if (why || allocate(c))
		return refuse(c, why ? -EIO : -ENOMEM, why ? why : "no memory for it");
	error = bring_up(c, &why);
	if (error)
		return refuse(c, error, why);
	enlist(c);
	dev->state = c;
	log_info("%s: controller ready: %s, firmware %s, serial %s", c->name, c->model,
		 c->firmware, c->serial);
	error = nvme_namespaces_add(c);
	if (error)
		log_error("%s: its namespaces cannot all be listed: %s", c->name,
			  nvme_words(error));
	device_describe(dev, "%s", c->name);
	return 0;
}

/* ---- The end ---- */

static void forget_namespaces(struct nvme_controller *c, int error, const char *why)
{
	while (c->namespaces)
		nvme_namespace_remove(c->namespaces, error, why);
}

static int quiesce(struct device *dev)
{
	struct nvme_controller *c = dev->state;
	int error;

	if (!c)
		return 0;		/* it has been stopped before */
	error = nvme_shut_down(c);
	nvme_fail_all(c, error != -EIO, -ENODEV, "it was shut down");
	forget_namespaces(c, -ENODEV, "it was shut down");
	if (error != -EIO)
		error = pci_set_master(c->function, false);
	if (!error) {
		free_controller(c);
		dev->state = NULL;
	}
	return error;
}

static void removed(struct device *dev)
{
	struct nvme_controller *c = dev->state;

	if (!c)
		return;
	nvme_fail_all(c, true, -ENXIO, "it has gone");
	forget_namespaces(c, -ENXIO, "it has gone");
	free_controller(c);
}

static const struct device_id ids[] = { MATCH_PCI_CLASS(0x010802) };

DRIVER(nvme) = {
	.name = "nvme",
	.ids = ids,
	.id_count = sizeof(ids) / sizeof(*ids),
	.probe = probe,
	.quiesce = quiesce,
	.remove = removed,
};
