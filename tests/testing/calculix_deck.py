"""A small computation as CalculiX writes it: one elastic hexahedron, stretched in three increments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from calculix_files import FLOAT32, FLOAT64, LONG, SHORT, Content, write_frd

TIMES = [1 / 3, 2 / 3, 1.0]
FORMS = {"short": SHORT, "long": LONG, "float32": FLOAT32, "float64": FLOAT64}
POINTS = np.array([[0, 0, 0], [2, 0, 0], [2, 1, 0], [0, 1, 0], [0, 0, 1], [2, 0, 1], [2, 1, 1], [0, 1, 1]], float)
YOUNG, POISSON, STRAIN = 1000.0, 0.25, 1e-3
DECK = """*NODE,NSET=NALL
{nodes}
*ELEMENT,TYPE=C3D8,ELSET=EALL
1,1,2,3,4,5,6,7,8
*NSET,NSET=LEFT
1,4,5,8
*NSET,NSET=RIGHT
2,3,6,7
*MATERIAL,NAME=STEEL
*ELASTIC
1000.,0.25
*SOLID SECTION,ELSET=EALL,MATERIAL=STEEL
*BOUNDARY
LEFT,1,1
1,2,3
*STEP
*STATIC,DIRECT
{step},1.
*BOUNDARY
RIGHT,1,1,0.002
*NODE FILE
U,RF
*END STEP
"""


def displacement(points: np.ndarray, time: float) -> np.ndarray:
    """Uniaxial tension along x."""
    return STRAIN * time * points * np.array([1.0, -POISSON, -POISSON])


def write(folder: Path, form: str) -> Path:
    """The deck and its .frd; returns the deck."""
    nodes = "\n".join(f"{k + 1}," + ",".join(map(str, point)) for k, point in enumerate(POINTS))
    (folder / "bar.inp").write_text(DECK.format(nodes=nodes, step=repr(1 / 3)))
    content = Content(np.arange(1, 9), POINTS, [(1, 1, list(range(1, 9)))])
    for k, time in enumerate(TIMES):
        force = np.zeros((8, 3))
        force[:, 0] = YOUNG * STRAIN * time / 4 * np.where(POINTS[:, 0] > 1, 1.0, -1.0)
        content.records.append((1, k + 1, time, {
            "DISP": (["D1", "D2", "D3"], displacement(POINTS, time)), "FORC": (["F1", "F2", "F3"], force)}))
    write_frd(folder / "bar.frd", content, FORMS[form])
    return folder / "bar.inp"
