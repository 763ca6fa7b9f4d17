"""Exported files opened by the readers of VTK, meshio, pandas, and SciPy: what they find is what romlib has."""

from __future__ import annotations

import csv
import warnings

import numpy as np
import pytest
from export_example import TIMES  # type: ignore[import-not-found]

import romlib
from romlib.export.export import export
from romlib.nodal.average import Averaging
from romlib.nodal.cells import cell_maxima, cell_means, materials_of_cells
from romlib.tensors import VTK_NAMES, von_mises, vtk_from_mandel

PAIRS = [("hex8", "wedge6"), ("hex20", "wedge15"), ("tet4", "tet4"), ("tet10", "tet10"), ("hex27", "hex27"),
         ("pyramid5", "pyramid5"), ("pyramid13", "pyramid13")]
pyvista = pytest.importorskip("pyvista", reason="pyvista is not installed")
meshio = pytest.importorskip("meshio", reason="meshio is not installed")
UNKNOWN_TO_MESHIO = (("hex20", "wedge15"), ("pyramid13", "pyramid13"))  # version 5.3 forgot them in a table


class Expected:
    """What the result has, made from the values at its integration points without the room that is tested."""

    def __init__(self, path):
        with romlib.open(path) as results:
            self.mesh = results.mesh
            self.displacement = results.displacement()
            stress, p = results.field("stress"), results.field("p")
        averaging = Averaging(self.mesh, materials_of_cells(self.mesh, ["left", "right"]))
        nodal = averaging.nodes(stress, von_mises)
        self.nodes = {"displacement": self.displacement, "stress": vtk_from_mandel(nodal),
                      "von_mises": von_mises(nodal), "p": averaging.nodes(p)[..., 0]}
        equivalent = von_mises(stress)[..., None]
        self.cells = {"stress": vtk_from_mandel(cell_means(self.mesh, stress)),
                      "von_mises": cell_means(self.mesh, equivalent)[..., 0],
                      "von_mises_max": cell_maxima(self.mesh, equivalent)[..., 0],
                      "p": cell_means(self.mesh, p)[..., 0], "p_max": cell_maxima(self.mesh, p)[..., 0]}

    def check_grid(self, grid, step, *, names=None):
        """A grid of pyvista at a step; every cell in its place, mid-side nodes between their corners."""
        np.testing.assert_allclose(grid.points, self.mesh.points)
        assert grid.n_cells == self.mesh.n_cell
        first = 0
        for block in self.mesh.blocks:
            for k in range(block.n_cell):
                np.testing.assert_array_equal(grid.get_cell(first + k).point_ids, block.connectivity[k])
            first += block.n_cell
        np.testing.assert_array_equal(grid.point_data["node_id"], self.mesh.node_ids)
        np.testing.assert_array_equal(grid.cell_data["cell_id"], self.mesh.cell_ids)
        for data, found in ((self.nodes, grid.point_data), (self.cells, grid.cell_data)):
            for name, values in data.items():
                np.testing.assert_allclose(np.asarray(found[name]), values[step], rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("pair", PAIRS)
def test_a_series_of_vtu_is_read_by_vtk_and_meshio(write, tmp_path, pair):
    path = write(*pair)
    expected, done = Expected(path), export(path, tmp_path / "series.pvd")
    assert [file.name for file in done.files] == ["series.pvd", *(f"series_{k:04d}.vtu" for k in range(3))]
    reader = pyvista.get_reader(tmp_path / "series.pvd")
    assert reader.time_values == TIMES.tolist()
    for step in range(3):
        reader.set_active_time_point(step)
        grid = reader.read()[0]
        expected.check_grid(grid, step)
        assert grid.field_data["TimeValue"] == [TIMES[step]]
        array = grid.GetPointData().GetArray("stress")
        assert [array.GetComponentName(k) for k in range(6)] == [name.upper() for name in VTK_NAMES]
        if pair in UNKNOWN_TO_MESHIO:
            continue
        mesh = meshio.read(tmp_path / "series" / f"series_{step:04d}.vtu")
        np.testing.assert_array_equal(mesh.points, expected.mesh.points)
        for block, ours in zip(mesh.cells, expected.mesh.blocks):  # meshio itself turns wedges round
            order = [0, 2, 1, 3, 5, 4] if block.type == "wedge" else slice(None)
            np.testing.assert_array_equal(block.data[:, order], ours.connectivity)
        np.testing.assert_allclose(mesh.point_data["stress"], expected.nodes["stress"][step], rtol=1e-12)
        np.testing.assert_allclose(np.concatenate(mesh.cell_data["p_max"]), expected.cells["p_max"][step], rtol=1e-12)


@pytest.mark.parametrize("pair", PAIRS)
def test_xdmf_is_read_by_vtk_and_meshio(write, tmp_path, pair):
    path = write(*pair)
    expected = Expected(path)
    export(path, tmp_path / "series.xdmf")
    reader = pyvista.get_reader(tmp_path / "series.xdmf")
    assert reader.time_values == TIMES.tolist()
    for step in range(3):
        reader.set_active_time_point(step)
        grid = reader.read()
        expected.check_grid(grid[0] if isinstance(grid, pyvista.MultiBlock) else grid, step)
    if pair in UNKNOWN_TO_MESHIO:
        return
    with meshio.xdmf.TimeSeriesReader(tmp_path / "series.xdmf") as series:
        points, cells = series.read_points_cells()
        np.testing.assert_array_equal(points, expected.mesh.points)
        np.testing.assert_array_equal(np.concatenate([block.data.ravel() for block in cells]), np.concatenate(
            [block.connectivity.ravel() for block in expected.mesh.blocks]))
        for step in range(3):
            time, nodes, of_cells = series.read_data(step)
            assert time == TIMES[step]
            for name, values in expected.nodes.items():
                np.testing.assert_allclose(nodes[name].reshape(values[step].shape), values[step], rtol=1e-12)
            np.testing.assert_allclose(np.concatenate(of_cells["von_mises_max"]),
                                       expected.cells["von_mises_max"][step], rtol=1e-12)


def _exodus_blocks(path, step):
    reader = pyvista.get_reader(path)
    reader.reader.ApplyDisplacementsOff()
    reader.reader.GenerateGlobalElementIdArrayOn()
    reader.reader.GenerateGlobalNodeIdArrayOn()
    for sets in (reader.node_sets, reader.side_sets):
        sets.enable_all()
    reader.set_active_time_value(TIMES[step])
    return reader, reader.read()


@pytest.mark.parametrize("pair", PAIRS)
def test_exodus_is_read_by_vtk_with_blocks_sets_and_values(write, tmp_path, pair):
    path = write(*pair)
    expected = Expected(path)
    export(path, tmp_path / "a.exo")
    for step in range(3):
        reader, found = _exodus_blocks(tmp_path / "a.exo", step)
        np.testing.assert_allclose(reader.time_values, TIMES)
        blocks = found["Element Blocks"]
        assert blocks.keys() == ["steel", "copper"]
        ids = np.concatenate([np.asarray(block.cell_data["ObjectId"]) for block in blocks])
        assert set(ids) == {1, 2} and sum(block.n_cells for block in blocks) == expected.mesh.n_cell
        cell_of = {number: k for k, number in enumerate(expected.mesh.cell_ids)}
        node_of = {number: k for k, number in enumerate(expected.mesh.node_ids)}
        for block, tag in zip(blocks, ("left", "right")):
            cells = [cell_of[k] for k in block.cell_data["GlobalElementId"]]
            nodes = [node_of[k] for k in block.point_data["GlobalNodeId"]]
            np.testing.assert_array_equal(np.sort(cells), np.sort(expected.mesh.cell_tags[tag]))
            np.testing.assert_allclose(block.points, expected.mesh.points[nodes])
            connectivity = {cell: nodes_of for one in expected.mesh.blocks
                            for cell, nodes_of in zip(one.cell_ids, one.connectivity)}
            for k, cell in enumerate(block.cell_data["GlobalElementId"]):
                np.testing.assert_array_equal([nodes[j] for j in block.get_cell(k).point_ids], connectivity[cell])
            np.testing.assert_allclose(block.point_data["displacement_"], expected.displacement[step][nodes])
            np.testing.assert_allclose(block.point_data["von_mises"], expected.nodes["von_mises"][step][nodes])
            np.testing.assert_allclose(block.cell_data["p_max"], expected.cells["p_max"][step][cells])
            stress = np.column_stack([block.cell_data[f"stress_{name}"] for name in VTK_NAMES]) if (
                "stress_xx" in block.cell_data) else np.asarray(block.cell_data["stress_"])
            np.testing.assert_allclose(stress, expected.cells["stress"][step][cells])
    sets = found["Side Sets"]
    for name, axis, value in (("xmin", 0, 0.0), ("zmax", 2, 1.0)):
        np.testing.assert_allclose(sets[name].points[:, axis], value)
        assert sets[name].n_cells == expected.mesh.face_tags[name].n_face
    np.testing.assert_allclose(found["Node Sets"]["far"].points[:, 0], 2.0)


def test_exodus_is_read_by_scipy_and_meshio(write, tmp_path):
    pytest.importorskip("netCDF4", reason="netCDF4, with which meshio reads Exodus, is not installed")
    from scipy.io import netcdf_file

    path = write("hex20", "tet10", n_piece=1)
    expected = Expected(path)
    export(path, tmp_path / "a.exo", ["p", "displacement"])
    with netcdf_file(tmp_path / "a.exo", mmap=False) as file:
        assert file.dimensions["time_step"] is None and file.version_byte == 2
        np.testing.assert_array_equal(file.variables["time_whole"].data, TIMES)
        np.testing.assert_allclose(file.variables["vals_nod_var1"].data, expected.nodes["p"], rtol=1e-12)
        names = [b"".join(row).rstrip(b"\0").decode() for row in file.variables["name_nod_var"].data]
        assert names == ["p", "displacement_x", "displacement_y", "displacement_z"]
        np.testing.assert_array_equal(file.variables["vals_nod_var3"].data, expected.displacement[..., 1])
    mesh = meshio.read(tmp_path / "a.exo")
    np.testing.assert_array_equal(mesh.points, expected.mesh.points)
    np.testing.assert_array_equal(mesh.cells_dict["tetra10"], expected.mesh.blocks[-1].connectivity)
    np.testing.assert_array_equal(mesh.point_sets["far"], expected.mesh.node_tags["far"])


@pytest.mark.parametrize("n_piece", [1, 3])
def test_a_table_is_read_by_pandas_without_options(write, tmp_path, n_piece):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    path = write(n_piece=n_piece)
    expected = Expected(path)
    export(path, tmp_path / "a.csv", steps="1:")
    table = pandas.read_csv(tmp_path / "a.csv")
    n = expected.mesh.n_node
    assert len(table) == 2 * n
    for step, rows in ((1, slice(0, n)), (2, slice(n, 2 * n))):
        part = table.iloc[rows]
        assert (part["step"] == step).all() and (part["time (s)"] == TIMES[step]).all()
        np.testing.assert_array_equal(part["node"], expected.mesh.node_ids)
        np.testing.assert_array_equal(part[["x (mm)", "y (mm)", "z (mm)"]], expected.mesh.points)
        for columns, values in (([f"stress.{name} (MPa)" for name in VTK_NAMES], expected.nodes["stress"]),
                                ("von_mises (MPa)", expected.nodes["von_mises"]), ("p", expected.nodes["p"]),
                                ("displacement.z (mm)", expected.displacement[..., 2])):
            np.testing.assert_allclose(part[columns], values[step], rtol=1e-12)  # pandas reads 15 digits by default


def _rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_tables_of_cells_and_of_integration_points_name_their_rows(write, tmp_path):
    path = write()
    expected = Expected(path)
    export(path, tmp_path / "c.csv", ["p"], steps=-1, at="cells")
    rows = _rows(tmp_path / "c.csv")
    assert [int(row["cell"]) for row in rows] == expected.mesh.cell_ids.tolist()
    assert [float(row["p_max"] or "nan") for row in rows] == pytest.approx(expected.cells["p_max"][2].tolist(),
                                                                           nan_ok=True)
    export(path, tmp_path / "p.csv", steps=[0], at="points")
    rows = _rows(tmp_path / "p.csv")
    with romlib.open(path) as results:
        values, mises = results.field("stress", 0), results.von_mises(0)
    assert len(rows) == len(values) == expected.mesh.points_of_cells.sum()
    np.testing.assert_allclose([float(row["von_mises (MPa)"]) for row in rows], mises, rtol=1e-12)
    assert [float(row["stress.yz (MPa)"]) for row in rows] == vtk_from_mandel(values)[:, 4].tolist()
    assert [row["point"] for row in rows[:3]] == ["1", "2", "3"]


def test_nodes_between_materials_are_written_once_for_each(write, tmp_path):
    path = write()
    expected = Expected(path)
    export(path, tmp_path / "a.vtu", split_materials=True)
    grid = pyvista.read(tmp_path / "a.vtu")
    between = int((expected.mesh.points[:, 0] == 1.0).sum())
    assert grid.n_points == expected.mesh.n_node + between
    with romlib.open(path) as results:
        stress = results.field("stress", [2])
    averaging = Averaging(expected.mesh, materials_of_cells(expected.mesh, ["left", "right"]))
    np.testing.assert_allclose(grid.point_data["stress"], vtk_from_mandel(averaging.places(stress)[0]))
    apart = grid.connectivity("all")
    assert len(np.unique(apart.point_data["RegionId"])) == 2  # no cell of one body has a node of the other
    left = np.asarray(grid.cell_data["material"]) == 0
    used = np.unique(np.concatenate([grid.get_cell(k).point_ids for k in np.flatnonzero(left)]))
    assert not np.isnan(grid.point_data["p"][used]).any()
    others = np.setdiff1d(np.arange(grid.n_points), used)
    assert np.isnan(grid.point_data["p"][others]).all()
    np.testing.assert_allclose(grid.point_data["displacement"], grid.points * 3.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        export(path, tmp_path / "a.exo", split_materials=True)
    assert _exodus_blocks(tmp_path / "a.exo", 2)[1]["Element Blocks"]["copper"].n_cells == len(
        expected.mesh.cell_tags["right"])
