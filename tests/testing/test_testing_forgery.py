"""Checksums made anew are those that romlib writes, and what was changed is all that a reader sees."""

from __future__ import annotations

import shutil
from random import Random

import h5py
import numpy as np
import pytest
from pulled_bar import STUDY, write_bar

import romlib
from romlib.errors import FileFormatError
from romlib.parallel.comm import serial
from romlib.snapshots.reader import Snapshots
from romlib.study.pipeline import train
from romlib.testing.forgery import damage, repair_pair, reseal


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bar")
    (folder / "study.toml").write_text(STUDY)
    write_bar(folder / "pull.vtkhdf", n_piece=2)
    with train(folder / "study.toml", serial()) as found:
        found.write(folder / "bar.rom")
    return folder


@pytest.fixture
def files(trained, tmp_path):
    for name in ("bar.rom", "bar.fields.rom", "pull.vtkhdf"):
        shutil.copy(trained / name, tmp_path)
    return tmp_path


def digest(path):
    with h5py.File(path) as file:
        return str((file.get("checksums") or file["romlib/checksums"]).attrs["digest"])


@pytest.mark.parametrize("name", ["bar.rom", "bar.fields.rom", "pull.vtkhdf"])
def test_the_checksums_of_an_unchanged_file_stay(files, name):
    before = digest(files / name)
    assert reseal(files / name) and digest(files / name) == before


def test_a_changed_array_is_damage_until_the_checksums_are_made_anew(files):
    path = files / "pull.vtkhdf"
    with h5py.File(path, "a") as file:
        changed = file["VTKHDF/Points"][0] + 0.125
        file["VTKHDF/Points"][0] = changed
    with pytest.raises(FileFormatError, match="damaged"), Snapshots(path) as found:
        found.mesh(0)
    assert reseal(path)
    with Snapshots(path) as found:
        assert np.array_equal(found.mesh(0).points[0], changed)


def test_a_forged_fields_file_is_taken_for_the_roms_own_once_the_rom_is_forged_too(files):
    fields = files / "bar.fields.rom"
    with h5py.File(fields, "a") as file:
        file["pieces/0/modes/0"][...] *= 2.0
    assert reseal(fields)
    rom = romlib.load(files / "bar.rom")
    with pytest.raises(FileFormatError, match="belongs to another ROM"):
        rom.open_fields()
    repair_pair(files / "bar.rom", fields)
    romlib.load(files / "bar.rom").open_fields().close()


def test_the_same_seed_forges_the_same(files, trained):
    said = []
    for _ in range(2):
        shutil.copy(trained / "bar.rom", files)
        said.append([damage(Random("7/3"), files / "bar.rom"), digest(files / "bar.rom")])
    assert said[0] == said[1]
