"""A result set of a .rst: displacement and temperature at nodes, stress and plastic strain of elements.

Element results stand at the corners of each element. Plastic strain is that of the nearest integration point, and so is
stress with ERESX,NO; where nothing is plastic, stress is extrapolated unless ERESX says otherwise, in a way that can be
undone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from romlib_converters.ansys.cells import TypedCells, typed_cells
from romlib_converters.ansys.database import AXES
from romlib_converters.ansys.elements import formulation
from romlib_converters.ansys.records import pointer
from romlib_converters.ansys.rst import DISPLACEMENT, TEMPERATURE, UNDEFINED, ResultSet, RstFile
from romlib_converters.ansys.systems import element_frames, has_axes
from romlib_converters.ansys.unpack import SHORT, WHOLE
from romlib_converters.common.frames import frames_by_angles, global_tensors, global_vectors
from romlib_converters.common.solver_mesh import IdValues

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.elements import element
from romlib.mesh.ids import IdIndex
from romlib.mesh.quadrature import rule
from romlib.words import plural

# Which pointer of an element leads to what, and how many values a node has.
FORCES, STRESS, PLASTIC_STRAIN, ANGLES, NONLINEAR, TEMPERATURES = 1, 2, 6, 9, 14, 16
_ITEMS = {STRESS: 6, PLASTIC_STRAIN: 7, NONLINEAR: 10}
_OLD_STRESS = 11  # items a node before release 14.5: principal stresses too
_POINTERS = 25
_EPEQ, _SRAT = 3, 1  # items of NONLINEAR: cumulated plastic strain; 1 where it grows
_SAME = 1e-6  # of the largest temperature: elements that meet at a node have one
AT_POINTS = ("hex_gauss_8", "tet_4")  # rules with one point near each corner


@dataclass(frozen=True, eq=False)
class Corners:
    """Results of some elements at their corners. ids : (n,). values : (n, n_corner, k), NaN where there are none."""

    cells: TypedCells
    ids: np.ndarray
    values: np.ndarray


class ElementResults:
    """The element results of one set."""

    def __init__(self, rst: RstFile, result: ResultSet) -> None:
        self.rst, self.result = rst, result
        self._at, self._pointers = self._tables()

    @property
    def exists(self) -> bool:
        """Whether the set has any."""
        return self._at is not None

    def has(self, kind: int) -> bool:
        """Whether any element has results of a kind."""
        return self._at is not None and bool((self._pointers[:, kind] > 0).any())

    def is_single(self, kind: int) -> bool:
        """Whether results of a kind are in single precision."""
        if not self.has(kind):
            return False
        row = int(np.argmax(self._pointers[:, kind] > 0))
        assert self._at is not None
        return is_single(self.rst, int(self._at[row] + self._pointers[row, kind]))

    def corners(self, groups: Sequence[TypedCells], kind: int) -> Iterator[Corners]:
        """Values at the corners of the cells of each group, in Ansys' element frame."""
        items = _ITEMS[kind]
        if kind == STRESS and not self.rst.header[39:40].any():
            items = _OLD_STRESS
        for group in groups:
            n_node = self.rst.element_table.stress[group.kind.number]
            values = self._values(group, kind, n_node * items).reshape(len(group.positions), n_node, items)
            yield Corners(group, self.rst.database.elements.ids[group.positions],
                          np.take_along_axis(values, group.corners[:, :, None], axis=1))

    def frames(self, group: TypedCells) -> np.ndarray | None:
        """Axes (n, n_corner, 3, 3) of the elements and of their results at their corners.

        None where all are the global ones, NaN where they cannot be told. The angles in the file hold, which the solver
        computed with; where there are none, what ESYS says.
        """
        n_node = self.rst.element_table.stress[group.kind.number]
        values, counts = self._rows(group, ANGLES, 3)
        if (counts > 3).any():
            values, counts = self._rows(group, ANGLES, 3 * n_node)
        bare = counts == 0
        if not values.any() and not has_axes(self.rst.database, group.positions[bare]):
            return None
        values, one = np.pad(values, ((0, 0), (0, 3 * n_node - values.shape[1]))), counts == 3
        angles = np.where(one[:, None, None], values[:, None, :3], values.reshape(len(values), n_node, 3))
        angles = np.take_along_axis(angles, group.corners[:, :, None], axis=1)
        frames = frames_by_angles(angles.reshape(-1, 3), AXES).reshape(*angles.shape, 3)
        if bare.any():
            frames[bare] = element_frames(self.rst.database, group.positions[bare])[:, None]
        return frames

    def temperatures(self, group: TypedCells) -> tuple[np.ndarray, np.ndarray]:
        """Temperatures of nodes by element: ids (n,) and values (n,); of those that have one."""
        n_node = self.rst.element_table.force[group.kind.number]
        values = self._values(group, TEMPERATURES, n_node)
        nodes = self.rst.database.elements.rows(group.positions, n_node)
        known = (nodes > 0) & ~np.isnan(values)
        return nodes[known], values[known]

    def forces(self, group: TypedCells) -> tuple[np.ndarray, np.ndarray]:
        """Forces of the nodes on each element: ids (n,) and values (n, 3); NaN where an element has none."""
        n_node = self.rst.element_table.force[group.kind.number]
        values = self._values(group, FORCES, 3 * n_node).reshape(-1, n_node, 3)
        nodes = self.rst.database.elements.rows(group.positions, n_node)
        return nodes[nodes > 0], values[nodes > 0]

    def _values(self, group: TypedCells, kind: int, width: int) -> np.ndarray:
        """Values (n, width), NaN where an element has none, or too few."""
        values, counts = self._rows(group, kind, width)
        values[counts < width] = np.nan
        values[np.abs(values) == UNDEFINED] = np.nan
        return values

    def _rows(self, group: TypedCells, kind: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Values (n, width) and their numbers (n,). A negative pointer -n stands for n zeros that are not written."""
        n = len(group.positions)
        if self._at is None:
            return np.zeros((n, width)), np.zeros(n, np.int64)
        pointers = self._pointers[group.positions, kind]
        at = np.where(pointers > 0, self._at[group.positions] + pointers, -1)
        values, counts = self.rst.records.rows(at, width, "results of an element")
        return values, np.where(pointers < 0, -pointers, counts)

    def _tables(self) -> tuple[np.ndarray | None, np.ndarray]:
        """Where each element's table of pointers is (n,), and the tables (n, 25)."""
        rst, start = self.rst, pointer(self.result.header, 118, 119, 11)
        n = len(rst.database.elements)
        if not start:
            return None, np.zeros((0, _POINTERS), np.int64)
        start += self.result.base
        offsets = rst.records.long_integers(start, "the index of element results")[:n]
        if len(offsets) < n:
            raise FileFormatError("the index of element results is not whole", file=rst.file, place=self.result.place,
                                  expected=plural(n, "element"), found=len(offsets))
        at = np.where(offsets != 0, start + offsets, -1)
        pointers, _ = rst.records.rows(at, _POINTERS, "the pointers of an element's results")
        return np.where(at < 0, 0, at), pointers.astype(np.int64)


class SetReader:
    """Reads the sets of one file. typed : its solid cells, and what else there is. groups : the cells alone."""

    def __init__(self, rst: RstFile) -> None:
        self.rst = rst
        self.typed = typed_cells(rst.database)
        self.groups = self.typed[0]
        self._nodes = IdIndex(rst.database.node_ids)

    @cached_property
    def _order(self) -> np.ndarray:
        """Where the nodes of the results (n,) are in the model.

        Raises
        ------
        FileFormatError : one is not there.
        """
        if np.array_equal(self.rst.node_order, self.rst.database.node_ids):
            return np.arange(len(self.rst.node_order))
        at = self._nodes.find(self.rst.node_order)
        if (at < 0).any():
            raise FileFormatError("results at a node that the model does not have", file=self.rst.file,
                                  found=f"node {self.rst.node_order[at < 0][0]}")
        return at

    @cached_property
    def _turned(self) -> np.ndarray:
        """Which nodes of the results (n,) have axes of their own."""
        angles = self.rst.database.angles
        turned: np.ndarray = angles.any(axis=1)[self._order] if angles.any() else np.zeros(len(self._order), bool)
        return turned

    @cached_property
    def at_points(self) -> list[TypedCells]:
        """Cells with one integration point near each corner."""
        return [group for group in self.groups
                if formulation(group.kind, group.cell_type).element.quadrature in AT_POINTS
                and group.cell_type in ("hex8", "hex20", "tet10")]

    def displacement(self, result: ResultSet) -> IdValues:
        """Displacement of nodes in the global frame; nodes without one are not among them.

        Raises
        ------
        FileFormatError : the set has none, or not in three directions.
        """
        found = self._dofs(result, DISPLACEMENT)
        if found is None:
            raise FileFormatError("the result set has no displacement", file=self.rst.file, place=result.place,
                                  expected="UX, UY, UZ", remedy="OUTRES,ALL,ALL before SOLVE")
        ids, values = found
        if self._turned.any():
            angles = self.rst.database.angles[self._nodes.find(ids)]
            turned = angles.any(axis=1)
            values[turned] = global_vectors(values[turned], frames_by_angles(angles[turned], AXES), ids[turned],
                                            self.rst.file)
        return IdValues(ids, values)

    def temperature(self, result: ResultSet, elements: ElementResults) -> IdValues | None:
        """Temperature of nodes: a degree of freedom, or that of the elements; None where these differ at a node."""
        found = self._dofs(result, (TEMPERATURE,))
        if found is not None:
            return IdValues(*found)
        if not elements.has(TEMPERATURES):
            return None
        parts = [elements.temperatures(group) for group in self.groups]
        ids, values = (np.concatenate(part) for part in zip(*parts, strict=True))
        order = np.argsort(ids, kind="stable")
        ids, values = ids[order], values[order]
        unique, first, count = np.unique(ids, return_index=True, return_counts=True)
        if not len(unique):
            return None
        low, high = np.minimum.reduceat(values, first), np.maximum.reduceat(values, first)
        if (high - low > _SAME * max(float(np.abs(values).max()), 1.0)).any():
            return None
        return IdValues(unique, (np.add.reduceat(values, first) / count)[:, None])

    def has_forces(self, result: ResultSet, elements: ElementResults) -> bool:
        """Whether the set has forces of elements, and in axes that are known: not at nodes with axes of their own."""
        return (elements.has(FORCES) and tuple(result.dofs) == DISPLACEMENT
                and not self.rst.database.angles.any())

    def internal_force(self, elements: ElementResults) -> IdValues:
        """The force of the solids on each node, turned about: B^T sigma."""
        ids, values = (np.concatenate(part) for part in zip(*(elements.forces(group) for group in self.groups),
                                                            strict=True))
        unique, number = np.unique(ids, return_inverse=True)
        total = np.stack([np.bincount(number, values[:, k], len(unique)) for k in range(3)], axis=1)
        return IdValues(unique, -total)

    def stress(self, result: ResultSet, elements: ElementResults) -> list[IdValues]:
        """Stress at integration points of the cells that have one near each corner, xx, yy, zz, xy, yz, xz, global.

        NaN where it is not known whether it is that of the point or extrapolated.
        """
        found = []
        plastic = {id(one.cells): one.values for one in elements.corners(self.at_points, PLASTIC_STRAIN)} \
            if elements.has(PLASTIC_STRAIN) else {}
        grows = {id(one.cells): one.values[:, :, _SRAT] for one in elements.corners(self.at_points, NONLINEAR)} \
            if elements.has(NONLINEAR) else {}
        for one in elements.corners(self.at_points, STRESS):
            values = one.values[:, :, :6]
            if result.extrapolation:
                strain = plastic.get(id(one.cells))
                elastic = np.ones(len(values), bool) if strain is None else ~strain[:, :, :6].any(axis=(1, 2))
                copied = np.zeros(len(values), bool)
                if result.extrapolation == 1 and id(one.cells) in grows:
                    copied = ~elastic & (grows[id(one.cells)] >= 1.0 - _SAME).any(axis=1)
                values = np.where(elastic[:, None, None], _at_points(one.cells.cell_type) @ values, values)
                values[~elastic & ~copied] = np.nan
            found.append(IdValues(one.ids, self._global(elements, one.cells, values)))
        return found

    def corner_stress(self, elements: ElementResults) -> list[IdValues]:
        """Stress at the corners of all cells, as the file has it, global."""
        return [IdValues(one.ids, self._global(elements, one.cells, one.values[:, :, :6]))
                for one in elements.corners(self.groups, STRESS)]

    def plastic_strain(self, elements: ElementResults) -> list[IdValues]:
        """Plastic strain at integration points, xx, yy, zz, xy, yz, xz with engineering shear, global."""
        found = []
        for one in elements.corners(self.at_points, PLASTIC_STRAIN):
            values = one.values[:, :, :6].copy()
            values[:, :, 3:] *= 0.5
            values = self._global(elements, one.cells, values)
            values[:, :, 3:] *= 2.0
            found.append(IdValues(one.ids, values))
        return found

    def cumulated(self, elements: ElementResults) -> list[IdValues]:
        """Cumulated plastic strain at integration points."""
        return [IdValues(one.ids, one.values[:, :, _EPEQ:_EPEQ + 1])
                for one in elements.corners(self.at_points, NONLINEAR)]

    def is_single(self, result: ResultSet) -> bool:
        """Whether displacements are in single precision."""
        return is_single(self.rst, result.base + pointer(result.header, 104, 105, 10))

    def _global(self, elements: ElementResults, cells: TypedCells, values: np.ndarray) -> np.ndarray:
        frames = elements.frames(cells)
        if frames is None:
            return values
        shape = values.shape
        return global_tensors(values.reshape(-1, 6), frames.reshape(-1, 3, 3)).reshape(shape)

    def _dofs(self, result: ResultSet, codes: Sequence[int]) -> tuple[np.ndarray, np.ndarray] | None:
        """Ids (n,) and values (n, len(codes)) of degrees of freedom; None where the set lacks one of them."""
        rst, header = self.rst, result.header
        at = pointer(header, 104, 105, 10)
        if not at or not set(codes) <= set(result.dofs):
            return None
        at += result.base
        values, defined = rst.records.numbers_below(at, UNDEFINED, "the nodal solution")
        width, n = result.width, len(rst.node_order)
        n_row = min(len(values) // width, int(header[2]))
        ids = rst.node_order
        if n_row < n:
            which = rst.records.integers(rst.records.behind(at), "the nodes of the nodal solution")[:n_row] - 1
            if len(which) < n_row or (which < 0).any() or (which >= n).any():
                raise FileFormatError("the nodes of the nodal solution are not those of the model", file=rst.file,
                                      place=result.place)
            ids = ids[which]
        assert len(self._order) == n  # which says that the model has these nodes
        columns = [result.dofs.index(code) for code in codes]
        values = values[:n_row * width].reshape(n_row, width)
        values = values if columns == list(range(width)) else values[:, columns]
        if defined:
            return ids, values
        known = ~((np.abs(values) == UNDEFINED) | np.isnan(values)).any(axis=1)
        return (ids, values) if known.all() else (ids[known], values[known])


def is_single(rst: RstFile, at: int) -> bool:
    """Whether a record has floating-point numbers of four bytes."""
    flags = (int(rst.records.words[at + 1]) >> 24) & 0xFF if 0 <= at < len(rst.records.words) - 1 else 0
    return bool(flags & SHORT) and not flags & WHOLE


def _at_points(cell_type: str) -> np.ndarray:
    """Values at the points nearest the corners (n_corner, n_corner) of what is interpolated between the corners."""
    if cell_type == "tet10":
        linear, near = element("tet4"), rule("tet_4").points
    else:
        linear = element("hex8")
        near = linear.nodes / np.sqrt(3.0)
    return linear.shape(near)


def refuse_dead(result: ResultSet, rst: RstFile) -> None:
    """UnsupportedError where elements of a set are dead (EKILL)."""
    n = int(result.header[122]) if len(result.header) > 122 else 0
    if n > 0:
        raise UnsupportedError("elements were killed (EKILL)", file=rst.file, place=result.place,
                               found=plural(n, "element"), remedy="solve without element birth and death")
