"""A conversion holds the mesh and one record, and some arrays of the size of a list of nodes beside them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import romlib_converters.common.build as build
from romlib_converters.common.elements import SolidElement
from romlib_converters.common.history import (
    NODE,
    FieldValues,
    SolverCells,
    SolverField,
    SolverHistory,
    SolverMesh,
    convert_history,
)
from romlib_converters.common.solver_mesh import without_nodes

from romlib.identity import sketch
from romlib.mesh import merge, validity
from romlib.mesh.box import box_mesh
from romlib.snapshots import vtkhdf
from romlib.snapshots.schema import FieldSpec

TURNED = SolidElement("hex8", "hex_gauss_8", nodes=(3, 2, 1, 0, 7, 6, 5, 4))
GRID = 30  # cells along an edge


class Block(SolverHistory):
    """A block of cells that moves."""

    def __init__(self, file: Path, n: int) -> None:
        box, self.files = box_mesh("hex8", (n, n, n)), [file]
        ids = np.random.default_rng(0).permutation(box.n_node) + 1  # with a table, not by a difference
        nodes = ids[box.blocks[0].connectivity[:, [3, 2, 1, 0, 7, 6, 5, 4]]]
        self.mesh = SolverMesh(file, ids, box.points, (SolverCells(TURNED, 1 + np.arange(len(nodes)), nodes),))
        self.times, self._ids = np.arange(3.0), ids
        self.fields = {"displacement": SolverField(FieldSpec(NODE, 3))}
        self._values = 1e-3 * box.points

    def read(self, step: int) -> Mapping[str, FieldValues]:
        return {"displacement": FieldValues(self._ids, step * self._values)}

    def mesh_is_made(self) -> None:
        self.mesh = without_nodes(self.mesh)


def test_the_peak_is_a_small_multiple_of_the_mesh_and_a_record(tmp_path, monkeypatch):
    (tmp_path / "job").write_text("")
    for module, name in ((build, "_CELLS_AT_ONCE"), (validity, "_AT_ONCE"), (merge, "_AT_ONCE"), (vtkhdf, "_ROWS"),
                         (sketch, "_CHUNK")):  # what is looked at together is small beside the mesh, as of a large one
        monkeypatch.setattr(module, name, 500)

    def peak(n: int) -> int:
        tracemalloc.start()
        try:
            convert_history(Block(tmp_path / "job", n), tmp_path / "a.vtkhdf")
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(2)  # what is loaded once
    n_node, n_cell = (GRID + 1) ** 3, GRID**3
    mesh, record = n_node * (24 + 8) + n_cell * (64 + 8), 24 * n_node
    assert peak(GRID) < 2.8 * (mesh + record)


def test_a_mesh_without_its_nodes_has_all_the_rest(tmp_path):
    whole = Block(tmp_path / "job", 2).mesh
    bare = without_nodes(whole)
    assert bare.cells[0].nodes.base is None and bare.cells[0].nodes.shape == (0, 8)
    assert bare.cells[0].ids is whole.cells[0].ids and bare.node_ids is whole.node_ids and bare.points is whole.points
    assert whole.cells[0].nodes.shape == (8, 8)
