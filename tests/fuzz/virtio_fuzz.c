/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio devices whose registers and capabilities say anything: they are refused in words, or can
 * be driven, and no access goes where no register is.
 *
 * The input: a byte of choices, eight bytes that say which registers are honest, one byte for the
 * number of bytes of configuration space that are replaced, three bytes for each of these (place,
 * value), and then four bytes for each look at a register that is not honest; the last four repeat.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/host/sim.h"
#include "drivers/pci/pci.h"
#include "drivers/virtio/virtio.h"
#include "lib/assert.h"
#include "unit/tree.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

enum { REGS_AT = 0x10000000, BARS_AT = 0x40000000, BAR_STEP = 0x1000000, REGISTERS = 64 };
enum { BALLOON = 5 };		/* a type without a driver */
enum { CHOOSE_PCI = 1, CHOOSE_LEGACY = 2, CHOOSE_SHORT = 4, CHOOSE_GONE = 8 };

static struct {
	const u8 *data;
	size_t bytes;
	u8 choices;
	u64 honest;
	u32 last;
	u32 registers[REGISTERS];
	u8 config[PCI_CONFIG_BYTES];
	bool mastering;
} input;

static u64 take(unsigned width)
{
	u64 value = 0;

	for (unsigned i = 0; i < width && input.bytes; i++, input.bytes--)
		value |= (u64)*input.data++ << (8 * i);
	return value;
}

static u32 lie(void)
{
	if (input.bytes)
		input.last = (u32)take(4);
	return input.last;
}

static bool is_honest(unsigned index)
{
	return input.honest >> index % REGISTERS & 1;
}

/* ---- Registers over MMIO: of 32 bits, then configuration ---- */

static u64 mmio_read(void *state, u64 offset, unsigned width)
{
	(void)state;
	assert(offset >= 0x100 || width == 4);
	if (offset >= 0x100 || !is_honest((unsigned)offset / 4))
		return lie();
	return input.registers[offset / 4];
}

static void mmio_write(void *state, u64 offset, unsigned width, u64 value)
{
	static const u8 writable[] = {
		0x14, 0x20, 0x24, 0x28, 0x30, 0x38, 0x3c, 0x40, 0x44,
		0x50, 0x64, 0x70, 0x80, 0x84, 0x90, 0x94, 0xa0, 0xa4,
	};

	(void)state;
	if (offset >= 0x100) {
		assert(width == 1);
		return;
	}
	assert(width == 4 && memchr(writable, (int)offset, sizeof(writable)));
	input.registers[offset / 4] = (u32)value;
	if (offset == 0x70 && !value)
		input.registers[0x40 / 4] = input.registers[0x44 / 4] = 0;
}

static const struct sim_mmio_ops mmio_ops = { mmio_read, mmio_write };

static size_t window_bytes(void)
{
	return input.choices & CHOOSE_SHORT ? 0xf0 + (input.choices & 0xf0) : 0x200;
}

static int map_registers(struct device *dev, unsigned index, struct mmio *out)
{
	(void)index;
	return mmio_map(out, REGS_AT, window_bytes(), dev->name);
}

static const struct device_bus mmio_bus = { map_registers };

static struct device *add_mmio(void)
{
	static struct device dev;

	dev = (struct device){
		.name = "virtio_mmio@0", .bus = &mmio_bus, .node = dt_path("/virtio"),
	};
	input.registers[0x00 / 4] = 0x74726976;
	input.registers[0x04 / 4] = input.choices & CHOOSE_LEGACY ? 1 : 2;
	input.registers[0x08 / 4] = BALLOON;
	input.registers[0x10 / 4] = UINT32_MAX;
	input.registers[0x34 / 4] = 256;
	sim_mmio_add(REGS_AT, window_bytes(), &mmio_ops, NULL);
	device_add(&dev);
	return &dev;
}

/* ---- A PCI function: its configuration space, and BAR 4 with all structures ---- */

static u64 bar_read(void *state, u64 offset, unsigned width)
{
	(void)state;
	if (offset >= 0x40 || !is_honest((unsigned)offset))
		return lie();
	return input.registers[offset] & (UINT64_MAX >> (64 - 8 * width));
}

static void bar_write(void *state, u64 offset, unsigned width, u64 value)
{
	(void)state;
	(void)width;
	if (offset < REGISTERS && offset != 0x04)
		input.registers[offset] = (u32)value;
	if (offset == 0x14 && !value)
		input.registers[0x1c] = 0;
}

static const struct sim_mmio_ops bar_ops = { bar_read, bar_write };

static u32 config_read(struct pci_host *host, u8 bus, u8 slot, u8 number, unsigned offset,
		       unsigned width)
{
	u32 value = 0;

	(void)host;
	(void)bus;
	(void)slot;
	(void)number;
	memcpy(&value, &input.config[offset], width);
	return input.choices & CHOOSE_GONE && input.bytes < 4 ? UINT32_MAX : value;
}

static void config_write(struct pci_host *host, u8 bus, u8 slot, u8 number, unsigned offset,
			 unsigned width, u32 value)
{
	(void)host;
	(void)bus;
	(void)slot;
	(void)number;
	assert(offset == PCI_COMMAND && width == 2);
	input.mastering = value & PCI_COMMAND_MASTER;
	memcpy(&input.config[offset], &value, width);
}

static const struct pci_host_ops host_ops = { config_read, config_write };
static struct pci_host host = { .ops = &host_ops };
static struct pci_function function;

