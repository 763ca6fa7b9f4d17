"""Series of VTK's and gmsh's formats whose displacement is known, for tests of those that read them."""

from __future__ import annotations

import struct

import h5py
import meshio
import numpy as np
import pytest
from romlib_converters.meshio import MeshioConverter

from romlib.mesh.elements import element
from romlib.mesh.operator import StrainOperator
from romlib.snapshots import Snapshots

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
