/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio devices that vanish, at every step: that is noticed, and nothing touches them any more. */
#include "tests/drivers/virtio_machine.h"

/* Found to be gone once, it is not touched any more. */
static void assert_gone(struct virtio_device *v)
{
	struct virtio_queue q = queue_at(v, 0, 8, 0x80000000);
	unsigned looks = sim_device.looks_when_gone;
	u64 value;

	assert_true(v->device.gone);
	assert_reason(v, "it does not answer any more");
	assert_int_equal(virtio_begin(v, 0, 0), -ENXIO);
	assert_int_equal(virtio_driver_ok(v), -ENXIO);
	assert_int_equal(virtio_reset(v), -ENXIO);
	assert_int_equal(virtio_check(v), -ENXIO);
	assert_int_equal(virtio_config_read(v, 0, 4, &value, 1), -ENXIO);
	assert_int_equal(virtio_queue_max_size(v, 0), 0);
	assert_int_equal(virtio_queue_enable(v, &q), -ENXIO);
	virtio_notify(v, &q);
	virtio_give_up(v);
	assert_int_equal(virtio_take_interrupt(v), 0);
	assert_int_equal(devices_quiesce(), 0);
	assert_int_equal(sim_device.looks_when_gone, looks);

	device_remove(transport_device);
	assert_int_equal(sim_device.looks_when_gone, looks);
	for (struct device *dev = device_first(); dev; dev = dev->next)
		assert_true(dev != transport_device && dev->id.bus != BUS_VIRTIO);
}

static void it_vanishes_while_it_is_set_up(void **state, u8 bit)
{
	struct virtio_device *v = found(state);
	int error;

	sim_device.vanishes_at = bit;
	error = virtio_begin(v, 0, 0);
	if (bit == VIRTIO_STATUS_DRIVER_OK) {
		assert_int_equal(error, 0);
		error = virtio_driver_ok(v);
	}
	assert_int_equal(error, -ENXIO);
	assert_gone(v);
}

static void it_vanishes_at_driver(void **state)
{
	it_vanishes_while_it_is_set_up(state, VIRTIO_STATUS_DRIVER);
}

static void it_vanishes_at_features_ok(void **state)
{
	if (TRANSPORT(state) != MMIO_LEGACY)
		it_vanishes_while_it_is_set_up(state, VIRTIO_STATUS_FEATURES_OK);
}

static void it_vanishes_at_driver_ok(void **state)
{
	it_vanishes_while_it_is_set_up(state, VIRTIO_STATUS_DRIVER_OK);
}

static void it_vanishes_before_its_configuration_is_read(void **state)
{
	struct virtio_device *v = found(state);
	u64 value;

	sim_device.gone = true;
	assert_int_equal(virtio_config_read(v, 0, 8, &value, 1), -ENXIO);
	assert_gone(v);
}

static void it_vanishes_before_it_is_reset(void **state)
{
	struct virtio_device *v = found(state);

	sim_device.gone = true;
	assert_int_equal(devices_quiesce(), 0);
	assert_gone(v);
}

static void its_bus_says_that_it_is_gone(void **state)
{
	struct virtio_device *v = found(state);

	assert_int_equal(virtio_begin(v, 0, 0), 0);
	sim_device.gone = true;
	transport_device->gone = true;
	assert_int_equal(virtio_queue_max_size(v, 0), 0);
	assert_int_equal(virtio_check(v), -ENXIO);
	assert_int_equal(sim_device.looks_when_gone, 0);
	assert_gone(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_ON_ALL(it_vanishes_at_driver),
		TEST_ON_ALL(it_vanishes_at_features_ok),
		TEST_ON_ALL(it_vanishes_at_driver_ok),
		TEST_ON_ALL(it_vanishes_before_its_configuration_is_read),
		TEST_ON_ALL(it_vanishes_before_it_is_reset),
		TEST_ON_ALL(its_bus_says_that_it_is_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
