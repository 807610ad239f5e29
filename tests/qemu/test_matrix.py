# SPDX-License-Identifier: BSD-2-Clause
"""The matrix itself: does it cover what it says?"""
import itertools

import matrix

FACTORS = {"a": [1, 2, 3, 4], "b": ["x", "y", "z"], "c": [False, True], "d": [10, 20, 30],
           "e": [None, 0]}


def valid(a, b, c, d, e):
    return not (a == 1 and c) and not (b == "z" and d == 30) and (e is None or d != 10)


def test_every_valid_pair_is_covered():
    wanted = set().union(*(matrix.pairs_of(row) for row in matrix.product(FACTORS, valid)))
    chosen = matrix.pairs(FACTORS, valid)
    assert set().union(*(matrix.pairs_of(row) for row in chosen)) == wanted


def test_every_row_is_valid_and_there_are_few():
    chosen = matrix.pairs(FACTORS, valid)
    assert all(valid(**row) for row in chosen)
    assert 12 <= len(chosen) <= 20     # 4 * 3 is the floor; the product has 76 rows
    assert len(matrix.product(FACTORS, valid)) > 3 * len(chosen)


def test_values_that_compare_equal_stay_apart():
    chosen = matrix.pairs({"a": [0, False], "b": [1, True]})
    assert {(repr(r["a"]), repr(r["b"])) for r in chosen} == set(
        itertools.product(["0", "False"], ["1", "True"]))


def test_same_seed_same_rows():
    assert matrix.pairs(FACTORS, valid, seed=7) == matrix.pairs(FACTORS, valid, seed=7)


def test_full_is_the_product(monkeypatch):
    monkeypatch.setenv("FULL", "1")
    assert matrix.rows(FACTORS, valid) == matrix.product(FACTORS, valid)
    monkeypatch.delenv("FULL")
    assert matrix.rows(FACTORS, valid) == matrix.pairs(FACTORS, valid)
