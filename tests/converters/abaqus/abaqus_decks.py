"""Decks of Abaqus for tests: a cube of one element, whole or as a part, and steps to put behind it."""

from __future__ import annotations

from pathlib import Path

CUBE = """*NODE, NSET=NALL
1, 0., 0., 0.
2, 1., 0., 0.
3, 1., 1., 0.
4, 0., 1., 0.
5, 0., 0., 1.
6, 1., 0., 1.
7, 1., 1., 1.
8, 0., 1., 1.
*ELEMENT, TYPE=C3D8, ELSET=EALL
1, 1, 2, 3, 4, 5, 6, 7, 8
*NSET, NSET=FOOT
1, 2, 3, 4
*NSET, NSET=TOP, GENERATE
5, 8
*SURFACE, NAME=HEAD
EALL, S2
"""
STEEL = "*MATERIAL, NAME=STEEL\n*ELASTIC\n200000., 0.3\n*DENSITY\n8e-9\n"
SECTION = "*SOLID SECTION, ELSET=EALL, MATERIAL=STEEL\n1.,\n"
HELD = "*BOUNDARY\nFOOT, 1, 3\n"
PLAIN = f"*HEADING\nA cube\n{CUBE}{SECTION}{STEEL}{HELD}"


def step(cards: str = "", options: str = "", times: str = "0.5, 1.", procedure: str = "*STATIC, DIRECT") -> str:
    """A step. times : the first increment and the length."""
    return f"*STEP, NAME=S{options}\n{procedure}\n{times}\n{cards}*OUTPUT, FIELD, VARIABLE=PRESELECT\n*END STEP\n"


def deck(folder: Path, text: str) -> Path:
    """The text as job.inp."""
    path = folder / "job.inp"
    path.write_text(text)
    return path


def assembly(instances: str, rest: str = "", part: str = CUBE + SECTION) -> str:
    """A deck of one part, the cube, and these instances. rest : of the assembly."""
    return (f"*HEADING\nCubes\n*PREPRINT, ECHO=NO\n*PART, NAME=CUBE\n{part}*END PART\n*ASSEMBLY, NAME=A\n{instances}"
            f"{rest}*END ASSEMBLY\n{STEEL}")
