from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import romlib_converters.common.midsides as midsides
from romlib_converters.common.build import build
from romlib_converters.common.elements import SolidElement
from romlib_converters.common.history import (
    FieldValues,
    SolverCells,
    SolverField,
    SolverHistory,
    SolverMesh,
    convert_history,
)
from romlib_converters.common.midsides import check_midsides, complete_midsides, invented

from romlib.errors import FileFormatError
from romlib.mesh.box import box_mesh
from romlib.mesh.elements import element
from romlib.snapshots import FieldSpec, Snapshots

HEX20 = SolidElement("hex20", "hex_gauss_8")
BOX = box_mesh("hex20", (2, 1, 1))
IDS = 10 + 3 * np.arange(BOX.n_node)
NODES = IDS[BOX.blocks[0].connectivity]


def test_an_edge_that_lacks_its_node_gets_one_in_the_middle_the_same_for_all_its_cells():
    shared = set(NODES[0, 8:]) & set(NODES[1, 8:])
    missing = np.isin(NODES, list(shared)[:2])
    done = complete_midsides("hex20", NODES, missing, IDS, BOX.points)
    rows, nodes = done.cells["hex20"]
    assert rows.tolist() == [0, 1] and len(done.midpoints) == 2
    assert set(done.midpoints[:, 0]) == {IDS.max() + 1, IDS.max() + 2}
    of = dict(zip(IDS.tolist(), BOX.points))
    for new, point in zip(done.midpoints, done.points):
        assert np.allclose(point, (of[int(new[1])] + of[int(new[2])]) / 2)
    assert np.isin(nodes, done.midpoints[:, 0]).sum() == 4  # two edges, two cells
    assert "2 hex20 cells lacked" in done.note.description and "2 nodes" in done.note.description


def test_the_operator_sees_what_the_solvers_element_is():
    """Half of the dropped shape function goes to each corner: N_a + N_m / 2, which is linear along the edge."""
    kind = element("hex20")
    xi = np.random.default_rng(1).uniform(-1.0, 1.0, (9, 3))
    shape, (a, b) = kind.shape(xi), kind.edges[0]
    edge = np.linspace(-1.0, 1.0, 5)[:, None]
    on_edge = 0.5 * (kind.nodes[a] + kind.nodes[b]) + 0.5 * edge * (kind.nodes[b] - kind.nodes[a])
    dropped = kind.shape(on_edge)[:, b] + 0.5 * kind.shape(on_edge)[:, 8]
    assert np.allclose(dropped, 0.5 * (1.0 + edge[:, 0]))
    assert np.allclose(shape.sum(axis=1), 1.0)


def test_cells_without_any_mid_side_node_are_linear_ones():
    missing = np.zeros(NODES.shape, dtype=bool)
    missing[1, 8:] = True
    done = complete_midsides("hex20", NODES, missing, IDS, BOX.points)
    assert done.cells["hex8"][0].tolist() == [1] and np.array_equal(done.cells["hex8"][1], NODES[1:, :8])
    assert done.cells["hex20"][0].tolist() == [0] and not len(done.midpoints)


def test_whole_cells_stay_and_nothing_is_said():
    done = complete_midsides("hex20", NODES, np.zeros(NODES.shape, dtype=bool), IDS, BOX.points)
    assert done.note is None and np.array_equal(done.cells["hex20"][1], NODES)


def test_a_missing_corner_is_refused():
    missing = np.zeros(NODES.shape, dtype=bool)
    missing[1, 3] = True
    with pytest.raises(FileFormatError, match="lacks a corner"):
        complete_midsides("hex20", NODES, missing, IDS, BOX.points)


class Squares(SolverHistory):
    """One record of two fields, at the nodes of the solver."""

    def __init__(self, mesh, ids, points):
        self.mesh, self.files, self.times = mesh, [mesh.file], np.array([1.0])
        self.fields = {name: SolverField(FieldSpec("node", 3)) for name in ("displacement", "internal_force")}
        self.values = FieldValues(ids, points ** 2)

    def read(self, step):
        return dict.fromkeys(self.fields, self.values)


def test_results_at_an_invented_node_are_the_mean_of_its_corners_and_forces_are_left_out(tmp_path):
    gone = NODES[0, 8]
    done = complete_midsides("hex20", NODES, gone == NODES, IDS, BOX.points)
    kept = gone != IDS
    file = tmp_path / "job.results"
    file.write_text("results")

    mesh = SolverMesh(file, np.append(IDS[kept], done.midpoints[:, 0]), np.concatenate([BOX.points[kept], done.points]),
                      (SolverCells(HEX20, np.array([1, 2]), done.cells["hex20"][1]),), midpoints=done.midpoints,
                      notes=(done.note,))
    convert_history(Squares(mesh, IDS[kept], BOX.points[kept]), tmp_path / "out.vtkhdf")
    with Snapshots(tmp_path / "out.vtkhdf") as found:
        at = {int(i): u for i, u in zip(found.mesh(0).node_ids, found.read("displacement", 0)[0])}
        new, a, b = done.midpoints[0]
        assert np.array_equal(at[new], (at[a] + at[b]) / 2)
        names = [one.name for one in found.model.omissions]
        assert "internal_force" not in found.fields and {"field_internal_force", "midside_nodes"} <= set(names)


def test_nodes_in_another_order_are_seen_in_cells_at_any_number_at_a_time(monkeypatch):
    block = BOX.blocks[0]
    check_midsides("hex20", BOX.points, block.connectivity, block.cell_ids, Path("job"))
    turned = block.connectivity[:, [*range(8), *range(12, 20), *range(8, 12)]]
    with pytest.raises(FileFormatError, match="mid-side nodes are not on their edges") as caught:
        check_midsides("hex20", BOX.points, turned, np.array([71, 72]), Path("job"))
    assert "cell 71" in str(caught.value) and "2 such cells" in str(caught.value)
    monkeypatch.setattr(midsides, "_CELLS_AT_ONCE", 1)
    with pytest.raises(FileFormatError) as again:
        check_midsides("hex20", BOX.points, turned, np.array([71, 72]), Path("job"))
    assert str(again.value) == str(caught.value)
    mesh = SolverMesh(Path("job"), IDS, BOX.points, (
        SolverCells(HEX20, np.array([71, 72]), IDS[turned]),))
    with pytest.raises(FileFormatError, match="mid-side"):
        build(mesh)
    assert build(replace(mesh, cells=(replace(mesh.cells[0], nodes=NODES),))).mesh.n_cell == 2


def test_what_a_reader_invents_is_counted():
    assert "7 mid-side nodes" in invented(7, "the reader puts them there").description
