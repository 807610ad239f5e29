/* SPDX-License-Identifier: BSD-2-Clause */
/* Header of an arm64 Linux Image (Documentation/arch/arm64/booting.rst). Pure: builds anywhere. */
#pragma once
#include "arch/arch.h"

/* As arch_linux_image_parse, and *page_kib: 4, 16, 64, or 0 where the kernel does not say. */
int aarch64_image_parse(const void *header, size_t bytes, struct arch_linux_image *image,
			unsigned *page_kib, const char **reason);
