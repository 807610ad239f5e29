/* SPDX-License-Identifier: BSD-2-Clause */
/* What is particular to virtio over PCI: capabilities that lie, legacy devices, vanishing ones. */
#include "tests/drivers/virtio_machine.h"

enum {
	CAP_BYTES = 2,
	CAP_KIND = 3,
	CAP_BAR = 4,
	CAP_OFFSET = 8,
	CAP_SIZE = 12,
	CAP_MULTIPLIER = 16
};

static unsigned at(unsigned kind, unsigned field)
{
	return sim_function.capability[kind] + field;
}

static void set(unsigned offset, unsigned width, u32 value)
{
	sim_pci_set(sim_function.function, offset, width, value);
}

static void refused(int error, const char *reason)
{
	assert_null(discover(PCI_MODERN));
	assert_int_equal(transport_device->error, error);
	assert_string_equal(transport_device->reason, reason);
	assert_int_equal(warnings(), 1);
	assert_int_equal(devices_quiesce(), 0);
}

/* ---- Which devices ---- */

static void transitional_devices_say_their_type_elsewhere(void **state)
{
	(void)state;
	machine(PCI_TRANSITIONAL);
	sim_pci_set(sim_function.function, PCI_SUBSYSTEM, 2, 3);
	assert_non_null(discover(PCI_TRANSITIONAL));
	assert_non_null(device_named("pci 00:02.0 console"));
}

static void a_legacy_device(void **state)
{
	(void)state;
	machine(PCI_TRANSITIONAL);
	set(PCI_CAPABILITIES, 1, 0);
	refused(-ENOTSUP,
		"it has only the legacy interface, which is not driven here. In QEMU, give it "
		"disable-modern=off");
}

static void a_modern_device_without_capabilities(void **state)
{
	(void)state;
	machine(PCI_MODERN);
	set(PCI_CAPABILITIES, 1, 0);
	refused(-EPROTO, "no usable common configuration structure: no capability names one");
}

static void other_products_of_the_vendor(void **state)
{
	(void)state;
	machine(PCI_MODERN);
	set(PCI_PRODUCT, 2, 0x1110);		/* shared memory between machines */
	assert_null(discover(PCI_MODERN));
	assert_int_equal(transport_device->error, -ENODEV);
	assert_string_equal(transport_device->reason,
			    "no driver for 1af4:1110, class 00ff00 (virtio device)");
	assert_int_equal(warnings(), 0);
}

/* ---- Capabilities that lie ---- */

static void a_bar_that_cannot_be(void **state)
{
	(void)state;
	machine(PCI_MODERN);
	set(at(SIM_VIRTIO_PCI_COMMON, CAP_BAR), 1, 6);
	refused(-EPROTO, "no usable common configuration structure: there is no BAR 6");
}

static void a_bar_that_is_not_there(void **state)
{
	(void)state;
	machine(PCI_MODERN);
	set(at(SIM_VIRTIO_PCI_NOTIFY, CAP_BAR), 1, 2);
	refused(-EPROTO, "no usable notification structure: there is no BAR 2");
}

static void the_upper_half_of_a_bar(void **state)
{
	(void)state;
	machine(PCI_MODERN);
	set(at(SIM_VIRTIO_PCI_ISR, CAP_BAR), 1, SIM_VIRTIO_PCI_BAR + 1);
	refused(-EPROTO, "no usable interrupt status structure: there is no BAR 5");
}

static void beyond_the_bar(void **state)
{
	(void)state;
	machine(PCI_MODERN);
	set(at(SIM_VIRTIO_PCI_COMMON, CAP_OFFSET), 4, SIM_VIRTIO_PCI_BAR_BYTES);
	refused(-EPROTO,
		"no usable common configuration structure: BAR 4 has 0x4000 bytes, not 0x1000 at "
		"0x4000");
}

static void far_beyond_the_bar(void **state)
{
	(void)state;
	machine(PCI_MODERN);
	set(at(SIM_VIRTIO_PCI_COMMON, CAP_OFFSET), 4, 0x80000000);
	refused(-EPROTO, "no usable common configuration structure: BAR 4 has 0x4000 bytes, not "
			 "0x1000 at 0x80000000");
}

static void longer_than_the_bar(void **state)
{
	(void)state;
	machine(PCI_MODERN);
	set(at(SIM_VIRTIO_PCI_NOTIFY, CAP_SIZE), 4, 0x1001);
	refused(-EPROTO,
		"no usable notification structure: BAR 4 has 0x4000 bytes, not 0x1001 at 0x3000");
}

