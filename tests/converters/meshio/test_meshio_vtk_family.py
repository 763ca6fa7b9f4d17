"""Legacy VTK, VTKHDF, MSH with views, folders, and pieces with global ids, written and read by VTK and meshio."""

from __future__ import annotations

import struct

import h5py
import meshio
import numpy as np
import pytest
from romlib_converters.meshio import MeshioConverter

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.box import box_mesh
from romlib.mesh.elements import element
from romlib.mesh.operator import StrainOperator
from romlib.snapshots import Snapshots
from romlib.snapshots.formats import recognised
from romlib.testing import check_converter

vtk = pytest.importorskip("vtk", reason="VTK, which writes and reads these files, is not installed")
from vtk.util import numpy_support as vtk_arrays  # noqa: E402

TIMES = (0.0, 1.0, 2.5)
_WEDGE = [0, 2, 1, 3, 5, 4]  # VTK's linear wedge is turned the other way


def motion(points, time):
    x, y, z = points.T
    return 1e-3 * time * np.column_stack([x + 0.5 * y * z, 0.3 * y - x * x, 0.2 * z + 0.1 * x * y])


def grid_of(mesh, time=None, ids=None):
    """The mesh as VTK's own grid, with the displacement of a time."""
    points = vtk.vtkPoints()
    points.SetDataTypeToDouble()
    points.SetData(vtk_arrays.numpy_to_vtk(np.ascontiguousarray(mesh.points), deep=True))
    grid = vtk.vtkUnstructuredGrid()
    grid.SetPoints(points)
    for block in mesh.blocks:
        for nodes in block.connectivity:
            nodes = nodes[_WEDGE] if block.cell_type == "wedge6" else nodes
            grid.InsertNextCell(element(block.cell_type).vtk_type, len(nodes), [int(one) for one in nodes])
    if time is not None:
        values = vtk_arrays.numpy_to_vtk(np.ascontiguousarray(motion(mesh.points, time)), deep=True)
        values.SetName("displacement")
        grid.GetPointData().AddArray(values)
        grid.GetPointData().SetActiveVectors("displacement")
        stamp = vtk_arrays.numpy_to_vtk(np.array([time]), deep=True)
        stamp.SetName("TimeValue")
        grid.GetFieldData().AddArray(stamp)
    if ids is not None:
        array = vtk_arrays.numpy_to_vtk(np.asarray(ids, dtype=np.int64), deep=True)
        array.SetName("GlobalNodeId")
        grid.GetPointData().AddArray(array)
    return grid


def write_legacy(folder, mesh, binary, version=51, times=TIMES, ids=None):
    """One file a time: step_2.vtk, step_10.vtk, step_11.vtk, whose order by letters is another one."""
    for number, time in zip((2, 10, 11), times):
        writer = vtk.vtkUnstructuredGridWriter()
        writer.SetFileName(str(folder / f"step_{number}.vtk"))
        writer.SetInputData(grid_of(mesh, time, ids))
        writer.SetFileVersion(version)
        (writer.SetFileTypeToBinary if binary else writer.SetFileTypeToASCII)()
        writer.Write()
    return folder


def converted(source, tmp_path, **arguments):
    target = tmp_path / "out.vtkhdf"
    MeshioConverter().convert(source, target, **arguments)
    return Snapshots(target)


def check(found, mesh, times=TIMES, tolerance=0.0):
    back = found.mesh(0)
    assert (back.n_node, back.n_cell) == (mesh.n_node, mesh.n_cell) and np.allclose(found.times, times)
    assert np.isclose(StrainOperator(back).weights.sum(), StrainOperator(mesh).weights.sum())
    for step, time in enumerate(times):
        exact = motion(back.points, time)
        assert np.abs(found.read("displacement", 0)[step] - exact).max() <= tolerance * max(1e-9, np.abs(exact).max())


