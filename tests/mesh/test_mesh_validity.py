"""A mesh with something twice, something missing or something infinite is refused wherever it comes from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from romlib.errors import FileFormatError, InputError
from romlib.mesh import validity
from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import CellBlock, FaceBlock, FaceSet
from romlib.mesh.operator import StrainOperator
from romlib.mesh.partition import partition, split
from romlib.mesh.validity import check_mesh, check_pieces, row_hashes, same_rows
from romlib.model import Model
from romlib.snapshots.writer import SnapshotsWriter

CELL_TYPES = ["tet4", "tet10", "hex8", "hex20", "hex27", "wedge6", "wedge15", "pyramid5", "pyramid13"]


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_hashes_of_rows_are_those_of_what_they_stand_for_in_any_order(monkeypatch, dtype) -> None:
    rng = np.random.default_rng(3)
    rows, names = rng.integers(0, 50, (40, 5)).astype(dtype), rng.permutation(10**9 + np.arange(50))
    hashes = row_hashes(rows)
    assert len(set(hashes.tolist())) == len({tuple(sorted(row)) for row in rows.tolist()})
    monkeypatch.setattr(validity, "_AT_ONCE", 7)
    np.testing.assert_array_equal(row_hashes(rng.permuted(rows, axis=1)), hashes)
    np.testing.assert_array_equal(row_hashes(rows, names), row_hashes(names[rows]))
    assert not set(row_hashes(rows, names).tolist()) & set(hashes.tolist())


@given(npst.arrays(np.int64, st.tuples(st.integers(0, 30), st.integers(1, 4)), elements=st.integers(-2, 4)))
def test_same_rows_are_those_with_the_same_entries(rows):
    keys = [tuple(sorted(row)) for row in rows.tolist()]
    expected = [(keys.index(key), k) for k, key in enumerate(keys) if keys.index(key) != k]
    assert sorted(map(tuple, same_rows(rows).tolist())) == sorted(expected)


@pytest.mark.parametrize("cell_type", CELL_TYPES)
def test_a_good_mesh_passes_whole_and_in_pieces(cell_type):
    mesh = box_mesh(cell_type, (2, 2, 1))
    check_mesh(mesh)
    check_pieces(partition(mesh, 2))


def with_copy(mesh, order=slice(None), block=False):
    """The mesh with its second cell once more, its nodes in another order, in the same block or in one of its own."""
    first = mesh.blocks[0]
    again = first.connectivity[1:2][:, order]
    if block:
        return replace(mesh, blocks=(first, replace(first, connectivity=again, cell_ids=np.array([10**6]))))
    return replace(mesh, blocks=(replace(first, connectivity=np.concatenate([first.connectivity, again]),
                                         cell_ids=np.append(first.cell_ids, 10**6)),))


@pytest.mark.parametrize("block", [False, True])
@pytest.mark.parametrize("cell_type", CELL_TYPES)
def test_two_cells_with_the_same_nodes_are_named(cell_type, block):
    mesh = box_mesh(cell_type, (2, 1, 1))
    with pytest.raises(FileFormatError, match="two cells have the same nodes\n  place: cells 2 and 1000000"):
        check_mesh(with_copy(mesh, block=block))


def test_the_order_of_the_nodes_does_not_matter():
    mesh = box_mesh("hex8", (2, 1, 1))
    with pytest.raises(FileFormatError, match="cells 2 and 1000000"):
        check_mesh(with_copy(mesh, order=[1, 2, 3, 0, 5, 6, 7, 4]))


def test_a_linear_and_a_quadratic_cell_of_the_same_corners_are_one_too_many():
    mesh = box_mesh("tet10", (1, 1, 1))
    corners = mesh.blocks[0].connectivity[:1, :4]
    linear = CellBlock("tet4", corners, np.array([77]), "tet_1")
    with pytest.raises(FileFormatError, match="cells 1 and 77"):
        check_mesh(replace(mesh, blocks=(*mesh.blocks, linear)))


def test_a_cell_in_two_pieces_is_refused():
    mesh = box_mesh("hex8", (2, 1, 1))
    one, two = split(mesh, np.array([0, 1]))
    twice = replace(mesh, blocks=(replace(mesh.blocks[0], cell_ids=np.array([7, 8])),))
    with pytest.raises(FileFormatError, match="two cells have the same nodes"):
        check_pieces([one, two, split(twice, np.array([0, 1]))[0]])
    with pytest.raises(FileFormatError, match="two cells have the same id"):
        check_pieces([one, two, two])


@pytest.mark.parametrize(("change", "match"), [
    (lambda m: replace(m, points=np.where(np.arange(m.n_node)[:, None] == 3, np.nan, m.points)),
     "not a finite number\n  place: node 4"),
    (lambda m: replace(m, node_ids=np.append(m.node_ids[:-1], 1)), "two nodes have the same id\n  place: node 1"),
    (lambda m: replace(m, blocks=(replace(m.blocks[0], cell_ids=np.array([5, 5])),)),
     "two cells have the same id\n  place: cell 5"),
    (lambda m: replace(m, blocks=(replace(m.blocks[0], cell_ids=np.array([5])),)), "one id a cell"),
    (lambda m: replace(m, blocks=(replace(m.blocks[0], connectivity=m.blocks[0].connectivity - 1),)),
     r"node that does not exist[\s\S]*found: -1"),
    (lambda m: replace(m, node_tags={"a": np.array([10**9])}), "place: node tag 'a'"),
    (lambda m: replace(m, cell_tags={"a": np.array([2])}), "a cell that does not exist\n  place: cell tag 'a'"),
    (lambda m: replace(m, face_tags={"a": FaceSet((FaceBlock("quad4", np.array([[0, 1, 2, -3]])),))}),
     "place: face tag 'a'"),
    (lambda m: replace(m, face_tags={"a": FaceSet((FaceBlock("quad4", np.array([[0, 1, 4, 3], [1, 4, 3, 0]])),))}),
     "a face is in a tag twice\n  place: face tag 'a'"),
])
def test_what_is_wrong_is_named(change, match):
    with pytest.raises(FileFormatError, match=match):
        check_mesh(change(box_mesh("hex8", (2, 1, 1))))


def test_an_inverted_cell_is_named_by_the_operator():
    mesh = box_mesh("hex8", (2, 1, 1))
    nodes = mesh.blocks[0].connectivity.copy()
    nodes[1] = nodes[1][[4, 5, 6, 7, 0, 1, 2, 3]]
    with pytest.raises(InputError, match=r"Jacobian[\s\S]*cell 2"):
        StrainOperator(replace(mesh, blocks=(replace(mesh.blocks[0], connectivity=nodes),)))


def test_every_way_into_romlib_refuses_a_cell_that_is_there_twice(tmp_path):
    mesh = with_copy(box_mesh("hex8", (2, 1, 1)))
    with pytest.raises(FileFormatError, match="same nodes"):
        partition(mesh, 1)
    with pytest.raises(FileFormatError, match="same nodes"), \
            SnapshotsWriter(tmp_path / "a.vtkhdf", [mesh], Model(), [0.0], {}):
        pass
    assert list(tmp_path.iterdir()) == []
