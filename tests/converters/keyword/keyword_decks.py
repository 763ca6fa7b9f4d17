"""Decks that Abaqus and CalculiX read alike: a cube of one element, or two in a row, and steps to put behind them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from romlib_converters.abaqus import AbaqusConverter
from romlib_converters.calculix import CalculixConverter

from romlib.loads.amplitudes import evaluate
from romlib.snapshots.converter import DeckModel

CONVERTERS = {"abaqus": AbaqusConverter, "calculix": CalculixConverter}
both = pytest.mark.parametrize("solver", CONVERTERS)

CUBE = """*HEADING
Two cubes along x
*NODE, NSET=NALL
1, 0., 0., 0.
2, 1., 0., 0.
3, 1., 1., 0.
4, 0., 1., 0.
5, 0., 0., 1.
6, 1., 0., 1.
7, 1., 1., 1.
8, 0., 1., 1.
9, 2., 0., 0.
10, 2., 1., 0.
11, 2., 0., 1.
12, 2., 1., 1.
*ELEMENT, TYPE=C3D8, ELSET=EALL
1, 1, 2, 3, 4, 5, 6, 7, 8
2, 2, 9, 10, 3, 6, 11, 12, 7
*NSET, NSET=FOOT
1, 4, 5, 8
*NSET, NSET=TIP
9, 10, 11, 12
*ELSET, ELSET=FIRST
1
*ELSET, ELSET=LAST
2
*SURFACE, NAME=HEAD
EALL, S2
"""
MATERIAL = "*MATERIAL, NAME=STEEL\n*ELASTIC\n200000., 0.3\n*DENSITY\n8e-9\n"
SECTION = "*SOLID SECTION, ELSET=EALL, MATERIAL=STEEL\n"
HELD = "*BOUNDARY\nFOOT, 1, 3\n"
PLAIN = f"{CUBE}{MATERIAL}{SECTION}{HELD}"
TIMES = np.linspace(0.25, 2.0, 8)


def step(cards: str = "", times: str = "0.5, 1.", procedure: str = "*STATIC, DIRECT", options: str = "") -> str:
    """A step. times : the first increment and the length."""
    return f"*STEP{options}\n{procedure}\n{times}\n{cards}*END STEP\n"


def read(solver: str, folder: Path, text: str) -> DeckModel:
    """What the solver's converter says of a deck with this text."""
    (folder / "job.inp").write_text(text)
    return CONVERTERS[solver]().read_deck(folder / "job.inp")


def history(found: DeckModel, name: str, times: np.ndarray = TIMES) -> np.ndarray:
    """The amplitude of that name at times (n,)."""
    return np.array([evaluate(found.model.amplitudes[name], time) for time in times])


def notes(found: DeckModel) -> dict[str, str]:
    """Descriptions of omissions by name."""
    return {one.name: one.description for one in found.model.omissions}
