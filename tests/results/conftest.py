"""The solved box of the tests of this folder."""

from __future__ import annotations

import pytest
from sheared_box import TIMES, write_box

import romlib


@pytest.fixture(scope="session", params=[1, 3], ids=["one piece", "three pieces"])
def rom(request, tmp_path_factory):
    return romlib.load(write_box(tmp_path_factory.mktemp("rom"), request.param))


@pytest.fixture(scope="session")
def solution(rom):
    """A sheared and stretched plastic box; the stretch is prescribed."""
    return rom.solve(times=TIMES)
