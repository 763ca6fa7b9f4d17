"""A file cut on the fly has the fields of the file, wherever its nodes and points have gone."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from sector_example import ring

from romlib.mesh.operator import StrainOperator
from romlib.mesh.partition import partition
from romlib.model import Model
from romlib.snapshots import Snapshots, SnapshotsWriter
from romlib.snapshots.recut import RecutSnapshots
from romlib.snapshots.schema import FieldSpec

pytest.importorskip("pymetis")
FIELDS = {"displacement": FieldSpec("node", 3), "internal_force": FieldSpec("node", 3),
          "stress": FieldSpec.symmetric("ip"), "temperature": FieldSpec("node", 1)}


@pytest.fixture(params=[1, 2], ids=["one piece", "two pieces"])
def path(request, tmp_path):
    """A file of a ring of 30 cells in so many pieces; internal forces are those of the stress."""
    pieces, random = partition(ring(5), request.param), np.random.default_rng(3)
    whole = {int(i): random.normal(size=(2, 4)) for piece in pieces for i in piece.node_ids}
    with SnapshotsWriter(tmp_path / "a.vtkhdf", pieces, Model(), [0.0, 1.0], FIELDS) as writer:
        for p, mesh in enumerate(pieces):
            operator = StrainOperator(mesh)
            for step in range(2):
                nodal = np.array([whole[int(i)][step] for i in mesh.node_ids])
                stress = np.random.default_rng([p, step]).normal(size=(operator.n_ip, 6))
                for name, values in (("displacement", nodal[:, :3]), ("temperature", nodal[:, 3:]), ("stress", stress),
                                     ("internal_force", operator.internal_force(stress[None])[0])):
                    writer.write(name, step, p, values)
    return tmp_path / "a.vtkhdf"


def by_ids(file, name):
    """Values by node, or by cell and number of the point; forces added up over pieces."""
    found: dict = {}
    for p in range(file.n_piece):
        mesh, values = file.mesh(p), file.read(name, p)
        assert values.shape[1] == (file.n_node(p) if file.fields[name].place == "node" else file.n_ip(p))
        if file.fields[name].place == "node":
            for i, row in zip(mesh.node_ids, np.moveaxis(values, 1, 0)):
                found[int(i)] = found.get(int(i), 0.0) + row if name == "internal_force" else row
        else:
            for i, row in zip(mesh.cell_ids, np.moveaxis(values, 1, 0).reshape(mesh.n_cell, -1)):
                found[int(i)] = row
    return found


@pytest.mark.parametrize("n_piece", [3, 4, 7])
def test_a_cut_file_has_the_fields_of_the_file(path, n_piece):
    with Snapshots(path) as file, RecutSnapshots(path, n_piece) as cut:
        assert cut.n_piece == n_piece and file.n_piece < 3
        sizes = [cut.n_cell(p) for p in range(n_piece)]
        assert sum(sizes) == file.n_cell_total and max(sizes) <= 2 * min(sizes) + 2
        for name in FIELDS:
            one, other = by_ids(file, name), by_ids(cut, name)
            assert one.keys() == other.keys()
            assert all(np.allclose(one[key], other[key], rtol=0, atol=1e-13) for key in one)
        assert np.array_equal(cut.read("stress", 1, 1), cut.read("stress", 1)[1])


def test_shared_nodes_are_those_of_several_pieces(path):
    with RecutSnapshots(path, 5) as cut:
        meshes = [cut.mesh(p) for p in range(5)]
    number: dict[int, set[int]] = {}
    for mesh in meshes:
        for i, index in zip(mesh.node_ids, mesh.shared_index):
            number.setdefault(int(i), set()).add(int(index))
    assert all(len(indices) == 1 for indices in number.values())
    count = {i: sum(i in mesh.node_ids for mesh in meshes) for i in number}
    assert {i for i in number if number[i] != {-1}} == {i for i in count if count[i] > 1}
    assert cut.n_shared == sum(n > 1 for n in count.values())


def test_a_file_with_enough_pieces_is_as_it_is(path):
    with Snapshots(path) as file, RecutSnapshots(path, file.n_piece) as same:
        assert same.n_piece == file.n_piece
        for p in range(file.n_piece):
            assert np.array_equal(same.mesh(p).node_ids, file.mesh(p).node_ids)
            assert np.array_equal(same.read("internal_force", p), file.read("internal_force", p))


def test_no_more_pieces_than_cells(path):
    with RecutSnapshots(path, 1000) as cut:
        assert cut.n_piece == cut.n_cell_total == 30
        assert [cut.n_cell(p) for p in range(30)] == [1] * 30


def test_a_file_is_cut_where_metis_is_missing(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pymetis", None)
    with Snapshots(path) as file, RecutSnapshots(path, 4) as cut:
        sizes = [cut.n_cell(p) for p in range(4)]
        assert sum(sizes) == 30 and min(sizes) >= 7 - 1 and max(sizes) <= 8 + 1
        assert by_ids(file, "temperature").keys() == by_ids(cut, "temperature").keys()