static void around_the_end_of_numbers(void **state)
{
	(void)state;
	machine(PCI_MODERN);
	set(at(SIM_VIRTIO_PCI_COMMON, CAP_OFFSET), 4, 0x1000);
	set(at(SIM_VIRTIO_PCI_COMMON, CAP_SIZE), 4, 0xfffff000);
	refused(-EPROTO,
		"no usable common configuration structure: BAR 4 has 0x4000 bytes, not 0xfffff000 "
		"at 0x1000");
}

static void too_short(void **state)
{
	(void)state;
	machine(PCI_MODERN);
	set(at(SIM_VIRTIO_PCI_COMMON, CAP_SIZE), 4, 55);
	refused(-EPROTO,
		"no usable common configuration structure: 0x37 bytes at 0x0 are too few, or "
		"misaligned");
}

static void misaligned(void **state)
{
	(void)state;
	machine(PCI_MODERN);
	set(at(SIM_VIRTIO_PCI_NOTIFY, CAP_OFFSET), 4, 0x3001);
	refused(-EPROTO, "no usable notification structure: 0x1000 bytes at 0x3001 are too few, or "
		"misaligned");
}

static void a_capability_too_short(void **state)
{
	(void)state;
	machine(PCI_MODERN);
	set(at(SIM_VIRTIO_PCI_NOTIFY, CAP_BYTES), 1, 16);	/* without the multiplier */
	refused(-EPROTO, "no usable notification structure: the capability at 0x70 has 16 bytes");
}

static void a_capability_beyond_the_others(void **state)
{
	unsigned last = PCI_CONFIG_EXTENDED - 8;

	(void)state;
	machine(PCI_MODERN);
	for (unsigned i = 0; i < 16; i++)
		set(last + i, 1, sim_function.function->config[at(SIM_VIRTIO_PCI_COMMON, i)]);
	set(at(SIM_VIRTIO_PCI_COMMON, CAP_KIND), 1, 0);
	set(last + 1, 1, sim_function.function->config[PCI_CAPABILITIES]);
	set(PCI_CAPABILITIES, 1, last);
	refused(-EPROTO,
		"no usable common configuration structure: the capability at 0xf8 has 16 bytes");
}

static void one_is_missing(void **state)
{
	(void)state;
	machine(PCI_MODERN);
	set(at(SIM_VIRTIO_PCI_ISR, CAP_KIND), 1, 77);
	refused(-EPROTO, "no usable interrupt status structure: no capability names one");
}

static void a_bar_without_an_address(void **state)
{
	(void)state;
	machine(PCI_MODERN);
	sim_pci_bar(sim_function.function, SIM_VIRTIO_PCI_BAR, SIM_PCI_64, 0x100000000);
	assert_null(discover(PCI_MODERN));
	assert_int_equal(transport_device->error, -ENOSPC);
	assert_memory_equal(transport_device->reason, "BAR 4 has no address: ", 22);
	assert_non_null(strstr(transport_device->reason, "4 GiB"));
}

static void the_first_usable_one(void **state)
{
	struct virtio_device *v;
	unsigned extra;

	(void)state;
	machine(PCI_MODERN);
	extra = sim_pci_capability(sim_function.function, PCI_CAPABILITY_VENDOR, 16);	/* first */
	set(extra + CAP_BYTES, 2, 16 | SIM_VIRTIO_PCI_COMMON << 8);
	set(extra + CAP_BAR, 1, 5);
	set(extra + CAP_SIZE, 4, 0x1000);
	v = discover(PCI_MODERN);
	assert_non_null(v);
	assert_int_equal(virtio_begin(v, 0, 0), 0);
	assert_int_equal(warnings(), 0);
}

static void the_first_of_several(void **state)
{
	struct virtio_device *v;
	unsigned extra;

	(void)state;
	machine(PCI_MODERN);
	extra = sim_pci_capability(sim_function.function, PCI_CAPABILITY_VENDOR, 16);
	set(extra + CAP_BYTES, 2, 16 | SIM_VIRTIO_PCI_DEVICE << 8);
	set(extra + CAP_BAR, 1, SIM_VIRTIO_PCI_BAR);
	set(extra + CAP_OFFSET, 4, 0x2010);
	set(extra + CAP_SIZE, 4, 0x20);
	v = discover(PCI_MODERN);
	assert_non_null(v);
	assert_int_equal(v->config.size, 0x20);
	assert_int_equal(mmio_read8(v->config, 0), 0x90);
}

