"""Hexahedra of equal nodes: their true shapes, wherever the equal nodes stand, and the points of the hexahedron."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from romlib_converters.common import degenerate
from romlib_converters.common.degenerate import true_shapes

from romlib.errors import UnsupportedError
from romlib.mesh.elements import element
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.quadrature import rule

# by shape: equal corners as the solvers write them
ANSYS = {"wedge6": (0, 1, 2, 2, 4, 5, 6, 6), "pyramid5": (0, 1, 2, 3, 4, 4, 4, 4), "tet4": (0, 1, 2, 2, 4, 4, 4, 4)}
LS_DYNA = {"wedge6": (0, 1, 2, 3, 4, 4, 6, 6), "tet4": (0, 1, 2, 3, 3, 3, 3, 3)}
QUADRATIC = {"wedge6": "wedge15", "pyramid5": "pyramid13", "tet4": "tet10"}


def rotations() -> list[np.ndarray]:
    """The 24 ways to turn a cube, as the place where each of its corners is found."""
    corners, found = element("hex8").nodes, []
    for axes, signs in product(permutations(range(3)), product((-1, 1), repeat=3)):
        matrix = np.eye(3)[list(axes)] * np.array(signs)
        if np.linalg.det(matrix) > 0:
            found.append(np.array([int(np.flatnonzero((corners == corner).all(axis=1))[0])
                                   for corner in corners @ matrix.T]))
    return found


ROTATIONS = rotations()


def coordinates(pattern: tuple[int, ...], seed: int) -> np.ndarray:
    """A distorted hexahedron (8, 3) whose corners are one where the pattern says so."""
    points = element("hex8").nodes + np.random.default_rng(seed).uniform(-0.2, 0.2, (8, 3))
    return np.array([points[[k for k in range(8) if pattern[k] == corner]].mean(axis=0) for corner in pattern])


@pytest.mark.parametrize("shape", ANSYS)
@pytest.mark.parametrize("quadratic", [False, True])
@settings(max_examples=24, deadline=None)
@given(turn=st.integers(0, 23), seed=st.integers(0, 1000))
def test_a_hexahedron_of_equal_nodes_is_its_shape_with_the_points_of_the_hexahedron(
    shape: str, quadratic: bool, turn: int, seed: int
) -> None:
    pattern, kind = ANSYS[shape], element("hex20" if quadratic else "hex8")
    corners = 10 + np.array(pattern)
    ids = corners
    if quadratic:  # one number for what has become one edge, that of the corner where it has become a point
        pairs = np.sort(corners[np.array(kind.edges)], axis=1)
        ids = np.append(corners, np.where(pairs[:, 0] == pairs[:, 1], pairs[:, 0], 100 * pairs[:, 0] + pairs[:, 1]))
    points = dict(zip(corners.tolist(), coordinates(pattern, seed)))
    order = ROTATIONS[turn]
    turned = ids[:8][order]
    if quadratic:
        middle = {frozenset(kind.edges[k]): ids[8 + k] for k in range(12)}
        turned = np.append(turned, [middle[frozenset((order[a], order[b]))] for a, b in kind.edges])
    (found, (rows, nodes)), = true_shapes("hex20" if quadratic else "hex8", turned[None]).items()
    assert found == (QUADRATIC[shape] if quadratic else shape) and rows.tolist() == [0]
    own = element(shape)
    x = np.array([points[node] for node in nodes[0, :own.n_corner]])
    quadrature, eight = rule(f"{own.cell}_8_hex"), rule("hex_gauss_8")
    of_hexahedron = element("hex8").shape(eight.points) @ np.array([points[node] for node in turned[:8]])
    of_shape = own.shape(quadrature.points) @ x
    gap = np.linalg.norm(of_shape[:, None] - of_hexahedron[None], axis=2)
    assert gap.min(axis=0).max() < 1e-13 and gap.min(axis=1).max() < 1e-13
    if quadratic:
        for (a, b), middle_node in zip(own.edges, nodes[0, own.n_corner:]):
            low, high = sorted((int(nodes[0, a]), int(nodes[0, b])))
            assert middle_node == 100 * low + high


@pytest.mark.parametrize(("shape", "pattern"), [*ANSYS.items(), *LS_DYNA.items()])
@pytest.mark.parametrize("turn", [0, 7, 19])
def test_volumes_are_positive_and_those_of_the_nodes(shape: str, pattern: tuple[int, ...], turn: int) -> None:
    points = coordinates(pattern, 1)
    ids = np.array(pattern)[ROTATIONS[turn]]
    (_, (_, nodes)), = true_shapes("hex8", ids[None]).items()
    block = CellBlock(shape, nodes, np.array([1]), element(shape).default_rule)
    volume = StrainOperator(Mesh(points, (block,), np.arange(8))).weights.sum()
    if shape == "tet4":
        a, b, c, d = points[nodes[0]]
        assert volume == pytest.approx(np.dot(np.cross(b - a, c - a), d - a) / 6.0)
    assert volume > 0.1


def test_cells_of_several_shapes_are_sorted_and_keep_their_rows() -> None:
    cells = np.array([ANSYS["wedge6"], range(8), ANSYS["tet4"], LS_DYNA["wedge6"], ANSYS["pyramid5"], range(8)])
    found = true_shapes("hex8", cells + 100)
    assert {name: rows.tolist() for name, (rows, _) in found.items()} == {
        "wedge6": [0, 3], "hex8": [1, 5], "tet4": [2], "pyramid5": [4]}
    np.testing.assert_array_equal(found["wedge6"][1][0], np.array([0, 1, 2, 4, 5, 6]) + 100)
    np.testing.assert_array_equal(found["hex8"][1][1], np.arange(8) + 100)


def test_equal_nodes_are_seen_wherever_they_stand_among_the_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(degenerate, "_AT_ONCE", 3)
    for place in range(8):
        cells = np.arange(64).reshape(8, 8)
        cells[place] = 100 + np.array(ANSYS["wedge6"])
        found = true_shapes("hex8", cells)
        assert found["wedge6"][0].tolist() == [place] and len(found["hex8"][0]) == 7
    (name, (rows, nodes)), = true_shapes("hex8", np.arange(64).reshape(8, 8)).items()
    assert name == "hex8" and rows.tolist() == list(range(8)) and np.array_equal(nodes, np.arange(64).reshape(8, 8))


def test_the_nodes_of_a_wedge_of_ls_dyna_are_two_triangles_over_the_edge() -> None:
    (name, (_, nodes)), = true_shapes("hex8", np.array([LS_DYNA["wedge6"]])).items()
    assert name == "wedge6"
    assert [set(nodes[0, :3].tolist()), set(nodes[0, 3:].tolist())] == [{0, 1, 4}, {2, 3, 6}]


def test_collapsed_quadrangles_are_triangles() -> None:
    found = true_shapes("quad8", np.array([[1, 2, 3, 3, 12, 23, 3, 31], [5, 5, 6, 7, 5, 56, 67, 75]]))
    np.testing.assert_array_equal(found["tri6"][1], [[1, 2, 3, 12, 23, 31], [6, 7, 5, 67, 75, 56]])


def test_a_midside_node_that_is_left_out_stays_so() -> None:
    wedge = [1, 2, 3, 3, 5, 6, 7, 7, 12, 23, 0, 31, 56, 67, 7, 75, 15, 0, 37, 37]
    found = true_shapes("hex20", np.array([wedge]))["wedge15"][1][0]
    np.testing.assert_array_equal(found, [1, 2, 3, 5, 6, 7, 12, 23, 31, 56, 67, 75, 15, 0, 37])


@pytest.mark.parametrize("nodes", [
    (1, 2, 3, 3, 5, 6, 7, 8),  # one edge only
    (1, 2, 3, 3, 5, 6, 6, 7),  # edges that are not opposite
    (1, 2, 1, 3, 5, 6, 7, 8),  # folded
    (1, 2, 3, 4, 1, 2, 3, 4),  # flat
    (1, 1, 1, 1, 1, 1, 1, 1)])
def test_any_other_collapse_is_refused_with_the_cell(nodes: tuple[int, ...]) -> None:
    cells = np.array([range(1, 9), nodes, nodes])
    with pytest.raises(UnsupportedError, match=r"a.cdb[\s\S]*cell 41[\s\S]*I J K K M N O O[\s\S]*2 such cells; corner"):
        true_shapes("hex8", cells, ids=np.array([40, 41, 42]), file=Path("a.cdb"))


@pytest.mark.parametrize(("place", "value", "words"), [
    (10, 99, "edge at node 3"), (18, 99, "edge between nodes 3 and 7"), (8, 23, "edge between nodes 2 and 3"),
    (8, 1, "edge between nodes 1 and 2")])
def test_midside_nodes_that_contradict_the_shape_are_refused_with_the_cell(place: int, value: int, words: str) -> None:
    wedge = np.array([1, 2, 3, 3, 5, 6, 7, 7, 12, 23, 3, 31, 56, 67, 7, 75, 15, 26, 37, 37])
    wedge[place] = value
    with pytest.raises(UnsupportedError, match=rf"cell 8, {words}"):
        true_shapes("hex20", wedge[None], ids=np.array([8]))


def test_a_plain_hexahedron_with_one_node_on_two_edges_is_refused() -> None:
    nodes = np.arange(20)
    nodes[9] = nodes[8]
    with pytest.raises(UnsupportedError, match="contradict its shape"):
        true_shapes("hex20", nodes[None] + 1)
