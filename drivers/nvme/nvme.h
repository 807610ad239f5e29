/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NVMe over PCIe: the driver's files among themselves, and what the `nvme` command asks them.
 * Section numbers are those of the NVMe base specification 1.4.
 *
 * A controller has one I/O queue pair, shared by its namespaces, each of which is a block device.
 * A second pair would serve a second CPU, and nobody starts one.
 */
#pragma once
#include "drivers/block.h"
#include "drivers/nvme/queue.h"
#include "drivers/pci/pci.h"

enum {
	NVME_ENTRIES = 2 * NVME_SLOTS_MAX,	/* of an I/O queue */
	NVME_SEGMENTS = 256,			/* of a request */
	NVME_LOANS = 4 * NVME_SEGMENTS,		/* of all requests */
	NVME_TRANSFER_MAX = 2 * 1024 * 1024,	/* bytes of a command, if it says no less */

	/* Pages for PRP lists, SGLs and ranges: two for the longest transfer, one for others. */
	NVME_LIST_BYTES = 4096,
	NVME_LISTS = NVME_SLOTS_MAX + 8,
	NVME_SLOT_LISTS = 2,

	NVME_SINK_BYTES = 32 * 1024,		/* for gaps and metadata; a page at least */

	NVME_ADMIN_TIMEOUT_US = 10 * 1000 * 1000,
};

/* What is wrong with some controllers (pci.c has the table) */
enum nvme_quirk {
	NVME_QUIRK_DELAY = 1 << 0,		/* RDY is not to be read for a while */
	NVME_QUIRK_NO_TRANSITIONS = 1 << 1,	/* its deepest power state is a trap */
	NVME_QUIRK_NO_LIST = 1 << 2,		/* no list of namespaces, or a wrong one */
	NVME_QUIRK_NO_ZEROES = 1 << 3,		/* write zeroes does not */
	NVME_QUIRK_NO_BIT_BUCKET = 1 << 4,	/* bit buckets write to memory */
};

/* Memory of a request's segment, lent. */
struct nvme_loan {
	struct dma_mapping map;
	struct nvme_loan *next;
};

/* A request in flight, by the slot of its command. */
struct nvme_slot {
	struct nvme_namespace *namespace;
	struct block_request *request;
	struct nvme_loan *loans;
	u8 lists[NVME_SLOT_LISTS], list_count;
	u8 failures, resets;			/* that it has lived through */
	struct nvme_command command;		/* for another try */
};

struct nvme_controller {
	struct device *device;
	struct pci_function *function;
	char name[8];				/* "nvme0" */
	unsigned number;
	unsigned quirks;			/* enum nvme_quirk */
	struct nvme_controller *next;

	/* what it says of itself */
	u64 cap;
	u32 version;
	u32 page_bytes;				/* CC.MPS: the least it supports */
	char model[41], serial[21], firmware[9];
	u32 namespaces_max;
	u32 max_transfer;			/* bytes */
	u32 sgls;
	u16 oncs, oacs;
	bool volatile_cache;			/* it has one ... */
	bool write_through;			/* ... that is switched off */
	u32 shutdown_us;
	u64 host_memory_bytes, host_memory_least;	/* as it prefers, and needs; 0: none */

	struct mmio registers;
	const struct dma_domain *domain;
	struct nvme_queue admin, io;
	struct dma_memory page;			/* for data of admin commands */
	struct dma_memory lists, sink, shadow, events, host_memory;
	u8 free_lists[NVME_LISTS];
	unsigned free_list_count;
	struct nvme_loan *loans, *free_loans;
	struct nvme_slot slots[NVME_SLOTS_MAX];
	struct nvme_namespace *namespaces;
	unsigned idle_polls;
	u32 resets;
	const char *dead;			/* why nothing can be asked of it; NULL: it can */
};

struct nvme_namespace {
	struct block_device block;
	struct nvme_controller *controller;
	struct nvme_namespace *next;
	u32 id;
	u8 block_shift;
	u16 metadata_bytes;			/* of a block */
	u32 read_control, write_control;	/* in dword 12 of commands that move data */
	bool reference_tags;			/* the block's number is checked, too */
	bool metadata_aside;			/* it is transferred, to nowhere */
};

