/* SPDX-License-Identifier: BSD-2-Clause */
/* What the virtio core does with devices over every transport: good ones, and hostile ones. */
#include "tests/drivers/virtio_machine.h"

enum { DEADLINE_TICKS = 2 * 10000000 };		/* two seconds of the simulated clock */

static u64 always_taken(const struct virtio_device *v)
{
	return v->legacy ? VIRTIO_F_ANY_LAYOUT :
		VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_ORDER_PLATFORM;
}

static u8 features_ok(const struct virtio_device *v)
{
	return v->legacy ? 0 : VIRTIO_STATUS_FEATURES_OK;
}

/* ---- A good device ---- */

static void nobody_drives_it(void **state)
{
	struct virtio_device *v;

	machine(TRANSPORT(state));
	sim_device.status = 0x0f;		/* firmware used it, and left it running */
	v = discover(TRANSPORT(state));
	assert_non_null(v);
	assert_string_equal(v->device.name, TRANSPORT(state) < PCI_MODERN ?
			    "virtio_mmio@10008000 memory balloon" : "pci 00:02.0 memory balloon");
	assert_int_equal(v->device.id.virtio_type, 5);
	assert_ptr_equal(v->device.parent, transport_device);
	assert_int_equal(transport_device->error, 0);
	assert_int_equal(v->device.error, -ENODEV);
	assert_reason(v, "no driver for virtio type 5 (memory balloon)");
	assert_int_equal(v->legacy, TRANSPORT(state) == MMIO_LEGACY);
	assert_int_equal(sim_device.resets, 1);
	assert_int_equal(warnings(), 0);
}

static void from_reset_to_driver_ok(void **state)
{
	struct virtio_device *v = found(state);
	u8 status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | features_ok(v);

	assert_int_equal(virtio_begin(v, OTHER_FEATURE, 0), 0);
	assert_true(sim_device.accepted == always_taken(v));
	sim_device.slow_reset = 1000;
	assert_int_equal(virtio_begin(v, TEST_FEATURE | OTHER_FEATURE, TEST_FEATURE), 0);
	assert_int_equal(sim_device.slow_reset, 0);
	assert_int_equal(sim_device.resets, 3);
	assert_int_equal(sim_device.status, status);
	assert_true(sim_device.accepted == (TEST_FEATURE | always_taken(v)));
	assert_true(v->features == sim_device.accepted);
	assert_int_equal(virtio_driver_ok(v), 0);
	assert_int_equal(sim_device.status, status | VIRTIO_STATUS_DRIVER_OK);
	assert_int_equal(virtio_check(v), 0);

	assert_int_equal(devices_quiesce(), 0);
	assert_int_equal(sim_device.status, 0);
	assert_int_equal(sim_device.resets, 4);
	assert_int_equal(v->features, 0);
	assert_int_equal(warnings(), 0);
}

static void queues(void **state)
{
	struct virtio_device *v = found(state);
	struct virtio_queue first = queue_at(v, 0, 256, 0x80000000),
			    last = queue_at(v, 2, 16, 0x92345000);
	const struct sim_virtio_queue *q = &sim_device.queues[0];
	bool legacy = v->legacy;

	assert_int_equal(v->ring_align, legacy ? 4096 : 0);
	assert_int_equal(virtio_begin(v, 0, 0), 0);
	assert_int_equal(virtio_queue_max_size(v, 2), 256);
	assert_int_equal(virtio_queue_max_size(v, 3), 0);
	assert_int_equal(virtio_queue_enable(v, &first), 0);
	assert_int_equal(virtio_queue_enable(v, &last), 0);
	assert_int_equal(virtio_driver_ok(v), 0);

	assert_true(q[0].enabled && !q[1].enabled && q[2].enabled);
	assert_int_equal(q[0].size, 256);
	assert_int_equal(q[2].size, 16);
	if (legacy) {
		assert_int_equal(sim_device.page_bytes, 4096);
		assert_int_equal(q[0].page, 0x80000);
		assert_int_equal(q[2].page, 0x92345);
		assert_int_equal(q[2].align, 4096);
	} else {
		assert_true(q[0].descriptors == first.descriptors.bus &&
			    q[0].driver == first.driver.bus && q[0].device == first.device.bus);
		assert_true(q[2].descriptors == last.descriptors.bus &&
			    q[2].driver == last.driver.bus && q[2].device == last.device.bus);
	}
	virtio_notify(v, &last);
	virtio_notify(v, &first);
	virtio_notify(v, &last);
	assert_int_equal(q[0].rung, 1);
	assert_int_equal(q[2].rung, 2);

	sim_device.interrupts = VIRTIO_INTERRUPT_CONFIG;
	assert_int_equal(virtio_take_interrupt(v), VIRTIO_INTERRUPT_CONFIG);
	assert_int_equal(virtio_take_interrupt(v), 0);
	sim_device.interrupts = VIRTIO_INTERRUPT_QUEUE | 4;
	assert_int_equal(virtio_take_interrupt(v), VIRTIO_INTERRUPT_QUEUE);
}

