from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from romlib.errors import FileFormatError, InputError
from romlib.mesh.box import box_mesh
from romlib.mesh.mass import mass_matrix
from romlib.mesh.mesh import FaceBlock, FaceSet, Mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.partition import number_shared_nodes, partition, positions_in, rows_in, split
from romlib.mesh.skin import add_skin


@pytest.fixture(scope="module")
def whole(mixed: Mesh) -> Mesh:
    """The mixed mesh with its skin, and one number a skin face."""
    mesh = add_skin([mixed])[0]
    skin = mesh.face_tags["skin"]
    return replace(mesh, face_tags={"skin": replace(skin, arrays={"number": np.arange(skin.n_face)})})


def random_pieces(mesh: Mesh, n_piece: int, seed: int) -> list[Mesh]:
    rng = np.random.default_rng(seed)
    owners = np.concatenate([np.arange(n_piece), rng.integers(0, n_piece, mesh.n_cell - n_piece)])
    return split(mesh, rng.permutation(owners))


@settings(max_examples=15, deadline=None)
@given(n_piece=st.integers(1, 6), seed=st.integers(0, 10_000))
def test_pieces_hold_every_cell_face_and_tag_once(whole: Mesh, n_piece: int, seed: int) -> None:
    pieces = random_pieces(whole, n_piece, seed)
    volume = sum(StrainOperator(piece).weights.sum() for piece in pieces)
    np.testing.assert_allclose(volume, 2.0, rtol=1e-13)
    np.testing.assert_array_equal(np.sort(np.concatenate([p.cell_ids for p in pieces])), np.sort(whole.cell_ids))
    tagged = [piece.cell_ids[piece.cell_tags["hexahedra"]] for piece in pieces]
    np.testing.assert_array_equal(np.sort(np.concatenate(tagged)), np.sort(whole.blocks[0].cell_ids))
    low = np.unique(np.concatenate([piece.node_ids[piece.node_tags["low"]] for piece in pieces]))
    np.testing.assert_array_equal(low, np.sort(whole.node_ids[whole.node_tags["low"]]))
    numbers = np.concatenate([piece.face_tags["skin"].arrays["number"] for piece in pieces])
    np.testing.assert_array_equal(np.sort(numbers), np.arange(whole.face_tags["skin"].n_face))


@settings(max_examples=10, deadline=None)
@given(n_piece=st.integers(1, 6), seed=st.integers(0, 10_000))
def test_arrays_coordinates_and_faces_follow_their_entities(whole: Mesh, n_piece: int, seed: int) -> None:
    faces = ids_of_faces(whole)
    for piece in random_pieces(whole, n_piece, seed):
        nodes, cells, ips = positions_in(whole, piece)
        np.testing.assert_array_equal(piece.points, whole.points[nodes])
        np.testing.assert_array_equal(piece.node_arrays["vector"], whole.node_arrays["vector"][nodes])
        np.testing.assert_array_equal(piece.cell_arrays["number"], whole.cell_arrays["number"][cells])
        coordinates = StrainOperator(whole).coordinates[ips]
        np.testing.assert_allclose(StrainOperator(piece).coordinates, coordinates, atol=1e-15)
        np.testing.assert_array_equal(ids_of_faces(piece), faces[piece.face_tags["skin"].arrays["number"]])


def ids_of_faces(mesh: Mesh) -> np.ndarray:
    """Sorted node ids (n_face, 4) of the skin, 0 before those of a triangle."""
    rows = [mesh.node_ids[block.connectivity] for block in mesh.face_tags["skin"].blocks]
    padded = [np.pad(row, ((0, 0), (0, 4 - row.shape[1]))) for row in rows]
    return np.sort(np.concatenate([np.empty((0, 4), dtype=int), *padded]), axis=1)


@settings(max_examples=10, deadline=None)
@given(n_piece=st.integers(1, 6), seed=st.integers(0, 10_000))
def test_contributions_of_pieces_sum_to_those_of_the_whole(whole: Mesh, n_piece: int, seed: int) -> None:
    u = np.random.default_rng(seed).normal(size=(2, whole.n_node, 3))
    operator = StrainOperator(whole)
    strain, force, energy = operator.strain(u), np.zeros((2, whole.n_node, 3)), 0.0
    for piece in random_pieces(whole, n_piece, seed):
        nodes, _, ips = positions_in(whole, piece)
        mine = StrainOperator(piece)
        np.testing.assert_allclose(mine.strain(u[:, nodes]), strain[:, ips], atol=1e-12)
        force[:, nodes] += mine.internal_force(strain[:, ips])
        energy += u[0, nodes, 0] @ mass_matrix(piece) @ u[0, nodes, 0]
    np.testing.assert_allclose(force, operator.internal_force(strain), atol=1e-11)
    np.testing.assert_allclose(energy, u[0, :, 0] @ mass_matrix(whole) @ u[0, :, 0], rtol=1e-12)


