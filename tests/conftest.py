"""Fixtures that every test room shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("ROMLIB_TEST_DATA", ROOT / ".." / "shared" / "data")).resolve()


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real solver files; the test is skipped where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"no real solver files at {DATA}: set ROMLIB_TEST_DATA to their folder")
    return DATA