static void addresses_of_64_bits(void **state)
{
	struct virtio_device *v = found(state);
	struct virtio_queue q = queue_at(v, 0, 64, 0xabc12345000);

	assert_int_equal(virtio_begin(v, 0, 0), 0);
	assert_int_equal(virtio_queue_enable(v, &q), 0);
	if (v->legacy)
		assert_int_equal(sim_device.queues[0].page, 0xabc12345);
	else
		assert_true(sim_device.queues[0].device == q.device.bus);
}

static void configuration(void **state)
{
	struct virtio_device *v = found(state);
	u8 bytes[6];
	u16 halves[2];
	u64 wide;

	assert_int_equal(virtio_config_read(v, 0, 8, &wide, 1), 0);
	assert_true(wide == 0x8786858483828180);
	assert_int_equal(virtio_config_read(v, 0x0c, 8, &wide, 1), 0);
	assert_true(wide == 0x939291908f8e8d8c);
	assert_int_equal(virtio_config_read(v, 3, 1, bytes, 6), 0);
	assert_memory_equal(bytes, "\x83\x84\x85\x86\x87\x88", 6);
	assert_int_equal(virtio_config_read(v, 6, 2, halves, 2), 0);
	assert_int_equal(halves[0], 0x8786);
	assert_int_equal(halves[1], 0x8988);
}

/* ---- Configuration that is not there, or moves ---- */

static void no_such_field(void **state)
{
	struct virtio_device *v = found(state);
	u32 size = (u32)v->config.size;
	char reason[120];
	u64 value;

	assert_int_equal(virtio_config_read(v, size - 4, 4, &value, 1), 0);
	assert_int_equal(virtio_config_read(v, size - 4, 8, &value, 1), -ERANGE);
	snprintf(reason, sizeof(reason),
		 "its configuration has %u bytes, too few for the 8 at 0x%x", size, size - 4);
	assert_reason(v, reason);
	assert_int_equal(virtio_config_read(v, UINT32_MAX - 3, 4, &value, 1), -ERANGE);
}

static void configuration_that_changes(void **state)
{
	struct virtio_device *v = found(state);
	u8 value[8], changes;

	sim_device.restless = 5;
	assert_int_equal(virtio_config_read(v, 0, 8, value, 1), 0);
	changes = (u8)(value[0] - 0x80);
	assert_in_range(changes, 4, 5);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(value[i], 0x80 + i + changes);
}

static void configuration_that_never_holds_still(void **state)
{
	struct virtio_device *v = found(state);
	u64 value, start = sim.ticks;

	sim_device.restless = SIM_VIRTIO_FOREVER;
	assert_int_equal(virtio_config_read(v, 8, 8, &value, 1), -EIO);
	assert_reason(v, "its configuration at 0x8 (8 bytes) never holds still while it is read");
	assert_true(sim.ticks - start < DEADLINE_TICKS);
}

/* ---- Features ---- */

