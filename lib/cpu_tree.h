/* SPDX-License-Identifier: BSD-2-Clause */
/* What arch asks of the open tree (arch/arch.h, struct arch_tree). */
#pragma once
#include "arch/arch.h"

extern const struct arch_tree cpu_tree;