@pytest.mark.parametrize("version", [42, 51])
@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("kind", ["hex8", "tet10", "wedge6"])
def test_a_folder_of_legacy_files_is_read_in_natural_order(tmp_path, kind, binary, version):
    folder = tmp_path / "steps"
    folder.mkdir()
    mesh = box_mesh(kind, (2, 1, 1))
    write_legacy(folder, mesh, binary, version)
    assert MeshioConverter().can_read(folder) and MeshioConverter().can_read(folder / "step_2.vtk")
    assert recognised(folder / "step_*.vtk").name == "meshio"
    for source in (folder, folder / "step_*.vtk", [folder / f"step_{k}.vtk" for k in (2, 10, 11)]):
        with converted(source, tmp_path) as found:
            check(found, mesh, tolerance=0.0 if binary else 1e-5)


@pytest.mark.parametrize("suffix", [".vtk", ".vtu"])
def test_voxels_are_hexahedra_whose_nodes_run_in_rows(tmp_path, suffix):
    mesh, target = box_mesh("hex8", (2, 1, 1)), tmp_path / f"a{suffix}"
    grid = grid_of(mesh, 1.0)
    voxels = vtk.vtkUnstructuredGrid()
    voxels.DeepCopy(grid)
    voxels.SetCells(vtk.VTK_VOXEL, vtk.vtkCellArray())
    for nodes in mesh.blocks[0].connectivity[:, [0, 1, 3, 2, 4, 5, 7, 6]].tolist():
        voxels.InsertNextCell(vtk.VTK_VOXEL, 8, nodes)
    writer = vtk.vtkUnstructuredGridWriter() if suffix == ".vtk" else vtk.vtkXMLUnstructuredGridWriter()
    writer.SetFileName(str(target))
    writer.SetInputData(voxels)
    writer.Write()
    with converted(target, tmp_path, options={"times": [1.0]}) as found:
        check(found, mesh, times=(1.0,), tolerance=1e-5)


def test_cells_in_another_order_of_nodes_are_refused_with_their_numbers(tmp_path):
    mesh = box_mesh("hex8", (2, 1, 1))
    block = mesh.blocks[0]
    block.connectivity[1] = block.connectivity[1][[0, 1, 3, 2, 4, 5, 7, 6]]
    write_legacy(tmp_path, mesh, True)
    with pytest.raises(InputError, match=r"Jacobian[\s\S]*cell 1"):
        converted(tmp_path, tmp_path)


@pytest.mark.parametrize("version", [42, 51])
@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("kind", ["tet4", "wedge6"])
def test_a_legacy_file_of_any_version_is_a_mesh_for_a_study(tmp_path, kind, binary, version):
    mesh = box_mesh(kind, (2, 1, 1))
    write_legacy(tmp_path, mesh, binary, version, times=TIMES[1:2], ids=np.arange(mesh.n_node))  # of 64 bits
    back = MeshioConverter().read_mesh(tmp_path / "step_2.vtk")
    assert (back.n_node, back.n_cell) == (mesh.n_node, mesh.n_cell)
    assert np.array_equal(back.node_arrays["GlobalNodeId"], np.arange(mesh.n_node))
    assert np.isclose(StrainOperator(back).weights.sum(), StrainOperator(mesh).weights.sum())


@pytest.mark.parametrize("binary", [False, True])
def test_texts_in_a_legacy_file_do_not_hide_the_arrays_behind_them(tmp_path, binary):
    mesh = box_mesh("hex8", (3, 1, 1))
    names = vtk.vtkStringArray()
    names.SetName("names")
    for length in (3, 300, 70000):  # a length of one, two and four bytes
        names.InsertNextValue("x" * length)
    for number, time in enumerate(TIMES):
        grid = grid_of(mesh, time)
        grid.GetCellData().AddArray(names)  # written before the arrays at points
        writer = vtk.vtkUnstructuredGridWriter()
        writer.SetFileName(str(tmp_path / f"step_{number}.vtk"))
        writer.SetInputData(grid)
        (writer.SetFileTypeToBinary if binary else writer.SetFileTypeToASCII)()
        writer.Write()
    with converted(tmp_path / "step_*.vtk", tmp_path) as found:
        check(found, mesh, tolerance=0.0 if binary else 1e-5)
    whole = (tmp_path / "step_0.vtk").read_bytes()
    (tmp_path / "step_0.vtk").write_bytes(whole[:whole.index(b"x" * 300)])
    with pytest.raises(FileFormatError, match="ends before"):
        converted(tmp_path / "step_*.vtk", tmp_path)


