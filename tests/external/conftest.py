"""A small solver in Python that does what its deck says, and a converter for what it writes."""

from __future__ import annotations

import importlib
import shutil
import sys
from pathlib import Path

import pytest
from rank_scripts import plain_environment, run_ranks

__all__ = ["plain_environment", "run_ranks"]
ROOT = Path(__file__).resolve().parent.parent.parent

# A deck is Python: it sees stem, and how to write the results of a cube that is stretched.
SOLVER = """
import pathlib, sys
stem = pathlib.Path(sys.argv[1]).stem
def results(stretch=0.01):
    import numpy as np
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], float)
    times = np.linspace(0.0, 1.0, 3)
    displacement = times[:, None, None] * stretch * points * [1.0, 0.0, 0.0]
    np.savez(f"{stem}.npz", points=points, hex8=np.arange(8)[None], times=times, displacement=displacement)
exec(pathlib.Path(sys.argv[1]).read_text())
"""


@pytest.fixture
def solver_script(tmp_path: Path) -> Path:
    path = tmp_path / "solver.py"
    path.write_text(SOLVER)
    return path


@pytest.fixture
def command(solver_script: Path) -> list[str]:
    """The command of the small solver."""
    return [sys.executable, str(solver_script), "{deck}"]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with the example package, as pip would leave it: its converter is `npz`."""
    folder = tmp_path / "site"
    shutil.copytree(ROOT / "docs" / "example_plugin" / "romlib_example", folder / "romlib_example",
                    ignore=shutil.ignore_patterns("__pycache__"))
    info = folder / "romlib_example-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: romlib-example\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[romlib.converters]\nnpz = romlib_example.npz:NpzConverter\n")
    return folder


@pytest.fixture
def npz(site: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the converter, installed for this test."""
    monkeypatch.syspath_prepend(str(site))
    importlib.invalidate_caches()
    return "npz"
