"""Which files romlib takes for its own, and so may replace."""

from __future__ import annotations

import h5py
import pytest

from romlib.errors import InputError
from romlib.snapshots.outputs import is_snapshots, refuse_files_of

SIGNATURE = b"\x89HDF\r\n\x1a\n"


def test_a_snapshots_file_is_romlibs_own(tmp_path, write_example):
    assert is_snapshots(write_example(tmp_path / "a.vtkhdf")["path"])


@pytest.mark.parametrize("kind", ["damaged", "only a signature", "another program's", "a group of the same name",
                                  "text", "absent", "a folder"])
def test_no_other_file_is_though_it_be_hdf5(tmp_path, write_example, kind):
    """A file that cannot be opened may be a solver's result, and all that there is of it."""
    path = tmp_path / "job.vtkhdf"
    if kind == "damaged":
        path.write_bytes(write_example(tmp_path / "whole.vtkhdf")["path"].read_bytes()[:3000])
    elif kind == "only a signature":
        path.write_bytes(SIGNATURE + b"x" * 1000)
    elif kind in ("another program's", "a group of the same name"):
        with h5py.File(path, "w") as file:
            file.create_group("results" if kind == "another program's" else "romlib")
    elif kind == "text":
        path.write_text("results")
    elif kind == "a folder":
        path.mkdir()
    assert not is_snapshots(path)
    if path.is_file():
        with pytest.raises(InputError, match="would replace a file of the computation"):
            refuse_files_of(tmp_path / "job.inp", path, is_snapshots)
