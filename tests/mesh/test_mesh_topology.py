"""Faces of cells: those on the boundary, by all of them and by their hashes."""

import numpy as np

from romlib.mesh import topology
from romlib.mesh.box import box_mesh


def test_outer_faces_are_the_boundary_faces_of_all_also_where_hashes_are_the_same(monkeypatch):
    for kind, shape in (("hex8", (3, 2, 2)), ("tet10", (2, 2, 1)), ("wedge6", (2, 2, 2)), ("pyramid5", (2, 1, 2))):
        mesh = box_mesh(kind, shape)
        every = topology.cell_faces(mesh)
        rows = topology.boundary_faces(every)
        for at_once, hashes in ((1 << 18, topology.row_hashes), (5, topology.row_hashes),
                                (7, lambda rows: np.zeros(len(rows), dtype=np.uint64))):
            monkeypatch.setattr(topology, "_AT_ONCE", at_once)
            monkeypatch.setattr(topology, "row_hashes", hashes)
            found = topology.outer_faces(mesh)
            monkeypatch.undo()
            for name in ("corners", "cell", "block", "local"):
                assert np.array_equal(getattr(found, name), getattr(every, name)[rows]), (kind, name)
