/* SPDX-License-Identifier: BSD-2-Clause */
/* Header of a RISC-V Linux Image (Documentation/riscv/boot-image-header.rst). Pure. */
#pragma once
#include "arch/arch.h"

/* As arch_linux_image_parse. */
int riscv64_image_parse(const void *header, size_t bytes, struct arch_linux_image *image,
			const char **reason);
