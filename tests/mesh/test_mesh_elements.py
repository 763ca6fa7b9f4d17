from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from romlib.errors import UnsupportedError
from romlib.mesh.elements import ELEMENTS, Element, element
from romlib.mesh.faces import face_quadrature
from romlib.mesh.mesh import FaceBlock
from romlib.mesh.quadrature import CELL_VOLUME

every_element = pytest.mark.parametrize("kind", ELEMENTS.values(), ids=list(ELEMENTS))
solids = pytest.mark.parametrize("kind", [e for e in ELEMENTS.values() if e.dimension == 3], ids=lambda e: e.name)
coordinates = st.lists(st.floats(-1.0, 1.0), min_size=3, max_size=3)


def at(kind: Element, xi: list[float]) -> np.ndarray:
    if kind.cell == "pyramid":  # functions of xi / (1 - zeta) are no numbers at the height of the apex, but beside it
        height = 0.495 * (1.0 + xi[2])
        return np.array([[xi[0] * (1.0 - height), xi[1] * (1.0 - height), height]])
    return np.array([xi[:kind.dimension]])


@every_element
@given(xi=coordinates)
def test_shape_functions_sum_to_one_and_their_gradients_to_zero(kind: Element, xi: list[float]) -> None:
    np.testing.assert_allclose(kind.shape(at(kind, xi)).sum(axis=1), 1.0, atol=1e-13)
    np.testing.assert_allclose(kind.gradient(at(kind, xi)).sum(axis=1), 0.0, atol=1e-13)


@every_element
def test_a_shape_function_is_one_at_its_node_and_zero_at_the_others(kind: Element) -> None:
    np.testing.assert_array_equal(kind.shape(kind.nodes), np.eye(kind.n_node))


@every_element
@given(xi=coordinates)
def test_shape_functions_interpolate_every_polynomial_of_their_degree(kind: Element, xi: list[float]) -> None:
    degree = 1 if kind.n_node == kind.n_corner else 2
    matrix = np.arange(1.0, 1.0 + kind.dimension)

    def polynomial(x: np.ndarray) -> np.ndarray:
        return (0.5 + x @ matrix) ** degree

    point = at(kind, xi)
    np.testing.assert_allclose(kind.shape(point) @ polynomial(kind.nodes), polynomial(point), atol=1e-11)


@every_element
@given(xi=coordinates)
def test_gradients_agree_with_finite_differences(kind: Element, xi: list[float]) -> None:
    point, step = at(kind, xi), 1e-5
    third = (1.0 - point[0, 2]) ** -3 if kind.cell == "pyramid" else 1.0  # the size of third derivatives
    for direction, e in enumerate(np.eye(kind.dimension)):
        difference = (kind.shape(point + step * e) - kind.shape(point - step * e)) / (2 * step)
        np.testing.assert_allclose(kind.gradient(point)[..., direction], difference, atol=1e-9 * third)


@solids
def test_midside_nodes_of_faces_lie_between_their_corners(kind: Element) -> None:
    for face_type, face in kind.faces:
        n = element(face_type).n_corner
        assert len(face) == element(face_type).n_node
        for k, node in enumerate(face[n:2 * n]):
            middle = 0.5 * (kind.nodes[face[k]] + kind.nodes[face[(k + 1) % n]])
            np.testing.assert_array_equal(kind.nodes[node], middle)
        for node in face[2 * n:]:
            np.testing.assert_array_equal(kind.nodes[node], kind.nodes[list(face[:n])].mean(axis=0))


@solids
def test_faces_point_outwards_and_enclose_the_cell(kind: Element) -> None:
    total, volume = np.zeros(3), 0.0
    for face_type, face in kind.faces:
        block = FaceBlock(face_type, np.array([face]))
        shape, area = face_quadrature(kind.nodes, block)
        position = shape @ kind.nodes[list(face)]
        assert np.all(np.einsum("qi,qi->q", position - kind.nodes.mean(axis=0), area[0]) > 0.0)
        total += area[0].sum(axis=0)
        volume += np.einsum("qi,qi->", position, area[0]) / 3.0
    np.testing.assert_allclose(total, 0.0, atol=1e-14)
    np.testing.assert_allclose(volume, CELL_VOLUME[kind.cell], rtol=1e-14)


