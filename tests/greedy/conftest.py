"""Fixtures of a greedy search."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from fake_steps import FakeSteps
from rank_scripts import plain_environment, run_ranks

from romlib.greedy.journal import Journal

__all__ = ["plain_environment", "run_ranks"]


@pytest.fixture
def places() -> dict[str, float]:
    """Candidates by name."""
    return {f"case {k}": float(k) for k in range(1, 9)}


@pytest.fixture
def fake(tmp_path: Path, places: dict[str, float], monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeSteps]:
    """Steps with the journal of a folder, new or read again. Nothing waits for the disk."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)

    def make(start: Sequence[float] = (0.0,)) -> FakeSteps:
        folder = tmp_path / "greedy"
        folder.mkdir(exist_ok=True)
        return FakeSteps(places, Journal.read(folder, {name: str(place) for name, place in places.items()}), start)
    return make
