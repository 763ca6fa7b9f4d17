"""What VTK is shown of the fields at integration points: values at nodes and of cells."""

from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest

from romlib.errors import FileFormatError
from romlib.mesh.box import box_mesh
from romlib.mesh.partition import partition
from romlib.model import Constraint, Material, Model
from romlib.nodal.average import Averaging
from romlib.nodal.cells import materials_of_cells
from romlib.snapshots import FieldSpec, Snapshots, SnapshotsWriter
from romlib.snapshots.shown import nodal_data, shown_arrays
from romlib.tensors import von_mises, vtk_from_mandel

TIMES = np.array([0.0, 0.5, 2.0])
FIELDS = {"displacement": FieldSpec("node", 3), "stress": FieldSpec.symmetric("ip"),
          "plastic_strain": FieldSpec.symmetric("ip", dtype="float32"), "p": FieldSpec("ip", 1),
          "statev": FieldSpec("ip", 3)}
ELASTIC = {"young": 2e5, "poisson": 0.3}
MODEL = Model(materials={"hard": Material(law="elastic", parameters=ELASTIC, cells="hard"),
                         "soft": Material(law="elastic", parameters=ELASTIC, cells="soft")})


def _whole():
    mesh = box_mesh("hex8", (4, 2, 2))
    hard = np.flatnonzero(np.random.default_rng(1).random(mesh.n_cell) < 0.5)
    return replace(mesh, cell_tags={"hard": hard, "soft": np.setdiff1d(np.arange(mesh.n_cell), hard)},
                   cell_arrays={"p": np.arange(mesh.n_cell), "age": np.arange(mesh.n_cell)})


@pytest.fixture(scope="module", params=[1, 3])
def shown(request, tmp_path_factory):
    """A file of one or three pieces, and the fields of the whole mesh, (n_step, n_cell, 8, n_comp) and at the nodes."""
    whole, rng = _whole(), np.random.default_rng(0)
    path = tmp_path_factory.mktemp("shown") / "result.vtkhdf"
    pieces = partition(whole, request.param) if request.param > 1 else [whole]
    values = {name: rng.normal(size=(3, whole.n_cell, 8, spec.n_comp)) for name, spec in FIELDS.items()
              if spec.place == "ip"}
    values["p"][:, whole.cell_tags["soft"]] = np.nan
    values["statev"][:, whole.cell_tags["hard"], :, 2] = np.nan
    with SnapshotsWriter(path, pieces, MODEL, TIMES, FIELDS, nodal=True) as writer:
        for step in range(3):
            for piece, mesh in enumerate(pieces):
                writer.write("displacement", step, piece, mesh.points * step)
                for name, of_cells in values.items():
                    writer.write(name, step, piece, of_cells[step, mesh.cell_ids - 1].reshape(-1, of_cells.shape[-1]))
    return {"path": path, "pieces": pieces, "whole": whole, "values": values}


def _parts(path, time):
    pyvista = pytest.importorskip("pyvista", reason="pyvista is not installed")
    reader = pyvista.get_reader(str(path), force_ext=".vtkhdf")
    reader.reader.UpdateInformation()
    reader.reader.UpdateTimeStep(time)
    output = pyvista.wrap(reader.reader.GetOutputDataObject(0))
    return [output] if isinstance(output, pyvista.UnstructuredGrid) else list(output)


def test_vtk_reads_at_each_time_what_the_points_have_at_nodes_and_cells_of_every_piece(shown):
    whole, averaging = shown["whole"], Averaging(shown["whole"], materials_of_cells(shown["whole"], ["hard", "soft"]))
    for step, time in enumerate(TIMES):
        parts = _parts(shown["path"], time)
        assert len(parts) == len(shown["pieces"])
        for part, mesh in zip(parts, shown["pieces"]):
            for name, spec in FIELDS.items():
                if spec.place == "node":
                    continue
                at_points = shown["values"][name][step:step + 1]
                flat = at_points.reshape(1, -1, spec.n_comp)
                size = von_mises if name == "stress" else lambda v: np.linalg.norm(v, axis=-1)
                nodal, mean = averaging.nodes(flat, size)[0], at_points[0].mean(axis=1)
                if spec.tensor:
                    nodal, mean = vtk_from_mandel(nodal), vtk_from_mandel(mean)
                _same(part.point_data[name], nodal[mesh.node_ids - 1])
                _same(part.cell_data[name], mean[mesh.cell_ids - 1])
            equivalent = von_mises(shown["values"]["stress"][step])
            nodal = averaging.nodes(shown["values"]["stress"][step:step + 1].reshape(1, -1, 6), von_mises)[0]
            _same(part.point_data["von_mises"], von_mises(nodal)[mesh.node_ids - 1])
            _same(part.cell_data["von_mises"], equivalent.mean(axis=1)[mesh.cell_ids - 1])
            _same(part.cell_data["von_mises_max"], equivalent.max(axis=1)[mesh.cell_ids - 1])
            _same(part.cell_data["p_max"], shown["values"]["p"][step].max(axis=(1, 2))[mesh.cell_ids - 1])
            np.testing.assert_array_equal(part.cell_data["age"], mesh.cell_arrays["age"])
            np.testing.assert_array_equal(part.point_data["node_id"], mesh.node_ids)
    assert whole.n_node < sum(mesh.n_node for mesh in shown["pieces"]) or len(shown["pieces"]) == 1


def _same(found, expected):
    """To single precision; NaN at the same places."""
    np.testing.assert_allclose(np.asarray(found).reshape(expected.shape), expected, rtol=0, atol=2e-6)


