/* SPDX-License-Identifier: BSD-2-Clause */
/* What all virtio devices do alike, whatever their transport: virtio 1.2, sections 2 and 3. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "drivers/virtio/virtio.h"
#include "lib/time.h"

enum { RESET_TIMEOUT_US = 1000 * 1000, CONFIG_TIMEOUT_US = 100 * 1000 };
enum { PLACE_CHARS = 21 };	/* of a transport's name in a device's: any type fits behind it */

/* ---- Types (5) ---- */

static const char *const types[] = {
	[1] = "network", [2] = "block", [3] = "console", [4] = "entropy", [5] = "memory balloon",
	[8] = "SCSI", [9] = "9P", [16] = "GPU", [17] = "clock", [18] = "input", [19] = "socket",
	[20] = "crypto", [22] = "pstore", [23] = "IOMMU", [24] = "memory", [25] = "sound",
	[26] = "file system", [27] = "persistent memory", [28] = "RPMB", [32] = "SCMI",
	[34] = "I2C", [35] = "watchdog", [36] = "CAN", [40] = "Bluetooth", [41] = "GPIO",
	[42] = "RDMA",
};

static const char *type_name(u32 type)
{
	return type < sizeof(types) / sizeof(*types) && types[type] ? types[type] : "unknown";
}

/* ---- Status (2.1) ---- */

static int report_gone(struct virtio_device *v)
{
	return virtio_refuse(v, -ENXIO, "it does not answer any more");
}

/* Found out here, or by the bus of its transport. */
static bool is_gone(struct virtio_device *v)
{
	v->device.gone |= v->device.parent->gone;
	return v->device.gone;
}

static u8 read_status(struct virtio_device *v)
{
	u8 status = is_gone(v) ? VIRTIO_STATUS_GONE : v->transport->status(v);

	if (status == VIRTIO_STATUS_GONE)
		v->device.gone = true;
	return status;
}

static int check(struct virtio_device *v, u8 *status)
{
	*status = read_status(v);
	if (*status == VIRTIO_STATUS_GONE)
		return report_gone(v);
	if (*status & VIRTIO_STATUS_NEEDS_RESET)
		return virtio_refuse(v, -EIO, "it has failed, and says that it needs a reset "
				     "(status 0x%02x)", *status);
	return 0;
}

int virtio_check(struct virtio_device *v)
{
	u8 status;

	return check(v, &status);
}

static int add_status(struct virtio_device *v, u8 bit)
{
	u8 status;
	int error = check(v, &status);

	if (!error)
		v->transport->set_status(v, status | bit);
	return error;
}

void virtio_give_up(struct virtio_device *v)
{
	u8 status = read_status(v);

	if (status != VIRTIO_STATUS_GONE)
		v->transport->set_status(v, status | VIRTIO_STATUS_FAILED);
}

/* The device may have transfers to finish; it reads as 0 once it has forgotten them all. */
int virtio_reset(struct virtio_device *v)
{
	u8 status = VIRTIO_STATUS_GONE;

	if (is_gone(v))
		return report_gone(v);
	v->features = 0;
	v->transport->set_status(v, 0);
	if (poll_until((status = read_status(v)) == 0 || v->device.gone, RESET_TIMEOUT_US))
		return virtio_refuse(v, -ETIMEDOUT, "its status is still 0x%02x %u ms after a "
				     "reset", status, RESET_TIMEOUT_US / 1000);
	return v->device.gone ? report_gone(v) : 0;
}

int virtio_quiesce(struct virtio_device *v)
{
	int error = is_gone(v) ? 0 : virtio_reset(v);

	return is_gone(v) ? 0 : error;
}

/* ---- Initialisation (3.1) ---- */

static int negotiate(struct virtio_device *v, u64 wanted, u64 required)
{
	u64 offered = v->transport->offered_features(v), accepted;
	u8 status;
	int error;

	v->offered = offered;
	if (v->legacy) {
		wanted |= VIRTIO_F_ANY_LAYOUT;
	} else {
		wanted |= VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_ORDER_PLATFORM;
		required |= VIRTIO_F_VERSION_1;
	}
	if (required & ~offered)
		return virtio_refuse(v, -ENOTSUP, "it cannot be driven without the features 0x%"
				     PRIx64 " (it offers 0x%" PRIx64 ")", required & ~offered,
				     offered);
	accepted = offered & (wanted | required);
	v->transport->accept_features(v, accepted);

	error = v->legacy ? 0 : add_status(v, VIRTIO_STATUS_FEATURES_OK);
	if (!error)
		error = check(v, &status);
	if (error)
		return error;
	if (!v->legacy && !(status & VIRTIO_STATUS_FEATURES_OK))
		return virtio_refuse(v, -ENOTSUP,
				     "of its features, 0x%" PRIx64 " are not enough for it "
				     "(it offers 0x%" PRIx64 "; FEATURES_OK does not stay set)",
				     accepted, offered);
	v->features = accepted;
	return 0;
}

