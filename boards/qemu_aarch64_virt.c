/* SPDX-License-Identifier: BSD-2-Clause */
/* qemu-system-aarch64 -M virt. Its PL011 has always been at this address. */
#include "arch/arch.h"
#include "lib/board.h"

EARLY_UART(qemu_aarch64_virt_uart) = { .transmit = 0x09000000, .io_width = 4 };

BOARD(qemu_aarch64_virt) = {
	.name = "QEMU virt",
	.compatible = (const char *const[]){ "linux,dummy-virt", NULL },
};
