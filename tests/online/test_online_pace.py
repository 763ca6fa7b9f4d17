"""A case with far coarser steps than the training, or far longer, is told so; one that goes alike is not."""

from __future__ import annotations

import numpy as np
import pytest
from pulled_bar import STUDY, write_bar

import romlib
from romlib.archive.manifest import Manifest, Pace
from romlib.model import Material, Model, UnitSystem
from romlib.online.pace import COARSER, LONGER, beyond_the_pace, pace_of
from romlib.parallel.comm import serial

TRAINED = Manifest("x", pace=Pace(step=0.1, length=2.0, changes={"pull": 10.0, "held": 0.0}))
CREEP = {"m": Material(law="chaboche", parameters={})}
PLASTIC = {"m": Material(law="mises", parameters={})}


def said(pull, n, stop=2.0, materials=CREEP, manifest=TRAINED):
    amplitudes = Model.model_validate({"amplitudes": {"pull": pull, "held": 3.0, "other": "1e6*t"}}).amplitudes
    return beyond_the_pace(manifest, amplitudes, np.linspace(0.0, stop, n + 1), materials, UnitSystem())


def test_the_pace_of_runs_is_that_of_the_coarsest_and_the_longest():
    one = np.array([0.0, 1.0, 3.0]), {"a": np.array([0.0, 5.0, 4.0])}
    other = np.array([0.0, 0.5]), {"a": np.array([1.0, -6.0]), "b": np.array([2.0, 2.0])}
    assert pace_of([one, other]) == Pace(2.0, 3.0, {"a": 7.0, "b": 0.0})


@pytest.mark.parametrize("materials", [CREEP, PLASTIC])
@pytest.mark.parametrize(("n", "coarse"), [(20, False), (7, False), (6, True), (2, True)])
def test_a_load_that_goes_in_far_coarser_steps_is_named(materials, n, coarse):
    """100 t to t = 2: steps of 200 / n, against 10 in the training."""
    assert (200.0 / n > COARSER * 10.0) == coarse
    assert [("changes pull" in note) for note in said("100*t", n, materials=materials)] == [True] * coarse


def test_the_figures_of_both_are_in_the_note():
    (note,) = said("100*t", 4, materials=PLASTIC)
    assert "changes pull by up to 50" in note and "at most 10" in note and "more output times" in note


@pytest.mark.parametrize(("n", "noted"), [(20, False), (7, False), (5, True)])
def test_long_steps_count_where_time_does(n, noted):
    assert bool(said(7.0, n)) == noted
    assert not said(7.0, n, materials=PLASTIC)


@pytest.mark.parametrize(("stop", "noted"), [(2.0, False), (LONGER * 2.0, False), (LONGER * 2.0 + 1.0, True)])
def test_a_far_longer_run_is_told_what_was_not_trained(stop, noted):
    notes = said("sin(t)", int(stop / 0.1), stop=stop)
    assert bool(notes) == noted and all("accumulates" in note for note in notes)


def test_a_rom_knows_the_pace_of_its_training(tmp_path):
    write_bar(tmp_path / "pull.vtkhdf")
    (tmp_path / "bar.toml").write_text(STUDY)
    with romlib.train(tmp_path / "bar.toml", serial()) as trained:
        trained.write(tmp_path / "bar.rom")
    rom = romlib.load(tmp_path / "bar.rom")
    quick = {"traction": "280*t"}
    assert not rom.solve(times=np.linspace(0, 1, 11), amplitudes=quick).notes
    (note,) = rom.solve(times=[0, 0.5, 1], amplitudes=quick).notes
    assert "changes traction by up to 140" in note and "at most 30" in note


def test_a_rom_of_an_older_version_says_nothing():
    assert not said("1000*t", 1, manifest=Manifest("x"))
