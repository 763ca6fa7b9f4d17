from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from romlib.errors import InputError
from romlib.mesh.box import box_mesh
from romlib.mesh.elements import element
from romlib.mesh.mass import mass_matrix
from romlib.mesh.mesh import CellBlock, Mesh

SOLIDS = ("tet4", "tet10", "hex8", "hex20", "hex27", "wedge6", "wedge15", "pyramid5", "pyramid13")
every_solid = pytest.mark.parametrize("cell_type", SOLIDS)


def fine_rule(cell: str, n: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """A conical product rule, independent of the rules of romlib: the cube collapsed onto the reference cell."""
    x, w = np.polynomial.legendre.leggauss(n)
    u, v, t = (a.ravel() for a in np.meshgrid(x, x, x, indexing="ij"))
    weights = np.prod(np.meshgrid(w, w, w, indexing="ij"), axis=0).ravel()
    if cell == "hex":
        return np.column_stack([u, v, t]), weights
    if cell == "pyramid":
        w = (1 - t) / 2
        return np.column_stack([u * w, v * w, 1 - w]), weights / 2 * w**2
    u, v = (1 + u) / 2, (1 + v) / 2
    if cell == "wedge":
        return np.column_stack([u, v * (1 - u), t]), weights / 4 * (1 - u)
    t = (1 + t) / 2
    return np.column_stack([u, v * (1 - u), t * (1 - u) * (1 - v)]), weights / 8 * (1 - u) ** 2 * (1 - v)


@every_solid
def test_mass_of_an_affine_cell_is_exact(cell_type: str) -> None:
    kind = element(cell_type)
    matrix = np.array([[1.3, 0.2, -0.1], [0.0, 0.8, 0.3], [0.2, 0.1, 1.1]])
    mesh = Mesh(kind.nodes @ matrix.T, (CellBlock(
        cell_type, np.arange(kind.n_node)[None], np.array([1]), kind.default_rule),), np.arange(kind.n_node))
    points, weights = fine_rule(kind.cell)
    shape = kind.shape(points)
    expected = np.linalg.det(matrix) * shape.T @ (weights[:, None] * shape)
    np.testing.assert_allclose(mass_matrix(mesh).toarray(), expected, rtol=1e-11, atol=1e-14)


@every_solid
def test_mass_is_symmetric_and_positive_definite(distorted, cell_type: str) -> None:
    mass = mass_matrix(distorted(cell_type)).toarray()
    np.testing.assert_allclose(mass, mass.T, atol=1e-16)
    eigenvalues = np.linalg.eigvalsh(mass)
    assert eigenvalues[0] > 1e-4 * eigenvalues[-1]


@every_solid
@pytest.mark.parametrize("quadrature", ["default", "poorest"])
def test_mass_integrates_squares_whatever_the_rule_of_the_solver(cell_type: str, quadrature: str) -> None:
    one_point = {"tet": "tet_1", "hex": "hex_gauss_1", "wedge": "wedge_1", "pyramid": "pyramid_1"}
    poorest = one_point[element(cell_type).cell]
    mesh = box_mesh(cell_type, (2, 1, 2), (2.0, 1.0, 3.0), quadrature=None if quadrature == "default" else poorest)
    mass, one, x = mass_matrix(mesh), np.ones(mesh.n_node), mesh.points[:, 0]
    np.testing.assert_allclose([one @ mass @ one, one @ mass @ x, x @ mass @ x], [6.0, 6.0, 8.0], rtol=1e-12)


def test_mass_of_a_mixed_mesh_is_the_volume(mixed: Mesh) -> None:
    np.testing.assert_allclose(mass_matrix(mixed).sum(), 2.0, rtol=1e-13)


def test_a_cell_turned_inside_out_is_refused_by_its_id() -> None:
    mesh = box_mesh("hex8", (3, 1, 1))
    connectivity = mesh.blocks[0].connectivity.copy()
    connectivity[1] = connectivity[1, [4, 5, 6, 7, 0, 1, 2, 3]]
    block = replace(mesh.blocks[0], connectivity=connectivity, cell_ids=np.array([11, 4711, 13]))
    with pytest.raises(InputError, match="cell 4711"):
        mass_matrix(replace(mesh, blocks=(block,)))


def test_a_cell_folded_at_a_corner_keeps_a_positive_mass() -> None:
    mesh = box_mesh("hex20")
    points = mesh.points.copy()
    points[0] = [0.75, 0.75, 0.75]
    mass = mass_matrix(replace(mesh, points=points)).toarray()
    kind = element("hex20")
    jacobian = np.linalg.det(np.einsum("ai,qaj->qij", points[mesh.blocks[0].connectivity[0]],
                                       kind.gradient(0.77 * kind.nodes[:8])))
    assert jacobian.min() < 0.0
    assert np.linalg.eigvalsh(mass)[0] > 0.0
