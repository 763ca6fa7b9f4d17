"""A results file .fil: what its model records say, its increments, and fields of one increment at a time.

Records by key (Abaqus Analysis User's Guide, "Results file output format"): 1921 release; 1900, 1990 elements; 1901
nodes; 1902 active degrees of freedom; 1931, 1932 node sets, 1933, 1934 element sets, the second of each going on; 1940
names of more than eight characters, which sets then refer to by a number; 2000 and 2001 begin and end an increment; 1
what the records that follow belong to; 101 U, 104 RF, 201 NT at nodes; 5 SDV, 8 COORD, 11 S, 21 E, ... of elements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from romlib_converters.abaqus.gather import element_nodes, element_rows, element_size, nodal_rows, nodal_size
from romlib_converters.abaqus.walk import record_table
from romlib_converters.abaqus.words import START, FilWords, Stretch, Words

from romlib.errors import FileFormatError
from romlib.words import plural

RELEASE, ELEMENT, NODE, DOFS, LABEL, HEADING = 1921, 1900, 1901, 1902, 1940, 1922
NODE_SET, MORE_NODES, ELEMENT_SET, MORE_ELEMENTS = 1931, 1932, 1933, 1934
LOCATIONS = {0: "integration points", 1: "centroids", 2: "nodes of elements", 3: "rebar", 4: "nodes, averaged",
             5: "whole elements"}


@dataclass(frozen=True, eq=False)
class FilElements:
    """Elements of one type: ids (n,), nodes (n, k) by their ids."""

    kind: str
    ids: np.ndarray
    nodes: np.ndarray


@dataclass(frozen=True, eq=False)
class FilModel:
    """What stands before the first increment.

    node_ids : (n,). points : (n, 3); in two dimensions the third is zero. dimension : number of coordinates. dofs :
    place of each degree of freedom (from the first) among a node's values, from one; zero where it is not active.
    """

    release: str
    heading: str
    node_ids: np.ndarray
    points: np.ndarray
    dimension: int
    elements: tuple[FilElements, ...]
    dofs: np.ndarray
    node_sets: Mapping[str, np.ndarray]
    element_sets: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Increment:
    """Record 2000. procedure : its key. load_factor : of an arc length method. frequency : of a response to one."""

    stretch: Stretch
    total_time: float
    step_time: float
    procedure: int
    step: int
    number: int
    perturbation: bool
    load_factor: float
    frequency: float
    length: float

    @property
    def place(self) -> str:
        """The increment in words."""
        return f"step {self.step}, increment {self.number}"


@dataclass(frozen=True, eq=False)
class PointRows:
    """What records of one key say, in the order of the file: elements (n,), points (n,) from one, values (n, k).

    locations : (n,), see `LOCATIONS`. sections : (n,) section points. direct, shear : (n,) how many components of each
    kind tensors have.
    """

    elements: np.ndarray
    points: np.ndarray
    sections: np.ndarray
    locations: np.ndarray
    direct: np.ndarray
    shear: np.ndarray
    values: np.ndarray


class FilFile:
    """A results file. One increment is in memory at a time.

    Raises
    ------
    FileFormatError : it is none, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.words = FilWords(path)
        self.path = self.words.path
        if not self.words.stretches:
            raise FileFormatError("the results file ends within its model", file=self.path, expected="record 2001",
                                  found=self.words.truncated or "none", remedy="let the solver finish")
        self.model = _model(self.words.read(self.words.stretches[0]), self.path)
        self.increments = [self._increment(stretch) for stretch in self.words.stretches[1:]]
        self._held: tuple[int, Words] | None = None

    def _increment(self, stretch: Stretch) -> Increment:
        words = self.words.beginning(stretch)
        if len(words.whole) < 23 or words.whole[1] != START or words.whole[0] < 13:
            raise FileFormatError("an increment does not begin with record 2000", file=self.path,
                                  place=f"after {plural(stretch.number - 1, 'increment')}", expected="record 2000",
                                  found=f"record {int(words.whole[1])}" if len(words.whole) > 1 else "nothing")
        whole, real = words.whole[2:], words.real[2:]
        return Increment(stretch, float(real[0]), float(real[1]), int(whole[4]), int(whole[5]), int(whole[6]),
                         bool(whole[7]), float(real[8]), float(real[9]), float(real[10]))

    def _of(self, increment: Increment) -> Words:
        number = increment.stretch.number
        if self._held is None or self._held[0] != number:
            self._held = None  # so that two increments are never in memory
            self._held = number, self.words.read(increment.stretch)
        return self._held[1]

    def nodal(self, key: int, increment: Increment) -> tuple[np.ndarray, np.ndarray]:
        """Nodes (n,) and values (n, k) of records of a key.

        Raises
        ------
        FileFormatError : records of different lengths.
        """
        words = self._of(increment)
        count, shortest, longest = nodal_size(words.whole, key)
        if count and shortest != longest:
            raise FileFormatError(f"records {key} have different lengths", file=self.path, place=increment.place,
                                  expected=f"{longest} values at each node", found=shortest)
        ids, values = np.empty(count, np.int64), np.empty((count, max(longest, 0)))
        nodal_rows(words.whole, words.real, key, ids, values)
        return ids, values

    def at_elements(self, key: int, increment: Increment) -> PointRows:
        """What records of a key say; where lengths differ (types of elements), missing values are NaN.

        Raises
        ------
        FileFormatError : a record that no record 1 is before.
        """
        words = self._of(increment)
        count, longest, orphan = element_size(words.whole, key)
        if orphan >= 0:
            raise FileFormatError(f"record {key} belongs to no element", file=self.path, place=increment.place,
                                  expected="record 1 before it", found=f"word {orphan}")
        about, values = np.empty((count, 6), np.int64), np.full((count, longest), np.nan)
        element_rows(words.whole, words.real, key, about, values)
        elements, points, sections, locations, direct, shear = np.ascontiguousarray(about.T)
        return PointRows(elements, points, sections, locations, direct, shear, values)


