"""CalculiX's plane and axisymmetric elements against romlib's own solver, elastic-plastic, loaded by pressure and edge.

CalculiX makes solids of them: of an element in plane strain one layer, which is the same discrete equations, so that
what remains are the seven digits that it prints; of an axisymmetric one a wedge of two degrees with flat sides, so that
what remains is about the size of the angle squared, and more for the element of three nodes.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from ccx_example import needs_ccx

from romlib.mesh.elements import element
from romlib.mesh.mesh import Mesh
from romlib.mesh.rectangle import rectangle_mesh
from romlib.model import Constraint, Material, Model, Pressure

E, NU, YIELD, HARDENING, PRESSURE, STRETCH = 200e3, 0.3, 240.0, 2000.0, 100.0, 0.02
# element of CalculiX: cells, rule, largest difference of the displacement
CASES = {"CPE3": ("tri3", None, 1e-6), "CPE4": ("quad4", None, 1e-6), "CPE6": ("tri6", None, 1e-6),
         "CPE8": ("quad8", None, 1e-6), "CPE8R": ("quad8", "quad_gauss_4", 1e-6),
         "CAX3": ("tri3", None, 1e-3), "CAX4": ("quad4", None, 1.5e-4), "CAX6": ("tri6", None, 1.5e-4),
         "CAX8": ("quad8", None, 1.5e-4), "CAX8R": ("quad8", "quad_gauss_4", 1.5e-4)}


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
        "*DLOAD,AMPLITUDE=RAMP", *loads, "*NODE PRINT,NSET=NALL\nU\n*END STEP\n"])


def last_displacement(dat: Path, mesh: Mesh) -> np.ndarray:
    """(n_node, 2), of the last table that CalculiX printed."""
    table = re.split(r"displacements \(vx,vy,vz\)[^\n]*\n", dat.read_text())[-1]
    rows = {int(line.split()[0]): [float(word) for word in line.split()[1:3]]
            for line in table.splitlines() if len(line.split()) == 4}
    return np.array([rows[i] for i in mesh.node_ids])


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
    law = {"young": E, "poisson": NU, "yield": YIELD, "linear_hardening": HARDENING}
    ramp = {"time": (0.0, 1.0), "value": (0.0, 1.0)}
    history = solve_to_arrays(mesh, Model(
        materials={"steel": Material(law="mises", parameters=law)},
        constraints={"held": Constraint(nodes="ymin", components=("x", "y") if plane else ("y",)),
                     "pull": Constraint(nodes="ymax", components=("y",), kind="prescribed", value=STRETCH)},
        loads={"side": Pressure(faces="xmin", value=PRESSURE)}, amplitudes={"pull": ramp, "side": ramp},
    ), np.linspace(0.0, 1.0, 11), options=SolverOptions(tolerance=1e-11))
    found, own = last_displacement(tmp_path / "job.dat", mesh), history.displacement[-1]
    error = float(np.abs(found - own).max() / np.abs(own).max())
    print(f"{kind}: displacement {error:.2g}, largest p {history.variable('p')[-1].max():.2g}")
    assert history.variable("p")[-1].max() > 2e-3 and error <= most
