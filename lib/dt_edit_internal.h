/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files that change trees. Private to them. */
#pragma once

/* 0, or a libfdt error as ours, logged: "cannot @what: ...". */
int dt_edit_result(int fdt_result, const char *what);

/* The offset of /chosen, made if it is not there, or a libfdt error. */
int dt_edit_chosen(void *copy);
