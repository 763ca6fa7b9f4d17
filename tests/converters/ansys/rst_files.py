"""A .rst as Ansys writes it, made of a mesh and its results: for what the real files do not have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

INTEGER = 0x80


@dataclass
class Set:
    """A result set. displacement : (n_node, 3) in the nodes' own axes, NaN for none. elements : by position, values of
    each kind of result by its number. nodes : positions of the nodes that have results, None for all."""

    time: float
    displacement: np.ndarray
    elements: Mapping[int, Mapping[int, Sequence[float]]] = field(default_factory=dict)
    step: tuple[int, int, int] | None = None
    nodes: Sequence[int] | None = None
    dofs: tuple[int, ...] = (1, 2, 3)
    header: Mapping[int, int] = field(default_factory=dict)
    extrapolation: int = 1
    reference_temperature: float = 0.0
    constraints: Sequence[tuple[int, int, float]] = ()


@dataclass
class Rst:
    """What a file says. nodes : by id, coordinates and angles. types : number, routine, key options. elements : id,
    type, material, nodes. header, geometry : items of the headers to set. esys : the local system of elements by id.
    systems : by number: kind, origin, axes in rows, PAR1."""

    nodes: Mapping[int, Sequence[float]]
    types: Sequence[tuple[int, int, Mapping[int, int]]]
    elements: Sequence[tuple[int, int, int, Sequence[int]]]
    sets: Sequence[Set]
    components: Mapping[str, tuple[int, Sequence[int]]] = field(default_factory=dict)
    materials: Mapping[int, Mapping[int, Sequence[float]]] = field(default_factory=dict)
    header: Mapping[int, int] = field(default_factory=dict)
    geometry: Mapping[int, int] = field(default_factory=dict)
    global_nodes: Sequence[int] = ()
    single: bool = False
    esys: Mapping[int, int] = field(default_factory=dict)
    systems: Mapping[int, tuple[int, Sequence[float], Sequence[Sequence[float]], float]] = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        """Write the file."""
        path.write_bytes(_Writer(self).file())
        return path


_CORNERS = {185: 8, 186: 8, 187: 4, 45: 8, 92: 4, 95: 8, 285: 4}
_NODES = {185: 8, 186: 20, 187: 10, 45: 8, 92: 10, 95: 20, 285: 4}


class _Writer:
    def __init__(self, rst: Rst) -> None:
        self.rst, self.words = rst, []

    def record(self, data: np.ndarray, flags: int) -> int:
        at, data = len(self.words), np.frombuffer(data.tobytes(), "<i4").tolist()
        self.words += [len(data), np.int32(np.uint32(flags << 24)), *data, len(data)]
        return at

    def integers(self, values: Sequence[int], size: int = 0) -> int:
        full = np.zeros(max(size, len(values)), np.int64)
        full[:len(values)] = values
        return self.record(full.astype("<i4"), INTEGER)

    def reals(self, values: Sequence[float], single: bool = False) -> int:
        return self.record(np.asarray(values, "<f4" if single else "<f8"), 0x40 if single else 0)

    def longs(self, values: Sequence[int]) -> int:
        return self.record(np.asarray(values, "<i8"), INTEGER)

    def set(self, at: int, item: int, value: int) -> None:
        self.words[at + 2 + item] = np.int32(np.uint32(int(value) & 0xFFFFFFFF))

    def file(self) -> bytes:
        rst, n = self.rst, len(self.rst.sets)
        self.integers([12, 12, 0, 0, 0, 0, 0, 0, 0, *_text("22.2", 1)], 100)
        header = self.integers([12, max(rst.nodes), len(rst.nodes), 10, 3, 0, len(rst.elements), 0, n], 80)
        for item, at in ((14, self.integers(list(rst.nodes))), (13, self.integers([e[0] for e in rst.elements]))):
            self.set(header, item, at)
        index = self.longs([0] * 10)
        self.set(header, 10, index)
        self.set(header, 11, self.reals([one.time for one in rst.sets] + [0.0] * (10 - n)))
        steps = [one.step or (1, k + 1, k + 1) for k, one in enumerate(rst.sets)]
        self.set(header, 12, self.integers([number for step in steps for number in step], 30))
        self.set(header, 39, 1)
        self.set(header, 15, self._geometry())
        if rst.global_nodes:
            self.set(header, 49, self.integers(rst.global_nodes))
            self.set(header, 48, len(rst.global_nodes))
        for k, one in enumerate(rst.sets):
            self.set(index, k, self._set(one))
        for item, value in rst.header.items():
            self.set(header, item, value)
        self.set(header, 22, len(self.words))
        return np.array(self.words, "<i4").tobytes()

    def _geometry(self) -> int:
        rst = self.rst
        head = self.integers([0, max(t[0] for t in rst.types), 0, len(rst.nodes), len(rst.elements)], 80)
        types = self.integers([0] * max(t[0] for t in rst.types))
        for number, routine, keyopts in rst.types:
            values = np.zeros(100, np.int64)
            values[:2] = number, routine
            for key, value in keyopts.items():
                values[1 + key] = value
            values[[60, 62, 93]] = _NODES.get(routine, 8), _NODES.get(routine, 8), _CORNERS.get(routine, 8)
            self.set(types, number - 1, self.integers(values.tolist()) - types)
        nodes = [self.reals([number, *values, *[0.0] * (6 - len(values))]) for number, values in rst.nodes.items()]
        index = self.longs([0] * len(rst.elements))
        for k, (number, kind, material, own) in enumerate(rst.elements):
            at = self.integers([material, kind, 1, 1, rst.esys.get(number, 0), 0, 0, 0, number, 0, *own])
            self.set(index, 2 * k, at - index)
        components = [self.integers([kind, *_text(name, 8), *ids]) for name, (kind, ids) in rst.components.items()]
        for item, value in ((20, types), (26, nodes[0]), (28, index), (48, len(components)),
                            (50, components[0] if components else 0), (13, len(rst.materials)),
                            (34, self._materials() if rst.materials else 0), (5, len(rst.systems)),
                            (24, self._systems() if rst.systems else 0)):
            self.set(head, item, value)
        for item, value in rst.geometry.items():
            self.set(head, item, value)
        return head

    def _systems(self) -> int:
        at = self.integers([0] * len(self.rst.systems))
        for k, (number, (kind, origin, axes, ratio)) in enumerate(self.rst.systems.items()):
            values = [*np.ravel(axes), *origin, ratio, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, kind, number, 0.0, 0.0]
            self.set(at, k, self.reals(values) - at)
        return at

    def _materials(self) -> int:
        step = 196
        at = self.integers([-101, 3, 5 + step * len(self.rst.materials)], 5 + step * len(self.rst.materials))
        for k, (number, properties) in enumerate(self.rst.materials.items()):
            self.set(at, 3 + k * step, number)
            for slot, values in properties.items():
                self.set(at, 3 + k * step + slot, self.reals(values) - at)
        return at

    def _set(self, one: Set) -> int:
        rst = self.rst
        head = self.integers([0, len(rst.elements), len(rst.nodes)], 200)
        for k, code in enumerate(one.dofs):
            self.set(head, 20 + k, code)
        self.set(head, 19, len(one.dofs))
        self.set(head, 15, one.extrapolation)
        self.reals([one.time, 1.0, 1.0, 0.0, one.reference_temperature, 0.0], False)
        rows = range(len(rst.nodes)) if one.nodes is None else one.nodes
        values = np.asarray(one.displacement, float)[list(rows)]
        values = np.where(np.isnan(values), 2.0 ** 100, values)
        self.set(head, 104, self.reals(values.ravel(), rst.single) - head)
        if one.nodes is not None:
            self.integers([row + 1 for row in rows])
        if one.elements:
            self._elements(head, one)
        if one.constraints:
            self._constraints(head, one)
        for item, value in one.header.items():
            self.set(head, item, value)
        return head

    def _elements(self, head: int, one: Set) -> None:
        index = self.longs([0] * len(self.rst.elements))
        self.set(head, 118, index - head)
        for position, kinds in one.elements.items():
            table = self.integers([0] * 25)
            self.set(index, 2 * position, table - index)
            for kind, values in kinds.items():
                self.set(table, kind, self.reals(values, True) - table)

    def _constraints(self, head: int, one: Set) -> None:
        n = len(one.constraints)
        at = self.integers([n, 0, 0, 0, 0, 0, 1], 40)
        self.set(head, 110, at - head)
        self.set(at, 1, self.integers([node for node, _, _ in one.constraints]) - at)
        self.integers([dof for _, dof, _ in one.constraints])
        values = np.zeros((n, 4))
        values[:, 0] = [value for _, _, value in one.constraints]
        self.set(at, 2, self.reals(values.ravel()) - at)


def _text(text: str, n: int) -> list[int]:
    raw = text.encode().ljust(4 * n)
    return [int.from_bytes(raw[4 * k:4 * k + 4], "big") for k in range(n)]


def constant(value: float) -> list[float]:
    """A property that does not depend on temperature, as Ansys stores it."""
    return [0.0] * 100 + [value]


def table(temperatures: Sequence[float], values: Sequence[float]) -> list[float]:
    """A property against temperature, as Ansys stores it."""
    return [*temperatures, *[0.0] * (100 - len(temperatures)), *values]
