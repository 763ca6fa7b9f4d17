"""Fields at the nodes of a piece that a description names: a number, or a node array of the file."""

from __future__ import annotations

import numpy as np

from romlib.errors import InputError
from romlib.loads.plane import in_plane
from romlib.mesh.mesh import Mesh
from romlib.model import ArrayReference
from romlib.words import closest


def nodal_scalar(field: float | ArrayReference, mesh: Mesh, place: str) -> np.ndarray:
    """One finite number a node, (n_node,).

    Raises
    ------
    InputError : no such node array, more than one component, or a value that is not finite; `place` says for what.
    """
    values = nodal_components(field, mesh, place)
    if values.ndim != 1:
        raise InputError(
            f"the node array {_name(field)} is no scalar field", place=place, expected=f"shape ({mesh.n_node},)",
            found=f"shape {values.shape}")
    return values


def nodal_components(field: float | ArrayReference, mesh: Mesh, place: str) -> np.ndarray:
    """Finite numbers a node, (n_node,) or (n_node, dimension): a scalar or a vector field.

    Raises
    ------
    InputError : as above; or another number of components, of which a third has to be zero in two dimensions.
    """
    if not isinstance(field, ArrayReference):
        return np.full(mesh.n_node, float(field))
    if field.array not in mesh.node_arrays:
        raise InputError(
            f"the node array {_name(field)} does not exist", place=place, expected="a node array of the mesh",
            found=f"node arrays {', '.join(mesh.node_arrays) or 'none'}",
            remedy=closest(field.array, list(mesh.node_arrays), "correct the name of the array"))
    values = np.asarray(mesh.node_arrays[field.array], dtype=float)
    if values.size == mesh.n_node:
        values = values.reshape(mesh.n_node)
    elif values.shape not in ((mesh.n_node, mesh.dimension), (mesh.n_node, 3)):
        raise InputError(
            f"the node array {_name(field)} is neither a scalar nor a vector field", place=place,
            expected=f"shape ({mesh.n_node},) or ({mesh.n_node}, {mesh.dimension})", found=f"shape {values.shape}")
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise InputError(
            f"the node array {_name(field)} has a value that is not finite", found=values[tuple(bad[0])],
            place=f"{place}, node {int(mesh.node_ids[bad[0][0]])}", remedy="correct the array in the solver's file")
    return values if values.ndim == 1 else in_plane(values, mesh, f"{place}, node array {_name(field)}")


def _name(field: float | ArrayReference) -> str:
    return repr(field.array) if isinstance(field, ArrayReference) else repr(field)
