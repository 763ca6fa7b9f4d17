"""Structured meshes of a rectangle, of any element of two dimensions: for tests, examples and demonstrations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from romlib.errors import UnsupportedError
from romlib.mesh.box import with_midside_nodes
from romlib.mesh.elements import element
from romlib.mesh.kinematics import PLANE_STRAIN
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.mesh.skin import add_skin
from romlib.mesh.tags import add_tags
from romlib.model.tag import FaceTag, NodeTag, Plane
from romlib.words import unknown

_LINEAR = {"quad4": "quad4", "quad8": "quad4", "tri3": "tri3", "tri6": "tri3"}
_CUTS = {"quad": ((0, 1, 2, 3),), "tri": ((0, 1, 2), (0, 2, 3))}
_SIDES = {"xmin": (0, 0.0), "xmax": (0, 1.0), "ymin": (1, 0.0), "ymax": (1, 1.0)}


def rectangle_mesh(
    cell_type: str, divisions: Sequence[int] = (1, 1), size: Sequence[float] = (1.0, 1.0),
    origin: Sequence[float] = (0.0, 0.0), kinematics: str = PLANE_STRAIN, *, quadrature: str | None = None,
    thickness: float = 1.0, mapped: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Mesh:
    """A rectangle cut into nx x ny quadrangles, or these into two triangles each.

    Ids count from 1. Node tags and face tags "xmin", "xmax", "ymin", "ymax" and the face tag "skin" are set.
    `quadrature` is the element's default rule unless given. mapped : moves the points (n_node, 2) afterwards, mid-side
    nodes too, without turning a cell inside out; the tags stay on their sides.
    """
    if cell_type not in _LINEAR:
        raise UnsupportedError("no mesh of a rectangle of this element", **unknown(cell_type, _LINEAR))
    kind, linear = element(cell_type), element(_LINEAR[cell_type])
    nx, ny = divisions
    axes = [np.linspace(low, low + length, n + 1) for low, length, n in zip(origin, size, divisions)]
    y, x = np.meshgrid(axes[1], axes[0], indexing="ij")
    points = np.column_stack([x.ravel(), y.ravel()])
    j, i = (a.ravel() for a in np.meshgrid(np.arange(ny), np.arange(nx), indexing="ij"))
    row = nx + 1
    quadrangles = (i + row * j)[:, None] + np.array([0, 1, 1 + row, row])
    connectivity = quadrangles[:, np.array(_CUTS[linear.cell])].reshape(-1, linear.n_node)
    if kind.n_node > linear.n_node:
        points, connectivity = with_midside_nodes(points, connectivity, np.array(kind.edges))
    block = CellBlock(cell_type, connectivity, np.arange(1, len(connectivity) + 1), quadrature or kind.default_rule)
    mesh = Mesh(points, (block,), np.arange(1, len(points) + 1), kinematics=kinematics, thickness=thickness)
    planes = {}
    for name, (axis, end) in _SIDES.items():
        point = np.array(origin, dtype=float)
        point[axis] += end * size[axis]
        planes[name] = Plane(point=(point[0], point[1], 0.0), normal=(float(axis == 0), float(axis == 1), 0.0))
    mesh = add_tags(add_skin([mesh])[0], {name: NodeTag(plane=plane) for name, plane in planes.items()},
                    {name: FaceTag(plane=plane) for name, plane in planes.items()}, {})
    return mesh if mapped is None else Mesh(**{**mesh.__dict__, "points": mapped(mesh.points)})
