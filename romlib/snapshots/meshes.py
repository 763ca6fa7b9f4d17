"""A mesh in a group of an HDF5 file: `write_mesh` and `read_mesh` lose nothing.

What they may have is in `romlib.snapshots.tables.mesh_items`. The snapshots file keeps points and connectivity in VTK's
arrays and writes the rest with `write_details`.
"""

from __future__ import annotations

from collections.abc import Sequence

import h5py
import numpy as np

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.kinematics import PLANE_STRAIN, SOLID, Kinematics, kinematics
from romlib.mesh.mesh import CellBlock, FaceBlock, FaceSet, Mesh
from romlib.snapshots.schema import key, name_of
from romlib.snapshots.tables import BLOCK_ATTRIBUTES
from romlib.storage.contents import Contents
from romlib.storage.values import check_unique

_ARRAYS = ("node_tags", "cell_tags", "node_arrays", "cell_arrays")


def write_mesh(group: h5py.Group, mesh: Mesh) -> None:
    """Write a whole mesh into an empty group: points, connectivity, ids, tags, face sets, arrays."""
    write_details(group, mesh)
    group.create_dataset("points", data=mesh.points)
    for k, block in enumerate(mesh.blocks):
        group[f"blocks/{k}"].create_dataset("connectivity", data=block.connectivity)


def read_mesh(contents: Contents, path: str) -> Mesh:
    """The mesh that `write_mesh` wrote, checked against the table; FileFormatError names what is missing or wrong."""
    connectivity = [contents.array(f"{path}/blocks/{k}/connectivity") for k in range(contents.count(f"{path}/blocks"))]
    return read_details(contents, path, contents.array(f"{path}/points"), connectivity)


def write_details(group: h5py.Group, mesh: Mesh) -> None:
    """Write all of a mesh but points and connectivity; FileFormatError where two cells have one id."""
    if mesh.blocks:
        check_unique(mesh.cell_ids, f"{group.name}, cell_ids", group.file.filename)
    group.attrs["dimension"] = mesh.dimension
    if mesh.dimension == 2:  # an older romlib, which reads files of solids, would refuse the attributes
        group.attrs["kinematics"], group.attrs["thickness"] = mesh.kinematics, float(mesh.thickness)
    group.create_dataset("node_ids", data=mesh.node_ids)
    if mesh.shared_index is not None:
        group.create_dataset("shared_index", data=mesh.shared_index)
    blocks = group.create_group("blocks")
    for k, block in enumerate(mesh.blocks):
        entry = blocks.create_group(str(k))
        for attribute in BLOCK_ATTRIBUTES:
            entry.attrs[attribute] = getattr(block, attribute)
        entry.create_dataset("cell_ids", data=block.cell_ids)
    for kind in _ARRAYS:
        _write_arrays(group.create_group(kind), getattr(mesh, kind))
    faces = group.create_group("face_tags")
    for name, face_set in mesh.face_tags.items():
        _write_face_set(faces.create_group(key(name)), face_set)


def read_details(
    contents: Contents, path: str, points: np.ndarray, connectivity: Sequence[np.ndarray]
) -> Mesh:
    """The mesh with these points, and this connectivity of each block."""
    blocks = []
    for k, nodes in enumerate(connectivity):
        block = f"{path}/blocks/{k}"
        attributes = {name: str(contents.attribute(block, name)) for name in BLOCK_ATTRIBUTES}
        blocks.append(CellBlock(connectivity=nodes, cell_ids=contents.array(f"{block}/cell_ids"), **attributes))
    if blocks:
        check_unique(np.concatenate([block.cell_ids for block in blocks]), f"{path}/blocks, cell_ids", contents.path)
    arrays = {kind: _read_arrays(contents, f"{path}/{kind}") for kind in _ARRAYS}
    faces = {name_of(name): _read_face_set(contents, f"{path}/face_tags/{name}")
             for name in contents.names(f"{path}/face_tags")}
    shared = f"{path}/shared_index"
    motion, thickness = _motion_of(contents, path)
    return Mesh(
        points=np.asarray(points, dtype=float), blocks=tuple(blocks), node_ids=contents.array(f"{path}/node_ids"),
        face_tags=faces, shared_index=contents.array(shared) if contents.has(shared) else None,
        kinematics=motion.name, thickness=thickness, node_tags=arrays["node_tags"], cell_tags=arrays["cell_tags"],
        node_arrays=arrays["node_arrays"], cell_arrays=arrays["cell_arrays"])


def _motion_of(contents: Contents, path: str) -> tuple[Kinematics, float]:
    """Kinematics and thickness; FileFormatError where they contradict the dimension."""
    said, dimension = contents.attributes(path), int(contents.attribute(path, "dimension"))
    try:
        motion = kinematics(str(said.get("kinematics", SOLID)))
    except UnsupportedError as error:
        raise UnsupportedError(error.what, file=contents.path, place=f"{path}, attribute kinematics",
                               expected=error.expected, found=error.found, remedy=error.remedy) from None
    thickness = float(said.get("thickness", 1.0))
    if motion.dimension != dimension:
        raise FileFormatError("the dimension of a mesh is not that of its kinematics", file=contents.path,
                              place=f"{path}, attribute dimension", expected=motion.dimension, found=dimension)
    if not 0.0 < thickness < np.inf or (thickness != 1.0 and motion.name != PLANE_STRAIN):
        raise FileFormatError("the thickness of a mesh is wrong", file=contents.path, found=thickness,
                              place=f"{path}, attribute thickness", expected="positive, and 1 but in plane strain")
    return motion, thickness


def _write_arrays(group: h5py.Group, arrays: dict[str, np.ndarray]) -> None:
    for name, array in arrays.items():
        array = np.asarray(array)
        if array.dtype.kind not in "biuf":
            raise InputError("an array of the mesh is not numeric", place=f"{group.name}, array {name!r}",
                             expected="numbers or true/false", found=array.dtype)
        group.create_dataset(key(name), data=array)


def _read_arrays(contents: Contents, path: str) -> dict[str, np.ndarray]:
    return {name_of(name): contents.array(f"{path}/{name}") for name in contents.names(path)}


def _write_face_set(group: h5py.Group, face_set: FaceSet) -> None:
    blocks = group.create_group("blocks")
    for k, block in enumerate(face_set.blocks):
        entry = blocks.create_group(str(k))
        entry.attrs["face_type"] = block.face_type
        entry.create_dataset("connectivity", data=block.connectivity)
    _write_arrays(group.create_group("arrays"), face_set.arrays)


def _read_face_set(contents: Contents, path: str) -> FaceSet:
    blocks = [FaceBlock(str(contents.attribute(f"{path}/blocks/{k}", "face_type")),
                        contents.array(f"{path}/blocks/{k}/connectivity"))
              for k in range(contents.count(f"{path}/blocks"))]
    return FaceSet(tuple(blocks), _read_arrays(contents, f"{path}/arrays"))
