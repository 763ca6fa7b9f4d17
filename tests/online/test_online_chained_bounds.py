"""Bounds of a run in parts are those of the whole; what a run has that was not trained is known with its time."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from bounded_bar import HIGHEST, TIMES, write_rom

import romlib
from romlib.errors import FileFormatError
from romlib.states.file import StateWriter, read_state


@pytest.fixture(scope="module")
def rom(tmp_path_factory):
    return romlib.load(write_rom(tmp_path_factory.mktemp("rom") / "bar.rom"))


@pytest.fixture(scope="module")
def whole(rom):
    return rom.solve(times=TIMES)


@pytest.mark.parametrize("cut", [0, 7, 14])
def test_bounds_of_two_halves_are_those_of_the_whole_from_memory_and_from_a_file(rom, whole, tmp_path, cut):
    first = rom.solve(times=TIMES[:cut + 1]) if cut else whole
    start = first if cut else whole.state(0)
    if cut:
        first.write_state(tmp_path / "half.state")
        start = tmp_path / "half.state"
    second = rom.solve(times=TIMES[cut:], start=start)
    assert whole.error_bound["p"].max() > 2.0 * whole.error_bound["p"].min() > 0.0  # something happens
    for name, bound in whole.error_bound.items():
        np.testing.assert_allclose(second.error_bound[name], bound[cut:], rtol=1e-9)
    assert second.error_bound.outside == whole.error_bound.outside
    assert not any("this part of the run" in note for note in second.error_bound.notes)


def test_a_displacement_whose_bound_was_withheld_stays_without_one(rom, whole, tmp_path):
    assert np.isnan(whole.error_bound["displacement"][-1])
    first = np.argmax(np.isnan(whole.error_bound["displacement"]))
    assert first > 0 and np.isnan(whole.error_bound["displacement"][first:]).all()
    saved = whole.state(-1)
    assert saved.bounds.withheld
    after = rom.solve(times=[2.0, 2.1], start=saved).error_bound
    assert np.isnan(after["displacement"]).all() and any("withheld" in note for note in after.notes)


def test_a_state_of_another_kind_says_that_its_error_is_not_bounded(rom, whole):
    start = replace(whole.state(7), bounds=None)
    notes = rom.solve(times=TIMES[7:], start=start).error_bound.notes
    assert any("this part of the run" in note for note in notes)


def test_a_temperature_that_was_new_before_stays_new(rom):
    weak = rom.solve("weak")
    saved = weak.state(7)
    saved.bounds = saved.bounds.model_copy(update={"temperature_is_new": True})
    second = rom.solve("weak", times=TIMES[7:], start=saved).error_bound
    assert second.temperature_is_new.all() and not weak.error_bound.temperature_is_new.any()
    assert second["p"][-1] == pytest.approx(3.0 * weak.error_bound["p"][-1])
    assert any("new from time 0.7" in note for note in second.notes)


def test_a_load_that_leaves_the_training_has_the_time_at_which_it_does(rom, whole):
    since = TIMES[np.argmax(230.0 * np.sin(3.0 * TIMES) > HIGHEST)]
    assert whole.error_bound.outside == {"pull": since}
    inside = rom.solve(times=TIMES, amplitudes={"pull": "200*sin(3*t)"}).error_bound
    assert inside.outside == {}


def test_bounds_of_a_state_file_are_checked(whole, tmp_path):
    saved = whole.state(7)
    saved.bounds = saved.bounds.model_copy(update={"misfits": {"p": (-1.0, 2.0)}})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydantic's: a value that it would not take
        with StateWriter(tmp_path / "a.state", saved) as writer:
            for block in saved.blocks:
                writer.write(block)
    with pytest.raises(FileFormatError, match="error bounds"):
        read_state(tmp_path / "a.state")


def test_a_run_that_left_the_training_before_is_outside_still(rom, whole):
    inside = rom.solve(times=[2.0, 2.1, 2.2], amplitudes={"pull": "-64*t/2"}, start=whole.state(-1)).error_bound
    assert inside.outside == whole.error_bound.outside
    (found, *_) = inside.passed({"stress": 1e-6})
    assert found.time == 2.0 and "pull (from time 0.5)" in found.why
