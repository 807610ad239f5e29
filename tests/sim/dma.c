/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <string.h>
#include "arch/host/sim.h"
#include "lib/dma_loans.h"
#include "tests/sim/dma.h"

void *sim_dma(u64 bus, size_t bytes, bool write)
{
	void *device;
	struct dma_loan *loan = dma_loan_find((dma_addr_t){ bus }, bytes, &device);

	if (!loan)
		sim_fail("DMA: %zu bytes at bus address 0x%" PRIx64 " are nothing that was lent "
			 "or shared", bytes, bus);
	if (write && !loan->shared && loan->direction == DMA_TO_DEVICE)
		sim_fail("DMA: %zu bytes at bus address 0x%" PRIx64 " were lent to be read, "
			 "not written", bytes, bus);
	return device;
}

void sim_dma_read(u64 bus, void *to, size_t bytes)
{
	if (bytes)
		memcpy(to, sim_dma(bus, bytes, false), bytes);
}

void sim_dma_write(u64 bus, const void *from, size_t bytes)
{
	if (bytes)
		memcpy(sim_dma(bus, bytes, true), from, bytes);
}
