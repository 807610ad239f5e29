/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "arch/types.h"

extern u64 cpu_boot_hart;
