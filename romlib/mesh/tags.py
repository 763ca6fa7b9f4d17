"""Tags that a file lacks, resolved on a piece: by an array of the file, by a plane, or by a box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from romlib.errors import InputError
from romlib.mesh.kinematics import padded
from romlib.mesh.mesh import FaceBlock, FaceSet, Mesh
from romlib.mesh.skin import SKIN
from romlib.mesh.topology import face_corners, face_numbers
from romlib.model.tag import CellTag, FaceTag, NodeTag
from romlib.words import listed, unknown

ALL = "all"
_RELATIVE_TOLERANCE = 1e-6  # of the diagonal of the piece: single precision coordinates are good to 1e-7


class TagSet(NamedTuple):
    """Tags to add to every piece of a mesh, by name."""

    nodes: Mapping[str, NodeTag]
    faces: Mapping[str, FaceTag]
    cells: Mapping[str, CellTag]


NO_TAGS = TagSet({}, {}, {})


def add_tags(
    mesh: Mesh, nodes: Mapping[str, NodeTag], faces: Mapping[str, FaceTag], cells: Mapping[str, CellTag]
) -> Mesh:
    """The mesh with these tags besides its own; one of the same name replaces the mesh's.

    A tag may be empty on a piece; whether it is on the whole model is for the caller to find out. Planes without a
    tolerance, and boxes, take 1e-6 of the diagonal of the piece. A face tag by array looks in the face sets that have
    the array; by plane or box, in the face tag "skin".

    Raises
    ------
    InputError : unknown array, an array of several components, or no skin to look in.
    """
    node_tags = {name: np.flatnonzero(_nodes_where(mesh, tag, name)) for name, tag in nodes.items()}
    cell_tags = {name: np.flatnonzero(_cells_where(mesh, tag, name)) for name, tag in cells.items()}
    face_tags = {name: _faces_of(mesh, tag, name) for name, tag in faces.items()}
    return replace(mesh, node_tags={**mesh.node_tags, **node_tags}, cell_tags={**mesh.cell_tags, **cell_tags},
                   face_tags={**mesh.face_tags, **face_tags})


def cells_of(mesh: Mesh, tag: str) -> np.ndarray:
    """Positions of the cells of a tag; "all" always exists. InputError lists the tags where there is no such one."""
    if tag in mesh.cell_tags:
        return np.asarray(mesh.cell_tags[tag])
    if tag == ALL:
        return np.arange(mesh.n_cell)
    raise InputError("unknown cell tag", **unknown(tag, [ALL, *mesh.cell_tags]))


def _nodes_where(mesh: Mesh, tag: NodeTag | FaceTag | CellTag, name: str) -> np.ndarray:
    """Mask (n_node,) of the nodes that match: by array (of nodes), on the plane, or in the box."""
    if tag.array is not None:
        return _equal(_array(mesh.node_arrays, tag.array, "node", name), tag.value)
    tolerance = _RELATIVE_TOLERANCE * float(np.linalg.norm(np.ptp(mesh.points, axis=0))) if mesh.n_node else 0.0
    if tag.plane is not None:
        normal = np.asarray(tag.plane.normal) / np.linalg.norm(tag.plane.normal)
        distance = (padded(mesh.points) - np.asarray(tag.plane.point)) @ normal
        return np.abs(distance) <= (tolerance if tag.plane.tolerance is None else tag.plane.tolerance)
    assert tag.box is not None  # the model has made sure that there is exactly one definition
    low, high = np.asarray(tag.box.min) - tolerance, np.asarray(tag.box.max) + tolerance
    points = padded(mesh.points)
    return np.all((points >= low) & (points <= high), axis=1)


def _cells_where(mesh: Mesh, tag: CellTag, name: str) -> np.ndarray:
    if tag.array is not None:
        return _equal(_array(mesh.cell_arrays, tag.array, "cell", name), tag.value)
    inside = _nodes_where(mesh, tag, name)
    return np.concatenate([np.empty(0, dtype=bool), *(inside[b.connectivity].all(axis=1) for b in mesh.blocks)])


def _faces_of(mesh: Mesh, tag: FaceTag, name: str) -> FaceSet:
    if tag.array is None:
        if SKIN not in mesh.face_tags:
            raise InputError("a face tag by plane or box looks in the skin, which this mesh lacks",
                             place=f"face tag {name}", expected=f"a face tag {SKIN}", found=listed(mesh.face_tags),
                             remedy="convert the file again: converters add the skin")
        inside = _nodes_where(mesh, tag, name)
        skin = mesh.face_tags[SKIN]
        return _masked(skin, [inside[block.connectivity].all(axis=1) for block in skin.blocks])
    holders = [faces for faces in mesh.face_tags.values() if tag.array in faces.arrays]
    if not holders:
        known = {array for faces in mesh.face_tags.values() for array in faces.arrays}
        raise InputError("unknown face array", place=f"face tag {name}",
                         **unknown(tag.array, sorted(known)))
    return _union([_where_array(faces, tag, name) for faces in holders])


def _where_array(face_set: FaceSet, tag: FaceTag, name: str) -> FaceSet:
    assert tag.array is not None
    mask = _equal(_array(face_set.arrays, tag.array, "face", name), tag.value)
    return _masked(face_set, _by_block(face_set, mask))


def _by_block(face_set: FaceSet, mask: np.ndarray) -> list[np.ndarray]:
    return np.split(mask, np.cumsum([len(block.connectivity) for block in face_set.blocks])[:-1])


def _masked(face_set: FaceSet, masks: list[np.ndarray]) -> FaceSet:
    blocks = tuple(FaceBlock(block.face_type, block.connectivity[mask])
                   for block, mask in zip(face_set.blocks, masks) if mask.any())
    whole = np.concatenate([np.empty(0, dtype=bool), *masks])
    return FaceSet(blocks, {name: array[whole] for name, array in face_set.arrays.items()})


def _union(parts: list[FaceSet]) -> FaceSet:
    """All faces of the parts, each once (several tags may hold the same face), with the arrays that all parts have."""
    names = set.intersection(*(set(part.arrays) for part in parts))
    joined = FaceSet(tuple(block for part in parts for block in part.blocks),
                     {name: np.concatenate([part.arrays[name] for part in parts]) for name in names})
    _, first = np.unique(face_numbers(face_corners(joined)), return_index=True)
    keep = np.zeros(joined.n_face, dtype=bool)
    keep[first] = True
    return _masked(joined, _by_block(joined, keep))


def _array(arrays: Mapping[str, np.ndarray], array: str, place: str, tag: str) -> np.ndarray:
    if array not in arrays:
        raise InputError(f"unknown {place} array", place=f"{place} tag {tag}", **unknown(array, arrays))
    values = np.asarray(arrays[array])
    if values.ndim != 1:
        raise InputError(f"a tag needs an array of one component a {place}", place=f"{place} tag {tag}, array {array}",
                         expected="one component", found=values.shape)
    return values


def _equal(values: np.ndarray, value: float) -> np.ndarray:
    """Equality, to 1e-6 relative for floating point: files may hold single precision."""
    if np.issubdtype(values.dtype, np.floating):
        return np.isclose(values, value, rtol=1e-6, atol=1e-12)
    return values == value
