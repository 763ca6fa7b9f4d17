"""Meshes whose geometry the references know: distorted boxes, a quarter of a hollow cylinder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from romlib.mesh.box import box_mesh
from romlib.mesh.elements import element
from romlib.mesh.mesh import Mesh
from romlib.model import Constraint

SIDES = ("xmin", "xmax", "ymin", "ymax", "zmin", "zmax")
# Quarter cylinder: (r, theta, z) of the box; uz = 0 at both ends is plane strain.
QUARTER = {
    "theta0": Constraint(nodes="ymin", components=("y",)),
    "theta90": Constraint(nodes="ymax", components=("x",)),
    "bottom": Constraint(nodes="zmin", components=("z",)),
    "top": Constraint(nodes="zmax", components=("z",)),
}


def distorted_box(cell_type: str, quadrature: str | None, curved: bool, seed: int = 1) -> Mesh:
    """A box 1 x 1 x 1 whose nodes are moved at random; without `curved`, the edges of its cells stay straight."""
    mesh = box_mesh(cell_type, (3, 3, 3), quadrature=quadrature)
    size = 0.02 if curved else 0.045
    points = mesh.points + np.random.default_rng(seed).uniform(-size, size, mesh.points.shape)
    kind, (block,) = element(cell_type), mesh.blocks
    if kind.n_node > kind.n_corner and not curved:
        edges = block.connectivity[:, np.array(kind.edges)]
        points[block.connectivity[:, kind.n_corner:kind.n_corner + kind.n_midside]] = points[edges].mean(axis=2)
    return replace(mesh, points=points)


def boundary_nodes(mesh: Mesh) -> np.ndarray:
    """Positions of the nodes of the six sides."""
    return np.unique(np.concatenate([mesh.node_tags[side] for side in SIDES]))


def quarter_cylinder(cell_type: str, divisions: Sequence[int], inner: float, outer: float, height: float,
                     quadrature: str | None = None) -> Mesh:
    """A quarter of a hollow cylinder about z from a box in (r, theta, z); mid-side nodes lie on the circles.

    Tags of the box: "xmin" the bore, "xmax" the outside, "ymin" and "ymax" the planes y = 0 and x = 0.
    """
    mesh = box_mesh(cell_type, divisions, (outer - inner, np.pi / 2, height), (inner, 0.0, 0.0), quadrature)
    r, theta, z = mesh.points.T
    points = np.stack([r * np.cos(theta), r * np.sin(theta), z], axis=1)
    points[mesh.node_tags["ymin"], 1] = 0.0
    points[mesh.node_tags["ymax"], 0] = 0.0
    return replace(mesh, points=points)
