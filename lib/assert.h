/* SPDX-License-Identifier: BSD-2-Clause */
/* Checked in every build: a broken promise of our own stops with its place and a backtrace. */
#pragma once
_Noreturn void assert_failed(const char *expression, const char *file, int line);
#undef assert
#define assert(e) ((e) ? (void)0 : assert_failed(#e, __FILE__, __LINE__))
