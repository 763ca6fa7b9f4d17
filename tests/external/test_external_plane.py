"""CalculiX's plane and axisymmetric elements against romlib's own solver, elastic-plastic, loaded by pressure and edge.

Both solve the same deck: CalculiX makes solids of its elements, of one in plane strain a layer, which is the same
discrete equations, of an axisymmetric one a wedge of two degrees; `romlib_converters.calculix.expanded` says what that
leaves: least in elements of eight nodes, most in those whose edge has one point (CAX3), or fewer than the pressure on a
curved edge needs (CAX6, CAX8R), or no angles between its sides (CAX3, CAX4).
"""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from ccx_example import needs_ccx
from romlib_converters.calculix import CalculixConverter

from romlib.mesh.elements import element
from romlib.mesh.mesh import Mesh
from romlib.mesh.rectangle import rectangle_mesh
from romlib.snapshots.reader import Snapshots

E, NU, YIELD, HARDENING, PRESSURE, STRETCH = 200e3, 0.3, 240.0, 2000.0, 100.0, 0.02
# element of CalculiX: cells, rule, largest difference of the displacement
CASES = {"CPE3": ("tri3", None, 1e-9), "CPE4": ("quad4", None, 1e-9), "CPE6": ("tri6", None, 1e-9),
         "CPE8": ("quad8", None, 1e-9), "CPE8R": ("quad8", "quad_gauss_4", 1e-9),
         "CAX3": ("tri3", None, 1e-4), "CAX4": ("quad4", None, 1e-4), "CAX6": ("tri6", None, 3e-5),
         "CAX8": ("quad8", None, 1e-6), "CAX8R": ("quad8", "quad_gauss_4", 3e-5)}


@pytest.fixture(scope="module", autouse=True)
def _ccx():
    needs_ccx()


def bent(points: np.ndarray) -> np.ndarray:
    return np.column_stack([points[:, 0] + 0.03 * points[:, 1]**1.5, points[:, 1] + 0.04 * points[:, 0] * points[:, 1]])


def deck(mesh: Mesh, kind: str) -> str:
    """Pushed on its side "xmin" and pulled by "ymax", in ten increments."""
    rows = [f"{i},{x:.15g},{y:.15g},0." for i, (x, y) in zip(mesh.node_ids, mesh.points)]
    nodes = mesh.node_ids[mesh.blocks[0].connectivity]
    cells = [",".join(map(str, [cell, *row])) for cell, row in zip(mesh.cell_ids, nodes)]
    sets = [f"*NSET,NSET={tag}\n" + "\n".join(str(mesh.node_ids[i]) for i in mesh.node_tags[tag])
            for tag in ("ymin", "ymax")]
    side = {frozenset(mesh.node_ids[face[:2]]) for block in mesh.face_tags["xmin"].blocks
            for face in block.connectivity}
    loads = [f"{cell},P{k},{PRESSURE}" for cell, row in zip(mesh.cell_ids, nodes)
             for k, (_, face) in enumerate(element(mesh.blocks[0].cell_type).faces, 1)
             if frozenset(row[list(face[:2])]) in side]
    held = "ymin,1,2" if kind.startswith("CPE") else "ymin,2,2"
    return "\n".join([
        "*NODE,NSET=NALL", *rows, f"*ELEMENT,TYPE={kind},ELSET=EALL", *cells, *sets,
        f"*MATERIAL,NAME=M\n*ELASTIC\n{E},{NU}\n*PLASTIC\n{YIELD},0.\n{YIELD + HARDENING},1.",
        f"*SOLID SECTION,ELSET=EALL,MATERIAL=M\n{mesh.thickness}", f"*BOUNDARY\n{held}",
        "*AMPLITUDE,NAME=RAMP,TIME=TOTAL TIME\n0.,0.,1.,1.", "*STEP,INC=100\n*STATIC,DIRECT\n0.1,1.",
        "*CONTROLS,PARAMETERS=FIELD\n1.E-10,1.E-6", f"*BOUNDARY,AMPLITUDE=RAMP\nymax,2,2,{STRETCH}",
        "*DLOAD,AMPLITUDE=RAMP", *loads, "*NODE OUTPUT,DOUBLE\nU\n*END STEP\n"])


@pytest.mark.parametrize("kind", CASES)
def test_an_element_of_calculix_moves_as_that_of_romlib(kind, tmp_path):
    pytest.importorskip("petsc4py")
    from romlib.fullorder.arrays import solve_to_arrays
    from romlib.fullorder.options import SolverOptions

    cell, rule, most = CASES[kind]
    plane = kind.startswith("CPE")
    mesh = rectangle_mesh(cell, (5, 4), (6.0, 5.0), (4.0, 0.0), "plane strain" if plane else "axisymmetric",
                          quadrature=rule, thickness=1.7 if plane else 1.0, mapped=bent)
    (tmp_path / "job.inp").write_text(deck(mesh, kind))
    run = subprocess.run(["ccx", "job"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert "Job finished" in run.stdout, run.stdout[-2000:]
    CalculixConverter().convert(tmp_path / "job.inp", tmp_path / "job.vtkhdf")
    said = CalculixConverter().read_deck(tmp_path / "job.inp")
    history = solve_to_arrays(said.mesh, said.model, said.case.times.instants(), options=SolverOptions(tolerance=1e-11))
    with Snapshots(tmp_path / "job.vtkhdf") as snapshots:
        found, own = snapshots.read("displacement", 0)[-1], history.displacement[-1]
    error = float(np.abs(found - own).max() / np.abs(own).max())
    print(f"{kind}: displacement {error:.2g}, largest p {history.variable('p')[-1].max():.2g}")
    assert history.variable("p")[-1].max() > 2e-3 and error <= most
