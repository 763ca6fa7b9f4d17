"""MED files as Code_Aster writes them, by medcoupling: its node numbers, reference elements and Gauss points.

Sources: Code_Aster's documents R3.01.01 (reference elements, families of Gauss points) and its table of node numbers
between Aster and MED; none of it is romlib's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from romlib.mesh.box import box_mesh
from romlib.mesh.elements import element
from romlib.mesh.mesh import Mesh

mc = pytest.importorskip("medcoupling", reason="medcoupling, which writes these files, is not installed")
# MED's type, its number in medcoupling, and the number in Aster of each node of MED.
_HEX20 = (1, 4, 3, 2, 5, 8, 7, 6, 12, 11, 10, 9, 20, 19, 18, 17, 13, 16, 15, 14)
TYPES: Mapping[str, tuple[str, int, tuple[int, ...]]] = {
    "tet4": ("TE4", mc.NORM_TETRA4, (1, 3, 2, 4)),
    "tet10": ("T10", mc.NORM_TETRA10, (1, 3, 2, 4, 7, 6, 5, 8, 10, 9)),
    "hex8": ("HE8", mc.NORM_HEXA8, (1, 4, 3, 2, 5, 8, 7, 6)),
    "hex20": ("H20", mc.NORM_HEXA20, _HEX20),
    "hex27": ("H27", mc.NORM_HEXA27, (*_HEX20, 21, 25, 24, 23, 22, 26, 27)),
    "wedge6": ("PE6", mc.NORM_PENTA6, (1, 3, 2, 4, 6, 5)),
    "wedge15": ("P15", mc.NORM_PENTA15, (1, 3, 2, 4, 6, 5, 9, 8, 7, 15, 14, 13, 10, 12, 11)),
    "pyramid5": ("PY5", mc.NORM_PYRA5, (1, 4, 3, 2, 5)),
    "pyramid13": ("P13", mc.NORM_PYRA13, (1, 4, 3, 2, 5, 9, 8, 7, 6, 10, 13, 12, 11))}
# VTK's node at each place of Aster's numbers: Aster has the vertical edges before those of the top.
_ASTER: Mapping[str, tuple[int, ...]] = {
    "hex20": (*range(12), 16, 17, 18, 19, 12, 13, 14, 15),
    "hex27": (*range(12), 16, 17, 18, 19, 12, 13, 14, 15, 24, 22, 21, 23, 20, 25, 26),
    "wedge15": (*range(9), 12, 13, 14, 9, 10, 11)}
# The same for cells that are not turned over, in the order of edges and faces that MED has then.
_UPRIGHT: Mapping[str, tuple[int, ...]] = {"hex27": (*range(20), 24, 22, 21, 23, 20, 25, 26)}
_CORNERS: Mapping[str, Sequence[Sequence[float]]] = {
    "tet": ((0, 1, 0), (0, 0, 1), (0, 0, 0), (1, 0, 0)),
    "hex": ((-1, -1, -1), (1, -1, -1), (1, 1, -1), (-1, 1, -1), (-1, -1, 1), (1, -1, 1), (1, 1, 1), (-1, 1, 1)),
    "wedge": ((-1, 1, 0), (-1, 0, 1), (-1, 0, 0), (1, 1, 0), (1, 0, 1), (1, 0, 0)),
    "pyramid": ((1, 0, 0), (0, 1, 0), (-1, 0, 0), (0, -1, 0), (0, 0, 1))}
COMPONENTS = ("SIXX", "SIYY", "SIZZ", "SIXY", "SIXZ", "SIYZ")


def reference_nodes(kind: str) -> np.ndarray:
    """(k, 3) nodes of Aster's reference element, in its order."""
    corners = np.array(_CORNERS[element(kind).cell], dtype=float)
    ours = element(kind)
    affine, *_ = np.linalg.lstsq(np.column_stack([ours.nodes[:len(corners)], np.ones(len(corners))]), corners,
                                 rcond=None)
    every = np.column_stack([ours.nodes, np.ones(len(ours.nodes))]) @ affine
    return every[list(_ASTER.get(kind, range(len(every))))]


