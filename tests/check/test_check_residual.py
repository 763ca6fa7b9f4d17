"""The forces of shared nodes on disk: they come back as they were, and a full disk is one error."""

from __future__ import annotations

import resource
import tempfile
from pathlib import Path

import numpy as np
import pytest

from romlib.check.residual import ResidualFile
from romlib.snapshots.space import DiskFullError


def test_forces_come_back_among_all_shared_nodes() -> None:
    forces = np.random.default_rng(1).random((5, 3, 2, 3))
    with ResidualFile() as file:
        file.open_piece(0, np.array([0, 1]), 5)
        file.open_piece(1, np.array([4, 0, 2]), 5)
        file.write(1, 2, forces[2:])
        file.write(1, 0, forces[:2])
        found = file.read(1, slice(1, 4), 6)
    assert np.array_equal(found[:, [4, 0, 2]], forces[1:4]) and not found[:, [1, 3, 5]].any()


@pytest.mark.parametrize("limit", [0, 100, 50_000])
def test_a_full_disk_is_one_error_also_when_the_file_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(DiskFullError, match=r"about 96\.0 kB"), ResidualFile() as file:
            file.open_piece(0, np.arange(1000), 2)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
            file.write(0, 0, np.ones((2, 1000, 2, 3)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())
