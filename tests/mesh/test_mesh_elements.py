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
    for direction, e in enumerate(np.eye(kind.dimension)):
        difference = (kind.shape(point + step * e) - kind.shape(point - step * e)) / (2 * step)
        np.testing.assert_allclose(kind.gradient(point)[..., direction], difference, atol=1e-9)


@solids
def test_midside_nodes_of_faces_lie_between_their_corners(kind: Element) -> None:
    for face_type, face in kind.faces:
        n = element(face_type).n_corner
        assert len(face) == element(face_type).n_node
        for k, node in enumerate(face[n:]):
            middle = 0.5 * (kind.nodes[face[k]] + kind.nodes[face[(k + 1) % n]])
            np.testing.assert_array_equal(kind.nodes[node], middle)


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
    with pytest.raises(UnsupportedError, match="pyramid5"):
        element("pyramid5")
