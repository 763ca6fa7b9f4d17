"""Bounds of errors from misfits: what vanishes, what grows, what is withheld, what depends on nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bounded_bar import HIGHEST, MODEL, TIMES, write_rom
from hand_made_rom import affine, hand_made_rom, with_indicator
from hypothesis import given
from hypothesis import strategies as st

import romlib
from romlib.mesh.box import box_mesh
from romlib.online.indicator import bound, delta, indicators
from romlib.online.misfits import CONTROL, Misfits
from romlib.snapshots.error_bounds import FLOOR, so_far

RANDOM = np.random.default_rng(7)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=12), st.floats(0.1, 10))
def test_an_indicator_never_falls_while_its_scale_stays_and_is_relative_to_no_less_than_the_floor(
    misfits: list[float], largest: float
) -> None:
    difference = np.array(misfits)
    found = so_far(difference, np.zeros(len(difference)), largest)
    assert np.all(np.diff(found) >= 0)
    assert found[-1] == pytest.approx(difference.max() / (FLOOR * largest))


def test_nothing_over_nothing_is_no_error_and_something_over_nothing_is_beyond_all_bounds() -> None:
    np.testing.assert_array_equal(so_far(np.array([0.0, 1.0]), np.zeros(2), 0.0), [0.0, np.inf])


def test_a_new_temperature_field_makes_bounds_larger_and_p_more_than_stress() -> None:
    indicator, is_new = np.array([0.01, 0.01]), np.array([False, True])
    for quantity, more in (("stress", 1.5), ("p", 3.0), ("displacement", 1.5)):
        found = bound(quantity, 2.0, indicator, is_new)
        np.testing.assert_allclose(found, [2.0 * (0.01 + delta(quantity)), 2.0 * more * (0.01 + delta(quantity))])


def test_a_run_beyond_the_training_has_larger_bounds_from_the_time_on_where_it_leaves(tmp_path: Path) -> None:
    """The same run of the same ROM, whose trained range has the load in it or not."""
    found = {}
    for highest in (HIGHEST, 2.0 * HIGHEST):
        rom = romlib.load(write_rom(tmp_path / f"{highest:g}.rom"))
        rom.archive.manifest.trained["pull"] = (-2.0 * HIGHEST, highest)
        found[highest] = rom.solve(times=TIMES).error_bound
    outside, inside = found.values()
    since = outside.outside["pull"]
    assert not inside.outside and 0.0 < since < TIMES[-1]
    for quantity, more in (("stress", 1.5), ("p", 3.0)):
        both = np.isfinite(outside[quantity]) & np.isfinite(inside[quantity])
        assert (both & (since <= TIMES)).any()
        expected = np.where(since <= TIMES, more, 1.0) * inside[quantity]
        np.testing.assert_allclose(outside[quantity][both], expected[both], rtol=1e-12)


def test_what_control_points_find_is_added_to_the_indicator_of_internal_variables_and_of_nothing_else() -> None:
    dual = {"stress": (6, True), "p": (1, False)}
    rom, _ = hand_made_rom([box_mesh("hex8", (2, 1, 1))], MODEL, (affine(0),), dual=dual)
    values = {"stress": RANDOM.standard_normal((4, 16, 6)), "p": RANDOM.uniform(1.0, 2.0, (4, 16, 1))}
    values["p"][:, -2:] += 3.0  # the control points of `with_indicator`
    clusters = np.zeros(4, dtype=int)
    watched = with_indicator(rom)
    known = watched.indicator
    assert known is not None and watched.control is not None
    without = indicators(rom, known, values, clusters)
    found = indicators(watched, known, values, clusters)
    np.testing.assert_array_equal(found["stress"], without["stress"])
    aside, size = Misfits.of(watched).found(values, clusters)["p" + CONTROL]
    np.testing.assert_allclose(found["p"], without["p"] + so_far(aside, size, known.norms["p"]))
    assert np.all(aside > 1.0)
