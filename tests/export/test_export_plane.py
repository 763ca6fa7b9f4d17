"""Results in two dimensions as files of others: points and vectors have a third component there, which is zero."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from plane_result import A, B, rectangle, stress_of, write_plane

import romlib
from romlib.export.export import export

pyvista = pytest.importorskip("pyvista", reason="pyvista is not installed")
meshio = pytest.importorskip("meshio", reason="meshio is not installed")
both = pytest.mark.parametrize("kinematics", ["axisymmetric", "plane strain"])


@both
@pytest.mark.parametrize("cell_type", ["quad8", "tri3", "quad4", "tri6"])
def test_vtu_and_xdmf_have_the_cells_in_the_plane(tmp_path, kinematics, cell_type):
    path = write_plane(tmp_path / "a.vtkhdf", kinematics, cell_type)
    with romlib.open(path) as result:
        mesh = result.mesh
    export(path, tmp_path / "a.vtu", steps=2)
    export(path, tmp_path / "a.xdmf")
    grid = pyvista.read(tmp_path / "a.vtu")
    assert grid.n_cells == mesh.n_cell and grid.n_points == mesh.n_node and not grid.points[:, 2].any()
    np.testing.assert_allclose(grid.point_data["displacement"], grid.points * (A, B, 0.0), atol=1e-16)
    np.testing.assert_allclose(grid.cell_data["stress"][:, :3], np.tile(stress_of(kinematics)[:3], (mesh.n_cell, 1)))
    area = grid.compute_cell_sizes(length=False, volume=False).cell_data["Area"]
    assert area.sum() == pytest.approx(2.0)
    with meshio.xdmf.TimeSeriesReader(tmp_path / "a.xdmf") as reader:
        points, (block,) = reader.read_points_cells()
        np.testing.assert_array_equal(block.data, mesh.blocks[0].connectivity)
        np.testing.assert_array_equal(points, mesh.coordinates)
        time, data, _ = reader.read_data(1)
        assert time == 0.5
        np.testing.assert_allclose(data["displacement"], 0.5 * points * (A, B, 0.0), atol=1e-16)
    vtk = pyvista.get_reader(tmp_path / "a.xdmf")
    vtk.set_active_time_value(1.0)
    there = vtk.read()
    there = there[0] if isinstance(there, pyvista.MultiBlock) else there
    assert [there.get_cell(k).point_ids for k in range(there.n_cells)] == mesh.blocks[0].connectivity.tolist()
    assert there.get_cell(0).type == grid.get_cell(0).type


@both
def test_tables_have_the_components_that_there_are(tmp_path, kinematics):
    path = write_plane(tmp_path / "a.vtkhdf", kinematics)
    export(path, tmp_path / "nodes.csv", fields=["displacement"], steps=2)
    with open(tmp_path / "nodes.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == rectangle(kinematics).n_node
    column = {name.split(" ")[0]: name for name in rows[0]}
    assert "displacement.z" not in column
    for row in rows:
        assert float(row[column["displacement.x"]]) == pytest.approx(A * float(row[column["x"]]))
        assert float(row[column["displacement.y"]]) == pytest.approx(B * float(row[column["y"]]), abs=1e-18)
