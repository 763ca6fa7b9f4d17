"""A full disk ends in an error, once, whatever HDF5 has in its memory; without one, the file is what h5py writes."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from romlib.errors import InputError
from romlib.snapshots.hdf5_output import Hdf5Output

FILLS = """
import resource, sys
from pathlib import Path
import h5py, numpy as np
from romlib.snapshots.hdf5_output import Hdf5Output
from romlib.snapshots.space import DiskFullError
limit, path = int(sys.argv[1]), Path(sys.argv[2])
path.touch()
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    with Hdf5Output(path, "its name", 7e6) as output:
        for k in range(40):
            output.file[f"group {k}/values"] = np.arange(500.0)
            output.file.create_dataset(f"chunks {k}", data=np.arange(500.0), chunks=(50,), fletcher32=True)
            if sys.argv[3] == "check":
                output.check()
except DiskFullError as error:
    print(error)
"""


@pytest.mark.parametrize("when", ["check", "close"])
@pytest.mark.parametrize("limit", [0, 1, 100, 2048, 10_000, 50_001, 200_000, 10_000_000])
def test_a_full_disk_is_one_error_and_the_interpreter_ends_well(tmp_path: Path, limit: int, when: str) -> None:
    done = subprocess.run([sys.executable, "-c", FILLS, str(limit), str(tmp_path / "x"), when], capture_output=True,
                          text=True)
    assert done.returncode == 0 and done.stderr == ""
    if limit < 300_000:
        for words in ("may not become as large", "file: its name", "about 7.0 MB", "a limit of"):
            assert done.stdout.count(words) == 1, done.stdout
    else:
        assert done.stdout == ""


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(0, 5000), max_size=8), chunked=st.booleans())
def test_the_file_has_what_was_written(tmp_path: Path, sizes: list[int], chunked: bool) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old" * 1000)
    arrays = [np.random.default_rng(k).random(n) for k, n in enumerate(sizes)]
    with Hdf5Output(path) as output:
        for k, array in enumerate(arrays):
            chunks = True if chunked and len(array) else None
            dataset = output.file.create_dataset(str(k), array.shape, "f4", chunks=chunks)
            dataset[len(array) // 2:] = array[len(array) // 2:]
            dataset[:len(array) // 2] = array[:len(array) // 2]
            output.check()
    with h5py.File(path) as file:
        for k, array in enumerate(arrays):
            assert np.array_equal(file[str(k)][()], array.astype("f4"))


def test_after_an_error_nothing_more_is_written(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.touch()
    with pytest.raises(RuntimeError), Hdf5Output(path) as output:
        for k in range(100):
            output.file[f"{k}/{k}"] = k
        size = os.path.getsize(path)
        raise RuntimeError
    assert os.path.getsize(path) == size


def test_an_interrupt_while_hdf5_writes_waits_until_it_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.touch()
    with pytest.raises(KeyboardInterrupt), Hdf5Output(path) as output:
        monkeypatch.setattr(os, "pwrite", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        output.file["a"] = np.zeros(10_000)
        assert output.file["a"].shape == (10_000,)
        output.check()


@pytest.mark.parametrize("call", ["pwrite", "ftruncate"])
def test_a_disk_that_fails_is_told_with_the_name_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fails(*arguments: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    (tmp_path / "x").touch()
    with pytest.raises(InputError, match=r"cannot be written\s+file: the\.rom\s+found: Input/output error"), \
            Hdf5Output(tmp_path / "x", "the.rom") as output:
        output.file["a"] = np.zeros(100)
        monkeypatch.setattr(os, call, fails)