static void without_configuration(void **state)
{
	struct virtio_device *v;
	u8 value;

	(void)state;
	machine(PCI_MODERN);
	set(at(SIM_VIRTIO_PCI_DEVICE, CAP_BAR), 1, 7);
	v = discover(PCI_MODERN);
	assert_non_null(v);
	assert_int_equal(virtio_begin(v, 0, 0), 0);
	assert_int_equal(virtio_config_read(v, 0, 1, &value, 1), -ERANGE);
	assert_string_equal(v->device.reason,
			    "its configuration has 0 bytes, too few for the 1 at 0x0");
}

/* ---- Notifications ---- */

static struct virtio_queue some_queue(u16 index)
{
	return (struct virtio_queue){
		.index = index, .size = 8, .descriptors = { 0x80000000 }, .driver = { 0x80000080 },
		.device = { 0x80001000 },
	};
}

static void bells_beyond_the_structure(void **state)
{
	struct virtio_queue q = some_queue(2);
	struct virtio_device *v;

	(void)state;
	machine(PCI_MODERN);
	set(at(SIM_VIRTIO_PCI_NOTIFY, CAP_MULTIPLIER), 4, 0x800);
	v = discover(PCI_MODERN);
	assert_int_equal(virtio_begin(v, 0, 0), 0);
	assert_int_equal(virtio_queue_enable(v, &q), -ERANGE);
	assert_string_equal(v->device.reason, "queue 2 cannot be notified: 0x1000 is no place in a "
			    "notification structure of 0x1000 bytes");
	assert_false(sim_device.queues[2].enabled);
	assert_false(sim_pci_get(sim_function.function, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
}

static void bells_far_beyond(void **state)
{
	struct virtio_queue q = some_queue(2);
	struct virtio_device *v;

	(void)state;
	machine(PCI_MODERN);
	set(at(SIM_VIRTIO_PCI_NOTIFY, CAP_MULTIPLIER), 4, 0x80000000);	/* twice: 0 */
	v = discover(PCI_MODERN);
	assert_int_equal(virtio_begin(v, 0, 0), 0);
	assert_int_equal(virtio_queue_enable(v, &q), -ERANGE);
}

static void bells_at_odd_places(void **state)
{
	struct virtio_queue q = some_queue(1);
	struct virtio_device *v;

	(void)state;
	machine(PCI_MODERN);
	set(at(SIM_VIRTIO_PCI_NOTIFY, CAP_MULTIPLIER), 4, 3);
	v = discover(PCI_MODERN);
	assert_int_equal(virtio_begin(v, 0, 0), 0);
	assert_int_equal(virtio_queue_enable(v, &q), -ERANGE);
	assert_string_equal(v->device.reason, "queue 1 cannot be notified: 0x3 is no place in a "
			    "notification structure of 0x1000 bytes");
}

/* ---- Bus mastering ---- */

static void the_bus_is_mastered_from_the_first_queue_to_the_end(void **state)
{
	struct virtio_queue q = some_queue(0);
	struct virtio_device *v;

	(void)state;
	machine(PCI_MODERN);
	v = discover(PCI_MODERN);
	assert_int_equal(virtio_begin(v, 0, 0), 0);
	assert_false(sim_pci_get(sim_function.function, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
	assert_int_equal(virtio_queue_enable(v, &q), 0);
	assert_true(sim_pci_get(sim_function.function, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
	assert_int_equal(devices_quiesce(), 0);
	assert_false(sim_pci_get(sim_function.function, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
}

static void the_bus_is_not_mastered_even_if_the_reset_has_no_end(void **state)
{
	struct virtio_queue q = some_queue(0);
	struct virtio_device *v;

	(void)state;
	machine(PCI_MODERN);
	v = discover(PCI_MODERN);
	assert_int_equal(virtio_begin(v, 0, 0), 0);
	assert_int_equal(virtio_queue_enable(v, &q), 0);
	sim_device.slow_reset = SIM_VIRTIO_FOREVER;
	assert_int_equal(transport_device->driver->quiesce(transport_device), -ETIMEDOUT);
	assert_false(sim_pci_get(sim_function.function, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
}

static void no_queue_is_taken_for_another(void **state)
{
	struct virtio_device *v;

	(void)state;
	machine(PCI_MODERN);
	v = discover(PCI_MODERN);
	assert_int_equal(virtio_begin(v, 0, 0), 0);
	assert_int_equal(virtio_queue_max_size(v, 2), 256);
	assert_int_equal(virtio_queue_max_size(v, 0xffff), 0);
}

static void it_cannot_master_the_bus(void **state)
{
	struct virtio_queue q = some_queue(0);
	struct virtio_device *v;

	(void)state;
	machine(PCI_MODERN);
	sim_function.function->writable[PCI_COMMAND] &= ~PCI_COMMAND_MASTER;
	v = discover(PCI_MODERN);
	assert_int_equal(virtio_begin(v, 0, 0), 0);
	assert_int_equal(virtio_queue_enable(v, &q), -EIO);
	assert_string_equal(v->device.reason, "it cannot be made a bus master");
	assert_false(sim_device.queues[0].enabled);
}

/* ---- Vanishing ---- */

static void it_is_pulled_out(void **state)
{
	struct virtio_device *v;

	(void)state;
	machine(PCI_MODERN);
	v = discover(PCI_MODERN);
	assert_int_equal(virtio_begin(v, 0, 0), 0);
	assert_int_equal(virtio_driver_ok(v), 0);
	sim_function.function->gone = true;
	assert_int_equal(virtio_check(v), -ENXIO);
	assert_true(transport_device->gone);		/* the PCI core knows it too */
	assert_int_equal(pci_rescan(), 0);
	assert_null(device_named("pci 00:02.0"));
	assert_null(device_named("pci 00:02.0 memory balloon"));
	assert_int_equal(devices_quiesce(), 0);
}

static u32 vanishes_while_its_capabilities_are_read(struct sim_pci_function *f, unsigned offset,
						    u32 value)
{
	f->gone |= offset == at(SIM_VIRTIO_PCI_DEVICE, CAP_SIZE);
	return f->gone ? UINT32_MAX : value;
}

static void it_is_pulled_out_while_it_is_probed(void **state)
{
	(void)state;
	machine(PCI_MODERN);
	sim_function.function->read = vanishes_while_its_capabilities_are_read;
	assert_null(discover(PCI_MODERN));
	assert_int_equal(transport_device->error, -ENXIO);
	assert_string_equal(transport_device->reason, "it does not answer any more");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHILD_TEST(transitional_devices_say_their_type_elsewhere, NULL),
		CHILD_TEST(a_legacy_device, NULL),
		CHILD_TEST(a_modern_device_without_capabilities, NULL),
		CHILD_TEST(other_products_of_the_vendor, NULL),
		CHILD_TEST(a_bar_that_cannot_be, NULL),
		CHILD_TEST(a_bar_that_is_not_there, NULL),
		CHILD_TEST(the_upper_half_of_a_bar, NULL),
		CHILD_TEST(beyond_the_bar, NULL),
		CHILD_TEST(far_beyond_the_bar, NULL),
		CHILD_TEST(longer_than_the_bar, NULL),
		CHILD_TEST(around_the_end_of_numbers, NULL),
		CHILD_TEST(too_short, NULL),
		CHILD_TEST(misaligned, NULL),
		CHILD_TEST(a_capability_too_short, NULL),
		CHILD_TEST(a_capability_beyond_the_others, NULL),
		CHILD_TEST(one_is_missing, NULL),
		CHILD_TEST(a_bar_without_an_address, NULL),
		CHILD_TEST(the_first_usable_one, NULL),
		CHILD_TEST(the_first_of_several, NULL),
		CHILD_TEST(without_configuration, NULL),
		CHILD_TEST(bells_beyond_the_structure, NULL),
		CHILD_TEST(bells_far_beyond, NULL),
		CHILD_TEST(bells_at_odd_places, NULL),
		CHILD_TEST(the_bus_is_mastered_from_the_first_queue_to_the_end, NULL),
		CHILD_TEST(the_bus_is_not_mastered_even_if_the_reset_has_no_end, NULL),
		CHILD_TEST(no_queue_is_taken_for_another, NULL),
		CHILD_TEST(it_cannot_master_the_bus, NULL),
		CHILD_TEST(it_is_pulled_out, NULL),
		CHILD_TEST(it_is_pulled_out_while_it_is_probed, NULL),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
