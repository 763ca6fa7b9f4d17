"""The operator against what a solver computed, read from its raw files: no converter is involved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from romlib.mesh.mesh import CellBlock, Mesh
from romlib.mesh.operator import StrainOperator
from romlib.tensors import mandel_from_vtk

N_STEP, N_NODE, N_CELL, N_IP = 11, 343, 216, 8


@pytest.fixture(scope="module")
def cube(data_dir: Path) -> tuple[StrainOperator, np.ndarray, np.ndarray]:
    """Operator, nodal results (time, 6, node), integration point results (time, cell, 19, point)."""
    folder = data_dir / "zset" / "MecaSequential"
    lines = (folder / "cube.geof").read_text().splitlines()
    first_node, first_cell = lines.index("**node") + 2, lines.index("**element") + 2
    points = np.loadtxt(lines[first_node:first_node + N_NODE])[:, 1:]
    cells = [line.split() for line in lines[first_cell:first_cell + N_CELL]]
    assert {cell[1] for cell in cells} == {"c3d8"}
    connectivity = np.array([[int(n) - 1 for n in cell[2:]] for cell in cells])
    block = CellBlock("hex8", connectivity, np.arange(1, N_CELL + 1), "hex_gauss_8")
    node = np.fromfile(folder / "cube.node", dtype=">f4").reshape(N_STEP, 6, N_NODE)
    integ = np.fromfile(folder / "cube.integ", dtype=">f4").reshape(N_STEP, N_CELL, 19, N_IP)
    return StrainOperator(Mesh(points, (block,), np.arange(1, N_NODE + 1))), node, integ


def tensor(integ: np.ndarray, first: int) -> np.ndarray:
    values = integ[:, :, first:first + 6].transpose(0, 1, 3, 2).reshape(N_STEP, -1, 6)
    return mandel_from_vtk(values)  # 11 22 33 12 23 31: VTK's order


@pytest.mark.data
def test_strain_is_that_of_zset_in_its_order_of_points(cube: tuple) -> None:
    operator, node, integ = cube
    strain, expected = operator.strain(node[:, :3].transpose(0, 2, 1)), tensor(integ, 0)
    assert np.abs(expected).max() > 0.0
    assert np.abs(strain - expected).max() <= 1e-6 * np.abs(expected).max()


@pytest.mark.data
def test_internal_force_is_that_of_zset(cube: tuple) -> None:
    operator, node, integ = cube
    force, expected = operator.internal_force(tensor(integ, 6)), node[:, 3:].transpose(0, 2, 1)
    assert np.abs(force - expected).max() <= 1e-6 * np.abs(expected).max()
