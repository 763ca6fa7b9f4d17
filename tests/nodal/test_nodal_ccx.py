"""Averages at nodes against those that CalculiX prints: a plastic plate with a hole."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.nodal.average import Averaging
from romlib.tensors import mandel_from_vtk, von_mises, vtk_from_mandel

CASE = Path(__file__).resolve().parent.parent.parent / "cases" / "calculix_plate"
sys.path.insert(0, str(CASE))
try:
    from deck import mesh_cards
    from geometry import quarter_plate
finally:
    sys.path.remove(str(CASE))


def _bar() -> Mesh:
    """Tetrahedra, bent in the plane."""
    mesh = box_mesh("tet10", (3, 2, 2), (3.0, 1.0, 1.0))
    x, y, z = mesh.points.T
    tags = {"XSYM": x == 0, "YSYM": (x == 0) & (y == 0), "ZSYM": z == 0, "TOP": x == 3}
    return replace(mesh, face_tags={}, node_tags={name: np.flatnonzero(at) for name, at in tags.items()})


@pytest.mark.parametrize("element, mesh", [
    ("C3D20R", quarter_plate(4, 3, 1)), ("C3D10", _bar()), ("C3D20", replace(quarter_plate(3, 2, 1), blocks=tuple(
        CellBlock("hex20", block.connectivity, block.cell_ids, "hex_gauss_27")
        for block in quarter_plate(3, 2, 1).blocks)))], ids=["C3D20R", "C3D10", "C3D20"])
def test_stress_and_plastic_strain_at_nodes_are_those_of_calculix(element, mesh, tmp_path):
    """To the digits of CalculiX's own factors: those of hexahedra make 0.99996 of a constant."""
    if shutil.which("ccx") is None:
        pytest.skip("no ccx on the PATH (Debian: calculix-ccx)")
    deck = [*mesh_cards(mesh, element), "*MATERIAL,NAME=STEEL", "*ELASTIC", "200000.,0.3", "*PLASTIC", "200.,0.",
            "4200.,1.", "*SOLID SECTION,ELSET=EALL,MATERIAL=STEEL", "*BOUNDARY", "XSYM,1,1", "YSYM,2,2", "ZSYM,3,3",
            "*STEP,INC=100", "*STATIC", ".25,1.", "*BOUNDARY", "TOP,2,2,0.02", "*EL FILE", "S,PEEQ",
            "*EL PRINT,ELSET=EALL", "S,PEEQ", "*END STEP", ""]
    (tmp_path / "part.inp").write_text("\n".join(deck))
    subprocess.run(["ccx", "part"], cwd=tmp_path, check=True, capture_output=True, timeout=120)
    rows = [line.split() for line in (tmp_path / "part.dat").read_text().splitlines() if re.match(r"\s+\d+\s+\d", line)]
    n_ip = int(mesh.points_of_cells.sum())  # those of the last increment
    stress = np.array([row[2:] for row in rows if len(row) == 8][-n_ip:], dtype=float)[:, [0, 1, 2, 3, 5, 4]]
    p = np.array([row[2:] for row in rows if len(row) == 3][-n_ip:], dtype=float)
    averaging = Averaging(mesh)
    found = vtk_from_mandel(averaging.nodes(mandel_from_vtk(stress)[None])[0])
    expected = _nodal(tmp_path / "part.frd", "STRESS", 6)
    assert np.abs(found - expected).max() <= 5e-5 * np.abs(expected).max()
    found_p, expected_p = averaging.nodes(p[None])[0], _nodal(tmp_path / "part.frd", "PE", 1)
    assert expected_p.max() > 1e-4
    assert np.abs(found_p - expected_p).max() <= 5e-5 * expected_p.max()
    largest = von_mises(mandel_from_vtk(expected)).max(), von_mises(mandel_from_vtk(stress)).max()
    print(f"\n    {element}: von Mises at most {largest[0]:.1f} MPa at nodes, {largest[1]:.1f} MPa at points")
    assert largest[0] != pytest.approx(largest[1], rel=1e-3)


def _nodal(path: Path, name: str, n_comp: int) -> np.ndarray:
    """The last values of a name in a .frd, in the order of its nodes."""
    block = re.findall(rf"^ -4  {name}  (.*?)^ -3", path.read_text(), re.S | re.M)[-1]
    return np.array([[float(line[13 + 12 * k:25 + 12 * k]) for k in range(n_comp)]
                     for line in block.splitlines() if line.startswith(" -1")])