@settings(max_examples=15, deadline=None)
@given(n_piece=st.integers(1, 6), seed=st.integers(0, 10_000))
def test_shared_nodes_have_one_number_in_all_pieces(whole: Mesh, n_piece: int, seed: int) -> None:
    pieces = random_pieces(whole, n_piece, seed)
    ids, count = np.unique(np.concatenate([piece.node_ids for piece in pieces]), return_counts=True)
    shared = ids[count > 1]
    for piece in pieces:
        inside = piece.shared_index < 0
        assert not np.isin(piece.node_ids[inside], shared).any()
        np.testing.assert_array_equal(shared[piece.shared_index[~inside]], piece.node_ids[~inside])


@pytest.mark.parametrize("n_piece", [1, 2, 5])
def test_metis_pieces_are_balanced_and_the_same_every_time(n_piece: int) -> None:
    mesh = box_mesh("tet4", (5, 4, 4))
    pieces, again = partition(mesh, n_piece), partition(mesh, n_piece)
    assert len(pieces) == n_piece
    sizes = np.array([piece.n_cell for piece in pieces])
    assert sizes.sum() == mesh.n_cell and sizes.max() <= 1.1 * sizes.mean()
    for a, b in zip(pieces, again):
        np.testing.assert_array_equal(a.cell_ids, b.cell_ids)


def test_metis_balances_integration_points_not_cells() -> None:
    mesh = box_mesh("hex8", (24, 2, 2))
    block = mesh.blocks[0]
    left = mesh.points[block.connectivity, 0].mean(axis=1) < 0.5  # a cut in the middle would leave 1 point in 28 here
    one, many = (replace(block, connectivity=block.connectivity[half], cell_ids=block.cell_ids[half], quadrature=rule)
                 for half, rule in ((left, "hex_gauss_1"), (~left, "hex_gauss_27")))
    points = [StrainOperator(piece).n_ip for piece in partition(replace(mesh, blocks=(one, many)), 2)]
    assert max(points) <= 1.15 * np.mean(points)


def test_fields_of_a_mesh_in_one_piece_are_taken_as_they_are_and_of_others_by_their_ids(whole: Mesh) -> None:
    piece = partition(whole, 1)[0]
    assert rows_in(whole, piece) == (slice(None), slice(None))
    assert np.shares_memory(piece.points, whole.points)
    last = whole.blocks[-1]
    turned = replace(whole, blocks=(*whole.blocks[:-1], replace(
        last, connectivity=last.connectivity[::-1], cell_ids=last.cell_ids[::-1])))
    for piece in (*random_pieces(whole, 2, 1), turned):
        nodes, ips = rows_in(whole, piece)
        np.testing.assert_array_equal(whole.points[nodes], piece.points)
        np.testing.assert_allclose(StrainOperator(whole).coordinates[ips], StrainOperator(piece).coordinates)


def test_nodes_of_no_cell_go_to_the_first_piece() -> None:
    mesh = box_mesh("hex8", (2, 1, 1))
    mesh = replace(mesh, points=np.vstack([mesh.points, [9.0, 9.0, 9.0]]), node_ids=np.append(mesh.node_ids, 99),
                   node_tags={"pilot": np.array([mesh.n_node])})
    first, second = split(mesh, np.array([1, 0]))
    np.testing.assert_array_equal(first.node_ids[first.node_tags["pilot"]], [99])
    assert 99 not in second.node_ids and len(second.node_tags["pilot"]) == 0


@pytest.mark.parametrize("n_piece", [0, 3])
def test_an_impossible_number_of_pieces_is_refused(n_piece: int) -> None:
    with pytest.raises(InputError, match="number of cells"):
        partition(box_mesh("hex8", (2, 1, 1)), n_piece)


def test_without_pymetis_the_remedy_is_told_and_one_piece_still_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymetis", None)
    mesh = box_mesh("hex8", (2, 2, 2))
    assert partition(mesh, 1)[0].n_cell == 8
    with pytest.raises(InputError, match="pip install pymetis"):
        partition(mesh, 2)


def test_a_face_with_a_node_that_its_cell_lacks_is_refused() -> None:
    mesh = box_mesh("hex8", (2, 1, 1))
    face = mesh.face_tags["xmin"].blocks[0].connectivity[0]
    others = np.setdiff1d(np.arange(mesh.n_node), mesh.blocks[0].connectivity[0])
    quad8 = FaceSet((FaceBlock("quad8", np.concatenate([face, others])[None]),))
    with pytest.raises(FileFormatError, match="its cell lacks"):
        split(replace(mesh, face_tags={"wrong": quad8}), np.array([0, 1]))


def test_an_id_twice_in_a_piece_is_refused() -> None:
    mesh = box_mesh("hex8")
    with pytest.raises(FileFormatError, match="same id\n  place: node 3"):
        number_shared_nodes([replace(mesh, node_ids=np.array([1, 2, 3, 3, 4, 5, 6, 7]))])