static void a_feature_that_is_needed(void **state)
{
	struct virtio_device *v = found(state);
	char reason[120];

	assert_int_equal(virtio_begin(v, 0, TEST_FEATURE | OTHER_FEATURE), -ENOTSUP);
	snprintf(reason, sizeof(reason),
		 "it cannot be driven without the features 0x20 (it offers 0x%llx)",
		 (unsigned long long)sim_device.offers);
	assert_reason(v, reason);
	assert_int_equal(sim_device.accepted, 0);
	assert_true(sim_device.status & VIRTIO_STATUS_FAILED);
	assert_int_equal(virtio_begin(v, 0, TEST_FEATURE), 0);
}

static void not_of_version_1(void **state)
{
	struct virtio_device *v = found(state);
	bool legacy = v->legacy;

	sim_device.offers = TEST_FEATURE;
	assert_int_equal(virtio_begin(v, 0, 0), legacy ? 0 : -ENOTSUP);
	if (!legacy)
		assert_reason(
			v,
			"it cannot be driven without the features 0x100000000 (it offers 0x200)");
}

static void features_refused(void **state)
{
	struct virtio_device *v = found(state);
	bool legacy = v->legacy;

	sim_device.offers |= OTHER_FEATURE;
	sim_device.insists = OTHER_FEATURE;
	assert_int_equal(virtio_begin(v, TEST_FEATURE, 0), legacy ? 0 : -ENOTSUP);
	if (legacy)
		return;
	assert_reason(
		v, "of its features, 0x1300000200 are not enough for it (it offers 0x1ff30000220; "
		   "FEATURES_OK does not stay set)");
	assert_true(sim_device.status & VIRTIO_STATUS_FAILED);
	assert_int_equal(v->features, 0);
	assert_int_equal(virtio_begin(v, TEST_FEATURE | OTHER_FEATURE, 0), 0);
}

/* ---- Status ---- */

static void a_reset_without_end(void **state)
{
	struct virtio_device *v = found(state);
	u64 start = sim.ticks;

	assert_int_equal(virtio_begin(v, 0, 0), 0);
	assert_int_equal(virtio_driver_ok(v), 0);
	sim_device.slow_reset = SIM_VIRTIO_FOREVER;
	assert_int_equal(virtio_begin(v, 0, 0), -ETIMEDOUT);
	assert_reason(v, v->legacy ? "its status is still 0x07 1000 ms after a reset" :
		      "its status is still 0x0f 1000 ms after a reset");
	assert_int_equal(devices_quiesce(), -ETIMEDOUT);
	assert_true(sim.ticks - start < 2 * DEADLINE_TICKS);
	if (TRANSPORT(state) >= PCI_MODERN)
		assert_false(sim_pci_get(sim_function.function, PCI_COMMAND, 2) &
			     PCI_COMMAND_MASTER);
}

static void a_reset_without_end_that_nobody_asked_for(void **state)
{
	struct virtio_device *v;

	machine(TRANSPORT(state));
	sim_device.status = 0x0f;
	sim_device.slow_reset = SIM_VIRTIO_FOREVER;
	v = discover(TRANSPORT(state));
	assert_non_null(v);
	assert_reason(v, "its status is still 0x0f 1000 ms after a reset");
}

static void it_fails(void **state)
{
	static const u8 bits[] = { VIRTIO_STATUS_ACKNOWLEDGE, VIRTIO_STATUS_DRIVER,
				   VIRTIO_STATUS_FEATURES_OK, VIRTIO_STATUS_DRIVER_OK };
	struct virtio_device *v = found(state);

	for (unsigned i = 0; i < sizeof(bits); i++) {
		char reason[120];
		int error;

		if (bits[i] == VIRTIO_STATUS_FEATURES_OK && v->legacy)
			continue;
		sim_device.fails_at = bits[i];
		error = virtio_begin(v, 0, 0);
		if (bits[i] == VIRTIO_STATUS_DRIVER_OK) {
			assert_int_equal(error, 0);
			error = virtio_driver_ok(v);
		}
		assert_int_equal(error, -EIO);
		snprintf(reason, sizeof(reason),
			 "it has failed, and says that it needs a reset (status 0x%02x)",
			 sim_device.status & ~VIRTIO_STATUS_FAILED);
		assert_reason(v, reason);
		assert_int_equal(virtio_check(v), -EIO);
		sim_device.fails_at = 0;
		assert_int_equal(virtio_begin(v, 0, 0), 0);
		assert_int_equal(virtio_check(v), 0);
	}
}

