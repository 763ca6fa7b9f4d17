"""Which cells of a file are those of the mesh, which are its faces, and which are left out, by the mesh's dimension."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from romlib.errors import UnsupportedError
from romlib.mesh.kinematics import Kinematics
from romlib.model import Omission

SOLIDS = {"tetra": "tet4", "tetra10": "tet10", "hexahedron": "hex8", "hexahedron20": "hex20", "hexahedron27": "hex27",
          "wedge": "wedge6", "wedge15": "wedge15", "pyramid": "pyramid5", "pyramid13": "pyramid13"}
SURFACES = {"triangle": "tri3", "triangle6": "tri6", "quad": "quad4", "quad8": "quad8", "quad9": "quad9"}
LINES = {"line": "line2", "line3": "line3"}
_POINTS = Omission(name="vertex cells", does_work=False, description="single points")
_LINES = Omission(name="line cells", does_work=True,
                  description="bars, beams or springs; accept them if they only draw edges")
_FLAT = 1e-6  # of the size of a mesh: how far from one plane its points may be


@dataclass(frozen=True, eq=False)
class Kinds:
    """Of meshio's types: cells and faces, with romlib's names; what is counted among the omissions. what : in words."""

    cells: Mapping[str, str]
    faces: Mapping[str, str]
    omitted: Mapping[str, Omission]
    what: str


IN_SPACE = Kinds(SOLIDS, SURFACES, {"vertex": _POINTS, "line": _LINES}, "solid")
IN_PLANE = Kinds(SURFACES, LINES, {"vertex": _POINTS}, "plane")


def kinds_of(motion: Kinematics) -> Kinds:
    """Those of meshes with these kinematics."""
    return IN_PLANE if motion.dimension == 2 else IN_SPACE


def in_plane(points: np.ndarray, used: np.ndarray, motion: Kinematics, file: Path) -> np.ndarray:
    """Points (n, 2 or 3) of a file, as many coordinates as the mesh has.

    used : (m,), positions of the points that cells have.

    Raises
    ------
    UnsupportedError : points of a mesh of two dimensions that are not in one plane z = constant, or without z in space.
    """
    if motion.dimension == 3:
        if points.shape[1] == 3:
            return points
        raise UnsupportedError("the mesh is not three-dimensional", file=file, expected="points with x, y, z",
                               found=f"shape {points.shape}", remedy=SAY)
    size, across = float(np.ptp(points[used, :2], axis=0).max(initial=0.0)), points[used, 2:]
    if across.size and float(np.ptp(across)) > _FLAT * size:
        raise UnsupportedError(f"a mesh with kinematics {motion.name!r} is not in a plane across z", file=file,
                               expected="one z of all points", found=f"z from {across.min():.6g} to {across.max():.6g}",
                               remedy="turn the mesh into the plane x, y (axisymmetric: x the radius, y the axis)")
    return points[:, :2]


SAY = 'a plane or axisymmetric mesh is one by [mesh] kinematics = "plane strain", or "axisymmetric"'


def counter_clockwise(points: np.ndarray, connectivity: np.ndarray, n_corner: int) -> np.ndarray:
    """The cells (n_cell, k) of a plane mesh, those that run clockwise turned round; points (n_node, 2)."""
    x, y = points[connectivity[:, :n_corner]].transpose(2, 0, 1)
    area = (x * np.roll(y, -1, axis=1) - np.roll(x, -1, axis=1) * y).sum(axis=1)
    n_midside = min(connectivity.shape[1] - n_corner, n_corner)
    turned = [0, *range(n_corner - 1, 0, -1), *(n_corner + k for k in range(n_midside - 1, -1, -1)),
              *range(n_corner + n_midside, connectivity.shape[1])]
    return np.where((area < 0.0)[:, None], connectivity[:, turned], connectivity)
