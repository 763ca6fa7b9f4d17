"""The largest von Mises stress is found without all others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from romlib.solution import largest
from romlib.solution.largest import Groups, largest_von_mises
from romlib.tensors import von_mises


def example(seed: int, n: int = 700, n_dual: int = 6, n_row: int = 9):
    """Modes with a concentration, as stresses have one, and coordinates that fall."""
    generator = np.random.default_rng(seed)
    modes = generator.normal(size=(n_dual, n, 6)) * (1.0 + 20.0 * np.exp(-np.linspace(-3.0, 8.0, n)**2))[:, None]
    z = generator.normal(size=(n_row, n_dual)) * 10.0 ** -np.arange(n_dual)
    z[0] = 0.0
    return modes, z


@given(seed=st.integers(0, 10_000), n=st.sampled_from([1, 63, 64, 65, 700]), absent=st.booleans())
def test_it_is_that_of_all_points_and_the_first_of_equal_ones(seed, n, absent):
    modes, z = example(seed, n)
    if absent and n > 1:
        modes[:, ::3] = np.nan
    modes[:, -1] = modes[:, n // 2]  # equal, if they are the largest
    values = von_mises(np.tensordot(z, np.nan_to_num(modes), axes=1))
    found, at = largest_von_mises(Groups.of(modes), modes, z)
    np.testing.assert_allclose(found, values.max(axis=1), rtol=1e-12)
    np.testing.assert_allclose(values[np.arange(len(z)), at], values.max(axis=1), rtol=1e-12)
    assert found[0] == 0.0 and at[0] == 0


def test_what_is_known_to_be_elsewhere_is_not_searched(monkeypatch):
    modes, z = example(3)
    known = Groups.of(modes)
    right, _ = largest_von_mises(known, modes, z)
    floor = np.where(np.arange(len(z)) % 2, 1.01 * right, 0.0)
    found, _ = largest_von_mises(known, modes, z, floor)
    np.testing.assert_allclose(np.maximum(found, floor), np.maximum(right, floor), rtol=1e-13)
    looked, look = [], largest._look
    monkeypatch.setattr(largest, "_look", lambda *a: looked.append(a[3].sum()) or look(*a))
    largest_von_mises(known, modes, z, 100.0 * right + 1e9)
    assert sum(looked) == 0


def test_few_points_are_computed(monkeypatch):
    modes, z = example(5, n=6400)
    looked, look = [], largest._look
    monkeypatch.setattr(largest, "_look", lambda *a: looked.append(a[3].sum()) or look(*a))
    largest_von_mises(Groups.of(modes), modes, z)
    assert sum(looked) < 0.2 * len(z) * 100


@pytest.mark.parametrize("tag", ["all", "xmax", "skin"])
def test_a_probe_takes_this_way_and_a_file_the_other(solution, tag, monkeypatch):
    calls = []
    monkeypatch.setattr("romlib.solution.reconstruction.largest_von_mises",
                        lambda *a: calls.append(1) or largest_von_mises(*a))
    found = solution.probe("von_mises", tag=tag, reduce="max")
    values = solution.probe("von_mises", tag=tag).values
    np.testing.assert_allclose(found.values, values.max(axis=1), rtol=1e-12)
    assert len(calls) == len(np.unique(solution.rom.points.pieces)) or tag != "all"
    assert calls
