"""A .rst: its headers, the model, and where each result set has what. The layout is that of Ansys' fdresu.inc."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from romlib_converters.ansys.database import Database, Elements, ElementType, LocalSystem, component_ids
from romlib_converters.ansys.records import FIRST, RecordFile, item, pointer, text_of

from romlib.errors import FileFormatError, UnsupportedError
from romlib.words import plural

RESULTS = 12  # Ansys' number of files of results
UNDEFINED = 2.0 ** 100  # Ansys' value where there is none
DISPLACEMENT = (1, 2, 3)  # degrees of freedom UX, UY, UZ
TEMPERATURE = 20
_HEADER = 103  # the word of the header of results
_N_KEYOPT = 18
_MOST_TYPES = 10_000_000


def is_rst(path: Path) -> bool:
    """Whether a file begins like Ansys' results (.rst, .rth)."""
    with open(path, "rb") as stream:
        head = stream.read(12)
    return head[:4] == FIRST.to_bytes(4, "little") and head[8:] == RESULTS.to_bytes(4, "little")


@dataclass(frozen=True, eq=False)
class ElementTable:
    """Element types, and how many values their results have. types : by number. n_node : nodes of each type.

    stress, force : number of nodes with stresses (corners), and with forces and temperatures, by type.
    """

    types: dict[int, ElementType]
    n_node: dict[int, int]
    stress: dict[int, int]
    force: dict[int, int]


@dataclass(frozen=True, eq=False)
class ResultSet:
    """A result set. base : its word. header : (n,) whole numbers of its header. numbers : (n,) others.

    step : load step, substep, cumulative iteration.
    """

    base: int
    time: float
    step: tuple[int, int, int]
    header: np.ndarray
    numbers: np.ndarray

    @property
    def place(self) -> str:
        """The set in words."""
        return f"load step {self.step[0]}, substep {self.step[1]} (time {self.time:.6g})"

    @property
    def dofs(self) -> list[int]:
        """Codes of the degrees of freedom."""
        return [item(self.header, 20 + k) for k in range(item(self.header, 19))]

    @property
    def width(self) -> int:
        """Number of values a node."""
        return item(self.header, 19) + item(self.header, 97)

    @property
    def extrapolation(self) -> int:
        """ERESX: 0 copied to the corners (NO), 1 extrapolated where nothing is plastic (DEFA), 2 always (YES)."""
        return item(self.header, 15)

    @property
    def reference_temperature(self) -> float:
        """TREF."""
        return float(self.numbers[4]) if len(self.numbers) > 4 else 0.0


