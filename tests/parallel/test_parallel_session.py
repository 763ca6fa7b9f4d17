"""A full folder for temporary files is told before MPI starts, which would hang or die of it."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from romlib.errors import InputError
from romlib.parallel.session import NEEDED, refuse_full_session_folder

Usage = namedtuple("Usage", "free")


@pytest.fixture
def free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes that the disk of the launcher's folder has free."""
    bytes_free = [0]
    monkeypatch.setenv("PMIX_SERVER_TMPDIR", str(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(bytes_free[0]))
    return bytes_free


def test_a_full_folder_is_named_with_the_room_that_is_needed(free: list[int], tmp_path: Path) -> None:
    free[0] = NEEDED - 1
    with pytest.raises(InputError, match=r"no room for MPI[^$]*room for 10\.5 MB[^$]*TMPDIR") as raised:
        refuse_full_session_folder()
    assert raised.value.file == str(tmp_path)


def test_what_another_rank_has_written_there_already_counts(free: list[int], tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    (tmp_path / "segments" / "0").write_bytes(b"1" * 10_000)
    free[0] = NEEDED - 8000
    refuse_full_session_folder()


def test_of_another_launcher_nothing_is_asked(free: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PMIX_SERVER_TMPDIR")
    refuse_full_session_folder()
