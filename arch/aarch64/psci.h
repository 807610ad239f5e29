/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's power interface (Arm DEN 0022). */
#pragma once
#include "arch/arch.h"

void psci_find(const struct arch_tree *tree);
const char *psci_describe(void);		/* "PSCI 1.1 (smc)"; NULL: none that answers */
