"""What CalculiX makes of elements in two dimensions, and how its results are those of romlib's plane elements.

CalculiX makes solids of them: of one in plane strain a layer as thick as its section, of an axisymmetric one a wedge of
two degrees, one each side of the plane. Where the layer has three nodes across (elements with mid-side nodes), the
corners have all three and the mid-side nodes the outer two, that is, in a wedge the ends of a chord.

==========  =======  =================================  ============
CalculiX    solid    points: in the plane, across it    romlib
==========  =======  =================================  ============
CPE3, CAX3  C3D6     1, 2                               tri_1
CPE4, CAX4  C3D8     2 x 2, 2                           quad_gauss_4
CPE6, CAX6  C3D15    3, 3                               tri_3
CPE8, CAX8  C3D20    3 x 3, 3                           quad_gauss_9
CPE8R, ...  C3D20R   2 x 2, 2                           quad_gauss_4
==========  =======  =================================  ============

In plane strain these are the same discrete equations. A wedge has displacements of the nodes at its angles: the mean of
its layers, weighed as they are integrated and turned to the radius of their point, has the strains of an axisymmetric
body, but for two differences of the square of its half angle a (3e-4). Linear elements have no other angles than those
of their sides, so that a rotation w in the plane makes shear, w a^2 / 3, and a difference d of the strains along radius
and circumference another one, whose work is G d^2 a^2 / 3. In quadratic ones the mid-side nodes of the
plane are on a chord: on average they move by 2/3 (1 - cos a) towards the middle of the corners beside them.

With OUTPUT=2D (the default) a displacement at a node is the mean of those of its nodes in space: of the outer two, or
by 1/6, 2/3, 1/6 of three (version 2.20: map3dto1d2d.f). In a wedge the component along the radius has the cosine of a
in it: `Wedges` undoes that. Forces are sums, times 180 in wedges; the outer nodes of these have forces round the axis,
whose part along the radius is lost, so that those of a wedge are not read.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from romlib_converters.calculix.frd import FrdFile
from romlib_converters.keyword.places import Places
from romlib_converters.keyword.systems import turned_tensors

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.elements import element
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.model import Omission
from romlib.words import plural

HALF_ANGLE = np.pi / 180.0
_COSINE = np.cos(HALF_ANGLE)
_SOLIDS = (1, 2, 4, 5)  # types of the .frd that solids made of plane elements have
WEDGES = Omission(name="wedges", does_work=False, description=(
    "CalculiX makes wedges of two degrees of CAX3 and CAX4, in which a rotation of the plane, and a difference of the "
    "strains along radius and circumference, make shear: by 1e-4 of their size they are not axisymmetric. CAX6, CAX8 "
    "and CAX8R are better"))
# Layers of points by how many they are: their heights above the plane, in half thicknesses, and their weights.
_HEIGHTS = {2: (-1.0 / np.sqrt(3.0), 1.0 / np.sqrt(3.0)), 3: (-np.sqrt(0.6), 0.0, np.sqrt(0.6))}
_WEIGHTS = {2: np.array([1.0, 1.0]) / 2.0, 3: np.array([5.0, 8.0, 5.0]) / 18.0}
_SAME = 1e-4  # layers of a body in plane strain differ by less than this, relative to the largest value of a block


def layers(block: CellBlock) -> int:
    """How many points CalculiX has across the plane, for each point in it."""
    return 3 if block.quadrature in ("tri_3", "quad_gauss_9") else 2


class Wedges:
    """What CalculiX writes of the displacement along the radius of a mesh of wedges, as that of an axisymmetric body.

    linear : whether the mesh has elements without mid-side nodes.

    Raises
    ------
    UnsupportedError : nodes that elements with and without mid-side nodes share.
    """

    def __init__(self, mesh: Mesh, place: str) -> None:
        ends, others = np.zeros(mesh.n_node, bool), np.zeros(mesh.n_node, bool)
        edges = [np.empty((0, 3), np.int64)]
        self.linear = False
        for block in mesh.blocks:
            kind = element(block.cell_type)
            quadratic = kind.n_node > kind.n_corner
            self.linear |= not quadratic
            corners = kind.n_corner if quadratic else 0
            ends[block.connectivity[:, :corners]] = True
            others[block.connectivity[:, corners:]] = True
            edges += [block.connectivity[:, list(nodes)] for _, nodes in kind.faces if quadratic]
        if (ends & others).any():
            raise UnsupportedError("axisymmetric elements with and without mid-side nodes share nodes", place=place,
                                   expected="elements of one order", found=plural(int((ends & others).sum()), "node"))
        self._written = np.where(ends, (2.0 + _COSINE) / 3.0, _COSINE)
        self._ends, self._middle = np.concatenate(edges)[:, :2], np.concatenate(edges)[:, 2]

    def radial(self, written: np.ndarray) -> np.ndarray:
        """The displacement (n_node,) along the radius of what is written (n_node,)."""
        found = written / self._written
        middle = found[self._ends].mean(axis=1) - found[self._middle]
        found[self._middle] += 2.0 / 3.0 * (1.0 - _COSINE) * middle
        return found


def refuse_solids(frd: FrdFile) -> None:
    """Refuse the results of a plane model that are written at the nodes of the solids that CalculiX makes of it.

    Raises
    ------
    UnsupportedError : they are; says what to write.
    """
    found = [kind for kind in _SOLIDS if kind in frd.elements.by_type]
    if found:
        raise UnsupportedError(
            "the results are at the nodes of the solids that CalculiX makes of plane elements", file=frd.path,
            place="element block", expected="results at the nodes of the deck", found="OUTPUT=3D",
            remedy="write *NODE FILE, OUTPUT=2D, which is the default, and *EL FILE, OUTPUT=2D, and compute again")


def triangle_forces(places: Places, keys: np.ndarray, pressures: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Forces of pressures on edges of CAX3, of the whole circumference. None where none of the edges is of such.

    CalculiX integrates over the flat side of such a wedge by one point: the radius in the middle of an edge is that of
    all of it, and each of its nodes has half of the force. On an edge along the axis this is exact.

    Parameters
    ----------
    keys : (n,) of faces. pressures : (n,), on them.

    Returns
    -------
    Forces (n_node, 3), the third component zero, and which (n,) of the faces are of other elements.
    """
    mesh = places.mesh
    cells, numbers = places.of_keys(keys)
    others = np.full(len(keys), True)
    forces = np.zeros((mesh.n_node, 3))
    first = 0
    for block in mesh.blocks if mesh.motion.axisymmetric else ():
        mine = np.flatnonzero((cells >= first) & (cells < first + block.n_cell))
        if block.cell_type == "tri3" and len(mine):
            others[mine] = False
            corner = numbers[mine]
            nodes = block.connectivity[cells[mine] - first]
            rows = np.arange(len(mine))
            ends = np.stack([nodes[rows, corner], nodes[rows, (corner + 1) % 3]], axis=1)
            along = mesh.points[ends[:, 1]] - mesh.points[ends[:, 0]]
            radius = mesh.points[ends, 0].mean(axis=1)
            inward = np.column_stack([-along[:, 1], along[:, 0]])  # cells run counter-clockwise
            half = (pressures[mine] * np.pi * radius)[:, None] * inward
            for end in ends.T:
                np.add.at(forces, (end[:, None], np.arange(2)), half)
        first += block.n_cell
    return None if others.all() else (forces, others)


