"""Faces of cells: those on the boundary, and the cells that faces of a list belong to."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from romlib.errors import FileFormatError, InputError
from romlib.mesh import face_kernels, topology
from romlib.mesh.box import box_mesh
from romlib.mesh.elements import element
from romlib.mesh.mesh import CellBlock, FaceBlock, FaceSet, Mesh
from romlib.mesh.rectangle import rectangle_mesh

KINDS = ("tet4", "hex8", "wedge6", "pyramid5", "tet10")


def loose_mesh(blocks: list[tuple[str, np.ndarray]], n_node: int) -> Mesh:
    """Any cells, whether or not they could be a body."""
    first, made = 1, []
    for kind, nodes in blocks:
        made.append(CellBlock(kind, nodes, np.arange(first, first + len(nodes)), element(kind).default_rule))
        first += len(nodes)
    return Mesh(np.zeros((n_node, 3)), tuple(made), np.arange(100, 100 + n_node))


def counted(mesh: Mesh) -> tuple[topology.CellFaces, list[tuple[int, ...]], Counter]:
    """All faces, the corners of each, and how many faces have the same."""
    every = topology.cell_faces(mesh)
    keys = [tuple(sorted(row)) for row in every.corners.tolist()]
    return every, keys, Counter(keys)


def same_faces(found: topology.CellFaces, every: topology.CellFaces, rows) -> bool:
    return all(np.array_equal(getattr(found, name), getattr(every, name)[rows])
               for name in ("corners", "cell", "block", "local"))


@given(data=st.data())
def test_outer_faces_are_those_that_are_there_once_whatever_the_cells(data):
    """Cells with a node twice, cells there twice, and faces of three cells are among them."""
    n_node = data.draw(st.integers(10, 14))
    kinds = data.draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    dtype = data.draw(st.sampled_from([np.int64, np.int32]))
    mesh = loose_mesh([(kind, rng.integers(0, n_node, (rng.integers(0, 9), element(kind).n_node), dtype=dtype))
                       for kind in kinds], n_node)
    every, keys, count = counted(mesh)
    assert same_faces(topology.outer_faces(mesh), every, [k for k, key in enumerate(keys) if count[key] == 1])


@pytest.mark.parametrize("mesh", [
    box_mesh("hex8", (3, 2, 2)), box_mesh("tet10", (2, 2, 1)), box_mesh("hex27", (2, 1, 1)),
    box_mesh("pyramid5", (2, 1, 2)), rectangle_mesh("quad8", (3, 2))])
def test_outer_faces_of_a_body_are_those_of_its_boundary(mesh):
    every, keys, count = counted(mesh)
    assert same_faces(topology.outer_faces(mesh), every, [k for k, key in enumerate(keys) if count[key] == 1])


def test_a_face_of_very_many_cells_is_no_outer_one():
    """All of them are in one bucket, which is longer than others."""
    nodes = np.column_stack([np.tile([197, 198, 199], (150, 1)), np.arange(150)])
    found = topology.outer_faces(loose_mesh([("tet4", nodes)], 200))
    assert len(found.cell) == 3 * 150
    assert not (np.sort(found.corners, axis=1)[:, 1:] == [197, 198, 199]).all(axis=1).any()


def test_few_faces_share_a_bucket_whatever_the_order_of_the_nodes():
    """Each is compared with all others of its own: of a mesh of any size there are some."""
    mesh = box_mesh("hex8", (14, 14, 14))
    shuffled = np.random.default_rng(1).permutation(mesh.n_node)
    fan = np.column_stack([np.full(3000, 3001), np.full(3000, 3002), np.arange(3000), np.arange(1, 3001)])
    nodes = mesh.blocks[0].connectivity
    for cells, n_node in ((nodes, mesh.n_node), (shuffled[nodes], mesh.n_node), (fan, 3003)):
        corners = topology.cell_faces(loose_mesh([("hex8" if cells.shape[1] == 8 else "tet4", cells)], n_node)).corners
        bucket = np.empty(len(corners), dtype=np.int64)
        face_kernels.buckets_of(corners.copy(), bucket)
        assert np.bincount(bucket).max() <= 40


def test_a_node_that_does_not_exist_is_refused_and_not_looked_up():
    with pytest.raises(InputError, match="outside the mesh"):
        topology.outer_faces(loose_mesh([("tet4", np.array([[0, 1, 2, 7]]))], 4))


@given(data=st.data())
def test_the_parent_of_a_face_is_the_first_cell_that_has_it(data):
    n_node, kinds = 12, data.draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=2))
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    mesh = loose_mesh([(kind, rng.integers(0, n_node, (6, element(kind).n_node))) for kind in kinds], n_node)
    every, keys, _ = counted(mesh)
    rows = rng.integers(0, len(keys), 9)
    triangle = every.corners[rows, 3] < 0
    wanted = [FaceBlock(kind, rng.permuted(every.corners[rows[of_kind], :n], axis=1))
              for kind, n, of_kind in (("quad4", 4, ~triangle), ("tri3", 3, triangle))]
    found = topology.parent_faces(mesh, FaceSet(tuple(wanted)))
    ordered = [*rows[~triangle], *rows[triangle]]
    assert same_faces(found, every, [keys.index(keys[row]) for row in ordered])


def test_a_face_of_no_cell_is_named_by_its_ids():
    mesh = loose_mesh([("tet4", np.array([[0, 1, 2, 3]]))], 5)
    with pytest.raises(FileFormatError, match="101, 102, 104"):
        topology.parent_faces(mesh, FaceSet((FaceBlock("tri3", np.array([[1, 0, 2], [1, 2, 4]])),)))
    assert len(topology.parent_faces(mesh, FaceSet(())).cell) == 0


@given(st.integers(0, 2**32 - 1), st.integers(2, 7))
def test_faces_in_one_bucket_are_told_apart_by_each_of_their_corners(seed, n_node):
    rng = np.random.default_rng(seed)
    cells = np.array([rng.permutation(max(n_node, 4))[:4] for _ in range(12)])
    table = np.array([[[0, 1, 2, -1], [0, 1, 3, -1], [1, 2, 3, -1], [0, 2, 3, -1]]])
    faces = np.sort(cells[:, table[0, :, :3]].reshape(-1, 3), axis=1)
    _, which, times = np.unique(faces, axis=0, return_inverse=True, return_counts=True)
    one, n = np.array([12]), len(faces)
    repeated = np.zeros(n, dtype=bool)
    face_kernels.mark_repeated(cells.ravel(), one, np.array([4]), np.array([4]), table, np.array([0, n, n]),
                               np.arange(n), repeated)
    assert repeated.tolist() == (times[which.ravel()] > 1).tolist()
