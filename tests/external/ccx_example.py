"""CalculiX decks with materials and loads of its own, for Debian's binary, and what runs and reads them."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from romlib.external import ExternalRun, ExternalSolver, run
from romlib.mesh.mesh import Mesh

CASE = Path(__file__).resolve().parent.parent.parent / "cases" / "calculix_plate"
YOUNG, POISSON, YIELD, HARDENING = 200_000.0, 0.3, 200.0, 4000.0
DENSITY = 7.8e-9
PLASTIC = f"*PLASTIC\n{YIELD},0.\n{YIELD + HARDENING},1."
OUTPUT = "*NODE OUTPUT,DOUBLE\nU,RF"

sys.path.insert(0, str(CASE))
try:
    from deck import mesh_cards
    from geometry import quarter_plate
finally:
    sys.path.remove(str(CASE))

__all__ = ["at_most", "difference", "needs_ccx", "pressure_cards", "quarter_plate", "solve", "write_deck"]


def needs_ccx() -> None:
    """Skip where there is no CalculiX, with the reason."""
    if shutil.which("ccx") is None:
        pytest.skip("no ccx on the PATH (Debian: calculix-ccx)")


def write_deck(path: Path, mesh: Mesh, element: str, steps: list[str], material: str = "", fixed: str = "") -> Path:
    """fixed : lines of *BOUNDARY. steps : what stands between *STEP and the output requests."""
    lines = [*mesh_cards(mesh, element), "*MATERIAL,NAME=STEEL", f"*ELASTIC\n{YOUNG},{POISSON}",
             f"*DENSITY\n{DENSITY!r}", *([material] if material else []),
             "*SOLID SECTION,ELSET=EALL,MATERIAL=STEEL", f"*BOUNDARY\n{fixed}"]
    lines += [f"*STEP,INC=1000\n{step}\n{OUTPUT}\n*END STEP" for step in steps]
    path.write_text("\n".join([*lines, ""]))
    return path


def solve(deck: Path, **settings) -> ExternalRun:
    """Through romlib.external, into NAME.vtkhdf beside the deck."""
    ccx = ExternalSolver("ccx {stem}", "calculix", ["{stem}.frd"], failure=r"^ *\*ERROR", timeout=300.0,
                         environment={"OMP_NUM_THREADS": "1"}, **settings)
    return run(ccx, deck, deck.with_suffix(".vtkhdf"))


def at_most(limit: float, **measured: float) -> None:
    """Print what was measured (docs/verification.md tells it), and hold it against the limit."""
    print("\n" + "\n".join(f"    {name}: {value:.3g}  (at most {limit:g})" for name, value in measured.items()))
    assert all(value <= limit for value in measured.values()), measured


def difference(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference over the largest reference."""
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def pressure_cards(mesh: Mesh, value: float) -> str:
    """*DLOAD on the faces of the tag "top": the number of each face in its element, by its corners."""
    faces = {"hex": [(0, 1, 2, 3), (4, 7, 6, 5), (0, 4, 5, 1), (1, 5, 6, 2), (2, 6, 7, 3), (3, 7, 4, 0)],
             "tet": [(0, 1, 2), (0, 3, 1), (1, 3, 2), (2, 3, 0)],
             "wed": [(0, 1, 2), (3, 4, 5), (0, 1, 4, 3), (1, 2, 5, 4), (2, 0, 3, 5)]}
    (cells,) = mesh.blocks
    lines = []
    for face_block in mesh.face_tags["top"].blocks:
        n_corner = 3 if face_block.face_type.startswith("tri") else 4
        wanted = {frozenset(face[:n_corner].tolist()) for face in face_block.connectivity}
        for cell, nodes in zip(cells.cell_ids, cells.connectivity):
            for number, corners in enumerate(faces[cells.cell_type[:3]], 1):
                if frozenset(nodes[list(corners)].tolist()) in wanted:
                    lines.append(f"{cell},P{number},{value!r}")
    return "\n".join(["*DLOAD", *lines])
