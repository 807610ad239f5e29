/* SPDX-License-Identifier: BSD-2-Clause */
/* What is particular to virtio over MMIO: identification, empty slots, version 1. */
#include "tests/drivers/virtio_machine.h"

static void bind(unsigned reg_bytes, int error, const char *reason)
{
	struct device *dev = NULL;

	open_tree(reg_bytes);
	assert_int_equal(device_bind_node(dt_path("/virtio_mmio@10008000"), &dev), error);
	assert_string_equal(dev->reason, reason);
	for (dev = device_first(); dev; dev = dev->next)
		assert_true(error == 0 || dev->id.bus != BUS_VIRTIO);
}

static void an_empty_slot_is_silent(void **state)
{
	(void)state;
	machine(MMIO_MODERN);
	sim_device.type = 0;		/* any other register than the first three fails the test */
	bind(0x200, -ENODEV, "empty slot");
	assert_int_equal(warnings(), 0);
	assert_int_equal(devices_quiesce(), 0);
}

static void an_empty_slot_of_version_1(void **state)
{
	(void)state;
	machine(MMIO_LEGACY);
	sim_device.type = 0;
	bind(0x200, -ENODEV, "empty slot");
	assert_int_equal(warnings(), 0);
}

static void something_else(void **state)
{
	(void)state;
	machine(MMIO_MODERN);
	sim_mmio.magic = 0x464c457f;
	bind(0x200, -EPROTO,
	     "no virtio device is where its \"reg\" says: MagicValue is 0x464c457f, not "
	     "0x74726976");
	assert_int_equal(warnings(), 1);
}

static void nothing_at_all(void **state)
{
	(void)state;
	machine(MMIO_MODERN);
	sim_device.gone = true;
	bind(0x200, -EPROTO,
	     "no virtio device is where its \"reg\" says: MagicValue is 0xffffffff, not "
	     "0x74726976");
	assert_int_equal(sim_device.looks_when_gone, 1);
}

static void version_3(void **state)
{
	(void)state;
	machine(MMIO_MODERN);
	sim_mmio.version = 3;
	bind(0x200, -EPROTO, "Version is 3; only 1 (legacy) and 2 are known here");
}

static void version_0(void **state)
{
	(void)state;
	machine(MMIO_LEGACY);
	sim_mmio.version = 0;
	bind(0x200, -EPROTO, "Version is 0; only 1 (legacy) and 2 are known here");
}

static void a_window_too_short(void **state)
{
	(void)state;
	machine(MMIO_MODERN);
	bind(0xfc, -EINVAL,
	     "\"reg\" says it has 0xfc bytes of registers; virtio devices have 0x100");
	assert_int_equal(warnings(), 1);
}

static void a_window_without_configuration(void **state)
{
	struct virtio_device *v;
	u32 value;

	(void)state;
	machine(MMIO_MODERN);
	bind(0x100, 0, "memory balloon, modern");
	v = (struct virtio_device *)device_named("virtio_mmio@10008000 memory balloon");
	assert_int_equal(virtio_begin(v, 0, 0), 0);
	assert_int_equal(virtio_config_read(v, 0, 4, &value, 1), -ERANGE);
	assert_string_equal(v->device.reason,
			    "its configuration has 0 bytes, too few for the 4 at 0x0");
}

static void types_are_named(void **state)
{
	static const struct { u32 type; const char *name, *reason; } types[] = {
		{ 1, "virtio_mmio@10008000 network", "no driver for virtio type 1 (network)" },
		{ 5, "virtio_mmio@10008000 memory balloon",
		  "no driver for virtio type 5 (memory balloon)" },
		{ 27, "virtio_mmio@10008000 persistent memory",
		  "no driver for virtio type 27 (persistent memory)" },
		{ 6, "virtio_mmio@10008000 unknown", "no driver for virtio type 6 (unknown)" },
		{ 0xffffffff, "virtio_mmio@10008000 unknown",
		  "no driver for virtio type 4294967295 (unknown)" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct virtio_device *v;

		machine(MMIO_MODERN);
		sim_device.type = types[i].type;
		open_tree(0x200);
		assert_int_equal(
			device_bind_node(dt_path("/virtio_mmio@10008000"), &transport_device), 0);
		v = (struct virtio_device *)device_named(types[i].name);
		assert_non_null(v);
		assert_string_equal(v->device.reason, types[i].reason);
		device_remove(transport_device);
		free(transport_device);
	}
}

static struct virtio_queue legacy_queue(u64 address)
{
	return (struct virtio_queue){
		.size = 8, .descriptors = { address }, .driver = { address + 128 },
		.device = { address + 4096 },
	};
}

static void a_legacy_queue_out_of_reach(void **state)
{
	struct virtio_queue low = legacy_queue(0), high = legacy_queue(1ull << 44),
			    last = legacy_queue((1ull << 44) - 4096);
	struct virtio_device *v;

	(void)state;
	machine(MMIO_LEGACY);
	v = discover(MMIO_LEGACY);
	assert_int_equal(virtio_begin(v, 0, 0), 0);
	assert_int_equal(virtio_queue_enable(v, &high), -ERANGE);
	assert_string_equal(v->device.reason, "a legacy device cannot be told that queue 0 is at "
			    "0x100000000000 (QueuePFN has 32 bits)");
	assert_int_equal(virtio_queue_enable(v, &low), -ERANGE);
	assert_int_equal(virtio_queue_enable(v, &last), 0);
	assert_int_equal(sim_device.queues[0].page, 0xffffffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHILD_TEST(an_empty_slot_is_silent, NULL),
		CHILD_TEST(an_empty_slot_of_version_1, NULL),
		CHILD_TEST(something_else, NULL),
		CHILD_TEST(nothing_at_all, NULL),
		CHILD_TEST(version_3, NULL),
		CHILD_TEST(version_0, NULL),
		CHILD_TEST(a_window_too_short, NULL),
		CHILD_TEST(a_window_without_configuration, NULL),
		CHILD_TEST(types_are_named, NULL),
		CHILD_TEST(a_legacy_queue_out_of_reach, NULL),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
