"""Copies of small files of romlib, to be damaged."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from damaged_files import without_checksums  # type: ignore[import-not-found]
from small_files import KINDS, write_files  # type: ignore[import-not-found]


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the three files."""
    folder = tmp_path_factory.mktemp("originals")
    write_files(folder)
    return folder


@pytest.fixture
def copied(originals: Path, tmp_path: Path) -> Callable[[str, bool], Path]:
    """Copy the three files and give the one of a kind; old: of the version without checksums."""

    def copy(kind: str, old: bool = False) -> Path:
        for path in originals.iterdir():
            shutil.copy(path, tmp_path / path.name)
        for name in ("rom", "fields") if kind != "snapshots" else ("snapshots",):
            if old:
                without_checksums(tmp_path / KINDS[name].name, KINDS[name].schema)
        return tmp_path / KINDS[kind].name

    return copy
