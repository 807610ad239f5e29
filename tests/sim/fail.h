/* SPDX-License-Identifier: BSD-2-Clause */
/* For sim.failed: what hardware would not survive fails the test. Include after <cmocka.h>. */
#pragma once

static inline void fail_test(const char *message)
{
	fail_msg("%s", message);
}
