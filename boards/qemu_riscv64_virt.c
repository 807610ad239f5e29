/* SPDX-License-Identifier: BSD-2-Clause */
/* qemu-system-riscv64 -M virt. Its firmware (OpenSBI) offers the early console. */
#include "lib/board.h"

BOARD(qemu_riscv64_virt) = {
	.name = "QEMU virt",
	.compatible = (const char *const[]){ "riscv-virtio", NULL },
};
