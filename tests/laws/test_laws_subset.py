"""Some of the points are integrated as all are, and a state in parts is the state."""

from __future__ import annotations

import numpy as np
import pytest

from romlib.laws.points import MaterialPoints
from romlib.laws.subset import PointSubset, joined, rows_of
from romlib.model import Material, ThermalExpansion

N = 12
MATERIALS = {
    "steel": Material(law="mises", parameters={"young": 2e5, "poisson": 0.3, "yield": 200.0, "linear_hardening": 4e3},
                      thermal_expansion=ThermalExpansion(coefficient=1e-5, reference_temperature=20.0)),
    "rubber": Material(law="elastic", parameters={"young": 1e3, "poisson": 0.4})}
INDEX = np.array([0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1])


def points() -> MaterialPoints:
    rng = np.random.default_rng(3)
    return MaterialPoints.from_arrays(MATERIALS, INDEX, np.arange(100, 100 + N), np.arange(1, N + 1),
                                      rng.random((N, 3)), np.linspace(10.0, 30.0, N))


@pytest.mark.parametrize("chosen", [[0, 3, 4, 9, 11], [2, 3, 4, 5], [1, 4], list(range(N))])
@pytest.mark.parametrize("heated", [True, False])
def test_two_parts_of_the_points_give_what_all_give_together(chosen: list[int], heated: bool) -> None:
    rng, whole = np.random.default_rng(1), points()
    temperature = np.linspace(50.0, 90.0, N) if heated else None
    start = whole.integrate(whole.virgin(0.0, temperature), 1.0, 3e-3 * rng.normal(size=(N, 6)), temperature).state
    strain = 4e-3 * rng.normal(size=(N, 6))
    expected = whole.integrate(start, 2.0, strain, temperature)
    mask = np.isin(np.arange(N), chosen)
    parts = []
    for rows in (rows_of(mask), rows_of(~mask)):
        part = PointSubset(whole, rows)
        warm = None if temperature is None else temperature[rows]
        found = part.points.integrate(part.take(start), 2.0, strain[rows], warm)
        np.testing.assert_array_equal(found.tangent, expected.tangent[rows])
        np.testing.assert_array_equal(part.points.cells, whole.cells[rows])
        parts.append((part, found.state))
    state = joined(start, parts)
    assert state.time == 2.0
    for name in ("strain", "stress"):
        np.testing.assert_array_equal(getattr(state, name), getattr(expected.state, name))
    for mine, others in zip(state.states, expected.state.states):
        np.testing.assert_array_equal(mine, others)
    assert (state.temperature is None) == (temperature is None)
    if temperature is not None:
        np.testing.assert_array_equal(state.temperature, temperature)


def test_adjacent_rows_are_a_slice_and_no_rows_are_none() -> None:
    assert rows_of(np.array([False, True, True, False])) == slice(1, 3)
    np.testing.assert_array_equal(rows_of(np.array([True, False, True])), [0, 2])
    assert len(rows_of(np.zeros(3, dtype=bool))) == 0