int virtio_begin(struct virtio_device *v, u64 wanted, u64 required)
{
	int error = virtio_reset(v);

	if (error)
		return error;
	error = add_status(v, VIRTIO_STATUS_ACKNOWLEDGE);
	if (!error)
		error = add_status(v, VIRTIO_STATUS_DRIVER);
	if (!error)
		error = negotiate(v, wanted, required);
	if (error)
		virtio_give_up(v);
	return error;
}

int virtio_driver_ok(struct virtio_device *v)
{
	int error = add_status(v, VIRTIO_STATUS_DRIVER_OK);

	return error ? error : virtio_check(v);
}

/* ---- Configuration (2.5) ---- */

static u32 read_value(struct mmio config, size_t offset, unsigned width)
{
	switch (width) {
	case 1:
		return mmio_read8(config, offset);
	case 2:
		return mmio_read16(config, offset);
	default:
		return mmio_read32(config, offset);
	}
}

/* As wide as the fields are, 64 bits as two of 32. Is everything as it was in @to before? */
static bool read_again(struct virtio_device *v, u32 offset, unsigned width, u8 *to, size_t bytes)
{
	unsigned step = width < 4 ? width : 4;
	bool same = true;

	for (size_t at = 0; at < bytes; at += step) {
		u32 value = read_value(v->config, offset + at, step);

		same &= !memcmp(to + at, &value, step);
		memcpy(to + at, &value, step);
	}
	return same;
}

/* Where there is no generation to look at, two readings that agree must do (2.5.3). */
static bool read_steadily(struct virtio_device *v, u32 offset, unsigned width, u8 *to, size_t bytes)
{
	u32 generation;

	if (!v->transport->config_generation) {
		read_again(v, offset, width, to, bytes);
		return read_again(v, offset, width, to, bytes);
	}
	generation = v->transport->config_generation(v);
	read_again(v, offset, width, to, bytes);
	return v->transport->config_generation(v) == generation;
}

static int check_field(struct virtio_device *v, u32 offset, size_t bytes)
{
	if (is_gone(v))
		return report_gone(v);
	if (bytes > v->config.size || offset > v->config.size - bytes)
		return virtio_refuse(v, -ERANGE, "its configuration has %zu bytes, too few for the "
				     "%zu at 0x%x", v->config.size, bytes, offset);
	return 0;
}

int virtio_config_read(struct virtio_device *v, u32 offset, unsigned width, void *to,
		       unsigned count)
{
	size_t bytes = (size_t)count * width;
	int error = check_field(v, offset, bytes);

	if (error)
		return error;
	memset(to, 0, bytes);
	if (poll_until(read_steadily(v, offset, width, to, bytes), CONFIG_TIMEOUT_US))
		return virtio_refuse(v, -EIO, "its configuration at 0x%x (%zu bytes) never holds "
				     "still while it is read", offset, bytes);
	return read_status(v) == VIRTIO_STATUS_GONE ? report_gone(v) : 0;
}

int virtio_config_write8(struct virtio_device *v, u32 offset, u8 value)
{
	int error = check_field(v, offset, 1);

	if (!error)
		mmio_write8(v->config, offset, value);
	return error;
}

/* ---- Queues ---- */

u32 virtio_queue_max_size(struct virtio_device *v, u16 index)
{
	u32 size = is_gone(v) ? 0 : v->transport->queue_max_size(v, index);

	return size < VIRTIO_QUEUE_SIZE_MAX ? size : VIRTIO_QUEUE_SIZE_MAX;
}

int virtio_queue_enable(struct virtio_device *v, struct virtio_queue *q)
{
	u32 most = virtio_queue_max_size(v, q->index);

	if (is_gone(v))
		return report_gone(v);
	if (!q->size || q->size > most)
		return virtio_refuse(v, -ERANGE, "its queue %u has room for %" PRIu32 " entries, "
				     "not for %u", q->index, most, q->size);
	return v->transport->queue_enable(v, q);
}

void virtio_notify(struct virtio_device *v, const struct virtio_queue *q)
{
	if (!is_gone(v))
		v->transport->notify(v, q);
}

u32 virtio_take_interrupt(struct virtio_device *v)
{
	return is_gone(v) ? 0 : v->transport->take_interrupt(v);
}

/* ---- From a transport to a device ---- */

void virtio_add(struct virtio_device *v, struct device *transport, u32 type)
{
	struct device *dev = &v->device;
	const char *name = type_name(type);

	dev->id = (struct device_id)MATCH_VIRTIO(type);
	dev->parent = transport;
	dev->node = transport->node;
	snprintf(dev->name, sizeof(dev->name), "%.*s %s", PLACE_CHARS, transport->name, name);
	device_describe(transport, "%s, %s", name, v->legacy ? "legacy" : "modern");

	if (device_add(dev) != -ENODEV)
		return;
	if (!dev->reason[0])
		snprintf(dev->reason, sizeof(dev->reason), "no driver for virtio type %" PRIu32
			 " (%s)", type, name);
	virtio_reset(v);
}
