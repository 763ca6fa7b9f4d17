"""Which local basis solved which step: in the file, for VTK, and not believed where it is damaged."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from damaged_files import sealed_anew
from snapshots_example import MODEL, TIMES, mixed_mesh

from romlib.errors import FileFormatError, InputError
from romlib.snapshots import FieldSpec, SnapshotsWriter
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.tables import SNAPSHOTS

CLUSTERS = np.array([2, 2, 0, 5])


def write(path: Path, clusters: np.ndarray | None = CLUSTERS) -> Path:
    mesh = mixed_mesh()
    with SnapshotsWriter(path, [mesh], MODEL, TIMES, {"displacement": FieldSpec("node", 3)},
                         clusters=clusters) as writer:
        for step in range(len(TIMES)):
            writer.write("displacement", step, 0, np.zeros((mesh.n_node, 3)))
    return path


def test_clusters_are_read_as_written_and_other_files_have_none(tmp_path: Path) -> None:
    with Snapshots(write(tmp_path / "a.vtkhdf")) as file:
        np.testing.assert_array_equal(file.clusters, CLUSTERS)
    with Snapshots(write(tmp_path / "b.vtkhdf", None)) as file:
        assert file.clusters is None
    with pytest.raises(InputError, match="clusters are of other times"):
        write(tmp_path / "c.vtkhdf", CLUSTERS[:2])


def test_vtk_reads_the_cluster_of_each_time_as_field_data(tmp_path: Path) -> None:
    vtk_hdf = pytest.importorskip("vtkmodules.vtkIOHDF", reason="VTK is not installed")
    pyvista = pytest.importorskip("pyvista", reason="pyvista is not installed")
    reader = vtk_hdf.vtkHDFReader()
    reader.SetFileName(str(write(tmp_path / "a.vtkhdf")))
    reader.UpdateInformation()
    for time, cluster in zip(TIMES, CLUSTERS):
        reader.UpdateTimeStep(time)
        found = pyvista.wrap(reader.GetOutputDataObject(0))
        part = found if isinstance(found, pyvista.UnstructuredGrid) else pyvista.wrap(next(iter(found)))
        np.testing.assert_array_equal(part.field_data["cluster"], [cluster])


@pytest.mark.parametrize(("values", "said"), [
    ([-1, 0, 0, 0], "FieldData/cluster"), ([0, 1], "n_step = 2"), ([0.5, 1.0, 2.0, 3.0], "FieldData/cluster")])
def test_clusters_that_cannot_be_are_refused(tmp_path: Path, values: list, said: str) -> None:
    path = write(tmp_path / "a.vtkhdf")
    with h5py.File(path, "r+") as file:
        del file["VTKHDF/FieldData/cluster"]
        file["VTKHDF/FieldData/cluster"] = np.array(values)
    with pytest.raises(FileFormatError) as caught:
        sealed_anew(path, SNAPSHOTS)
        Snapshots(path)
    assert said in str(caught.value)
