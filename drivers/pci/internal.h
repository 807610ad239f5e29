/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of drivers/pci only. */
#pragma once
#include "drivers/pci/pci.h"

/* ---- scan.c: who is there ---- */

/*
 * Find what is not known yet, with bus numbers for the bridges it is behind. New functions decode
 * nothing and master nothing. -ENOMEM: not everything was found.
 */
int pci_scan(struct pci_host *host);

/* Forget all functions; none may be added. */
void pci_forget_all(struct pci_host *host);

/* @f is @bridge itself, or behind it. Without a bridge, everything is. */
bool pci_is_behind(const struct pci_function *f, const struct pci_function *bridge);

/* ---- bars.c: what a function wants, and writing what it gets ---- */

/* Sizes of BARs, kinds of windows, and what is set. The function must not decode. */
void pci_read_demands(struct pci_function *f);

/*
 * Remember it as given, and write it where it differs; 0: nowhere, closed. A BAR that is nowhere is
 * left as it is. false: the registers do not keep it.
 */
bool pci_set_bar(struct pci_function *f, unsigned index, u64 start);
bool pci_set_window(struct pci_function *f, enum plan_kind kind, u64 start, u64 bytes);

bool pci_bar_holds(struct pci_function *f, unsigned index);	/* still what is remembered */

/* ---- place.c ---- */

/* Plan and carry out. What is added already does not move. */
int pci_place(struct pci_host *host);

/* ---- slot.c: hot-plug ---- */

/*
 * Do what people at slots wait for: power for what was put in; where the button was pressed, its
 * devices stop, and there is no power any more. What that changed, a scan finds.
 */
void pci_attend_slots(struct pci_host *host);