class RstFile:
    """One file of results, opened; the model and the results are read when they are asked for."""

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises
        ------
        FileFormatError : no results of Ansys, truncated, or contradictory.
        """
        self.records = RecordFile(path)
        self.file = self.records.path
        self.standard = self.records.integers(0, "the first header")
        if item(self.standard, 0) != RESULTS:
            raise FileFormatError("this file of Ansys has no results", file=self.file,
                                  expected=f"file {RESULTS} (.rst)", found=f"file {item(self.standard, 0)}")
        self.header = self.records.integers(_HEADER, "the header of results")
        end = pointer(self.header, 22, 23)
        end = end if 0 < end < 1 << 48 else item(self.header, 9)
        if end > len(self.records.words):
            raise FileFormatError("the file is truncated", file=self.file, expected=f"{plural(end, 'word')} of 4 bytes",
                                  found=len(self.records.words), remedy="copy the file again; a run that was stopped "
                                  "leaves a file that Ansys itself can repair by reading and writing it")
        self.geometry_at = pointer(self.header, 15, 46)
        self.geometry = self.records.integers(self.geometry_at, "the header of the model")

    @property
    def version(self) -> str:
        """Release of the solver."""
        return text_of(self.standard[9:10])

    @property
    def n_set(self) -> int:
        """Number of result sets."""
        return item(self.header, 8)

    @property
    def n_global_node(self) -> int:
        """Number of nodes of the whole model where this file is a part, 0 where it is not."""
        n = item(self.header, 48)
        return n if n not in (0, item(self.header, 2)) else 0

    @cached_property
    def node_order(self) -> np.ndarray:
        """Ids (n_node,) of the nodes in the order of the results."""
        return self.records.integers(pointer(self.header, 14, 45), "the order of nodes")[:item(self.header, 2)]

    @cached_property
    def global_nodes(self) -> np.ndarray | None:
        """Ids of the nodes of the whole model, in the main one of several files."""
        at = pointer(self.header, 49, 50)
        return self.records.integers(at, "the nodes of the whole model") if at else None

    @cached_property
    def sets(self) -> list[ResultSet]:
        """All result sets, in the order of the file."""
        n = self.n_set
        if n < 1:
            return []
        records, room = self.records, item(self.header, 3)
        index = records.integers(pointer(self.header, 10, 40), "the index of result sets")
        times = records.numbers(pointer(self.header, 11, 41), "the times of result sets")
        steps = records.integers(pointer(self.header, 12, 42), "the load steps of result sets")
        if len(index) < n or len(times) < n or len(steps) < 3 * n:
            raise FileFormatError("the index of result sets is not whole", file=self.file, expected=plural(n, "set"),
                                  found=min(len(index), len(times), len(steps) // 3))
        high = index[room:room + n] if room + n <= len(index) else np.zeros(n, np.int64)
        found = []
        for k in range(n):
            base = int(index[k]) % (1 << 32) + (int(high[k]) << 32)
            header = records.integers(base, f"the header of result set {k + 1}")
            numbers = records.numbers(records.behind(base), f"the header of result set {k + 1}")
            load, substep, iteration = (int(value) for value in steps[3 * k:3 * k + 3])
            found.append(ResultSet(base, float(times[k]), (load, substep, iteration), header, numbers))
        return found

    @cached_property
    def element_table(self) -> ElementTable:
        """Element types."""
        records, g = self.records, self.geometry
        at = pointer(g, 20, 21, 6)
        index = records.integers(at, "the index of element types")
        if item(g, 64):
            offsets = records.integers(records.behind(at), "the index of element types")
        else:
            offsets = index[:item(g, 1)]
        table = ElementTable({}, {}, {}, {})
        for offset in offsets[offsets != 0].tolist():
            values = records.integers(at + offset, "an element type")
            if len(values) < 94:
                raise FileFormatError("an element type has too few values", file=self.file, place=f"word {at + offset}",
                                      expected="94 or more", found=len(values))
            number, routine = int(values[0]), int(values[1])
            keyopts = {k + 1: int(values[2 + k]) for k in range(_N_KEYOPT) if values[2 + k]}
            table.types[number] = ElementType(number, routine, keyopts)
            table.n_node[number], table.force[number], table.stress[number] = (int(values[k]) for k in (60, 62, 93))
        return table

    @cached_property
    def database(self) -> Database:
        """The model.

        Raises
        ------
        FileFormatError : records that are not there, or not whole. UnsupportedError : nodes that were moved.
        """
        if item(self.geometry, 46):
            raise UnsupportedError("the nodes of the model were moved during the solution", file=self.file,
                                   remedy="solve without UPGEOM and without rezoning")
        ids, points, angles = self._nodes()
        return Database(self.file, ids, points, angles, self.element_table.types, self._elements(), *self._components(),
                        self._systems())

    def _nodes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        n = item(self.geometry, 3)
        at = self.records.chain(pointer(self.geometry, 26, 27, 8), n, "the nodes")
        values, counts = self.records.rows(at, 7, "a node", in_place=True)
        if n == 0 or (counts < 4).any():
            raise FileFormatError("the model has no nodes, or nodes without coordinates", file=self.file,
                                  found=plural(n, "node"))
        ids, points, angles = values[:, 0], np.ascontiguousarray(values[:, 1:4]), values[:, 4:7]
        angles = np.ascontiguousarray(angles) if angles.any() else np.broadcast_to(0.0, (n, 3))
        if not (np.isfinite(points).all() and np.isfinite(angles).all() and np.isfinite(ids).all()):
            wrong = np.flatnonzero(~np.isfinite(values).all(axis=1))
            raise FileFormatError("a coordinate or an angle of a node is not a finite number", file=self.file,
                                  place=f"node {wrong[0] + 1} of {n}", found=values[wrong[0]].tolist())
        return ids.astype(np.int64), points, angles

    def _elements(self) -> Elements:
        n = item(self.geometry, 4)
        start = pointer(self.geometry, 28, 29, 10)
        offsets = self.records.long_integers(start, "the index of elements")[:n] if n else np.zeros(0, np.int64)
        if len(offsets) < n or n == 0:
            raise FileFormatError("the index of elements is not whole", file=self.file, expected=plural(n, "element"),
                                  found=len(offsets))
        at = start + offsets
        counts = self.records.sizes(at, "an element")
        if (counts < 11).any() or counts.max() > 1000:
            raise FileFormatError("an element has an impossible number of values", file=self.file,
                                  place=f"word {at[np.argmax((counts < 11) | (counts > 1000))]}",
                                  expected="10, and its nodes")
        values = self.records.integer_rows(at, int(counts.max()), "an element")
        types, own = values[:, 1].astype(np.int64), counts - 10
        for number, limit in self.element_table.n_node.items():
            own = np.where((types == number) & (limit > 0), np.minimum(own, limit), own)
        starts = np.concatenate([[0], np.cumsum(own)])
        nodes = values[:, 10:]
        if (own < nodes.shape[1]).any():
            nodes = nodes[np.arange(nodes.shape[1]) < own[:, None]]
        ids, materials, systems = (values[:, k].astype(np.int64) for k in (8, 0, 4))
        return Elements(ids, types, materials, systems, starts, nodes.ravel())

    def _systems(self) -> dict[int, LocalSystem]:
        """Local coordinate systems: axes in rows, origin, PAR1 and PAR2, angles, ..., kind and number."""
        at, room = pointer(self.geometry, 24, 25, 9), item(self.geometry, 5)
        if not at or not room:
            return {}
        what = "the index of coordinate systems"
        offsets = self.records.integers(at, what)[:room]
        if item(self.geometry, 64):
            offsets = self.records.integers(self.records.behind(at), what)
        found = {}
        for offset in offsets[offsets != 0].tolist():
            values = self.records.numbers(at + offset, "a coordinate system")
            if len(values) < 22 or not np.isfinite(values[:22]).all():
                raise FileFormatError("a coordinate system is damaged", file=self.file, place=f"word {at + offset}",
                                      expected="22 numbers or more", found=len(values))
            number = int(values[21])
            found[number] = LocalSystem(number, int(values[20]), values[9:12], values[:9].reshape(3, 3).T,
                                        (float(values[12]), float(values[13])))
        return found

    def _components(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        found: tuple[dict[str, np.ndarray], dict[str, np.ndarray]] = ({}, {})
        start, n = pointer(self.geometry, 50, 51), item(self.geometry, 48)
        for at in self.records.chain(start, n, "the components") if start and n else ():
            values = self.records.integers(int(at), "a component")
            if len(values) < 9 or values[0] not in (1, 2):
                continue
            name = text_of(values[1:9])
            try:
                found[int(values[0]) - 1][name] = component_ids(values[9:])
            except ValueError as error:
                raise FileFormatError(f"the component {name} cannot be read: {error}", file=self.file,
                                      place=f"word {at}") from None
        return found
