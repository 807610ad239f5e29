/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtio core: what a transport provides, and what the driver of a virtio device uses. Section
 * numbers here and in the transports are those of virtio 1.2.
 *
 * A transport finds a device, fills in a struct virtio_device and calls virtio_add(). That makes it
 * a device on BUS_VIRTIO, where device_add() finds the driver of its type. What a device does wrong
 * is logged in words and becomes the reason of that device.
 */
#pragma once
#include "drivers/device.h"

struct virtio_device;

/* Device status (2.1). Bits are set one after the other; only a reset clears them. */
enum {
	VIRTIO_STATUS_ACKNOWLEDGE = 0x01,
	VIRTIO_STATUS_DRIVER = 0x02,
	VIRTIO_STATUS_DRIVER_OK = 0x04,
	VIRTIO_STATUS_FEATURES_OK = 0x08,
	VIRTIO_STATUS_NEEDS_RESET = 0x40,
	VIRTIO_STATUS_FAILED = 0x80,
	VIRTIO_STATUS_GONE = 0xff,	/* ours: all ones is what nobody answers */
};

/*
 * Features that are about transports and memory (6): virtio_begin takes these by itself. No driver
 * may want RING_RESET or NOTIFICATION_DATA, which the transports do not know.
 */
#define VIRTIO_F_ANY_LAYOUT		((u64)1 << 27)	/* of legacy devices only */
#define VIRTIO_F_VERSION_1		((u64)1 << 32)
#define VIRTIO_F_ACCESS_PLATFORM	((u64)1 << 33)	/* bus addresses; else physical ones */
#define VIRTIO_F_ORDER_PLATFORM		((u64)1 << 36)	/* barriers as for hardware: always ours */

enum { VIRTIO_INTERRUPT_QUEUE = 1, VIRTIO_INTERRUPT_CONFIG = 2, VIRTIO_INTERRUPTS = 3 };

enum { VIRTIO_QUEUE_SIZE_MAX = 32768 };		/* 2.7, 2.8 */

/* A queue as its device knows it: its size in entries, and where its three areas are (2.6). */
struct virtio_queue {
	u16 index, size;
	dma_addr_t descriptors, driver, device;
	size_t notify_at;		/* the transport's, set by queue_enable */
};

/*
 * A transport's operations: mechanism only. None but virtio.c calls them, and none is called for a
 * device that has gone. Errors are reported by virtio_refuse.
 */
struct virtio_transport {
	u8 (*status)(struct virtio_device *v);
	void (*set_status)(struct virtio_device *v, u8 status);		/* 0 begins a reset */

	u64 (*offered_features)(struct virtio_device *v);
	void (*accept_features)(struct virtio_device *v, u64 features);

	u32 (*config_generation)(struct virtio_device *v);	/* NULL: there is none (2.5.3) */

	u32 (*queue_max_size)(struct virtio_device *v, u16 index);	/* 0: no such queue */
	int (*queue_enable)(struct virtio_device *v, struct virtio_queue *q);
	void (*notify)(struct virtio_device *v, const struct virtio_queue *q);
	u32 (*take_interrupt)(struct virtio_device *v);		/* and acknowledge it */
};

struct virtio_device {
	struct device device;			/* its parent is the transport's device */

	/* set by the transport */
	const struct virtio_transport *transport;
	struct mmio config;			/* the device's own configuration; no size: none */
	u32 ring_align;				/* legacy: of the device area (2.7.2) */
	bool legacy;				/* before virtio 1.0: no FEATURES_OK, 32 features */

	u64 offered, features;			/* features: of the device; as negotiated */
};

#define virtio_refuse(v, error, ...)	device_refuse(&(v)->device, error, __VA_ARGS__)

/* ---- For transports ---- */

/*
 * A device of this @type (5) was found behind @transport. Names it and finds its driver; one that
 * nobody drives is reset, since firmware may have left it running. @v stays until the transport is
 * removed.
 */
void virtio_add(struct virtio_device *v, struct device *transport, u32 type);

/* 0: it is reset, or has gone; it accesses no memory any more. */
int virtio_quiesce(struct virtio_device *v);

/* ---- For drivers ---- */

/*
 * 3.1.1, steps 1 to 6: reset, ACKNOWLEDGE, DRIVER, features, FEATURES_OK. @wanted is a whitelist;
 * the device is refused without all of @required. What is left for the driver is its queues, then
 * virtio_driver_ok(). 0; -ENXIO: it has gone; -ETIMEDOUT: the reset has no end; -ENOTSUP: features;
 * -EIO: it says it has failed. After an error it is marked FAILED.
 */
int virtio_begin(struct virtio_device *v, u64 wanted, u64 required);
int virtio_driver_ok(struct virtio_device *v);		/* 0, -ENXIO, -EIO */

/* Stop and forget everything, and wait until that is done (2.4): 0, -ENXIO, -ETIMEDOUT. */
int virtio_reset(struct virtio_device *v);

/* The driver has given up on it: FAILED, until the next reset. */
void virtio_give_up(struct virtio_device *v);

/* Is it well? 0; -ENXIO: it has gone; -EIO: it says that it needs a reset. */
int virtio_check(struct virtio_device *v);

/*
 * Read @count values of @width bytes (1, 2, 4 or 8) from its configuration into @to, as they were
 * at one moment (2.5.1). 0; -ERANGE: there is no such field; -EIO: it never holds still; -ENXIO.
 */
int virtio_config_read(struct virtio_device *v, u32 offset, unsigned width, void *to,
		       unsigned count);

/* One byte of its configuration. 0, -ERANGE, -ENXIO. */
int virtio_config_write8(struct virtio_device *v, u32 offset, u8 value);

/* In entries, up to VIRTIO_QUEUE_SIZE_MAX; 0: no such queue. */
u32 virtio_queue_max_size(struct virtio_device *v, u16 index);

/*
 * Tell the device where a queue is; it looks there from DRIVER_OK on, until a reset. A legacy
 * device knows of the descriptors' page alone: the driver area follows them, and the device area
 * begins at the next multiple of ring_align (2.7.2). 0; -EBUSY: it is in use; -ERANGE: there is no
 * such queue, or the device cannot be told; -EIO: it does not take it; -ENXIO.
 */
int virtio_queue_enable(struct virtio_device *v, struct virtio_queue *q);
void virtio_notify(struct virtio_device *v, const struct virtio_queue *q);
u32 virtio_take_interrupt(struct virtio_device *v);
