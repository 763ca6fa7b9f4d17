"""Projections of fields: the numbers are those of the formula, to the last bit, in any size of a field."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from romlib.identity import sketch
from romlib.mesh.box import box_mesh


def plain(keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """`sketch.project` as formulas of whole arrays, 2^14 places with a value at a time."""
    values = values if values.ndim == 2 else values[:, None]
    acts = values.any(axis=1)
    keys, values, total = keys[acts], values[acts], np.zeros(sketch.N_SKETCH)
    golden = np.uint64(0x9E3779B97F4A7C15)
    for start in range(0, len(keys), 1 << 14):
        rows = slice(start, start + (1 << 14))
        for column in range(values.shape[1]):
            first = sketch.mixed(keys[rows] ^ np.uint64(column + 1))
            words = sketch.mixed(first[:, None] ^ (np.arange(1, 9, dtype=np.uint64) * golden)).astype("<u8")
            if values[rows, column].any():
                total += values[rows, column] @ (words.view("<u2").astype(float) - 32767.5)
    return total * np.sqrt(12.0 / (65536.0**2 - 1.0))


@pytest.mark.parametrize("n", [0, 1, 16384, 40001])
def test_projections_are_those_of_the_formula(n):
    rng = np.random.default_rng(n)
    keys = sketch.mixed(rng.integers(0, 1 << 62, n).astype(np.uint64))
    whole, some = rng.standard_normal((n, 3)), rng.standard_normal((n, 2)) * (rng.random((n, 1)) < 0.3)
    for values in (whole, some, whole[:, 0], np.zeros((n, 2))):
        np.testing.assert_array_equal(sketch.project(keys, values), plain(keys, values))


def test_keys_of_cells_do_not_depend_on_how_many_are_hashed_at_once(monkeypatch):
    mesh = box_mesh("hex8", (3, 3, 2))
    mesh = replace(mesh, node_ids=np.random.default_rng(0).permutation(10**6)[:mesh.n_node])
    keys = sketch.cell_keys(mesh), sketch.element_keys(mesh)
    monkeypatch.setattr(sketch, "_CHUNK", 5)
    for before, after in zip(keys, (sketch.cell_keys(mesh), sketch.element_keys(mesh))):
        np.testing.assert_array_equal(before, after)
        assert len(set(before.tolist())) == mesh.n_cell
