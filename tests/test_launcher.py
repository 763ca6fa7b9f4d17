"""Which rank a launcher says that this process is."""

from __future__ import annotations

import pytest

from romlib import launcher


@pytest.fixture(autouse=True)
def none(monkeypatch):
    for name in (*launcher._SIZES, *launcher._RANKS):
        monkeypatch.delenv(name, raising=False)


def test_without_a_launcher_a_process_is_the_first():
    assert launcher.is_first_rank() and launcher.launched_ranks() is None


@pytest.mark.parametrize("name", launcher._RANKS)
def test_a_launcher_numbers_the_ranks(monkeypatch, name):
    monkeypatch.setenv(name, "0")
    assert launcher.is_first_rank() and launcher.launched_ranks() == 0
    monkeypatch.setenv(name, "1")
    assert not launcher.is_first_rank()