class Expansion:
    """Values at the points of the solids as values at the points of plane elements, in the order of the mesh."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh
        self.n_point = np.concatenate([np.full(block.n_cell, layers(block) * n) for block, n in zip(
            mesh.blocks, self._in_plane())])

    def of_plane(self, points: np.ndarray) -> np.ndarray:
        """Points (n,) of the plane elements, by position, of those of the solids."""
        found, first = [], 0
        for block, n in zip(self._mesh.blocks, self._in_plane()):
            own = first + np.arange(block.n_cell * n).reshape(block.n_cell, 1, n)
            found.append(np.broadcast_to(own, (block.n_cell, layers(block), n)).ravel())
            first += block.n_cell * n
        mine: np.ndarray = np.concatenate(found)[points]
        return mine

    def _in_plane(self) -> list[int]:
        counts, first = [], 0
        for block in self._mesh.blocks:
            counts.append(int(self._mesh.points_of_cells[first]))
            first += block.n_cell
        return counts

    def reduced(self, values: np.ndarray, tensor: bool, **where: Any) -> np.ndarray:
        """Values (n, n_comp) at all points of the solids as those (n_ip, n_comp) of the plane.

        They are the means over the layers, which in plane strain are all the same. Tensors xx, yy, zz, xy, xz, yz of a
        wedge are turned to the radius and the circumference of their point first; their shear round the axis vanishes
        with the mean. where : of a message, file and place.

        Raises
        ------
        FileFormatError : the layers of a body in plane strain differ.
        """
        found, start = [], 0
        for block, n in zip(self._mesh.blocks, self._in_plane()):
            count = layers(block)
            stop = start + block.n_cell * n * count
            part = values[start:stop].reshape(block.n_cell, count, n, -1)  # through the plane first, then across
            start = stop
            if not self._mesh.motion.axisymmetric:
                self._check(part, where)
            elif tensor:
                part = _turned(part)
            found.append(np.einsum("l,clqk->cqk", _WEIGHTS[count], part).reshape(block.n_cell * n, -1))
        return np.concatenate(found)

    def _check(self, part: np.ndarray, where: dict[str, Any]) -> None:
        apart = float(np.ptp(part, axis=1).max(initial=0.0))
        if apart > _SAME * float(np.abs(part).max(initial=0.0)):
            raise FileFormatError("the points across a body in plane strain have different values", **where,
                                  expected="the same values in each layer", found=f"a difference of {apart:.3g}")


def _turned(part: np.ndarray) -> np.ndarray:
    """Tensors (n_cell, n_layer, n, 6) of the layers of a wedge, along the radius and circumference of their points."""
    found = np.empty_like(part)
    for layer, height in enumerate(_HEIGHTS[part.shape[1]]):
        tangent = height * np.tan(HALF_ANGLE)
        c, s = np.array([1.0, tangent]) / np.hypot(1.0, tangent)
        back = np.array([[c, 0.0, -s], [0.0, 1.0, 0.0], [s, 0.0, c]])  # rows: global axes in those of the point
        flat = part[:, layer].reshape(-1, 6)
        found[:, layer] = turned_tensors(flat, np.broadcast_to(back, (len(flat), 3, 3))).reshape(part[:, layer].shape)
    return found
