/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses in the running image, from image.lds.S. Only arch/ uses them. */
#pragma once
#include "arch/relocate.h"
#include "arch/types.h"

extern char image_start[], text_end[], rodata_start[], rodata_end[], data_start[];
extern char image_file_end[], bss_start[], bss_end[], image_end[];
extern char trap_guard[], trap_stack[], trap_stack_top[], stack_guard[], stack[], stack_top[];
extern const struct relocation __start_relocation_table[], __stop_relocation_table[];
