/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Included before everything else in an image: whatever is declared from here on is part of this
 * image, so its address is a distance from the program counter and needs no table of addresses.
 */
#pragma GCC visibility push(hidden)
