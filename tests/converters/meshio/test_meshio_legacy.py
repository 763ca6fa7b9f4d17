"""Legacy files of VTK, as text and binary, of both layouts of cells."""

from __future__ import annotations

import numpy as np
import pytest
from romlib_converters.meshio import MeshioConverter
from vtk_family import TIMES, check, converted, grid_of, vtk, vtk_arrays, write_legacy, write_msh

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.box import box_mesh
from romlib.mesh.operator import StrainOperator
from romlib.snapshots.formats import recognised


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
