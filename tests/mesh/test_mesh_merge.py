"""Points that a file has once a cell are made one again, on request; bodies that only touch are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.spatial
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from romlib.errors import InputError, UnsupportedError
from romlib.mesh.box import box_mesh
from romlib.mesh.merge import bodies, bodies_of, merge_points, refuse_loose_cells, representatives
from romlib.mesh.operator import StrainOperator
from romlib.mesh.topology import outer_faces

CELL_TYPES = ["tet4", "tet10", "hex8", "hex20", "hex27", "wedge6", "wedge15", "pyramid5", "pyramid13"]


def cell_by_cell(mesh):
    """The same cells, each with nodes of its own."""
    nodes = mesh.blocks[0].connectivity
    block = replace(mesh.blocks[0], connectivity=np.arange(nodes.size).reshape(nodes.shape))
    flat = nodes.ravel()
    tags = {name: np.flatnonzero(np.isin(flat, where)) for name, where in mesh.node_tags.items()}
    return replace(mesh, points=mesh.points[flat], blocks=(block,), node_ids=np.arange(1, len(flat) + 1),
                   node_tags=tags, face_tags={}, node_arrays={"x": mesh.points[flat, 0]})


@pytest.mark.parametrize("cell_type", CELL_TYPES)
def test_merging_undoes_a_mesh_written_cell_by_cell(cell_type):
    whole = box_mesh(cell_type, (2, 2, 1))
    loose = cell_by_cell(whole)
    assert bodies(whole).number == 1
    assert bodies(loose).number == whole.n_cell
    merged = merge_points(loose, 1e-6)
    assert (merged.n_node, bodies(merged).number) == (whole.n_node, 1)
    assert StrainOperator(merged).weights.sum() == pytest.approx(1.0)
    assert len(outer_faces(merged).cell) == len(outer_faces(whole).cell)
    np.testing.assert_array_equal(merged.points[merged.node_tags["xmax"]][:, 0], 1.0)
    assert len(merged.node_tags["xmax"]) == len(whole.node_tags["xmax"])
    np.testing.assert_array_equal(merged.node_arrays["x"], merged.points[:, 0])


@pytest.mark.parametrize("cell_type", CELL_TYPES)
def test_cells_that_touch_without_sharing_nodes_are_counted(cell_type):
    whole = box_mesh(cell_type, (2, 2, 1))
    refuse_loose_cells(whole, Path("a"), "")
    with pytest.raises(UnsupportedError, match=rf"share no nodes[\s\S]*{whole.n_cell} bodies \(every cell"):
        refuse_loose_cells(cell_by_cell(whole), Path("a"), "merge them")


def test_two_bodies_apart_are_legitimate():
    one, other = box_mesh("hex8"), box_mesh("hex8", origin=(3, 0, 0))
    block = replace(one.blocks[0], cell_ids=np.array([1, 2]), connectivity=np.concatenate(
        [one.blocks[0].connectivity, other.blocks[0].connectivity + one.n_node]))
    both = replace(one, points=np.concatenate([one.points, other.points]), blocks=(block,),
                   node_ids=np.arange(16), node_tags={}, face_tags={})
    refuse_loose_cells(both, Path("a"), "")
    np.testing.assert_array_equal(bodies(both).of_node, np.repeat([0, 1], 8))


def test_a_node_without_cells_is_of_no_body():
    mesh = box_mesh("hex8")
    found = bodies(replace(mesh, points=np.append(mesh.points, [[9.0, 9, 9]], axis=0), node_ids=np.arange(9)))
    assert found.number == 1
    assert found.of_node.tolist() == [0] * 8 + [-1]


@pytest.mark.parametrize(("tolerance", "match"), [(2.0, "less than the shortest edge"), (-1.0, "positive"),
                                                  (np.nan, "positive"), (0.0, "positive")])
def test_a_distance_that_cannot_be_is_refused(tolerance, match):
    with pytest.raises(InputError, match=match):
        merge_points(box_mesh("hex8"), tolerance)


def test_points_at_one_place_take_no_room_for_every_pair_of_them(monkeypatch):
    searched, tree = [], scipy.spatial.cKDTree
    monkeypatch.setattr(scipy.spatial, "cKDTree", lambda points: (searched.append(len(points)), tree(points))[1])
    points = np.repeat([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]], 500, axis=0)
    np.testing.assert_array_equal(representatives(points, 0.1), np.repeat([0, 500], 500))
    assert searched == [2]


def test_a_distance_with_very_many_points_in_it_is_refused():
    with pytest.raises(InputError, match=r"has many others in it[\s\S]*shortest edge"):
        merge_points(box_mesh("hex8", (8, 8, 8)), 0.6)


@given(n_node=st.integers(1, 40), sizes=st.lists(st.integers(1, 4), max_size=12), seed=st.integers(0, 10_000))
def test_bodies_are_the_connected_components_of_the_nodes_of_cells(n_node, sizes, seed):
    rng = np.random.default_rng(seed)
    cells = [rng.integers(0, n_node, (rng.integers(1, 4), k)) for k in sizes]
    pairs = np.array([(row[0], node) for nodes in cells for row in nodes for node in row], dtype=int).reshape(-1, 2)
    graph = sparse.coo_matrix((np.ones(len(pairs)), pairs.T), shape=(n_node, n_node))
    _, label = sparse.csgraph.connected_components(graph, directed=False)
    used = np.unique(pairs)
    found = bodies_of(cells, n_node)
    expected = list(dict.fromkeys(label[used].tolist()))  # in the order of their first nodes
    assert found.number == len(expected)
    np.testing.assert_array_equal(found.of_node[used], [expected.index(one) for one in label[used].tolist()])
    assert (np.delete(found.of_node, used) == -1).all()