def test_an_underscore_in_a_number_is_none_of_legacy_files_and_of_views(tmp_path):
    mesh = box_mesh("hex8", (2, 1, 1))
    write_legacy(tmp_path, mesh, False)
    write_msh(tmp_path / "a.msh", mesh)
    for name, old, new in (("step_11.vtk", "2.5", "2_5"), ("a.msh", "0.00125", "0.0_0125")):
        text = (tmp_path / name).read_text()
        assert old in text
        (tmp_path / name).write_text(text.replace(old, new, 1))
        with pytest.raises(FileFormatError, match="no number"):
            converted([tmp_path / name], tmp_path)


def test_a_legacy_file_with_arrays_of_another_length_than_its_mesh_is_refused(tmp_path):
    from romlib_converters.meshio.legacy import read_legacy

    write_legacy(tmp_path, box_mesh("hex8", (1, 1, 1)), False)
    path = sorted(tmp_path.glob("*.vtk"))[0]
    text = path.read_text()
    for place, n in (("CELL_DATA", 3), ("POINT_DATA", 2)):
        path.write_text(f"{text}\n{place} {n}\nSCALARS a float 1\nLOOKUP_TABLE default\n{'1 ' * n}\n")
        with pytest.raises(FileFormatError, match=rf"another length than the mesh(?s:.*){place}(?s:.*)found: {n}"):
            read_legacy(path)


def test_legacy_files_that_are_cut_short_or_of_another_kind_are_refused(tmp_path):
    folder = tmp_path / "steps"
    folder.mkdir()
    for binary in (False, True):
        write_legacy(folder, box_mesh("hex8", (1, 1, 1)), binary)
        whole = (folder / "step_10.vtk").read_bytes()
        for length in range(0, whole.index(b"TimeValue") + 10, 97):
            (folder / "step_10.vtk").write_bytes(whole[:length])
            with pytest.raises(InputError, match=r"step_10\.vtk|step_2\.vtk"):
                converted(folder, tmp_path)
    (folder / "step_10.vtk").write_text("# vtk DataFile Version 3.0\nx\nASCII\nDATASET POLYDATA\nPOINTS 0 float\n")
    with pytest.raises(UnsupportedError, match=r"(?s)UNSTRUCTURED_GRID.*POLYDATA"):
        converted([folder / "step_10.vtk"], tmp_path)
    (folder / "step_10.vtk").write_text("# vtk DataFile Version 3.0\nx\nASCII\nDATASET UNSTRUCTURED_GRID\n"
                                        "FIELD FieldData 1\nnames 1 900000000000000000 string\n")
    with pytest.raises(FileFormatError, match="ends before"):
        converted([folder / "step_10.vtk"], tmp_path)


def test_the_readers_of_legacy_files_and_of_vtk_agree_on_other_arrays(tmp_path):
    path = tmp_path / "a.vtk"
    path.write_text("# vtk DataFile Version 2.0\na b\nASCII\nDATASET UNSTRUCTURED_GRID\nPOINTS 4 float\n"
                    "0 0 0 1 0 0 0 1 0 0 0 1\nCELLS 1 5\n4 0 1 2 3\nCELL_TYPES 1\n10\nPOINT_DATA 4\n"
                    "SCALARS a%20b float 1\nLOOKUP_TABLE default\n1 2 3 4\nVECTORS U double\n"
                    "0 0 0 1 0 0 0 2 0 0 0 3\nTENSORS t float\n" + "1 2 3 4 5 6 7 8 9 " * 4 + "\nCELL_DATA 1\n"
                    "FIELD FieldData 1\npart 1 1 int\n7\n")
    reader = vtk.vtkUnstructuredGridReader()
    reader.SetFileName(str(path))
    reader.ReadAllScalarsOn()
    reader.Update()
    other = reader.GetOutput().GetPointData()
    from romlib_converters.meshio.legacy import read_legacy

    found = read_legacy(path)
    assert np.array_equal(found.node["a b"], vtk_arrays.vtk_to_numpy(other.GetArray("a b")))
    assert np.array_equal(found.node["U"], vtk_arrays.vtk_to_numpy(other.GetArray("U")))
    assert found.node["t"].shape == (4, 9) and found.cell["part"].tolist() == [7]


