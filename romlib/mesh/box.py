"""Structured meshes of a box, of any element: for tests, examples and demonstrations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from romlib.errors import UnsupportedError
from romlib.mesh.elements import element
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.mesh.skin import add_skin
from romlib.mesh.tags import add_tags
from romlib.model.tag import FaceTag, NodeTag, Plane
from romlib.words import unknown

# how a hexahedron is cut, each cut matching that of its neighbours; the tetrahedra share the diagonal 0-6 (Kuhn)
_CUTS = {
    "hex": ((0, 1, 2, 3, 4, 5, 6, 7),),
    "wedge": ((0, 1, 2, 4, 5, 6), (0, 2, 3, 4, 6, 7)),
    "tet": ((0, 1, 2, 6), (0, 2, 3, 6), (0, 3, 7, 6), (0, 7, 4, 6), (0, 4, 5, 6), (0, 5, 1, 6)),
    "pyramid": ((0, 3, 7, 4, 8), (1, 5, 6, 2, 8), (0, 4, 5, 1, 8), (3, 2, 6, 7, 8), (0, 1, 2, 3, 8), (4, 7, 6, 5, 8)),
}
_LINEAR = {"hex8": "hex8", "hex20": "hex8", "hex27": "hex8", "tet4": "tet4", "tet10": "tet4", "wedge6": "wedge6",
           "wedge15": "wedge6", "pyramid5": "pyramid5", "pyramid13": "pyramid5"}


def box_mesh(
    cell_type: str,
    divisions: Sequence[int] = (1, 1, 1),
    size: Sequence[float] = (1.0, 1.0, 1.0),
    origin: Sequence[float] = (0.0, 0.0, 0.0),
    quadrature: str | None = None,
) -> Mesh:
    """A box cut into nx x ny x nz hexahedra, or these into 2 wedges, 6 tetrahedra or 6 pyramids each.

    The pyramids of a hexahedron meet in its middle.

    Ids count from 1. Node tags and face tags "xmin", "xmax", "ymin", ... and the face tag "skin" are set.
    `quadrature` is the element's default rule unless given.
    """
    if cell_type not in _LINEAR:
        raise UnsupportedError("no box mesh of this element", **unknown(cell_type, _LINEAR))
    linear = element(_LINEAR[cell_type])
    nx, ny, nz = divisions
    axes = [np.linspace(low, low + length, n + 1) for low, length, n in zip(origin, size, divisions)]
    z, y, x = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    points = np.column_stack([x.ravel(), y.ravel(), z.ravel()])
    k, j, i = (a.ravel() for a in np.meshgrid(np.arange(nz), np.arange(ny), np.arange(nx), indexing="ij"))
    row, layer = nx + 1, (nx + 1) * (ny + 1)
    hexahedra = (i + row * j + layer * k)[:, None] + np.array(
        [0, 1, 1 + row, row, layer, 1 + layer, 1 + row + layer, row + layer])
    if linear.cell == "pyramid":
        middles = len(points) + np.arange(len(hexahedra))
        points = np.concatenate([points, points[hexahedra].mean(axis=1)])
        hexahedra = np.column_stack([hexahedra, middles])
    connectivity = hexahedra[:, np.array(_CUTS[linear.cell])].reshape(-1, linear.n_node)
    kind = element(cell_type)
    corners = connectivity
    if kind.n_midside:
        points, connectivity = with_midside_nodes(points, connectivity, np.array(kind.edges))
    if kind.n_node > linear.n_node + kind.n_midside:
        faces = np.array([nodes for _, nodes in linear.faces])
        points, middles = _with_middles(points, corners, faces)
        points, own = _with_middles(points, corners, np.arange(linear.n_node)[None])
        connectivity = np.concatenate([connectivity, middles, own], axis=1)
    block = CellBlock(cell_type, connectivity, np.arange(1, len(connectivity) + 1), quadrature or kind.default_rule)
    mesh = Mesh(points, (block,), np.arange(1, len(points) + 1))
    return _with_side_tags(add_skin([mesh])[0], np.asarray(origin, dtype=float), np.asarray(size, dtype=float))


def with_midside_nodes(
    points: np.ndarray, connectivity: np.ndarray, edges: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Points with one more in the middle of each edge of the cells, and the connectivity with those after the corners.

    points : (n_node, 3). connectivity : (n_cell, n_corner). edges : (n_edge, 2), local corners.
    """
    points, added = _with_middles(points, connectivity, edges)
    return points, np.concatenate([connectivity, added], axis=1)


def _with_middles(points: np.ndarray, connectivity: np.ndarray, parts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points with one more in the middle of each edge, face or cell, and which one it is, (n_cell, n_part).

    parts : (n_part, k), local corners.
    """
    of_parts = np.sort(connectivity[:, parts], axis=2)
    unique, which = np.unique(of_parts.reshape(-1, parts.shape[1]), axis=0, return_inverse=True)
    middle = points[unique].mean(axis=1)
    return np.concatenate([points, middle]), len(points) + which.reshape(len(connectivity), len(parts))


def _with_side_tags(mesh: Mesh, low: np.ndarray, size: np.ndarray) -> Mesh:
    planes = {}
    for axis, letter in enumerate("xyz"):
        normal = np.eye(3)[axis]
        planes[f"{letter}min"] = Plane(point=tuple(low), normal=tuple(normal))
        planes[f"{letter}max"] = Plane(point=tuple(low + size), normal=tuple(normal))
    return add_tags(mesh, {name: NodeTag(plane=plane) for name, plane in planes.items()},
                    {name: FaceTag(plane=plane) for name, plane in planes.items()}, {})
