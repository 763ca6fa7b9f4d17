"""Consistent nodal forces of tractions and pressures on the faces of a tag."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from romlib.errors import InputError
from romlib.loads.plane import in_plane
from romlib.loads.scatter import scatter
from romlib.mesh.faces import loaded_faces
from romlib.mesh.mesh import FaceSet, Mesh
from romlib.model import ArrayReference, Pressure, Traction
from romlib.words import closest


def surface_force(load: Traction | Pressure, mesh: Mesh, place: str) -> np.ndarray:
    """Nodal forces at amplitude one, f_a = integral of N_a times the force per unit of undeformed area.

    A pressure is integrated exactly, on curved faces too; a traction on flat faces (parallelograms, triangles), and
    by a rule of the same degree on others.

    Parameters
    ----------
    load : its value is a number, an array of the face tag (one value a face), or a node array (interpolated).
    mesh : a piece; it has the face tag, empty where none of its faces is loaded.
    place : names the load in messages.

    Returns
    -------
    (n_node, dimension), force: in plane strain of the body's thickness, of an axisymmetric body of the circumference.
    """
    if load.faces not in mesh.face_tags:
        raise InputError(
            f"the face tag {load.faces!r} does not exist", place=place, expected="a face tag of the mesh",
            found=f"face tags {', '.join(mesh.face_tags) or 'none'}",
            remedy=closest(load.faces, list(mesh.face_tags), "correct the tag, or define it in the study"))
    faces = mesh.face_tags[load.faces]
    force = np.zeros((mesh.n_node, mesh.dimension))
    for block, value in zip(faces.blocks, _values(load.value, faces, mesh, place)):
        shape, area = loaded_faces(mesh, block)
        at_points = value @ shape.T if value.ndim == 2 else np.repeat(value[:, None], len(shape), axis=1)
        if isinstance(load, Pressure):
            density = -at_points[..., None] * area
        else:
            size = np.linalg.norm(area, axis=-1, keepdims=True)
            density = at_points[..., None] * size * in_plane(load.direction, mesh, f"{place}, direction")
        scatter(force, block.connectivity, shape.T @ density)
    return force


def _values(value: float | ArrayReference, faces: FaceSet, mesh: Mesh, place: str) -> Iterator[np.ndarray]:
    """Per block: one value a face (n_face,), or one at each of its nodes (n_face, n_a)."""
    if not isinstance(value, ArrayReference):
        for block in faces.blocks:
            yield np.full(len(block.connectivity), float(value))
        return
    name = value.array
    if name in faces.arrays:
        array = _scalar(faces.arrays[name], faces.n_face, f"{place}, face array {name!r}")
        start = 0
        for block in faces.blocks:
            yield array[start:start + len(block.connectivity)]
            start += len(block.connectivity)
    elif name in mesh.node_arrays:
        array = _scalar(mesh.node_arrays[name], mesh.n_node, f"{place}, node array {name!r}")
        for block in faces.blocks:
            yield array[block.connectivity]
    else:
        on_faces, on_nodes = ", ".join(faces.arrays) or "none", ", ".join(mesh.node_arrays) or "none"
        raise InputError(
            f"the array {name!r} does not exist", place=place, expected="an array of the face tag, or a node array",
            found=f"face arrays {on_faces}; node arrays {on_nodes}",
            remedy=closest(name, [*faces.arrays, *mesh.node_arrays], "correct the name of the array"))


def _scalar(array: np.ndarray, count: int, place: str) -> np.ndarray:
    array = np.asarray(array, dtype=float)
    if array.size != count:
        raise InputError("a load needs one number per face or node", place=place, expected=f"shape ({count},)",
                         found=f"shape {array.shape}")
    array = array.reshape(count)
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise InputError(
            "a load has a value that is not finite", place=f"{place}, position {bad[0]}", found=array[bad[0]])
    return array