def write_vtkhdf(path, meshes, times=TIMES, static=True):
    """Parts by h5py, as the format's description has it: a static mesh once, or the mesh again at every step."""
    n_copy = 1 if static else len(times)
    with h5py.File(path, "w") as file:
        grid = file.create_group("VTKHDF")
        grid.attrs["Version"] = (2, 0)
        grid.attrs.create("Type", b"UnstructuredGrid", dtype=h5py.string_dtype("ascii", 16))
        nodes = [np.concatenate([block.connectivity.ravel() for block in mesh.blocks]) for mesh in meshes]
        grid["NumberOfPoints"] = [mesh.n_node for mesh in meshes] * n_copy
        grid["NumberOfCells"] = [mesh.n_cell for mesh in meshes] * n_copy
        grid["NumberOfConnectivityIds"] = [len(one) for one in nodes] * n_copy
        grid["Points"] = np.concatenate([mesh.points for mesh in meshes] * n_copy)
        grid["Connectivity"] = np.concatenate(nodes * n_copy)
        grid["Offsets"] = np.concatenate([np.cumsum([0, *(len(row) for block in mesh.blocks for row in
                                                          block.connectivity)]) for mesh in meshes] * n_copy)
        grid["Types"] = np.concatenate([np.full(block.n_cell, element(block.cell_type).vtk_type, dtype="u1")
                                        for mesh in meshes for block in mesh.blocks] * n_copy)
        grid["PointData/displacement"] = np.concatenate([motion(mesh.points, time) for time in times
                                                         for mesh in meshes])
        steps = grid.create_group("Steps")
        steps.attrs["NSteps"] = len(times)
        steps["Values"] = np.array(times)
        each = np.arange(len(times)) * (0 if static else 1)
        total = sum(mesh.n_node for mesh in meshes)
        steps["PartOffsets"], steps["NumberOfParts"] = each * len(meshes), np.full(len(times), len(meshes))
        steps["PointOffsets"] = each * total
        steps["CellOffsets"] = (each * sum(mesh.n_cell for mesh in meshes))[:, None]
        steps["ConnectivityIdOffsets"] = (each * sum(map(len, nodes)))[:, None]
        steps["PointDataOffsets/displacement"] = np.arange(len(times)) * total
    return path


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


def test_a_snapshots_file_needs_no_conversion(tmp_path):
    path = write_vtkhdf(tmp_path / "other.vtkhdf", [box_mesh("hex8", (1, 1, 1))])
    with converted(path, tmp_path):
        pass
    assert not MeshioConverter().can_read(tmp_path / "out.vtkhdf")
    with pytest.raises(InputError, match="a snapshots file of romlib's already"):
        MeshioConverter().convert(tmp_path / "out.vtkhdf", tmp_path / "again.vtkhdf")


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


def write_msh(path, mesh, binary=False, times=TIMES):
    """A mesh by meshio, and views in the form that gmsh documents."""
    nodes = mesh.blocks[0].connectivity
    meshio.write(path, meshio.Mesh(mesh.points, [("hexahedron", nodes)]), "gmsh22" if binary else "gmsh", binary=binary)
    with open(path, "ab") as stream:
        for step, time in enumerate(times):
            stream.write(f'$NodeData\n1\n"displacement"\n1\n{time!r}\n3\n{step}\n3\n{mesh.n_node}\n'.encode())
            for number, row in enumerate(motion(mesh.points, time).tolist(), 1):
                words = " ".join(repr(one) for one in (number, *row)) + "\n"
                stream.write(struct.pack("<i3d", number, *row) if binary else words.encode())
            stream.write(b"\n$EndNodeData\n" if binary else b"$EndNodeData\n")
    return path


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
