"""The meshio converter carries a displacement history into a snapshots file, whole."""

from __future__ import annotations

import numpy as np
import pytest

from romlib.errors import InputError, UnsupportedError
from romlib.mesh.operator import StrainOperator
from romlib.mesh.tags import add_tags
from romlib.model import NodeTag
from romlib.snapshots import Snapshots

meshio = pytest.importorskip("meshio", reason="meshio is not installed")

from meshio_example import box_example, write_pvd, write_vtu, write_xdmf  # type: ignore[import-not-found]  # noqa: E402
from romlib_converters.meshio import MeshioConverter  # noqa: E402
from romlib_converters.meshio.xdmf import mixed_cells  # noqa: E402

CELL_TYPES = ["tet4", "tet10", "hex8", "hex20", "hex27", "wedge6", "wedge15", "pyramid5", "pyramid13"]


def convert(source, target, **arguments):
    MeshioConverter().convert(source, target, **arguments)
    return Snapshots(target)


def assert_is(snapshots, example, name="displacement"):
    """The file has the history of the example, in whatever number of pieces."""
    np.testing.assert_allclose(snapshots.times, example.times, rtol=1e-15)
    assert snapshots.n_node_total == len(example.points)
    group = example.cell[0]["group"]
    connectivity = example.cells[0][1]
    for piece in range(snapshots.n_piece):
        mesh = snapshots.mesh(piece)
        np.testing.assert_array_equal(mesh.points, example.points[mesh.node_ids])
        np.testing.assert_array_equal(mesh.node_ids[mesh.blocks[0].connectivity], connectivity[mesh.cell_ids])
        expected = np.array([arrays[name] for arrays in example.node])
        np.testing.assert_array_equal(snapshots.read("displacement", piece), expected[:, mesh.node_ids])
        assert set(mesh.node_arrays) == {"symx"}
        np.testing.assert_array_equal(mesh.node_arrays["symx"], example.node[0]["symx"][mesh.node_ids])
        assert set(mesh.cell_arrays) == {"group"}
        np.testing.assert_array_equal(mesh.cell_arrays["group"], group[mesh.cell_ids])


def surface_area_vector(mesh):
    """Integral of the outward normal over the faces of the tag "surface", by their corners (plane faces)."""
    total = np.zeros(3)
    for block in mesh.face_tags["surface"].blocks:
        n = {"tri3": 3, "tri6": 3}.get(block.face_type, 4)
        corners = mesh.points[block.connectivity[:, :n]]
        total += 0.5 * np.cross(corners, np.roll(corners, -1, axis=1)).sum(axis=(0, 1))
    return total


def test_an_array_that_is_nowhere_known_at_some_nodes_stays_where_it_does_not_change(tmp_path):
    example = box_example()
    known = np.where(example.points[:, 0] == 0.0, np.nan, example.points[:, 1])
    for arrays in example.node:
        arrays["known"] = known
    with convert(write_vtu(example, tmp_path), tmp_path / "a.vtkhdf") as snapshots:
        mesh = snapshots.mesh(0)
        np.testing.assert_array_equal(mesh.node_arrays["known"], known[mesh.node_ids])


@pytest.mark.parametrize("cell_type", CELL_TYPES)
@pytest.mark.parametrize("write", [write_xdmf, write_pvd, write_vtu], ids=["xdmf", "pvd", "vtu"])
def test_history_is_carried_over(tmp_path, cell_type, write):
    example = box_example(cell_type)
    with convert(write(example, tmp_path), tmp_path / "a.vtkhdf") as snapshots:
        assert_is(snapshots, example)
        mesh = snapshots.mesh(0)
        assert [block.cell_type for block in mesh.blocks] == [cell_type]
        assert StrainOperator(mesh).weights.sum() == pytest.approx(1.0)  # right node order, positive Jacobians
        np.testing.assert_allclose(surface_area_vector(mesh), [1, 0, 0], atol=1e-14)
        np.testing.assert_array_equal(mesh.face_tags["surface"].arrays["group"], 7)
        assert mesh.face_tags["skin"].n_face > mesh.face_tags["surface"].n_face


@pytest.mark.parametrize("data_format", ["HDF", "Binary", "XML"])
def test_xdmf_is_read_from_any_folder(tmp_path, monkeypatch, data_format):
    example = box_example("hex8")
    (tmp_path / "data").mkdir()
    write_xdmf(example, tmp_path / "data", data_format)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for source in ("../data/series.xdmf", tmp_path / "data" / "series.xdmf"):
        with convert(source, tmp_path / "a.vtkhdf") as snapshots:
            assert_is(snapshots, example)


def test_pattern_takes_files_by_their_numbers(tmp_path):
    example = box_example(n_step=4)  # out_0, out_5, out_10, out_15: the names do not sort like this
    write_vtu(example, tmp_path)
    with convert(tmp_path / "out_*.vtu", tmp_path / "a.vtkhdf") as snapshots:
        assert_is(snapshots, example)