def test_an_unknown_element_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedError, match="pyramid14"):
        element("pyramid14")


VTK_CELLS = {"hex20": "vtkQuadraticHexahedron", "hex27": "vtkTriQuadraticHexahedron", "quad9": "vtkBiQuadraticQuad",
             "pyramid13": "vtkQuadraticPyramid", "wedge15": "vtkQuadraticWedge", "tet10": "vtkQuadraticTetra"}


@pytest.mark.parametrize("name", VTK_CELLS)
def test_nodes_and_type_are_those_of_vtk(name: str) -> None:
    vtk = pytest.importorskip("vtkmodules.vtkCommonDataModel")
    cell, kind = getattr(vtk, VTK_CELLS[name])(), element(name)
    assert cell.GetCellType() == kind.vtk_type and cell.GetNumberOfPoints() == kind.n_node
    for node in range(kind.n_node):
        cell.GetPointIds().SetId(node, node)
    if kind.dimension == 3:
        edges = [[cell.GetEdge(k).GetPointId(i) for i in range(3)] for k in range(cell.GetNumberOfEdges())]
        found = {(frozenset(nodes[:2]), nodes[2]) for nodes in edges}
        assert found == {(frozenset(edge), kind.n_corner + k) for k, edge in enumerate(kind.edges)}
    if name == "hex27":
        nodes = np.reshape([cell.GetParametricCoords()[i] for i in range(81)], (27, 3))
        np.testing.assert_array_equal(2.0 * nodes - 1.0, kind.nodes)


@pytest.mark.parametrize("name", ["pyramid5", "pyramid13"])
def test_faces_of_a_pyramid_fit_those_of_its_neighbours(name: str) -> None:
    kind = element(name)
    for face_type, face in kind.faces:
        flat = element(face_type)
        at_face = flat.nodes.mean(axis=0)[None] + [[0.21, -0.13], [-0.1, 0.17], [0.05, 0.08]]
        xi = flat.shape(at_face) @ kind.nodes[list(face)]
        values = kind.shape(xi)
        np.testing.assert_allclose(values[:, list(face)], flat.shape(at_face), atol=1e-14)
        np.testing.assert_allclose(np.delete(values, face, axis=1), 0.0, atol=1e-14)


@pytest.mark.parametrize(("name", "hexahedron", "equal"), [
    ("pyramid5", "hex8", {5: 4, 6: 4, 7: 4}),
    ("wedge6", "hex8", {3: 2, 4: 3, 5: 4, 6: 5, 7: 5})])
@given(xi=coordinates)
def test_functions_of_a_collapsed_hexahedron_are_those_of_the_cell_that_it_becomes(
    name: str, hexahedron: str, equal: dict[int, int], xi: list[float]
) -> None:
    kind, cube, x = element(name), element(hexahedron), 0.999 * np.array([xi])
    summed = np.zeros((1, kind.n_node))
    for node, value in enumerate(cube.shape(x)[0]):
        summed[0, equal.get(node, node)] += value
    np.testing.assert_allclose(kind.shape(summed @ kind.nodes), summed, atol=1e-13)


def test_a_pyramid_at_its_apex_has_the_gradient_along_its_axis() -> None:
    kind, apex, beside = element("pyramid13"), np.array([[0.0, 0.0, 1.0]]), np.array([[0.0, 0.0, 1.0 - 1e-9]])
    np.testing.assert_array_equal(kind.shape(apex), np.eye(13)[4:5])
    np.testing.assert_allclose(kind.gradient(apex), kind.gradient(beside), atol=1e-8)