def gauss_family(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) and weights (n,) of the family RIGI, in Aster's order."""
    g, h = 1 / np.sqrt(3.0), np.sqrt(0.6)
    if kind == "tet4":
        return np.full((1, 3), 0.25), np.full(1, 1 / 6)
    if kind == "tet10":
        points = np.full((5, 3), 1 / 6)
        points[0] = 0.25
        points[2, 2] = points[3, 1] = points[4, 0] = 0.5
        return points, np.array([-2 / 15, *[3 / 40] * 4])
    if kind == "hex8":
        return np.array(list(product((-g, g), repeat=3))), np.ones(8)  # the last coordinate runs fastest
    if kind in ("hex20", "hex27"):
        weight = {-h: 5 / 9, 0.0: 8 / 9, h: 5 / 9}
        points = list(product((-h, 0.0, h), repeat=3))
        return np.array(points), np.array([weight[x] * weight[y] * weight[z] for x, y, z in points])
    if kind == "wedge6":
        triangle = ((0.5, 0.5), (0.0, 0.5), (0.5, 0.0))
        return np.array([(x, *yz) for x in (-g, g) for yz in triangle]), np.full(6, 1 / 6)
    if kind == "wedge15":
        a, b = (6 + np.sqrt(15)) / 21, (6 - np.sqrt(15)) / 21
        triangle = [(1 / 3, 1 / 3), (a, a), (1 - 2 * a, a), (a, 1 - 2 * a), (b, b), (1 - 2 * b, b), (b, 1 - 2 * b)]
        weights = [9 / 80, *[(155 + np.sqrt(15)) / 2400] * 3, *[(155 - np.sqrt(15)) / 2400] * 3]
        return (np.array([(x, *yz) for x in (-h, 0.0, h) for yz in triangle]),
                np.array([w * one for w in (5 / 9, 8 / 9, 5 / 9) for one in weights]))
    if kind == "pyramid5":
        height = 0.1531754163448146
        points = ((0.5, 0, height), (0, 0.5, height), (-0.5, 0, height), (0, -0.5, height), (0, 0, 0.6372983346207416))
        return np.array(points), np.full(5, 2 / 15)
    raise KeyError(kind)


def motion(points: np.ndarray, time: float) -> np.ndarray:
    """A displacement (n, 3) that is not the same in any two nodes."""
    x, y, z = points.T
    return 1e-3 * time * np.column_stack([x + 0.5 * y * z, 0.3 * y - x * x, 0.2 * z + 0.1 * x * y])


def stress(points: np.ndarray, time: float) -> np.ndarray:
    """SIXX ... SIYZ (n, 6) of a place."""
    x, y, z = points.T
    return time * np.column_stack([x, y, z, x + y, 10.0 + z, 20.0 + x - y])