@pytest.mark.parametrize("pieces", [1, 2, 4])
def test_cut_into_pieces(tmp_path, pieces):
    example = box_example("tet10")
    with convert(write_xdmf(example, tmp_path), tmp_path / "a.vtkhdf", pieces=pieces) as snapshots:
        assert snapshots.n_piece == pieces
        assert_is(snapshots, example)
        area = sum(surface_area_vector(snapshots.mesh(p)) for p in range(pieces))
        np.testing.assert_allclose(area, [1, 0, 0], atol=1e-14)
        cells = np.concatenate([snapshots.mesh(p).cell_ids for p in range(pieces)])
        np.testing.assert_array_equal(np.sort(cells), np.arange(len(example.cells[0][1])))


def test_tags_can_be_made_of_the_arrays(tmp_path):
    with convert(write_xdmf(box_example(), tmp_path), tmp_path / "a.vtkhdf") as snapshots:
        mesh = add_tags(snapshots.mesh(0), {"symx": NodeTag(array="symx")}, {}, {})
        np.testing.assert_array_equal(mesh.points[mesh.node_tags["symx"]][:, 0], 0)


@pytest.mark.parametrize("name", ["displacement", "Displacement", "U", "u", "DISP", "Displacement (mm)", "DEPL", "u_h",
                                  "Verschiebung"])
def test_displacement_is_found_by_its_name(tmp_path, name):
    example = box_example(name=name)
    with convert(write_xdmf(example, tmp_path), tmp_path / "a.vtkhdf") as snapshots:
        assert_is(snapshots, example, name)
        assert snapshots.fields["displacement"].original_name == name


def test_arrays_named_by_the_user_are_carried_along(tmp_path):
    example = box_example(name="a")
    for arrays in example.node:
        arrays["b"] = arrays["a"] + 1.0
    options = {"displacement": "a", "internal_force": "b", "temperature": "heat", "solver": "Mine 3"}
    with convert(write_xdmf(example, tmp_path), tmp_path / "a.vtkhdf", options=options) as snapshots:
        assert set(snapshots.fields) == {"displacement", "internal_force", "temperature"}
        np.testing.assert_array_equal(snapshots.read("internal_force", 0), [arrays["b"] for arrays in example.node])
        heat = snapshots.read("temperature", 0)[..., 0]
        np.testing.assert_array_equal(heat, [arrays["heat"] for arrays in example.node])
        assert snapshots.solver == "Mine 3"


def test_single_precision_stays_single(tmp_path):
    example = box_example()
    for arrays in example.node:
        arrays["displacement"] = arrays["displacement"].astype(np.float32)
    with convert(write_vtu(example, tmp_path), tmp_path / "a.vtkhdf") as snapshots:
        assert snapshots.fields["displacement"].dtype == "float32"
        assert_is(snapshots, example)


def test_what_is_left_out_is_listed(tmp_path):
    example = box_example()
    example.cells.append(("vertex", np.array([[0]])))
    example.cells.append(("line", np.array([[0, 1], [1, 2]])))
    for arrays in example.cell:
        arrays.update({name: np.append(values, values[[0, 0, 0]]) for name, values in arrays.items()})
    with convert(write_vtu(example, tmp_path), tmp_path / "a.vtkhdf") as snapshots:
        omissions = {omission.name: omission for omission in snapshots.model.omissions}
        assert set(omissions) == {"vertex cells", "line cells", "node array heat", "cell array energy"}
        assert [name for name, omission in omissions.items() if omission.does_work] == ["line cells"]
        assert omissions["line cells"].description.startswith("2 ")


def test_nodes_of_no_solid_cell_are_left_out(tmp_path):
    example = box_example()
    example.points = np.insert(example.points, 3, [9.0, 9.0, 9.0], axis=0)
    example.cells = [(kind, c + (c >= 3)) for kind, c in example.cells]
    example.node = [{name: np.insert(values, 3, 5, axis=0) for name, values in arrays.items()}
                    for arrays in example.node]
    example.node[1]["displacement"][3] = np.nan  # what becomes of it does not matter
    with convert(write_xdmf(example, tmp_path), tmp_path / "a.vtkhdf") as snapshots:
        mesh = snapshots.mesh(0)
        assert 3 not in mesh.node_ids
        assert mesh.n_node == len(example.points) - 1
        np.testing.assert_array_equal(
            snapshots.read("displacement", 0, 2), example.node[2]["displacement"][mesh.node_ids])


def test_quadrature_is_the_default_or_as_stated(tmp_path):
    source = write_xdmf(box_example("hex20"), tmp_path)
    with convert(source, tmp_path / "a.vtkhdf") as snapshots:
        assert snapshots.mesh(0).blocks[0].quadrature == "hex_gauss_27"
    with convert(source, tmp_path / "a.vtkhdf", options={"quadrature": {"hex20": "hex_gauss_8"}}) as snapshots:
        assert snapshots.mesh(0).blocks[0].quadrature == "hex_gauss_8"
        assert snapshots.n_ip_total == 4 * 8


