/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of the simulated NVMe controller. */
#pragma once
#include <inttypes.h>
#include <string.h>
#include "tests/sim/dma.h"
#include "tests/sim/nvme.h"

enum {
	CC_EN = 1, CSTS_RDY = 1, CSTS_CFS = 2, CSTS_SHST = 3 << 2, SHST_BUSY = 1 << 2,
	SHST_DONE = 2 << 2,
};

/* The driver did what it must not. Returns only to a tolerant controller, which gives up then. */
void blame(struct sim_nvme *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

u64 sim_now_us(void);			/* without moving the clock */
u64 chance(struct sim_nvme *s);
u32 page_bytes(const struct sim_nvme *s);
void forget_everything(struct sim_nvme *s);	/* queues and what is in them */

/* ---- Fields of entries, by the standard's byte offsets ---- */

static inline u16 get16(const u8 *entry, unsigned at)
{
	u16 value;

	memcpy(&value, entry + at, sizeof value);
	return value;
}

static inline u32 get32(const u8 *entry, unsigned at)
{
	u32 value;

	memcpy(&value, entry + at, sizeof value);
	return value;
}

static inline u64 get64(const u8 *entry, unsigned at)
{
	u64 value;

	memcpy(&value, entry + at, sizeof value);
	return value;
}

static inline void put(u8 *to, unsigned at, unsigned bytes, u64 value)
{
	memcpy(to + at, &value, bytes);
}

static inline u32 dword(const u8 *entry, unsigned number)	/* CDW10: 10 */
{
	return get32(entry, 4 * number);
}

/* ---- Status codes: type << 8 | code ---- */

enum {
	OK = 0, INVALID_OPCODE = 0x01, INVALID_FIELD = 0x02, ID_CONFLICT = 0x03,
	DATA_TRANSFER_ERROR = 0x04, ABORTED = 0x07, INVALID_NAMESPACE = 0x0b,
	WRITE_PROTECTED = 0x20, LBA_OUT_OF_RANGE = 0x80,
	CQ_INVALID = 0x100, INVALID_QUEUE = 0x101, INVALID_QUEUE_SIZE = 0x102,
	ABORT_LIMIT = 0x103, INVALID_FORMAT = 0x10a, INVALID_DELETION = 0x10c, INVALID_LOG = 0x109,
	INVALID_PROTECTION = 0x181, WRITE_FAULT = 0x280, UNRECOVERED_READ = 0x281,
	COMPARE_FAILURE = 0x285,
};

/* ---- nvme_data.c: where a command's data is ---- */

void memory_read(struct sim_nvme *s, u64 at, void *to, size_t bytes);
void memory_write(struct sim_nvme *s, u64 at, const void *from, size_t bytes);

struct place { u64 at; u32 bytes; bool bucket; };
enum { PLACES_MAX = 8192 };

struct data {
	struct place places[PLACES_MAX];
	unsigned count, next;		/* which comes next, and what of it has been moved */
	u32 into;
};

/* Read and checked, like a drive does: PRPs or SGLs. false: it was wrong. */
bool data_find(struct sim_nvme *s, const u8 *entry, bool admin, bool to_host, u64 bytes,
	       struct data *d);
void data_put(struct sim_nvme *s, struct data *d, const u8 *from, size_t bytes);
void data_get(struct sim_nvme *s, struct data *d, u8 *to, size_t bytes);

/* ---- nvme_queue.c ---- */

void complete(struct sim_nvme *s, u16 queue, u16 id, u16 status, u32 result);
struct sim_nvme_command *held_find(struct sim_nvme *s, u16 queue, u16 id);
void held_drop(struct sim_nvme *s, struct sim_nvme_command *c);
void posts_drop(struct sim_nvme *s, u16 completion_queue);

/* ---- nvme_admin.c, nvme_io.c: a status ---- */

u16 admin_execute(struct sim_nvme *s, const u8 *entry, u32 *result);
u16 io_execute(struct sim_nvme *s, const u8 *entry);

/* What it moves, for what is held: bytes, and the direction. 0: nothing. */
u64 admin_bytes(const struct sim_nvme *s, const u8 *entry, bool *to_host);
u64 io_bytes(struct sim_nvme *s, const u8 *entry, bool *to_host);
