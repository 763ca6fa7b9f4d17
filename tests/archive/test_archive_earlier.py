"""Files of an earlier version are read: a training run, and the ROM that was trained on it.

They were written before parameters, states and temperatures of a run, and before `works` became `does_work`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import romlib
from romlib.check import check
from romlib.snapshots.reader import Snapshots

FOLDER = Path(__file__).parent / "schema2"


def test_a_training_run_of_an_earlier_version_passes_the_check():
    with Snapshots(FOLDER / "run.vtkhdf") as snapshots:
        assert snapshots.model.parameters == {}
        assert [(one.name, one.does_work) for one in snapshots.model.omissions] == [("parameters", False)]
        assert check(snapshots)["equilibrium"].value <= 1e-8


def test_a_rom_of_an_earlier_version_solves_its_training_case():
    rom = romlib.load(FOLDER / "bar.rom")
    solution = rom.solve("run")
    with Snapshots(FOLDER / "run.vtkhdf") as snapshots:
        expected = snapshots.read("displacement", 0)
    error, size = (np.linalg.norm(field, axis=(1, 2)).max() for field in (solution.displacement() - expected, expected))
    assert error <= (10.0 * rom.archive.manifest.errors["online displacement"] + 1e-9) * size
    again = rom.solve(times=[0.0, 0.1, 0.2], start=rom.solve(times=[0.0, 0.05, 0.1]).state(0))
    assert np.isfinite(again.displacement()).all()
    with rom.open_fields() as fields:
        assert fields.snapshots() is None  # the Gram matrices came later
