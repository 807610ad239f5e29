/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device that is nothing but DMA, and a driver for it: a split ring in small, on which lib/dma
 * and its tests are tested. It copies a buffer in or out of its own memory, and sleeps when there
 * is nothing to do.
 */
#pragma once
#include "lib/dma.h"

enum { TOY_SIZE = 32, TOY_STORE = 4096 };
enum toy_op { TOY_READ = 1, TOY_WRITE = 2 };
enum { TOY_OK = 0, TOY_BAD = 1, TOY_UNKNOWN = 0xff };

/* ---- What both sides know ---- */

struct toy_descriptor { u64 addr; u32 bytes; u16 header, status; };	/* of which slot's lines */
struct toy_available { u16 index, ring[TOY_SIZE]; };
struct toy_used { u16 index, pad[3]; struct toy_element { u32 slot, done; } ring[TOY_SIZE]; };
struct toy_header { u32 op, at; };	/* where in the device's memory */

/* Offsets into the one area; each on lines of its own, and a line per header and per status. */
struct toy_layout {
	size_t line, available, used, event, headers, statuses, bytes;
};

/* ---- The driver ---- */

struct toy_request {
	struct dma_mapping map;
	bool busy;
	int status;			/* -EINPROGRESS, then what the device says */
};

struct toy {
	const struct dma_domain *domain;
	struct dma_memory memory;
	struct toy_layout layout;
	u16 available, used, kicked;
	struct toy_request requests[TOY_SIZE];
	void (*kick)(void *device);
	void *device;
	unsigned kicks;
};

int toy_begin(struct toy *t, const struct dma_domain *domain);
void toy_end(struct toy *t);

/* Which slot, or an error. */
int toy_submit(struct toy *t, enum toy_op op, u32 at, void *buffer, size_t bytes);

void toy_ring(struct toy *t);		/* tell the device, if it wants to know */
unsigned toy_poll(struct toy *t);	/* how many have ended; -1u: the device talks nonsense */

/* ---- The device ---- */

struct toy_memory_ops {
	void (*read)(u64 bus, void *to, size_t bytes);
	void (*write)(u64 bus, const void *from, size_t bytes);
	void (*fence)(void);
};

struct toy_device {
	const struct toy_memory_ops *ops;
	u64 base;			/* of the area */
	struct toy_layout layout;
	u16 available, used;
	u8 store[TOY_STORE];
};

/* One request. false: there was none; the event says so, and was written before the last look. */
bool toy_device_step(struct toy_device *d);
