"""MSH with views, pieces with global ids, folders, and what all readers of series have in common."""

from __future__ import annotations

import meshio
import numpy as np
import pytest
from romlib_converters.meshio import MeshioConverter
from vtk_family import TIMES, check, converted, grid_of, motion, vtk, write_legacy, write_msh, write_vtkhdf

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.box import box_mesh
from romlib.testing import check_converter


def test_records_of_other_views_are_counted_as_left_out(tmp_path):
    path = write_msh(tmp_path / "a.msh", box_mesh("hex8", (2, 1, 1)))
    text = path.read_bytes()
    path.write_bytes(text.replace(b'"displacement"', b'"heat"', 1))
    with converted(path, tmp_path) as found:
        assert len(found.times) == 2
        assert {one.name: one.description for one in found.model.omissions}["records_without_displacement"] == (
            "1 record of other arrays left out")
    binary = write_msh(tmp_path / "b.msh", box_mesh("hex8", (2, 1, 1)), binary=True)
    binary.write_bytes(binary.read_bytes().replace(b"3\n1\n3\n12\n", b"3\n1\n3\n11\n"))
    with pytest.raises(FileFormatError, match=r"more than it says"):
        converted(binary, tmp_path)


def test_the_mesh_of_every_format_of_a_series_is_that_of_its_first_record(tmp_path, monkeypatch):
    monkeypatch.setattr("romlib_converters.meshio.tags.read_by_meshio", pytest.fail)  # a process of its own, and slow
    mesh = box_mesh("hex8", (2, 1, 1))
    write_legacy(tmp_path, mesh, True)
    write_vtkhdf(tmp_path / "a.hdf", [mesh])
    writer = vtk.vtkXMLUnstructuredGridWriter()
    writer.SetFileName(str(tmp_path / "a.vtu"))
    writer.SetInputData(grid_of(mesh, 0.0))
    writer.Write()
    (tmp_path / "a.pvd").write_text('<VTKFile type="Collection"><Collection><DataSet timestep="0" file="a.vtu"/>'
                                    "</Collection></VTKFile>")
    for name in ("step_2.vtk", "a.hdf", "a.pvd"):
        found = MeshioConverter().read_mesh(tmp_path / name)
        assert np.array_equal(found.points, mesh.points) and found.n_cell == 2, name


def test_the_new_readers_meet_what_romlib_needs(tmp_path):
    path = write_vtkhdf(tmp_path / "a.vtkhdf", [box_mesh("hex8", (2, 1, 1))])
    check_converter(MeshioConverter(), path, displacement=motion, times=TIMES, n_node=12, n_cell=2, mutations=10)
    path = write_msh(tmp_path / "a.msh", box_mesh("hex8", (2, 1, 1)))
    check_converter(MeshioConverter(), path, displacement=motion, times=TIMES, n_node=12, n_cell=2, mutations=10)


@pytest.mark.parametrize("suffix", [".vtu", ".pvtu"])
def test_pieces_with_global_ids_are_one_mesh(tmp_path, suffix):
    whole = box_mesh("hex8", (2, 1, 1))
    parts = [box_mesh("hex8", (1, 1, 1), size=(0.5, 1.0, 1.0)),
             box_mesh("hex8", (1, 1, 1), size=(0.5, 1.0, 1.0), origin=(0.5, 0.0, 0.0))]
    ids = [[int(np.flatnonzero(np.isclose(whole.points, point).all(axis=1))[0]) + 5 for point in part.points]
           for part in parts]
    folder = tmp_path / "run"
    folder.mkdir()
    rows = []
    for step, time in enumerate(TIMES):
        for k, part in enumerate(parts):
            writer = vtk.vtkXMLUnstructuredGridWriter()
            writer.SetFileName(str(folder / f"out_{step}_{k}.vtu"))
            writer.SetInputData(grid_of(part, time, ids[k]))
            writer.Write()
            rows.append(f'<DataSet timestep="{time}" part="{k}" file="out_{step}_{k}.vtu"/>')
        (folder / f"out_{step}.pvtu").write_text(
            '<VTKFile type="PUnstructuredGrid"><PUnstructuredGrid GhostLevel="0">'
            + "".join(f'<Piece Source="out_{step}_{k}.vtu"/>' for k in (0, 1)) + "</PUnstructuredGrid></VTKFile>")
    if suffix == ".vtu":
        (folder / "out.pvd").write_text('<VTKFile type="Collection"><Collection>' + "".join(rows)
                                        + "</Collection></VTKFile>")
    with converted(folder, tmp_path) as found:
        assert (found.mesh(0).n_node, found.mesh(0).n_cell) == (12, 2)
        check(found, whole)