def test_a_formulation_is_standard_or_as_stated(tmp_path):
    source = write_xdmf(box_example("hex8"), tmp_path)
    with convert(source, tmp_path / "a.vtkhdf") as snapshots:
        assert snapshots.mesh(0).blocks[0].formulation == "standard"
    with convert(source, tmp_path / "a.vtkhdf", options={"formulation": {"hex8": "B-bar"}}) as snapshots:
        assert snapshots.mesh(0).blocks[0].formulation == "B-bar"
    for given, words in (({"hex20": "B-bar"}, "cells that the mesh lacks"), ({"hex8": "hourglass"}, "cannot be repro"),
                         ("B-bar", "by cell type")):
        with pytest.raises((InputError, UnsupportedError), match=words):
            MeshioConverter().convert(source, tmp_path / "b.vtkhdf", options={"formulation": given})


def test_units_and_progress(tmp_path):
    calls = []

    def progress(done, total):
        calls.append((done, total))

    source = write_xdmf(box_example(), tmp_path)
    with convert(source, tmp_path / "a.vtkhdf", units="m, N, Pa, s", progress=progress) as found:
        assert found.model.units.stress == "Pa"
        assert found.model.units.length == "m"
    assert calls == [(k, 8) for k in range(1, 9)]


def test_same_input_gives_the_same_file(tmp_path):
    source = write_xdmf(box_example(), tmp_path)
    for name in ("a", "b"):
        convert(source, tmp_path / name, pieces=2).close()
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(("first", "at_rest", "stated", "expected"), [
    (0.0, True, None, 0.0), (3.0, True, None, 3.0), (3.0, False, None, 0.0), (0.0, False, -1.0, -1.0),
    (-2.0, True, None, -2.0)])
def test_initial_time(tmp_path, first, at_rest, stated, expected):
    example = box_example()
    example.times = [first + time for time in example.times]
    if not at_rest:
        example.node[0]["displacement"][:] = 1.0
    options = {} if stated is None else {"initial_time": stated}
    with convert(write_xdmf(example, tmp_path), tmp_path / "a.vtkhdf", options=options) as snapshots:
        assert snapshots.model.initial_time == expected


def test_times_can_be_given(tmp_path):
    files = write_vtu(box_example(), tmp_path, stamped=False)
    with convert(files, tmp_path / "a.vtkhdf", options={"times": [0, 1, 2, 5]}) as snapshots:
        np.testing.assert_array_equal(snapshots.times, [0, 1, 2, 5])


def test_mixed_topology_of_any_order_of_cells():
    cells = [("hexahedron20", np.arange(60).reshape(3, 20)), ("quad8", np.arange(8)[None]),
             ("line", np.array([[6, 6]])), ("tetra10", np.full((40, 10), 0x26)), ("quad8", np.arange(16).reshape(2, 8))]
    index = {"hexahedron20": [0x30], "quad8": [0x25], "line": [2, 2], "tetra10": [0x26]}
    flat = np.concatenate([np.concatenate([np.tile(index[kind], (len(c), 1)), c], axis=1).ravel() for kind, c in cells])
    found = mixed_cells(flat)
    assert [kind for kind, _ in found] == [kind for kind, _ in cells]
    for (_, expected), (_, connectivity) in zip(cells, found):
        np.testing.assert_array_equal(connectivity, expected)


def test_a_file_is_recognised_by_its_beginning(tmp_path):
    converter, example = MeshioConverter(), box_example(n_step=1)
    assert converter.can_read(write_xdmf(example, tmp_path))
    assert converter.can_read(write_pvd(example, tmp_path))
    assert converter.can_read(tmp_path / "out_0.vtu")
    (tmp_path / "text.vtu").write_text("hello")
    assert not converter.can_read(tmp_path / "text.vtu")
    assert not converter.can_read(tmp_path / "series.h5")
    assert not converter.can_read(tmp_path / "absent.vtu")


@pytest.mark.data
def test_kratos_plate(data_dir, tmp_path):
    source = data_dir / "kratos_plate" / "train_A95.xdmf"
    with convert(source, tmp_path / "a.vtkhdf", pieces=3, units="mm, N, MPa, s") as snapshots, \
            meshio.xdmf.TimeSeriesReader(source) as reader:
        points, _ = reader.read_points_cells()
        assert (snapshots.n_node_total, snapshots.n_cell_total, snapshots.n_ip_total) == (2499, 1920, 15360)
        meshes = [snapshots.mesh(p) for p in range(3)]
        for step in range(0, 41, 10):
            time, arrays, _ = reader.read_data(step)
            assert snapshots.times[step] == time
            for piece, mesh in enumerate(meshes):
                np.testing.assert_array_equal(points[mesh.node_ids], mesh.points)
                np.testing.assert_array_equal(snapshots.read("displacement", piece, step),
                                              arrays["displacement"][mesh.node_ids])
                for name in ("symx", "symy", "symz"):
                    np.testing.assert_array_equal(mesh.node_arrays[name], arrays[name][mesh.node_ids])
        assert sum(int((mesh.face_tags["surface"].arrays["group"] == 2).sum()) for mesh in meshes) == 60
        # the loaded end, 10 mm x 2 mm, outward +y
        np.testing.assert_allclose(sum(surface_area_vector(mesh) for mesh in meshes), [0, 20, 0], atol=1e-10)
