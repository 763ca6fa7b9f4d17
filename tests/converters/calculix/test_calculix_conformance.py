"""The converter of CalculiX against romlib's own conformance kit: a deck, a .frd in each of its forms, and a .dat."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from calculix_files import FLOAT32, FLOAT64, LONG, SHORT, Content, write_frd
from romlib_converters.calculix import CalculixConverter

from romlib.mesh.box import box_mesh
from romlib.mesh.operator import StrainOperator
from romlib.testing import check_converter

MESH = box_mesh("hex8", (2, 1, 1), (2.0, 1.0, 1.0))
NODES = 9 + 4 * np.random.default_rng(0).permutation(MESH.n_node)
CELLS = np.array([70, 13])
TIMES = (1 / 3, 2 / 3, 1.0)
TOP = NODES[MESH.blocks[0].connectivity[:, 4:]]
# what *EL PRINT asks for and the .dat lacks is an omission
DECK = """*NODE,NSET=NALL
{nodes}
*ELEMENT,TYPE=C3D8,ELSET=EALL
{cells}
*NSET,NSET=FOOT
{foot}
*ELSET,ELSET=SECOND
13
*SURFACE,NAME=TOP
EALL,S2
*MATERIAL,NAME=STEEL
*ELASTIC
1000.,0.25
*SOLID SECTION,ELSET=EALL,MATERIAL=STEEL
*BOUNDARY
FOOT,1,3
*STEP
*STATIC,DIRECT
{step!r},1.
*NODE FILE
U,RF
*EL PRINT,ELSET=EALL
S,E
*END STEP
"""


def moved(points, time):
    return 1e-3 * time * np.stack([points[:, 0] * points[:, 1], -0.3 * points[:, 1], 0.1 * points[:, 2]], axis=1)


def force(points, time):
    return time * np.stack([points[:, 2], points[:, 0] - 1.0, 2.0 * points[:, 1]], axis=1)


def stress(points, time):
    """xx, yy, zz, xy, yz, xz."""
    x, y, z = points.T
    return time * np.stack([x, 2.0 * y, 3.0 * z, x * y, y * z, 4.0 + z * x], axis=1)


def rows(ids, values):
    return "\n".join(f"{number}," + ",".join(map(str, row)) for number, row in zip(ids, values.tolist()))


def write(folder: Path, form: int) -> Path:
    """Deck, results and printed values; the deck."""
    connectivity = NODES[MESH.blocks[0].connectivity]
    (folder / "bar.inp").write_text(DECK.format(
        nodes=rows(NODES, MESH.points), cells=rows(CELLS, connectivity), step=TIMES[0],
        foot=",".join(map(str, NODES[MESH.node_tags["xmin"]]))))
    content = Content(NODES, MESH.points, [(int(i), 1, nodes) for i, nodes in zip(CELLS, connectivity.tolist())], [
        (1, k, time, {"DISP": (["D1", "D2", "D3"], moved(MESH.points, time)),
                      "FORC": (["F1", "F2", "F3"], force(MESH.points, time))}) for k, time in enumerate(TIMES, 1)])
    write_frd(folder / "bar.frd", content, form)
    operator, text = StrainOperator(MESH), []
    for time in TIMES:
        printed = stress(operator.coordinates, time)[:, [0, 1, 2, 3, 5, 4]]
        text += [f"\n stresses (elem, integ.pnt.,sxx,syy,szz,sxy,sxz,syz) for set EALL and time  {time:.7E}\n\n"]
        text += [f"{CELLS[k // 8]:10d}{k % 8 + 1:4d}" + "".join(f"{one:14.6E}" for one in row) + "\n"
                 for k, row in enumerate(printed.tolist())]
    (folder / "bar.dat").write_text("".join(text))
    return folder / "bar.inp"


@pytest.mark.parametrize("form", [SHORT, LONG, FLOAT32, FLOAT64], ids=["short", "long", "float32", "float64"])
def test_the_converter_of_calculix_passes_the_conformance_kit(tmp_path, form):
    deck = write(tmp_path, form)
    report = check_converter(
        CalculixConverter(), [deck, tmp_path], displacement=moved, times=TIMES, n_node=MESH.n_node, n_cell=2,
        fields={"internal_force": force, "stress": stress}, cell_types={"hex8": 2}, node_ids=NODES, cell_ids=CELLS,
        node_tags={"FOOT": NODES[MESH.node_tags["xmin"]]}, cell_tags={"SECOND": CELLS[1:]},
        face_tags={"TOP": TOP}, omissions=("dat_strain",), mutations=20, tolerance=1e-4 if form < FLOAT32 else 1e-6)
    assert report.verdicts["refused"] > 3