def _model(words: Words, path: Path) -> FilModel:
    count = record_table(words.whole, np.empty(0, np.int64), np.empty(0, np.int32))
    positions, keys = np.empty(max(count, 0), np.int64), np.empty(max(count, 0), np.int32)
    if count < 0 or record_table(words.whole, positions, keys) < 0:
        raise FileFormatError("a record has a length that cannot be", file=path, place=f"the model, word {-1 - count}",
                              expected="whole records", found=int(words.whole[-1 - count]))
    labels = _labels(words, positions[keys == LABEL])
    node_ids, points, dimension = _nodes(words, positions[keys == NODE], path)
    dofs = positions[keys == DOFS]
    heading = positions[keys == HEADING]
    return FilModel(
        release=words.text(int(positions[0]) + 2) if count and keys[0] == RELEASE else "",
        heading=words.text(int(heading[0]) + 2, int(words.whole[heading[0]]) - 2) if len(heading) else "",
        node_ids=node_ids, points=points, dimension=dimension, elements=_elements(words, positions, keys, path),
        dofs=words.whole[dofs[0] + 2:dofs[0] + words.whole[dofs[0]]].astype(np.int64) if len(dofs) else np.arange(1, 4),
        node_sets=_sets(words, positions, keys, (NODE_SET, MORE_NODES), labels),
        element_sets=_sets(words, positions, keys, (ELEMENT_SET, MORE_ELEMENTS), labels))


def _nodes(words: Words, at: np.ndarray, path: Path) -> tuple[np.ndarray, np.ndarray, int]:
    if not len(at):
        raise FileFormatError("the results file has no nodes", file=path, expected="records 1901", found="none")
    lengths = words.whole[at] - 3
    dimension = int(min(lengths.max(), 3))
    if lengths.min() < 1:
        node = words.whole[at[lengths < 1][0] + 2]
        raise FileFormatError("a node has no coordinates", file=path, place=f"node {node}")
    points = np.zeros((len(at), 3))
    for k in range(dimension):
        has = lengths > k
        points[has, k] = words.real[at[has] + 3 + k]
    return words.whole[at + 2].astype(np.int64), points, dimension


def _elements(words: Words, positions: np.ndarray, keys: np.ndarray, path: Path) -> tuple[FilElements, ...]:
    whole, at = words.whole, positions[keys == ELEMENT]
    counts, flat = element_nodes(whole, positions, keys)
    if not len(at):
        return ()
    if (whole[at] < 4).any():
        raise FileFormatError("an element has no type", file=path, place="record 1900", found="a record too short")
    kinds = words.real[at + 3].view(np.int64)
    runs = np.flatnonzero(np.concatenate([[True], (kinds[1:] != kinds[:-1]) | (counts[1:] != counts[:-1])]))
    pairs, number = np.unique(np.column_stack([kinds[runs], counts[runs]]), axis=0, return_inverse=True)
    number = np.repeat(number.ravel(), np.diff(np.append(runs, len(at))))
    ids, starts = whole[at + 2].astype(np.int64), np.cumsum(counts) - counts
    found = []
    for k in np.argsort([int((number == one).argmax()) for one in range(len(pairs))]):
        mine = np.flatnonzero(number == k)
        n_node = int(pairs[k, 1])
        nodes = flat.reshape(-1, n_node) if len(mine) == len(at) else flat[starts[mine][:, None] + np.arange(n_node)]
        found.append(FilElements(words.text(int(at[mine[0]]) + 3), ids[mine], nodes))
    return tuple(found)


def _labels(words: Words, at: np.ndarray) -> dict[str, str]:
    return {str(int(words.whole[one + 2])): words.text(one + 3, int(words.whole[one]) - 3) for one in at.tolist()}


def _sets(
    words: Words, positions: np.ndarray, keys: np.ndarray, kinds: tuple[int, int], labels: Mapping[str, str]
) -> dict[str, np.ndarray]:
    """Sets by their names: ids (n,), increasing."""
    first, more = kinds
    parts: dict[str, list[np.ndarray]] = {}
    name = ""
    for at, key in zip(*(one[(keys == first) | (keys == more)].tolist() for one in (positions, keys))):
        begin = at + 2
        if key == first:
            text = words.text(at + 2)
            name, begin = labels.get(text, text), at + 3
        parts.setdefault(name, []).append(words.whole[begin:at + words.whole[at]].astype(np.int64))
    return {name: np.unique(np.concatenate(found)) for name, found in parts.items()}


def active_columns(dofs: np.ndarray, wanted: Sequence[int]) -> list[int]:
    """Columns, from zero, of degrees of freedom (from one) among a node's values; -1 where one is not active."""
    return [int(dofs[one - 1]) - 1 if one <= len(dofs) else -1 for one in wanted]
