"""Constraints on a piece: the dofs that they hold, and the displacement that a prescribed one has at amplitude one."""

from __future__ import annotations

import numpy as np

from romlib.errors import InputError, UnsupportedError
from romlib.loads.nodal import nodal_components
from romlib.loads.plane import in_plane
from romlib.mesh.mesh import Mesh
from romlib.model import Constraint
from romlib.words import closest

AXES = {"x": 0, "y": 1, "z": 2}


def constrained_dofs(name: str, constraint: Constraint, mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (n,) and components (k,) that a constraint holds, or ties: of a cyclic symmetry those of both faces.

    Raises
    ------
    InputError : the mesh lacks the node tag; it lists those that there are. UnsupportedError : a component that the
        mesh does not have, or a cyclic symmetry of an axisymmetric body.
    """
    nodes = [tagged_nodes(name, tag, mesh) for tag in constraint.tags]
    axes = np.array([AXES[axis] for axis in constraint.components])
    if mesh.dimension == 2:
        axes = _plane_axes(name, constraint, mesh, axes)
    return (nodes[0] if len(nodes) == 1 else np.unique(np.concatenate(nodes))), axes


def _plane_axes(name: str, constraint: Constraint, mesh: Mesh, axes: np.ndarray) -> np.ndarray:
    """Components of a mesh of two dimensions. A relation names all three, of which the plane has two."""
    place = f"constraint {name!r}"
    if constraint.kind == "cyclic":
        raise UnsupportedError(f"a cyclic symmetry of a mesh with kinematics {mesh.kinematics!r}", place=place,
                               expected="another kind", found="cyclic", remedy="mesh the whole section, or a solid")
    if constraint.kind in ("plane", "linear"):
        if constraint.normal is not None:
            in_plane(constraint.normal, mesh, f"{place}, normal")
        return axes[axes < mesh.dimension]
    if (axes >= mesh.dimension).any():
        raise UnsupportedError(f"a mesh with kinematics {mesh.kinematics!r} has no displacement z", place=place,
                               expected="components x and y", found=", ".join(constraint.components),
                               remedy="leave z out: it is zero everywhere")
    return axes


def tagged_nodes(name: str, tag: str, mesh: Mesh) -> np.ndarray:
    """Nodes (n,) of a tag that the constraint of this name has; InputError as of `constrained_dofs`."""
    if tag not in mesh.node_tags:
        raise InputError(
            f"the node tag {tag!r} does not exist", place=f"constraint {name!r}",
            expected="a node tag of the mesh", found=f"node tags {', '.join(mesh.node_tags) or 'none'}",
            remedy=closest(tag, list(mesh.node_tags), "correct the tag, or define it in the study"))
    return np.asarray(mesh.node_tags[tag])


def prescribed_displacement(name: str, constraint: Constraint, mesh: Mesh) -> np.ndarray:
    """(n, k) of the dofs of `constrained_dofs` at amplitude one; zero where the constraint is not prescribed.

    A node array of one component holds for each component of the constraint; of a vector, each takes its own.

    Raises
    ------
    InputError : no such tag or node array, or one that is neither a scalar nor a vector, or not finite.
    """
    nodes, axes = constrained_dofs(name, constraint, mesh)
    if constraint.kind != "prescribed":
        return np.zeros((len(nodes), len(axes)))
    values = nodal_components(constraint.value, mesh, f"constraint {name!r}")[nodes]
    return np.repeat(values[:, None], len(axes), axis=1) if values.ndim == 1 else values[:, axes]