/* ---- Queues that do not work ---- */

static void queues_refused(void **state)
{
	struct virtio_device *v = found(state);
	struct virtio_queue large = queue_at(v, 1, 512, 0x80000000),
			    none = queue_at(v, 3, 8, 0x80000000),
			    empty = queue_at(v, 0, 0, 0x80000000),
			    good = queue_at(v, 0, 8, 0x80000000);

	assert_int_equal(virtio_begin(v, 0, 0), 0);
	assert_int_equal(virtio_queue_enable(v, &large), -ERANGE);
	assert_reason(v, "its queue 1 has room for 256 entries, not for 512");
	assert_int_equal(virtio_queue_enable(v, &none), -ERANGE);
	assert_reason(v, "its queue 3 has room for 0 entries, not for 8");
	assert_int_equal(virtio_queue_enable(v, &empty), -ERANGE);

	sim_device.refuses_queues = true;
	assert_int_equal(virtio_queue_enable(v, &good), -EIO);
	switch (TRANSPORT(state)) {
	case MMIO_LEGACY:
		assert_reason(
			v, "it does not take queue 0 (QueuePFN is 0x0 after 0x80000 was written)");
		break;
	case MMIO_MODERN:
		assert_reason(v,
			      "it does not take queue 0 (QueueReady is 0x0 after 0x1 was written)");
		break;
	default:
		assert_reason(v,
			      "it does not take queue 0 (queue_enable is 0x0 after 1 was written)");
	}
}

/* By somebody else, or so it says: nobody was told before. */
static void a_queue_in_use(void **state)
{
	struct virtio_device *v = found(state);
	struct virtio_queue q = queue_at(v, 0, 8, 0x80000000);

	assert_int_equal(virtio_begin(v, 0, 0), 0);
	sim_device.queues[0].enabled = true;
	sim_device.queues[0].page = 1;
	assert_int_equal(virtio_queue_enable(v, &q), -EBUSY);
	assert_reason(v, TRANSPORT(state) == MMIO_LEGACY ?
		      "its queue 0 is in use already (QueuePFN is 0x1)" :
		      TRANSPORT(state) == MMIO_MODERN ?
		      "its queue 0 is in use already (QueueReady is 0x1)" :
		      "its queue 0 is in use already (queue_enable is not 0)");
}

static void more_than_the_standard_allows(void **state)
{
	struct virtio_device *v = found(state);

	sim_device.queue_max = 0xffff;
	assert_int_equal(virtio_queue_max_size(v, 0), VIRTIO_QUEUE_SIZE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_ON_ALL(nobody_drives_it),
		TEST_ON_ALL(from_reset_to_driver_ok),
		TEST_ON_ALL(queues),
		TEST_ON_ALL(addresses_of_64_bits),
		TEST_ON_ALL(configuration),
		TEST_ON_ALL(no_such_field),
		TEST_ON_ALL(configuration_that_changes),
		TEST_ON_ALL(configuration_that_never_holds_still),
		TEST_ON_ALL(a_feature_that_is_needed),
		TEST_ON_ALL(not_of_version_1),
		TEST_ON_ALL(features_refused),
		TEST_ON_ALL(a_reset_without_end),
		TEST_ON_ALL(a_reset_without_end_that_nobody_asked_for),
		TEST_ON_ALL(it_fails),
		TEST_ON_ALL(queues_refused),
		TEST_ON_ALL(a_queue_in_use),
		TEST_ON_ALL(more_than_the_standard_allows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