static int map_bar(struct device *dev, unsigned index, struct mmio *out)
{
	assert(index < PCI_BARS && function.bars[index].present);
	return mmio_map(out, BARS_AT + index * BAR_STEP, function.bars[index].bytes, dev->name);
}

static const struct device_bus pci_bus = { map_bar };

/* QEMU's layout, in capabilities of 20 bytes from 0x40 on. */
static void write_capabilities(void)
{
	static const u32 structures[][2] = {
		{ 1, 0 }, { 3, 0x1000 }, { 4, 0x2000 }, { 2, 0x3000 },
	};

	input.config[PCI_STATUS] = PCI_STATUS_CAPABILITIES;
	input.config[PCI_CAPABILITIES] = 0x40;
	for (unsigned i = 0; i < 4; i++) {
		u8 *c = &input.config[0x40 + 20 * i];

		memcpy(c, (const u8[]){ 0x09, i < 3 ? (u8)(0x40 + 20 * (i + 1)) : 0, 20,
					(u8)structures[i][0], 4 }, 5);
		memcpy(c + 8, &structures[i][1], 4);
		memcpy(c + 12, &(u32){ 0x1000 }, 4);
		memcpy(c + 16, &(u32){ 4 }, 4);
	}
}

static struct device *add_pci(void)
{
	static const u16 bar_bytes[PCI_BARS] = { 0x20, 0x1000, 0, 0, 0x4000, 0 };

	write_capabilities();
	for (unsigned i = (unsigned)take(1); i; i--) {
		unsigned place = (unsigned)take(2) % 256;

		input.config[place] = (u8)take(1);
	}
	input.registers[0x04] = UINT32_MAX;
	input.registers[0x12] = 3;
	input.registers[0x18] = 256;
	function = (struct pci_function){ .host = &host, .express_type = PCI_EXPRESS_NONE };
	function.device = (struct device){
		.name = "pci 00:01.0", .bus = &pci_bus, .node = dt_root(),
		.id = { .bus = BUS_PCI, .vendor = 0x1af4,
			.product = input.choices & CHOOSE_LEGACY ? 0x1002 : 0x1045 },
	};
	for (unsigned i = 0; i < PCI_BARS; i++) {
		struct plan_range *r = &function.bars[i];

		r->present = bar_bytes[i];
		r->bytes = bar_bytes[i];
		r->given.start = i == 1 ? 0 : BARS_AT + i * BAR_STEP;
		if (r->present)
			sim_mmio_add(BARS_AT + i * BAR_STEP, r->bytes, &bar_ops, NULL);
	}
	device_add(&function.device);
	return &function.device;
}

/* ---- A driver ---- */

static void check_result(const struct virtio_device *v, int error)
{
	assert(error <= 0 && memchr(v->device.reason, 0, sizeof(v->device.reason)));
	assert(!error || v->device.reason[0]);
}

static void start_queue(struct virtio_device *v, u16 index)
{
	u32 most = virtio_queue_max_size(v, index);
	u64 address = 0x80000000 + 0x1000000 * (u64)index, driver, end;
	struct virtio_queue q = { .index = index, .size = (u16)most, .descriptors = { address } };
	u32 align = v->legacy ? v->ring_align : 64;
	int error;

	assert(most <= VIRTIO_QUEUE_SIZE_MAX);
	driver = address + 16 * (u64)q.size;
	end = driver + 6 + 2 * (u64)q.size;
	q.driver.bus = driver;
	q.device.bus = (end + align - 1) / align * align;
	error = virtio_queue_enable(v, &q);
	check_result(v, error);
	if (!error)
		virtio_notify(v, &q);
}

static void drive(struct virtio_device *v)
{
	u64 wanted = take(8), required = take(1), value;
	u8 some[16];

	if (v->device.parent->error)
		return;
	check_result(v, virtio_begin(v, wanted, required));
	if (v->features) {
		wanted |= required | VIRTIO_F_ANY_LAYOUT | VIRTIO_F_VERSION_1 |
			VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_ORDER_PLATFORM;
		assert(!(v->features & ~wanted));
		assert(v->legacy || (v->features & VIRTIO_F_VERSION_1));
		assert((v->features & required) == required);
	}
	check_result(v, virtio_config_read(v, 0, 8, &value, 1));
	check_result(v, virtio_config_read(v, 5, 1, some, sizeof(some)));
	for (u16 index = 0; index < 3; index++)
		start_queue(v, index);
	check_result(v, virtio_driver_ok(v));
	virtio_take_interrupt(v);
	check_result(v, virtio_check(v));
}

static void open_tree(void)
{
	void *fdt = tree_begin();
	const char *reason;

	fdt_begin_node(fdt, "virtio");
	tree_string(fdt, "compatible", "virtio,mmio");
	fdt_end_node(fdt);
	if (dt_open(tree_end(fdt), TREE_BYTES, &reason))
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	struct device *dev;

	sim_reset();
	sim.ticks_step = 100000;	/* ten milliseconds */
	open_tree();
	memset(&input, 0, sizeof(input));
	input.data = data;
	input.bytes = bytes;
	input.choices = (u8)take(1);
	input.honest = take(8);

	dev = input.choices & CHOOSE_PCI ? add_pci() : add_mmio();
	assert(dev->error == 0 || dev->reason[0] || dev->error == -ENODEV);
	for (struct device *child = dev->next; child; child = child->next)
		if (!child->driver && child->error == -ENODEV)
			drive((struct virtio_device *)child);
	if (devices_quiesce() == 0)
		assert(!input.mastering || dev->gone);
	device_remove(dev);
	return 0;
}