/* ---- controller.c ---- */

struct nvme_controller *nvme_first(void);

/*
 * Off it goes, from whatever state, and accesses no memory any more. 0; -ENXIO: it has gone;
 * -ETIMEDOUT: it does not go off, and is no bus master any more; -EIO: not even that.
 */
int nvme_disable(struct nvme_controller *c);

/* On, with admin queues; then with an I/O queue pair. 0, or an error with *why in words. */
int nvme_enable(struct nvme_controller *c, const char **why);
int nvme_begin_io(struct nvme_controller *c, const char **why);

/* Orderly, so that it need not check itself when it starts again; then as nvme_disable. */
int nvme_shut_down(struct nvme_controller *c);

/*
 * Are writes finished in the volatile cache, or on the medium? From now on, resets or not; the
 * namespaces' limits follow. As nvme_admin.
 */
int nvme_set_cache(struct nvme_controller *c, bool on);

/* A look at CSTS: 0; -ENXIO: it has gone; -EIO: it says that it has failed. */
int nvme_check(struct nvme_controller *c);

/* Of what it was asked, or waited for: a status, or one of the errors here. */
const char *nvme_words(int result);

/* ---- admin.c ---- */

/*
 * Ask, and wait for the answer. 0 with *@result (may be NULL) its dword 0. A positive result is the
 * status that it was refused with. -ETIMEDOUT, -ENXIO, -EIO: there was no answer; it is to be reset
 * before anything else is asked of it.
 */
int nvme_admin(struct nvme_controller *c, struct nvme_command *command, u32 timeout_us,
	       u32 *result);

/* The same, with up to 4096 bytes that it says, or (@told) is told. */
int nvme_admin_data(struct nvme_controller *c, struct nvme_command *command, void *data,
		    size_t bytes, bool told, u32 *result);

int nvme_identify(struct nvme_controller *c, enum nvme_cns cns, u32 namespace, void *data);

/* ---- data.c: memory for commands ---- */

/*
 * Lend the request's segments, and tell @slot's command where they are. 0; -EAGAIN: not now;
 * others: never. After an error nothing is lent.
 */
int nvme_data_lend(struct nvme_controller *c, struct nvme_slot *slot,
		   const struct block_request *r);
int nvme_data_range(struct nvme_controller *c, struct nvme_slot *slot, u64 lba, u32 blocks);
void nvme_data_return(struct nvme_controller *c, struct nvme_slot *slot);

/* ---- namespace.c, namespaces.c ---- */

extern const struct block_ops nvme_block_ops;

/*
 * The namespaces that are there, and not known, become block devices. 0, or what nvme_admin said
 * when it ended the search. One that cannot be used is logged.
 */
int nvme_namespaces_add(struct nvme_controller *c);
void nvme_namespace_remove(struct nvme_namespace *n, int status, const char *why);

/* What has completed. */
void nvme_poll(struct nvme_controller *c);

/* ---- recover.c ---- */

/*
 * Off, and on again. Requests of @of (NULL: of none) fail with @status and @cause; others are tried
 * again once. 0, or why nothing more can be asked of it: then all have failed.
 */
int nvme_reset(struct nvme_controller *c, const struct block_device *of, int status,
	       const char *cause);

/*
 * All requests end, and no more are accepted. @off: it accesses no memory any more; else what
 * was lent stays lent.
 */
void nvme_fail_all(struct nvme_controller *c, bool off, int status, const char *why);

/*
 * For the monitor: nvme_admin, or with @data nvme_admin_data, of a controller in use; it is reset
 * where it does not answer. -ENODEV: it is dead.
 */
int nvme_ask(struct nvme_controller *c, struct nvme_command *command, void *data, size_t bytes,
	     u32 timeout_us, u32 *result);

/* Ask for an end of those commands whose time is over. */
void nvme_abort_late(struct nvme_controller *c, u64 now_us);

/* ---- status.c ---- */

/* "unrecovered read error"; never NULL. @status: without the phase. */
const char *nvme_status_words(u16 status);
int nvme_status_error(u16 status);		/* 0, or -errno */
