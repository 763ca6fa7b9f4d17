"""VTKHDF files of others: steps, parts, and rows that contradict each other."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from romlib_converters.meshio import MeshioConverter
from vtk_family import TIMES, check, converted, motion, vtk, vtk_arrays, write_vtkhdf

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.box import box_mesh


@pytest.mark.parametrize("static", [True, False])
def test_a_vtkhdf_file_gives_what_vtk_reads(tmp_path, static):
    mesh = box_mesh("hex8", (2, 1, 1))
    path = write_vtkhdf(tmp_path / "other.vtkhdf", [mesh], static=static)
    assert MeshioConverter().can_read(path)
    reader = vtk.vtkHDFReader()
    reader.SetFileName(str(path))
    reader.UpdateInformation()
    with converted(path, tmp_path) as found:
        check(found, mesh)
        for step in range(len(TIMES)):
            reader.SetStep(step)
            reader.Update()
            grid = reader.GetOutput()
            other = vtk_arrays.vtk_to_numpy(grid.GetPointData().GetArray("displacement"))
            assert np.array_equal(vtk_arrays.vtk_to_numpy(grid.GetPoints().GetData()), found.mesh(0).points)
            assert np.array_equal(other, found.read("displacement", 0)[step])


def test_a_vtkhdf_file_in_parts_is_merged_on_request(tmp_path):
    parts = [box_mesh("hex8", (1, 1, 1)), box_mesh("hex8", (1, 1, 1), origin=(1.0, 0.0, 0.0))]
    for static in (True, False):
        path = write_vtkhdf(tmp_path / "other.vtkhdf", parts, static=static)
        with pytest.raises(UnsupportedError, match="several pieces"):
            converted(path, tmp_path)
        with converted(path, tmp_path, options={"merge": 1e-9}) as found:
            assert (found.mesh(0).n_node, found.mesh(0).n_cell) == (12, 2)
            assert np.array_equal(found.read("displacement", 0)[2], motion(found.mesh(0).points, 2.5))


@pytest.mark.parametrize(("place", "value", "match"), [
    ("Steps/PointDataOffsets/displacement", [0, 0, 24], "rows that no step names"),
    ("Steps/PointDataOffsets/displacement", [0, 12, 12], "rows that no step names"),
    ("Steps/PointDataOffsets/displacement", [0, 11, 24], "others have too"),
    ("Steps/PointDataOffsets/displacement", [0, 12], "number of steps"), ("NSteps", 2, "number of steps"),
    ("NSteps", "three", "number of steps"), ("Steps/NumberOfParts", [1], "number of steps"),
    ("NumberOfPoints", [11], "rows that no step names"), ("NumberOfCells", [1], "rows that no step names|offsets")])
def test_rows_that_no_step_names_and_those_that_two_share_in_part_are_refused(tmp_path, place, value, match):
    path = write_vtkhdf(tmp_path / "other.vtkhdf", [box_mesh("hex8", (2, 1, 1))])
    with h5py.File(path, "r+") as file:
        if place == "NSteps":
            file["VTKHDF/Steps"].attrs[place] = value
        else:
            del file[f"VTKHDF/{place}"]
            file[f"VTKHDF/{place}"] = value
    with pytest.raises(FileFormatError, match=match):
        converted(path, tmp_path)


def test_a_snapshots_file_needs_no_conversion(tmp_path):
    path = write_vtkhdf(tmp_path / "other.vtkhdf", [box_mesh("hex8", (1, 1, 1))])
    with converted(path, tmp_path):
        pass
    assert not MeshioConverter().can_read(tmp_path / "out.vtkhdf")
    with pytest.raises(InputError, match="a snapshots file of romlib's already"):
        MeshioConverter().convert(tmp_path / "out.vtkhdf", tmp_path / "again.vtkhdf")
