"""A nodal temperature in a file: by node ids, of another mesh, piece by piece."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from romlib.errors import FileFormatError, InputError
from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import Mesh
from romlib.mesh.partition import number_shared_nodes, partition
from romlib.model import Model, TableAmplitude, Temperature, TemperatureFile
from romlib.snapshots import nodal_fields
from romlib.snapshots.nodal_fields import StoredTemperature
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter

TIMES = np.array([1.0, 2.0, 4.0])


def field(points: np.ndarray) -> np.ndarray:
    """Linear in space, (n_time, n)."""
    return np.outer(TIMES, 20.0 + points @ [10.0, -3.0, 4.0])


def bar(cell_type: str = "hex8", shape=(4, 2, 2)) -> Mesh:
    return box_mesh(cell_type, shape, (4.0, 1.0, 1.0))


def written(path, mesh: Mesh, n_piece: int = 1, model: Model | None = None, name: str = "temperature"):
    pieces = [mesh] if n_piece == 1 else number_shared_nodes(partition(mesh, n_piece))
    with SnapshotsWriter(path, pieces, model or Model(), TIMES, {name: FieldSpec("node")}) as writer:
        for p, piece in enumerate(pieces):
            for k, values in enumerate(field(piece.points)):
                writer.write(name, k, p, values)
    return TemperatureFile(file=path)


@pytest.mark.parametrize("n_piece", [1, 3])
def test_the_nodes_of_a_piece_are_read_by_their_ids_whatever_the_cut(tmp_path, n_piece, monkeypatch):
    monkeypatch.setattr(nodal_fields, "_BLOCK_BYTES", 400)  # one record at a time
    mesh = bar()
    stored = StoredTemperature(written(tmp_path / "t.vtkhdf", mesh, n_piece))
    for rows in (np.arange(mesh.n_node)[::-1], np.array([7, 3, 30])):
        np.testing.assert_allclose(stored.at(mesh.node_ids[rows]), field(mesh.points)[:, rows])
        for records in ([0], [0, 2], [1, 2]):
            np.testing.assert_allclose(stored.at(mesh.node_ids[rows], records=np.array(records)),
                                       field(mesh.points)[np.ix_(records, rows)])
    assert stored.covers(mesh.n_node) and not stored.covers(mesh.n_node + 1) and not stored.notes
    with pytest.raises(InputError, match="no temperature at 2 of 3 nodes") as caught:
        stored.at(np.array([mesh.node_ids[0], 9999, 10_000]))
    assert "9999, 10000" in str(caught.value.place) and "interpolate = true" in str(caught.value.remedy)


@pytest.mark.parametrize("n_piece", [1, 3])
def test_the_blocks_of_a_history_have_all_instants_at_all_nodes(tmp_path, n_piece, monkeypatch):
    monkeypatch.setattr(nodal_fields, "_BLOCK_BYTES", 8 * 3 * 10)  # ten nodes
    stored = StoredTemperature(written(tmp_path / "t.vtkhdf", bar(), n_piece))
    blocks = list(stored.blocks())
    assert max(block.shape[1] for block in blocks) == 10 and {len(block) for block in blocks} == {3}
    found, expected = np.unique(np.concatenate(blocks, axis=1), axis=1), np.unique(field(bar().points), axis=1)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("n_piece", [1, 3])
@pytest.mark.parametrize("cell_type", ["tet4", "hex20"])
def test_a_field_of_another_mesh_is_interpolated_when_asked_for(tmp_path, cell_type, n_piece):
    source = written(tmp_path / "t.vtkhdf", bar(cell_type, (5, 3, 2)), n_piece)
    mesh = bar()
    stored = StoredTemperature(source.model_copy(update={"interpolate": True}))
    np.testing.assert_allclose(stored.at(mesh.node_ids, mesh.points), field(mesh.points), rtol=1e-6)
    assert stored.notes == []


def test_nodes_a_little_outside_are_noted_and_far_ones_refused(tmp_path):
    source = written(tmp_path / "t.vtkhdf", bar()).model_copy(update={"interpolate": True})
    stored = StoredTemperature(source)
    points = np.array([[4.01, 0.5, 0.5], [1.0, 0.5, 0.5]])
    np.testing.assert_allclose(stored.at(np.array([1, 2]), points), field(np.array([[4.0, 0.5, 0.5], [1.0, 0.5, 0.5]])))
    assert stored.notes == ["1 node outside of the mesh of t.vtkhdf, by 0.01 at most: they have the temperature "
                            "of its border"]
    with pytest.raises(InputError, match="1 of 2 nodes lie outside") as caught:
        stored.at(np.array([5, 6]), np.array([[4.31, 0.5, 0.5], [1.0, 0.5, 0.5]]))
    assert "node 5" in str(caught.value.place) and "0.31 away" in str(caught.value.found)


def test_a_run_beyond_the_times_of_the_file_is_told_that_the_temperature_is_held(tmp_path):
    stored = StoredTemperature(written(tmp_path / "t.vtkhdf", bar()))
    assert stored.notes_of(np.array([1.0, 4.0])) == []
    (note,) = stored.notes_of(np.array([0.0, 5.0]))
    assert "before its first time 1 and after its last time 4" in note


def test_the_initial_temperature_of_the_file_comes_first_where_its_records_begin_later(tmp_path):
    stored = StoredTemperature(written(tmp_path / "t.vtkhdf", bar(), model=Model(initial_temperature=15.0)))
    assert stored.times.tolist() == [0.0, 1.0, 2.0, 4.0]
    np.testing.assert_allclose(stored.at(bar().node_ids), [np.full(bar().n_node, 15.0), *field(bar().points)])


def test_a_file_without_the_field_has_that_of_its_temperature_loads(tmp_path):
    model = Model(loads={"heat": Temperature(field=3.0)},
                  amplitudes={"heat": TableAmplitude(time=(0.0, 4.0), value=(0.0, 8.0))})
    stored = StoredTemperature(written(tmp_path / "t.vtkhdf", bar(), model=model, name="other"))
    np.testing.assert_allclose(stored.at(bar().node_ids[:2]), np.outer(6.0 * TIMES, [1.0, 1.0]))


def test_what_is_no_temperature_is_refused_by_its_cause(tmp_path):
    source = written(tmp_path / "t.vtkhdf", bar())
    for change, words in (({"field": "heat"}, "no scalar field"), ({"file": tmp_path / "no.vtkhdf"}, "no such file"),
                          ({"sha256": "0" * 64}, "not the file of temperatures")):
        with pytest.raises(InputError, match=words):
            StoredTemperature(source.model_copy(update=change))
    sha256 = hashlib.sha256(source.file.read_bytes()).hexdigest()
    assert StoredTemperature(source.model_copy(update={"sha256": sha256})).times.tolist() == TIMES.tolist()
    (tmp_path / "t.txt").write_text("20 20 20")
    with pytest.raises(InputError, match="no converter reads a temperature"):
        StoredTemperature(replace_file(source, tmp_path / "t.txt"))
    (tmp_path / "d.vtkhdf").write_bytes(source.file.read_bytes()[:-400])
    with pytest.raises(FileFormatError):
        StoredTemperature(replace_file(source, tmp_path / "d.vtkhdf"))


def replace_file(source: TemperatureFile, file) -> TemperatureFile:
    return source.model_copy(update={"file": file})
