"""A mesh in a group of an HDF5 file: `write_mesh` and `read_mesh` lose nothing.

The snapshots file keeps points and connectivity in VTK's arrays and writes the rest with `write_details`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np

from romlib.errors import FileFormatError, InputError
from romlib.mesh.mesh import CellBlock, FaceBlock, FaceSet, Mesh
from romlib.snapshots.schema import key, name_of

_BLOCK_ATTRIBUTES = ("cell_type", "quadrature", "formulation", "temperature_interpolation")


def write_mesh(group: h5py.Group, mesh: Mesh) -> None:
    """Write a whole mesh into an empty group: points, connectivity, ids, tags, face sets, arrays."""
    write_details(group, mesh)
    group.create_dataset("points", data=mesh.points)
    for k, block in enumerate(mesh.blocks):
        group[f"blocks/{k}"].create_dataset("connectivity", data=block.connectivity)


def read_mesh(group: h5py.Group) -> Mesh:
    """The mesh that `write_mesh` wrote; FileFormatError names what is missing."""
    blocks = dataset_count(group, "blocks")
    return read_details(group, read_array(group, "points"),
                        [read_array(group, f"blocks/{k}/connectivity") for k in range(blocks)])


def write_details(group: h5py.Group, mesh: Mesh) -> None:
    """Write all of a mesh but points and connectivity."""
    group.attrs["dimension"] = mesh.dimension
    group.create_dataset("node_ids", data=mesh.node_ids)
    if mesh.shared_index is not None:
        group.create_dataset("shared_index", data=mesh.shared_index)
    blocks = group.create_group("blocks")
    for k, block in enumerate(mesh.blocks):
        entry = blocks.create_group(str(k))
        for attribute in _BLOCK_ATTRIBUTES:
            entry.attrs[attribute] = getattr(block, attribute)
        entry.create_dataset("cell_ids", data=block.cell_ids)
    for kind in ("node_tags", "cell_tags", "node_arrays", "cell_arrays"):
        _write_arrays(group.create_group(kind), getattr(mesh, kind))
    faces = group.create_group("face_tags")
    for name, face_set in mesh.face_tags.items():
        _write_face_set(faces.create_group(key(name)), face_set)


def read_details(group: h5py.Group, points: np.ndarray, connectivity: Sequence[np.ndarray]) -> Mesh:
    """The mesh with these points, and this connectivity of each block."""
    blocks = []
    for k, nodes in enumerate(connectivity):
        attributes = {name: str(_attribute(_group(group, f"blocks/{k}"), name)) for name in _BLOCK_ATTRIBUTES}
        blocks.append(CellBlock(connectivity=nodes, cell_ids=read_array(group, f"blocks/{k}/cell_ids"), **attributes))
    arrays = {kind: _read_arrays(group, kind) for kind in ("node_tags", "cell_tags", "node_arrays", "cell_arrays")}
    faces = {name_of(name): _read_face_set(_group(group, f"face_tags/{name}")) for name in _group(group, "face_tags")}
    return Mesh(
        points=np.asarray(points, dtype=float), blocks=tuple(blocks), node_ids=read_array(group, "node_ids"),
        face_tags=faces, shared_index=read_array(group, "shared_index") if "shared_index" in group else None,
        dimension=int(_attribute(group, "dimension")), **arrays)


def read_array(group: h5py.Group, path: str) -> np.ndarray:
    """A whole dataset; FileFormatError names the one that is missing or cannot be read."""
    item = group.get(path)
    if not isinstance(item, h5py.Dataset):
        raise FileFormatError("a part of the file is missing", file=group.file.filename,
                              place=f"{group.name}/{path}", expected="a dataset", found=type(item).__name__)
    try:
        return item[()]
    except OSError as error:
        raise FileFormatError("a part of the file cannot be read", file=group.file.filename, place=item.name,
                              found=str(error)) from error


def dataset_count(group: h5py.Group, path: str) -> int:
    """Number of entries of a subgroup."""
    return len(_group(group, path))


def _group(group: h5py.Group, path: str) -> h5py.Group:
    item = group.get(path)
    if not isinstance(item, h5py.Group):
        raise FileFormatError("a part of the file is missing", file=group.file.filename,
                              place=f"{group.name}/{path}", expected="a group", found=type(item).__name__)
    return item


def _attribute(group: h5py.Group, name: str) -> Any:
    if name not in group.attrs:
        raise FileFormatError("a part of the file is missing", file=group.file.filename, place=group.name,
                              expected=f"attribute {name}", found=", ".join(group.attrs) or "none")
    return group.attrs[name]


def _write_arrays(group: h5py.Group, arrays: dict[str, np.ndarray]) -> None:
    for name, array in arrays.items():
        array = np.asarray(array)
        if array.dtype.kind not in "biuf":
            raise InputError("an array of the mesh is not numeric", place=f"{group.name}, array {name!r}",
                             expected="numbers or true/false", found=array.dtype)
        group.create_dataset(key(name), data=array)


def _read_arrays(group: h5py.Group, path: str) -> dict[str, np.ndarray]:
    return {name_of(name): read_array(group, f"{path}/{name}") for name in _group(group, path)}


def _write_face_set(group: h5py.Group, face_set: FaceSet) -> None:
    blocks = group.create_group("blocks")
    for k, block in enumerate(face_set.blocks):
        entry = blocks.create_group(str(k))
        entry.attrs["face_type"] = block.face_type
        entry.create_dataset("connectivity", data=block.connectivity)
    _write_arrays(group.create_group("arrays"), face_set.arrays)


def _read_face_set(group: h5py.Group) -> FaceSet:
    entries = [_group(group, f"blocks/{k}") for k in range(dataset_count(group, "blocks"))]
    blocks = tuple(FaceBlock(str(_attribute(e, "face_type")), read_array(e, "connectivity")) for e in entries)
    return FaceSet(blocks, _read_arrays(group, "arrays"))
