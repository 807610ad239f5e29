# SPDX-License-Identifier: BSD-2-Clause
"""Rows of a test matrix: every pair of values at least once, or (FULL=1) the whole product.

Most faults need one value, nearly all the others need two together; pairs find both with a
small part of the product's runs.
"""
import itertools
import os
import random


def product(factors, valid=lambda **row: True):
    """All rows (dicts name -> value) that valid(**row) admits, in the order of the factors."""
    names = list(factors)
    rows = (dict(zip(names, values)) for values in itertools.product(*factors.values()))
    return [row for row in rows if valid(**row)]


def pairs_of(row):
    """The pairs ((name, value), (name, value)) that a row covers; values by their repr."""
    return set(itertools.combinations([(name, repr(value)) for name, value in row.items()], 2))


def pairs(factors, valid=lambda **row: True, seed=1):
    """A small part of product() that covers every pair which any valid row has.

    Greedy over the whole product: each time the row with most pairs not yet covered. The same
    factors and seed give the same rows.
    """
    candidates = product(factors, valid)
    random.Random(seed).shuffle(candidates)
    covers = [pairs_of(row) for row in candidates]
    missing = set().union(*covers)
    chosen = []
    while missing:
        best = max(range(len(candidates)), key=lambda i: len(covers[i] & missing))
        missing -= covers[best]
        chosen.append(candidates[best])
    return chosen


def rows(factors, valid=lambda **row: True, seed=1):
    """What the tests run: pairs, or the whole product if the environment says FULL=1."""
    if os.environ.get("FULL") == "1":
        return product(factors, valid)
    return pairs(factors, valid, seed)


def label(row):
    """A readable test id, of the characters a file name may have."""
    return "-".join(f"{name}={value}" for name, value in row.items()).replace("/", "_")