@dataclass
class Rmed:
    """A file to write. mesh : in VTK's orders. mirrored : whether cells are numbered as MED has them.

    groups : of cells, by name. node_groups : of nodes. faces : name and nodes (n, k) of surfaces of one type.
    """

    mesh: Mesh
    kind: str
    times: Sequence[float] = (0.0, 1.0, 2.5)
    mirrored: bool = True
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)
    node_groups: Mapping[str, np.ndarray] = field(default_factory=dict)
    faces: Mapping[str, np.ndarray] = field(default_factory=dict)
    result: str = "RESU____"

    @classmethod
    def box(cls, kind: str, shape: tuple[int, int, int] = (2, 1, 2), **options: object) -> Rmed:
        """A box of one kind of cells."""
        return cls(box_mesh(kind, shape, size=(2.0, 1.0, 3.0)), kind, **options)  # type: ignore[arg-type]

    @property
    def cells(self) -> np.ndarray:
        """(n, k) nodes in the order of the file."""
        nodes = self.mesh.blocks[0].connectivity
        if not self.mirrored:
            return nodes[:, list(_UPRIGHT.get(self.kind, range(nodes.shape[1])))]
        aster = nodes[:, list(_ASTER.get(self.kind, range(nodes.shape[1])))]
        return aster[:, np.array(TYPES[self.kind][2]) - 1]

    @property
    def gauss_points(self) -> np.ndarray:
        """(n_cell, n_point, 3) where Aster's points are: its reference element mapped on each cell of the box."""
        nodes = self.mesh.blocks[0].connectivity[:, list(_ASTER.get(self.kind, range(element(self.kind).n_node)))]
        reference, points = reference_nodes(self.kind), gauss_family(self.kind)[0]
        columns = np.column_stack([reference, np.ones(len(reference))])
        found = []
        for of_cell in nodes:
            affine, *_ = np.linalg.lstsq(columns, self.mesh.points[of_cell], rcond=None)
            found.append(np.column_stack([points, np.ones(len(points))]) @ affine)
        return np.array(found)

    def write(self, path: Path) -> Path:
        """The mesh, and DEPL at each time."""
        umesh = self._umesh(3, TYPES[self.kind][1], self.cells)
        file = mc.MEDFileUMesh()
        file.setCoords(umesh.getCoords())
        file.setMeshAtLevel(0, umesh)
        arrays = [_group(name, rows) for name, rows in self.groups.items()]
        if arrays:
            file.setGroupsAtLevel(0, arrays)
        if self.node_groups:
            file.setGroupsAtLevel(1, [_group(name, rows) for name, rows in self.node_groups.items()])
        if self.faces:
            every = np.concatenate(list(self.faces.values()))
            flat = self._umesh(2, {3: mc.NORM_TRI3, 4: mc.NORM_QUAD4}[every.shape[1]], every)
            flat.setCoords(umesh.getCoords())
            file.setMeshAtLevel(-1, flat)
            bounds = np.cumsum([0, *map(len, self.faces.values())])
            file.setGroupsAtLevel(-1, [_group(name, np.arange(a, b)) for name, a, b in zip(
                self.faces, bounds, bounds[1:])])
        file.setName("MAIL")
        file.write(str(path), 2)
        self.nodal(path, "DEPL", ("DX", "DY", "DZ"), motion)
        return path

    def nodal(
        self, path: Path, symbol: str, components: Sequence[str], values: Callable[[np.ndarray, float], np.ndarray],
        rows: np.ndarray | None = None,
    ) -> None:
        """Add a field at nodes, at all of them or on a profile."""
        for step, time in enumerate(self.times):
            found = mc.MEDCouplingFieldDouble(mc.ON_NODES, mc.ONE_TIME)
            array = np.asarray(values(self.mesh.points, time), dtype=float).reshape(self.mesh.n_node, -1)
            found.setMesh(self._umesh(3, TYPES[self.kind][1], self.cells))
            self._add(path, found, symbol, components, array, step, time, rows)

    def at_points(
        self, path: Path, symbol: str = "SIEF_ELGA", components: Sequence[str] = COMPONENTS,
        values: Callable[[np.ndarray, float], np.ndarray] = stress,
    ) -> None:
        """Add a field at Aster's Gauss points."""
        points, weights = gauss_family(self.kind)
        nodes = reference_nodes(self.kind)
        if self.mirrored:
            nodes = nodes[np.array(TYPES[self.kind][2]) - 1]
        else:
            order = list(_ASTER.get(self.kind, range(len(nodes))))
            vtk = np.empty_like(nodes)
            vtk[order] = nodes
            nodes = vtk[list(_UPRIGHT.get(self.kind, range(len(nodes))))]
        where = self.gauss_points.reshape(-1, 3)
        for step, time in enumerate(self.times):
            found = mc.MEDCouplingFieldDouble(mc.ON_GAUSS_PT, mc.ONE_TIME)
            found.setMesh(self._umesh(3, TYPES[self.kind][1], self.cells))
            found.setGaussLocalizationOnType(TYPES[self.kind][1], nodes.ravel().tolist(), points.ravel().tolist(),
                                             weights.tolist())
            array = np.asarray(values(where, time), dtype=float).reshape(len(where), -1)
            self._add(path, found, symbol, components, array, step, time, None)

    def _add(
        self, path: Path, found: mc.MEDCouplingFieldDouble, symbol: str, components: Sequence[str], array: np.ndarray,
        step: int, time: float, rows: np.ndarray | None,
    ) -> None:
        values = mc.DataArrayDouble(np.ascontiguousarray(array))
        values.setInfoOnComponents(list(components))
        found.setArray(values)
        found.setName(self.result + symbol)
        found.setTime(float(time), step, -1)
        if rows is None:
            mc.WriteFieldUsingAlreadyWrittenMesh(str(path), found)
            return
        whole = mc.MEDFileField1TS()
        profile = mc.DataArrayInt([int(one) for one in rows])
        profile.setName("PART")
        values = mc.DataArrayDouble(np.ascontiguousarray(array[rows]))
        values.setInfoOnComponents(list(components))
        found.setArray(values)
        file = mc.MEDFileUMesh()
        file.setMeshAtLevel(0, found.getMesh())
        whole.setFieldProfile(found, file, 1, profile)
        whole.write(str(path), 0)

    def _umesh(self, dimension: int, kind: int, cells: np.ndarray) -> mc.MEDCouplingUMesh:
        found = mc.MEDCouplingUMesh("MAIL", dimension)
        found.setCoords(mc.DataArrayDouble(np.ascontiguousarray(self.mesh.points)))
        found.allocateCells(len(cells))
        for nodes in cells:
            found.insertNextCell(kind, [int(one) for one in nodes])
        found.finishInsertingCells()
        return found


def _group(name: str, rows: np.ndarray) -> mc.DataArrayInt:
    array = mc.DataArrayInt([int(one) for one in rows])
    array.setName(name)
    return array
