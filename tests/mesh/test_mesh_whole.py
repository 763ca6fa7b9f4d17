"""Pieces put together are the mesh that they were cut from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.partition import number_shared_nodes, partition
from romlib.mesh.whole import Numbering, whole_mesh


def cut(kind: str = "hex20", n_piece: int = 3) -> tuple[Mesh, list[Mesh]]:
    mesh = box_mesh(kind, (4, 3, 2), (2.0, 1.5, 1.0))
    mesh = replace(mesh, node_ids=np.random.default_rng(1).permutation(10 * mesh.n_node)[:mesh.n_node],
                   node_arrays={"x": mesh.points[:, 0]}, cell_arrays={"id": mesh.cell_ids},
                   cell_tags={"half": np.flatnonzero(np.arange(mesh.n_cell) % 2)})
    return mesh, list(number_shared_nodes(partition(mesh, n_piece)))


@pytest.mark.parametrize("kind, n_piece", [("hex20", 3), ("tet10", 4), ("wedge6", 2), ("hex8", 1)])
def test_the_pieces_of_a_mesh_make_that_mesh_again(kind, n_piece):
    mesh, pieces = cut(kind, n_piece)
    whole = whole_mesh(pieces)
    np.testing.assert_array_equal(whole.node_ids, np.sort(mesh.node_ids))
    np.testing.assert_array_equal(whole.points, mesh.points[np.argsort(mesh.node_ids)])
    assert whole.shared_index is None and sorted(whole.cell_ids) == sorted(mesh.cell_ids)
    for k in np.argsort(whole.cell_ids)[:5]:  # the same nodes, in the same order in the cell
        there = np.flatnonzero(mesh.cell_ids == whole.cell_ids[k])[0]
        np.testing.assert_array_equal(whole.node_ids[whole.blocks[0].connectivity[k]],
                                      mesh.node_ids[mesh.blocks[0].connectivity[there]])
    np.testing.assert_array_equal(whole.node_arrays["x"], whole.points[:, 0])
    np.testing.assert_array_equal(whole.cell_arrays["id"], whole.cell_ids)


def test_integration_points_are_those_of_the_pieces_one_after_the_other():
    _, pieces = cut()
    found = StrainOperator(whole_mesh(pieces)).coordinates
    np.testing.assert_allclose(found, np.concatenate([StrainOperator(piece).coordinates for piece in pieces]))


def test_tags_have_the_nodes_cells_and_faces_that_the_uncut_mesh_has():
    mesh, pieces = cut()
    whole = whole_mesh(pieces)
    for name, nodes in mesh.node_tags.items():
        np.testing.assert_array_equal(whole.node_ids[whole.node_tags[name]], np.sort(mesh.node_ids[nodes]))
    assert set(whole.cell_ids[whole.cell_tags["half"]]) == set(mesh.cell_ids[mesh.cell_tags["half"]])
    for name, face_set in mesh.face_tags.items():
        def faces(of, which):
            return {frozenset(of.node_ids[face].tolist()) for block in which.blocks for face in block.connectivity}
        assert faces(whole, whole.face_tags[name]) == faces(mesh, face_set)


def test_an_array_or_a_tag_that_one_piece_lacks_is_absent_there_only():
    _, pieces = cut()
    pieces[1] = replace(pieces[1], node_arrays={}, cell_arrays={}, cell_tags={})
    whole = whole_mesh(pieces)
    numbers = Numbering.of([piece.node_ids for piece in pieces]).numbers
    alone = np.setdiff1d(numbers[1], np.concatenate([numbers[0], numbers[2]]))
    assert np.isnan(whole.node_arrays["x"][alone]).all() and np.isfinite(whole.node_arrays["x"][numbers[0]]).all()
    cells = slice(pieces[0].n_cell, pieces[0].n_cell + pieces[1].n_cell)
    assert np.isnan(whole.cell_arrays["id"][cells]).all()
    assert not np.isin(np.arange(cells.start, cells.stop), whole.cell_tags["half"]).any()


def test_values_at_the_nodes_of_pieces_are_gathered_along_any_axis():
    _, pieces = cut()
    numbering = Numbering.of([piece.node_ids for piece in pieces])
    whole = whole_mesh(pieces, numbering)
    found = numbering.gathered([np.stack([piece.points, 2.0 * piece.points]) for piece in pieces], axis=1)
    np.testing.assert_array_equal(found, np.stack([whole.points, 2.0 * whole.points]))
