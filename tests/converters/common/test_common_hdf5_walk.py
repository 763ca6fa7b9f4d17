"""A first walk through an HDF5 file: all of it is looked at, with a limit of time."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from romlib_converters.common import hdf5_walk
from romlib_converters.med.file import open_med

from romlib.errors import FileFormatError


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.med"
    with h5py.File(path, "w") as content:
        deep = content.create_group("ENS_MAA/mesh/step")
        deep.attrs["NOM"] = b"x"
        deep.create_dataset("CO", data=np.zeros(3)).attrs.update({"NBR": 1, "CGT": 1})
        content.attrs["version"] = 4
    return path


def test_every_group_array_and_attribute_is_looked_at(file):
    assert dict(hdf5_walk.walk(file)) == {"groups": 4, "arrays": 1, "attributes": 4}


def test_a_file_that_is_damaged_otherwise_is_left_to_its_reader(file):
    file.write_bytes(file.read_bytes()[:200])
    assert dict(hdf5_walk.walk(file))["arrays"] == 0


def test_a_sound_med_file_is_opened_and_one_without_end_is_refused(file, monkeypatch):
    with open_med(file) as content:
        assert "mesh" in content["ENS_MAA"]
    monkeypatch.setattr(hdf5_walk, "_SECONDS", 0.001)  # as if the library went on and on
    with pytest.raises(FileFormatError, match="the HDF5 library does not come to an end"), open_med(file):
        pass