def test_pieces_whose_values_differ_at_one_id_are_refused(tmp_path):
    parts = [box_mesh("hex8", (1, 1, 1)), box_mesh("hex8", (1, 1, 1), origin=(1.0, 0.0, 0.0))]
    rows = []
    for k, part in enumerate(parts):  # the second one's ids say that its nodes are those of the first
        writer = vtk.vtkXMLUnstructuredGridWriter()
        writer.SetFileName(str(tmp_path / f"out_{k}.vtu"))
        writer.SetInputData(grid_of(part, 0.0, np.arange(8)))
        writer.Write()
        rows.append(f'<DataSet timestep="0" part="{k}" file="out_{k}.vtu"/>')
    (tmp_path / "out.pvd").write_text('<VTKFile type="Collection"><Collection>' + "".join(rows)
                                      + "</Collection></VTKFile>")
    with pytest.raises(FileFormatError, match="different values at one global id"):
        converted(tmp_path / "out.pvd", tmp_path)


@pytest.mark.parametrize("binary", [False, True])
def test_views_of_gmsh_are_a_history(tmp_path, binary):
    mesh = box_mesh("hex8", (2, 1, 1))
    path = write_msh(tmp_path / "a.msh", mesh, binary)
    assert MeshioConverter().can_read(path)
    with converted(path, tmp_path) as found:
        check(found, mesh)
        last = meshio.gmsh.read(path).point_data["displacement"]  # meshio has the last of several of one name
        assert np.array_equal(last, found.read("displacement", 0)[2])


def test_one_file_of_gmsh_a_time_is_a_history_too(tmp_path):
    folder, mesh = tmp_path / "views", box_mesh("hex8", (2, 1, 1))
    folder.mkdir()
    for number, (step, time) in zip((2, 10, 11), enumerate(TIMES)):
        path = write_msh(folder / f"v{number}.msh", mesh, times=(time,))
        path.write_bytes(path.read_bytes().replace(b"3\n0\n3\n", f"3\n{step}\n3\n".encode()))
    with converted(folder, tmp_path) as found:
        check(found, mesh)
    (folder / "v10.msh").write_bytes((folder / "v10.msh").read_bytes()[:-30])
    with pytest.raises(FileFormatError, match=r"v10\.msh"):
        converted(folder, tmp_path)


def test_a_folder_with_no_series_or_several_is_refused_by_what_it_has(tmp_path):
    folder = tmp_path / "x"
    folder.mkdir()
    with pytest.raises(InputError, match="no time series"):
        converted(folder, tmp_path)
    for name in ("a_1.vtk", "a_2.vtk", "b_1.vtk"):
        (folder / name).write_text("")
    with pytest.raises(InputError, match=r"(?s)several series.*a\*\.vtk, b\*\.vtk"):
        converted(folder, tmp_path)
    assert not MeshioConverter().can_read(folder)


@pytest.mark.parametrize("kinematics", ["plane strain", "axisymmetric"])
def test_plane_models_are_converted_when_the_user_says_which(tmp_path, kinematics):
    points = np.array([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [1.0, 1.0, 0.0], [2.0, 1.0, 0.0]])
    moved = 1e-3 * points @ np.diag([1.0, -0.3, 0.0])
    paths = []
    for step in (0, 1):
        paths.append(tmp_path / f"out_{step}.vtu")
        meshio.write(paths[-1], meshio.Mesh(points, [("quad", np.array([[0, 1, 3, 2]]))], {"U": step * moved}))
    times = [0.0, 1.0]
    with pytest.raises(UnsupportedError, match="kinematics"):
        converted(paths, tmp_path, options={"times": times})
    with converted(paths, tmp_path, options={"times": times, "kinematics": kinematics}) as found:
        mesh = found.mesh(0)
        assert mesh.kinematics == kinematics and mesh.points.shape == (4, 2)
        assert np.array_equal(found.read("displacement", 0)[1], moved[:, :2])
    meshio.write(paths[1], meshio.Mesh(points, [("quad", np.array([[0, 1, 3, 2]]))], {"U": moved + np.eye(3)[2]}))
    with pytest.raises(UnsupportedError, match="leaves its plane"):
        converted(paths, tmp_path, options={"times": times, "kinematics": kinematics})
