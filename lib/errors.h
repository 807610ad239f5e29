/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions return 0 or a positive result, or a negated number of the C library's <errno.h>.
 * bool answers questions only; an error never travels inside a value.
 */
#pragma once
#include <errno.h>

/* -EIO -> "input/output error (EIO)": for people; never NULL */
const char *error_text(int error);
