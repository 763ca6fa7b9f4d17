"""From the integration points of a cell to its nodes."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from romlib.errors import UnsupportedError
from romlib.mesh.elements import ELEMENTS, element
from romlib.mesh.quadrature import RULES, rule
from romlib.nodal.extrapolation import extrapolation

PAIRS = [(kind.name, points.name) for kind in ELEMENTS.values() for points in RULES.values()
         if kind.cell == points.cell]
# the rules that have too few points for a linear field
CONSTANT = {"line_gauss_1", "tri_1", "quad_gauss_1", "tet_1", "hex_gauss_1", "wedge_1", "pyramid_1"}
IN_ONE_DIRECTION = {"wedge_2"}
CCX = {"C3D4": ("tet4", "tet_1"), "C3D8": ("hex8", "hex_gauss_8"), "C3D8R": ("hex8", "hex_gauss_1"),
       "C3D10": ("tet10", "tet_4"), "C3D15": ("wedge15", "wedge_9"), "C3D20": ("hex20", "hex_gauss_27"),
       "C3D20R": ("hex20", "hex_gauss_8")}


@pytest.mark.parametrize("cell_type, quadrature", PAIRS)
def test_a_constant_is_the_same_at_the_nodes(cell_type, quadrature):
    matrix = extrapolation(cell_type, quadrature)
    assert matrix.shape == (element(cell_type).n_node, rule(quadrature).n_point)
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0, rtol=0, atol=1e-13)


@pytest.mark.parametrize("cell_type, quadrature", PAIRS)
def test_a_linear_field_is_exact_where_the_rule_determines_it(cell_type, quadrature):
    kind, points = element(cell_type), rule(quadrature)
    slope = np.array([2.0, -3.0, 5.0])[:kind.dimension]
    if quadrature in IN_ONE_DIRECTION:
        slope[:2] = 0.0
    found = extrapolation(cell_type, quadrature) @ (7.0 + points.points @ slope)
    if quadrature in CONSTANT:
        np.testing.assert_allclose(found, 7.0 + points.points[0] @ slope, rtol=1e-13)
    else:
        np.testing.assert_allclose(found, 7.0 + kind.nodes @ slope, rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell_type, quadrature", [("hex20", "hex_gauss_27"), ("tet10", "tet_15"),
                                                   ("wedge15", "wedge_18"), ("hex8", "hex_gauss_8"),
                                                   ("wedge6", "wedge_6"), ("quad8", "quad_gauss_9"),
                                                   ("hex27", "hex_gauss_27"), ("pyramid5", "pyramid_5"),
                                                   ("pyramid5", "pyramid_8"), ("pyramid13", "pyramid_27")])
def test_every_field_of_the_element_is_exact_where_the_rule_determines_it(cell_type, quadrature):
    kind = element(cell_type)
    nodal = np.random.default_rng(0).random(kind.n_node)
    found = extrapolation(cell_type, quadrature) @ (kind.shape(rule(quadrature).points) @ nodal)
    np.testing.assert_allclose(found, nodal, rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell_type, quadrature", [("hex20", "hex_gauss_8"), ("hex20", "hex_irons_14"),
                                                   ("tet10", "tet_4"), ("tet10", "tet_5_zset"),
                                                   ("wedge15", "wedge_9"), ("pyramid13", "pyramid_8")])
def test_midside_nodes_have_the_mean_of_their_corners_where_the_rule_determines_no_more(cell_type, quadrature):
    kind, matrix = element(cell_type), extrapolation(cell_type, quadrature)
    corners = matrix[np.array(kind.edges)]
    np.testing.assert_allclose(matrix[kind.n_corner:], corners.mean(axis=1), rtol=0, atol=1e-13)


def test_a_rule_of_another_cell_is_refused():
    with pytest.raises(UnsupportedError, match="made for other cells"):
        extrapolation("hex8", "tet_4")


@pytest.mark.parametrize("name", CCX)
def test_the_nodes_of_one_cell_have_the_stress_that_calculix_gives_them(name, tmp_path):
    """CalculiX's factors have five or six digits: 2e-5 of the largest value."""
    if shutil.which("ccx") is None:
        pytest.skip("no ccx on the PATH (Debian: calculix-ccx)")
    kind = element(CCX[name][0])
    at_points, at_nodes = _stress_of_one_cell(name, kind, tmp_path)
    found = extrapolation(*CCX[name]) @ at_points
    assert np.abs(found - at_nodes).max() <= 2e-5 * np.abs(at_nodes).max()


def _stress_of_one_cell(name, kind, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """A cell under random displacements: its stress (xx, yy, zz, xy, yz, xz) at points (.dat) and nodes (.frd)."""
    rng = np.random.default_rng(4)
    numbers = [1, *range(1, kind.n_node + 1)]
    rows = [", ".join(map(str, numbers[k:k + 10])) for k in range(0, len(numbers), 10)]
    moved = [f"{node}, {axis}, {axis}, {rng.normal(scale=1e-3):.6e}"
             for node in numbers[1:] for axis in (1, 2, 3)]
    deck = ["*NODE, NSET=NALL", *(f"{k}, {x:.4f}, {y:.4f}, {z:.4f}" for k, (x, y, z) in enumerate(kind.nodes, 1)),
            f"*ELEMENT, TYPE={name}, ELSET=EALL", *(f"{row}," for row in rows[:-1]), rows[-1],
            "*MATERIAL, NAME=STEEL", "*ELASTIC", "200000., 0.3", "*SOLID SECTION, ELSET=EALL, MATERIAL=STEEL",
            "*STEP", "*STATIC", "*BOUNDARY", *moved, "*EL FILE", "S", "*EL PRINT, ELSET=EALL", "S", "*END STEP", ""]
    (folder / "cell.inp").write_text("\n".join(deck))
    subprocess.run(["ccx", "cell"], cwd=folder, check=True, capture_output=True, timeout=60)
    rows = [line.split() for line in (folder / "cell.dat").read_text().splitlines()]
    at_points = np.array([row[2:] for row in rows if len(row) == 8 and row[0] == "1"], dtype=float)
    stress = re.search(r"^ -4  STRESS(.*?)^ -3", (folder / "cell.frd").read_text(), re.S | re.M)
    assert stress
    at_nodes = np.array([[float(line[13 + 12 * k:25 + 12 * k]) for k in range(6)]
                         for line in stress[1].splitlines() if line.startswith(" -1")])
    return at_points[:, [0, 1, 2, 3, 5, 4]], at_nodes
