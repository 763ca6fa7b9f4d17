"""Files of an earlier version are read: a training run, and the ROM that was trained on it.

They were written before parameters, states and temperatures of a run, and before `works` became `does_work`.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

import romlib
from romlib.archive.hdf5 import FIELDS_OF_SOLIDS
from romlib.archive.manifest import Pace
from romlib.archive.romfile import write_rom
from romlib.check import check
from romlib.snapshots.reader import Snapshots

FOLDER = Path(__file__).parent / "schema2"


def test_a_training_run_of_an_earlier_version_passes_the_check():
    with Snapshots(FOLDER / "run.vtkhdf") as snapshots:
        assert snapshots.model.parameters == {}
        assert [(one.name, one.does_work) for one in snapshots.model.omissions] == [("parameters", False)]
        assert check(snapshots)["equilibrium"].value <= 1e-8


def test_an_earlier_version_refuses_a_rom_of_today_by_its_schema(tmp_path):
    """It refuses the keys accuracy, pace and checks of the manifest as damage: the number is what it reads first."""
    with h5py.File(FOLDER / "bar.rom") as old, h5py.File(FOLDER / "bar.fields.rom") as old_fields:
        earlier = old.attrs["schema"], old_fields.attrs["schema"]
    rom = romlib.load(FOLDER / "bar.rom").archive
    rom.manifest.pace = Pace(step=0.1, length=1.0)
    write_rom(tmp_path / "bar.rom", rom)
    with h5py.File(tmp_path / "bar.rom") as new:
        assert new.attrs["schema"] > earlier[0] == earlier[1] == FIELDS_OF_SOLIDS
    assert romlib.load(tmp_path / "bar.rom").manifest.pace == rom.manifest.pace


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