def test_vtk_names_the_components_of_a_tensor_in_the_order_of_the_file(shown):
    names = pytest.importorskip("pyvista") and [
        _parts(shown["path"], 2.0)[0].GetPointData().GetArray("stress").GetComponentName(k) for k in range(6)]
    assert names == [None] * 6  # VTKHDF has no names; ParaView's own for six components are XX YY ZZ XY YZ XZ


def test_what_romlib_reads_is_the_same_with_and_without(shown, tmp_path):
    with Snapshots(shown["path"]) as snapshots:
        assert snapshots.schema_version == 3 and list(snapshots.fields) == sorted(FIELDS)
        for piece, mesh in enumerate(shown["pieces"]):
            for name, of_cells in shown["values"].items():
                found = snapshots.read(name, piece)
                expected = of_cells[:, mesh.cell_ids - 1].reshape(found.shape)
                np.testing.assert_allclose(found, expected, rtol=1e-6 if name == "plastic_strain" else 1e-14)


def _small(path, fields, nodal, **constraints):
    mesh = box_mesh("hex8", (1, 1, 1))
    with SnapshotsWriter(path, [mesh], Model(constraints=constraints), [0.0, 1.0], fields, nodal=nodal) as writer:
        for step in range(2):
            for name, spec in fields.items():
                writer.write(name, step, 0, np.full((8, spec.n_comp), step + 1.0))
    return path


def test_a_file_without_them_is_one_that_an_older_romlib_reads(tmp_path):
    plain = _small(tmp_path / "plain.vtkhdf", {"p": FieldSpec("ip")}, nodal=None)
    with nodal_data():
        asked = _small(tmp_path / "asked.vtkhdf", {"p": FieldSpec("ip")}, nodal=None)
        refused = _small(tmp_path / "refused.vtkhdf", {"p": FieldSpec("ip")}, nodal=False)
    no_points = _small(tmp_path / "nodes.vtkhdf", {"u": FieldSpec("node")}, nodal=True)
    with Snapshots(plain) as a, Snapshots(asked) as b, Snapshots(refused) as c, Snapshots(no_points) as d:
        assert [file.schema_version for file in (a, b, c, d)] == [2, 3, 2, 2]
    assert plain.read_bytes() == refused.read_bytes()


def test_a_file_with_constraints_that_an_older_romlib_does_not_know_is_one_that_it_refuses(tmp_path):
    """By its number; else it would take them for damage."""
    for name, constraint, number in (("fixed", Constraint(nodes="xmin", components=("x",)), 2),
                                     ("plane", Constraint(nodes="xmin", normal=(1, 1, 0)), 3)):
        path = _small(tmp_path / f"{name}.vtkhdf", {"p": FieldSpec("ip")}, nodal=False, foot=constraint)
        with Snapshots(path) as file:
            assert (file.schema_version, file.model.constraints["foot"]) == (number, constraint)


def test_names_that_would_be_there_twice_stand_for_the_first():
    fields = {"von_mises": FieldSpec("node"), "stress": FieldSpec.symmetric("ip"), "p": FieldSpec("ip"),
              "p_max": FieldSpec("ip")}
    found = {(array.data, array.name): (array.field, array.largest) for array in shown_arrays(fields)}
    assert ("PointData", "von_mises") not in found
    assert found[("CellData", "p_max")] == ("p_max", False)
    assert found[("CellData", "von_mises_max")] == ("stress", True)
    own = shown_arrays({"von_mises": FieldSpec("ip"), "stress": FieldSpec.symmetric("ip")})
    assert {array.field for array in own if array.name.startswith("von_mises")} == {"stress"}
    alone = shown_arrays({"von_mises": FieldSpec("ip"), "stress": FieldSpec("ip", 3)})
    assert {array.field for array in alone if array.name.startswith("von_mises")} == {"von_mises"}


def test_a_name_with_a_slash_and_a_static_array_of_the_same_name_do_no_harm(tmp_path):
    mesh = replace(box_mesh("hex8", (1, 1, 1)), cell_arrays={"p": np.ones(1)}, node_arrays={"p": np.ones(8)})
    path = tmp_path / "named.vtkhdf"
    with SnapshotsWriter(path, [mesh], Model(), [0.0], {"p": FieldSpec("ip"), "a/b": FieldSpec("ip")},
                         nodal=True) as writer:
        writer.write("p", 0, 0, np.arange(8.0))
        writer.write("a/b", 0, 0, np.arange(8.0))
    with h5py.File(path) as file:
        assert file["VTKHDF/CellData/p"][()] == [3.5] and file["VTKHDF/CellData/a%2Fb_max"][()] == [7.0]
        assert not file["VTKHDF/PointData/p"].is_virtual
    with Snapshots(path) as snapshots:
        np.testing.assert_array_equal(snapshots.mesh(0).cell_arrays["p"], [1.0])


@pytest.mark.parametrize("change", ["other size", "left over"])
def test_arrays_for_vtk_that_do_not_fit_the_file_are_refused(tmp_path, change):
    path = _small(tmp_path / "p.vtkhdf", {"p": FieldSpec("ip")}, nodal=True)
    with h5py.File(path, "r+") as file:
        group = file["VTKHDF/CellData"]
        if change == "other size":
            del group["p"]
            group["p"] = np.zeros(5, dtype=np.float32)
        else:
            group["q"] = np.zeros(2, dtype=np.float32)
    with pytest.raises(FileFormatError, match=r"p\.vtkhdf"), Snapshots(path):
        pass
