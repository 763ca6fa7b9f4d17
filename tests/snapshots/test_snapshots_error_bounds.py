"""Bounds of errors: what passes a tolerance, what a file keeps of them, and what a damaged file is not believed."""

from __future__ import annotations

import json
from dataclasses import replace

import h5py
import numpy as np
import pytest
from damaged_files import sealed_anew
from hypothesis import given
from hypothesis import strategies as st
from snapshots_example import MODEL, TIMES, mixed_mesh

from romlib.errors import FileFormatError, InputError
from romlib.snapshots import FieldSpec, SnapshotsWriter
from romlib.snapshots.error_bounds import BoundsSoFar, ErrorBounds, so_far
from romlib.snapshots.info import info
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.tables import SNAPSHOTS

BOUNDS = ErrorBounds(
    {"displacement": np.array([0.0, 1e-3, np.nan, np.nan]), "p": np.array([1e-3, 0.3, 0.2, 0.25])},
    ("the temperature field is new",), np.array([False, False, True, True]), TIMES, {"traction": 0.25},
    {"displacement": 2.0, "p": 0.1})


def write(path, bounds=BOUNDS):
    mesh = mixed_mesh()
    with SnapshotsWriter(path, [mesh], MODEL, TIMES, {"displacement": FieldSpec("node", 3)}, bounds=bounds) as writer:
        for step in range(len(TIMES)):
            writer.write("displacement", step, 0, np.zeros((mesh.n_node, 3)))
    return path


def test_bounds_are_read_as_written(tmp_path):
    with Snapshots(write(tmp_path / "a.vtkhdf")) as file:
        found = file.error_bounds
    assert found is not None and set(found) == set(BOUNDS)
    for name, values in BOUNDS.items():
        np.testing.assert_array_equal(found[name], values)
    np.testing.assert_array_equal(found.temperature_is_new, BOUNDS.temperature_is_new)
    assert (found.notes, found.outside, found.sizes) == (BOUNDS.notes, BOUNDS.outside, BOUNDS.sizes)
    described = info(tmp_path / "a.vtkhdf")["error_bounds"]
    assert described["quantities"]["p"]["largest"] == 0.3 and described["quantities"]["p"]["time_of_largest"] == 0.25
    assert described["quantities"]["displacement"]["withheld_from"] == 0.5


def test_a_file_that_no_rom_made_has_no_bounds(tmp_path):
    with Snapshots(write(tmp_path / "a.vtkhdf", None)) as file:
        assert file.error_bounds is None
    assert info(tmp_path / "a.vtkhdf")["error_bounds"] is None


def test_bounds_without_a_quantity_keep_the_reason(tmp_path):
    reason = replace(BOUNDS, bounds={}, notes=("the errors have no bound: not calibrated",))
    with Snapshots(write(tmp_path / "a.vtkhdf", reason)) as file:
        assert not file.error_bounds and file.error_bounds.notes == reason.notes


def test_an_infinite_bound_is_none_in_a_file(tmp_path):
    infinite = replace(BOUNDS, bounds={"p": np.array([0.0, 0.1, np.inf, np.inf])})
    with Snapshots(write(tmp_path / "a.vtkhdf", infinite)) as file:
        assert file.error_bounds.largest("p").value == 0.1 and file.error_bounds.largest("p").withheld_from == 0.5


def test_bounds_of_other_times_are_refused(tmp_path):
    with pytest.raises(InputError, match="other times"):
        write(tmp_path / "a.vtkhdf", replace(BOUNDS, times=TIMES + 1.0))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("place", "value"), [
    ("about", None), ("about", json.dumps({"notes": [1]})), ("about", json.dumps({"sizes": {"p": -1.0}})),
    ("about", "[]"), ("temperature_is_new", None), ("temperature_is_new", np.zeros(3, dtype=bool)),
    ("temperature_is_new", np.zeros(4)), ("values/p", np.zeros(3)), ("values/p", np.array([0.0, -1.0, 0.0, 0.0])),
    ("values/p", np.array([0.0, np.inf, 0.0, 0.0])), ("values/q/r", np.zeros(4))])
def test_bounds_that_were_changed_are_refused_although_the_checksums_are_right(tmp_path, place, value):
    path = write(tmp_path / "a.vtkhdf")
    with pytest.raises(FileFormatError, match="error_bounds"):
        with h5py.File(path, "r+") as file:
            group = file["romlib/error_bounds"]
            if place in group:
                del group[place]
            if value is not None:
                group[place] = value
        sealed_anew(path, SNAPSHOTS)
        Snapshots(path).close()


def test_a_bound_above_its_tolerance_is_named_with_time_and_cause():
    (p,) = BOUNDS.passed({"p": 0.2})
    assert (p.quantity, p.time, p.bound) == ("p", 0.25, 0.3)
    assert "bound of the error of p is 0.3 at time 0.25" in p.what
    assert "traction (from time 0.25)" in p.why and "new" not in p.why


def test_what_leaves_the_training_later_is_no_cause():
    (p,) = replace(BOUNDS, outside={"traction": 0.5}).passed({"p": 0.2})
    assert p.why.startswith("neither")


def test_a_bound_that_is_withheld_is_below_no_tolerance():
    (u,) = BOUNDS.passed({"displacement": 1e9})
    assert u.time == 0.5 and "withheld" in u.what and "temperature field is new" in u.why


def test_bounds_within_their_tolerances_pass_nothing():
    assert BOUNDS.passed({"p": 0.3}) == [] and ErrorBounds().passed(0.1) == []


@pytest.mark.parametrize("tolerances", [{"q": 0.1}, {"p": 0.0}, {"p": np.nan}, {"p": np.inf}, {"p": True}, -1.0])
def test_a_tolerance_of_nothing_or_that_is_no_number_is_refused(tolerances):
    with pytest.raises(InputError, match=r"bound|above zero"):
        BOUNDS.passed(tolerances)


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), min_size=2, max_size=8), st.integers(1, 7))
def test_running_maxima_that_go_on_are_those_of_the_whole(pairs, cut):
    cut = min(cut, len(pairs) - 1)
    difference, size = np.array(pairs).T
    before = BoundsSoFar(misfits={"p": (float(difference[:cut].max()), float(size[:cut].max()))})
    worst, largest = before.misfits["p"]
    rest = so_far(np.maximum(difference[cut:], worst), np.maximum(size[cut:], largest), 2.0)
    np.testing.assert_array_equal(rest, so_far(difference, size, 2.0)[cut:])
