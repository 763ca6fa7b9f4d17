"""VTK's own reader opens the snapshots file and finds in it what was written."""

from __future__ import annotations

import numpy as np
import pytest
from snapshots_example import FIELDS, TIMES  # type: ignore[import-not-found]

vtk_hdf = pytest.importorskip("vtkmodules.vtkIOHDF", reason="VTK is not installed")
pytest.importorskip("pyvista", reason="pyvista is not installed")


@pytest.fixture
def read_parts(example):
    """Read the example at a time; give its parts as pyvista grids."""
    import pyvista
    from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline

    reader = vtk_hdf.vtkHDFReader()
    reader.SetFileName(str(example["path"]))
    reader.UpdateInformation()
    information = reader.GetOutputInformation(0)
    key = vtkStreamingDemandDrivenPipeline.TIME_STEPS()
    times = [information.Get(key, k) for k in range(information.Length(key))]

    def read(time):
        reader.UpdateTimeStep(time)
        output = pyvista.wrap(reader.GetOutputDataObject(0))
        parts = [output] if isinstance(output, pyvista.UnstructuredGrid) else [pyvista.wrap(part) for part in output]
        return [part for part in parts if part is not None]

    return times, read


def test_vtk_reads_times_points_cells_and_node_fields(example, read_parts):
    times, read = read_parts
    np.testing.assert_array_equal(times, TIMES)
    for step, time in enumerate(times):
        parts = read(time)
        assert len(parts) == len(example["pieces"])
        for p, (part, mesh) in enumerate(zip(parts, example["pieces"])):
            np.testing.assert_array_equal(part.points, mesh.points)
            np.testing.assert_array_equal(part.celltypes, np.full(mesh.n_cell, 12))
            np.testing.assert_array_equal(
                part.cells.reshape(-1, 9)[:, 1:], np.concatenate([b.connectivity for b in mesh.blocks]))
            for name in ("displacement", "temperature"):
                expected = example["values"][name][p][step]
                found = part.point_data[name]
                assert found.dtype == FIELDS[name].dtype
                np.testing.assert_array_equal(found.reshape(expected.shape), expected)


def test_vtk_sees_ids_and_static_arrays(example, read_parts):
    times, read = read_parts
    for part, mesh in zip(read(times[-1]), example["pieces"]):
        np.testing.assert_array_equal(part.point_data["node_id"], mesh.node_ids)
        np.testing.assert_array_equal(part.point_data["symx"], mesh.node_arrays["symx"])
        np.testing.assert_array_equal(part.cell_data["cell_id"], mesh.cell_ids)
        np.testing.assert_array_equal(part.cell_data["group"], mesh.cell_arrays["group"])


def test_pyvista_opens_the_file(example):
    import pyvista

    opened = pyvista.get_reader(str(example["path"]), force_ext=".vtkhdf").read()
    n_piece = len(example["pieces"])
    grids = [opened] if n_piece == 1 else list(opened)
    assert [grid.n_cells for grid in grids] == [mesh.n_cell for mesh in example["pieces"]]
