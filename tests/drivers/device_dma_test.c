/* SPDX-License-Identifier: BSD-2-Clause */
/* How devices come by the domain of their DMA: from the tree, from a host, from a transport. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "drivers/device.h"
#include "tests/tree.h"

static int set_up(void **state)
{
	(void)state;
	sim_reset();
	TREE(dma);
	return 0;
}

static struct device device(enum bus_type bus, const char *path, struct device *parent)
{
	struct device dev = {
		.name = "device", .id.bus = bus, .parent = parent, .node = dt_path(path),
	};

	return dev;
}

static const struct dma_domain *domain_of(struct device *dev)
{
	const struct dma_domain *domain = NULL;

	assert_int_equal(device_dma(dev, &domain), 0);
	assert_ptr_equal(dev->dma, domain);
	return domain;
}

static void of_the_tree(void **state)
{
	struct device outer = device(BUS_DT, "/outer/device", NULL);
	struct device inner = device(BUS_DT, "/outer/missing/inner/device", NULL);
	struct device coherent = device(BUS_DT, "/outer/missing/inner/coherent", NULL);
	const struct dma_domain *d;

	(void)state;
	d = domain_of(&outer);
	assert_true(d->coherent);
	assert_int_equal(d->window_count, 2);
	d = domain_of(&inner);
	assert_false(d->coherent);
	assert_int_equal(d->window_count, 2);
	assert_true(d->windows[0].cpu == 0xc0000000 && d->windows[0].bus == 0x1090000000);
	d = domain_of(&coherent);
	assert_true(d->coherent);
	assert_ptr_not_equal(d, inner.dma);
	assert_ptr_equal(domain_of(&inner), inner.dma);
}

/* A node that is a bus says in "dma-ranges" what is so for its children, not for itself. */
static void of_a_bus_and_its_functions(void **state)
{
	struct device host = device(BUS_DT, "/pcie", NULL);
	struct device function = device(BUS_PCI, "/pcie", &host);
	struct device child = device(BUS_VIRTIO, "/pcie", &function);
	const struct dma_domain *d;

	(void)state;
	assert_int_equal(domain_of(&host)->window_count, 0);
	d = domain_of(&child);
	assert_int_equal(d->window_count, 2);
	assert_true(d->windows[0].cpu == 0x40000000 && d->windows[0].bus == 0x80000000);
	assert_ptr_equal(function.dma, d);
	assert_ptr_equal(domain_of(&function), d);
}

static void of_a_transport(void **state)
{
	struct device transport = device(BUS_DT, "/outer/device", NULL);
	struct device child = device(BUS_VIRTIO, "/outer/device", &transport);

	(void)state;
	assert_ptr_equal(domain_of(&child), domain_of(&transport));
	assert_int_equal(child.dma->window_count, 2);
}

static void what_the_architecture_says(void **state)
{
	(void)state;
	for (unsigned coherent = 0; coherent < 2; coherent++) {
		struct device dev = device(BUS_DT, "/plain/empty/device", NULL);

		sim.dma_coherent = coherent;
		assert_int_equal(domain_of(&dev)->coherent, coherent);
	}
}

static void refuse(const char *path, int error, const char *reason)
{
	struct device dev = device(BUS_PCI, path, NULL);
	const struct dma_domain *domain;

	assert_int_equal(device_dma(&dev, &domain), error);
	assert_string_equal(dev.reason, reason);
}

static void refusals(void **state)
{
	(void)state;
	refuse("/outer/nowhere", -ENXIO, "its DMA reaches no memory (dma-ranges)");
	refuse("/ragged", -EINVAL,
	       "what its DMA reaches cannot be told (dma-ranges): invalid (EINVAL)");
	sim.cache_backend = NULL;
	refuse("/outer/missing/inner", -ENOTSUP, "its DMA does not see the caches, and neither "
	       "the CPU nor a cache controller here can write them back");
}

/* It is the child that is refused; its transport is driven all the same. */
static void the_child_has_the_reason(void **state)
{
	struct device transport = device(BUS_DT, "/outer/missing/inner/device", NULL);
	struct device child = device(BUS_VIRTIO, "/outer/missing/inner/device", &transport);
	const struct dma_domain *domain;

	(void)state;
	sim.cache_backend = NULL;
	assert_int_equal(device_dma(&child, &domain), -ENOTSUP);
	assert_non_null(strstr(child.reason, "does not see the caches"));
	assert_string_equal(transport.reason, "");
	assert_null(child.dma);
}

#define TEST(function)	cmocka_unit_test_setup(function, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(of_the_tree),
		TEST(of_a_bus_and_its_functions),
		TEST(of_a_transport),
		TEST(what_the_architecture_says),
		TEST(refusals),
		TEST(the_child_has_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
