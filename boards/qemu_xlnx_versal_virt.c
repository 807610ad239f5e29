/* SPDX-License-Identifier: BSD-2-Clause */
/* qemu-system-aarch64 -M xlnx-versal-virt: AMD's Versal, whose first UART is a PL011. */
#include "arch/arch.h"
#include "lib/board.h"

EARLY_UART(qemu_xlnx_versal_virt_uart) = { .transmit = 0xff000000, .io_width = 4 };

BOARD(qemu_xlnx_versal_virt) = {
	.name = "QEMU Versal virt",
	.compatible = (const char *const[]){ "xlnx-versal-virt", NULL },
};
