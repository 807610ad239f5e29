/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the block engine share. */
#pragma once
#include "drivers/block.h"

/* Why these limits cannot be, in words; NULL: they can. */
const char *block_limits_nonsense(const struct block_limits *l);

/* 0, or why @r is more than the device does: -errno, and *cause in words. */
int block_check(const struct block_device *b, const struct block_request *r, const char **cause);

/* A line in the log: what was asked of @b, and why it failed. Not for each of very many. */
void block_log_failure(struct block_device *b, enum block_op op, u64 lba, u64 blocks, int status,
		       const char *cause);
