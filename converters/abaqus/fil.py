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
from romlib_converters.abaqus.gather import element_rows, nodal_rows
from romlib_converters.abaqus.words import START, FilWords, KeyTally, Records, Stretch, Words
from romlib_converters.common.records import check_finite

from romlib.errors import FileFormatError
from romlib.words import plural

RELEASE, ELEMENT, MORE_OF_ELEMENT, NODE, DOFS, LABEL, HEADING = 1921, 1900, 1990, 1901, 1902, 1940, 1922
NODE_SET, MORE_NODES, ELEMENT_SET, MORE_ELEMENTS = 1931, 1932, 1933, 1934
_HEADER = 1
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
        self._ids: dict[int, np.ndarray] = {}  # of the nodes of a key in the last increment
        self._scratch = np.empty(0, np.int64)  # for those of the next one

    def _increment(self, stretch: Stretch) -> Increment:
        record = self.words.beginning(stretch)
        whole, real = record.whole(record.flat), record.flat.view(np.float64)
        if len(whole) < 13 or whole[1] != START:
            raise FileFormatError("an increment does not begin with record 2000", file=self.path,
                                  place=f"after {plural(stretch.number - 1, 'increment')}", expected="record 2000",
                                  found=f"record {int(whole[1])}" if len(whole) > 1 else "nothing")
        whole, real = whole[2:], real[2:]
        return Increment(stretch, float(real[0]), float(real[1]), int(whole[4]), int(whole[5]), int(whole[6]),
                         bool(whole[7]), float(real[8]), float(real[9]), float(real[10]))

    def _of(self, increment: Increment) -> Words:
        number = increment.stretch.number
        if self._held is None or self._held[0] != number:
            self._held = None  # so that two increments are never in memory
            self._held = number, self.words.read(increment.stretch)
        return self._held[1]

    def nodal(self, key: int, increment: Increment, columns: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Nodes (n,) and values (n, k), those in some columns, of records of a key.

        The same array of nodes comes again where an increment has the nodes of the one before.

        Raises
        ------
        FileFormatError : records of different lengths, or that lack a column.
        """
        words = self._of(increment)
        tally = words.keys.get(key, KeyTally(0))
        ids, values = self._scratch, np.empty((tally.count, len(columns)))
        if len(ids) != tally.count:
            ids = np.empty(tally.count, np.int64)
        count, shortest, longest = nodal_rows(words.halves, tally.first, key, np.array(columns), ids,
                                              values.reshape(-1).view(np.int32))
        if count and shortest != longest:
            raise FileFormatError(f"records {key} have different lengths", file=self.path, place=increment.place,
                                  expected=f"{longest} values at each node", found=shortest)
        if count and longest <= max(columns):
            raise FileFormatError(f"records {key} lack components", file=self.path, place=increment.place,
                                  expected=f"at least {max(columns) + 1} values at each node", found=longest)
        before = self._ids.get(key)
        if before is not None and np.array_equal(before, ids[:count]):
            self._scratch = ids
        else:
            self._scratch = np.empty(0, np.int64)
            self._ids[key] = before = ids[:count]
        return before, values[:count]

    def at_elements(self, key: int, increment: Increment) -> PointRows:
        """What records of a key say; where lengths differ (types of elements), missing values are NaN.

        Raises
        ------
        FileFormatError : a record that no record 1 is before.
        """
        words = self._of(increment)
        tally, header = words.keys.get(key, KeyTally(0)), words.keys.get(_HEADER)
        first = tally.first if header is None else min(header.first, tally.first)
        about, width, filled = np.empty((6, tally.count), np.int64), -(-tally.size // max(tally.count, 1)), False
        while True:  # mostly once: records of all points have as many values, and none goes on
            values = np.full((tally.count, width), np.nan) if filled else np.empty((tally.count, width))
            count, longest, orphan = element_rows(words.halves, first, key, about, width,
                                                   values.reshape(-1).view(np.int32))
            if orphan >= 0:
                raise FileFormatError(f"record {key} belongs to no element", file=self.path, place=increment.place,
                                      expected="record 1 before it", found=f"word {orphan}")
            if longest == width and (filled or tally.size == count * width):
                break
            width, filled = longest, tally.size != count * longest
        elements, points, sections, locations, direct, shear = about[:, :count]
        return PointRows(elements, points, sections, locations, direct, shear, values[:count])


def _model(words: Words, path: Path) -> FilModel:
    heading, release, dofs = words.records(HEADING), words.records(RELEASE), words.records(DOFS)
    labels = _labels(words.records(LABEL))
    node_ids, points, dimension = _nodes(words, path)
    return FilModel(
        release=release.text(release.of(0)[:1]) if len(release.counts) else "",
        heading=heading.text(heading.of(0)) if len(heading.counts) else "",
        node_ids=node_ids, points=points, dimension=dimension,
        elements=_elements(words.records(ELEMENT, MORE_OF_ELEMENT), path),
        dofs=dofs.whole(dofs.of(0)) if len(dofs.counts) else np.arange(1, 4),
        node_sets=_sets(words.records(NODE_SET, MORE_NODES), labels),
        element_sets=_sets(words.records(ELEMENT_SET, MORE_ELEMENTS), labels))


def _nodes(words: Words, path: Path) -> tuple[np.ndarray, np.ndarray, int]:
    tally = words.keys.get(NODE, KeyTally(0))
    ids, points = np.empty(tally.count, np.int64), np.zeros((tally.count, 3))
    count, shortest, longest = nodal_rows(words.halves, tally.first, NODE, np.arange(3), ids,
                                          points.reshape(-1).view(np.int32))
    if not tally.count:
        raise FileFormatError("the results file has no nodes", file=path, expected="records 1901", found="none")
    if count < tally.count or shortest < 1:
        raise FileFormatError("a node has no coordinates", file=path, place="record 1901", expected="id, x, y, z",
                              found="a record too short")
    check_finite(points, path, lambda row: f"coordinates of node {ids[row]}")
    return ids, points, min(longest, 3)


def _elements(records: Records, path: Path) -> tuple[FilElements, ...]:
    """Elements of each type and number of nodes, in the order of the first of each."""
    counts = records.counts
    if not len(counts):
        return ()
    if counts.min() < 2:
        raise FileFormatError("an element has no type", file=path, place="record 1900", found="a record too short")
    parts: list[tuple[int, FilElements]] = []
    for width in range(int(counts.min()), int(counts.max()) + 1):
        alike = counts == width
        at, rows = None, records.flat.reshape(-1, width) if alike.all() else None
        if rows is None:
            at = np.flatnonzero(alike)
            rows = records.flat[records.starts[at][:, None] + np.arange(width)]
        if not len(rows):
            continue
        kinds, one_kind = rows[:, 1], bool((rows[:, 1] == rows[0, 1]).all())
        for kind in kinds[:1] if one_kind else np.unique(kinds):
            mine = np.flatnonzero(kinds == kind) if not one_kind else None
            own, first = (rows, 0) if mine is None else (rows[mine], int(mine[0]))
            parts.append((first if at is None else int(at[first]), FilElements(
                records.text(np.array([kind])), records.whole(own[:, :1])[:, 0], records.whole(own[:, 2:], np.int32))))
    return tuple(part for _, part in sorted(parts, key=lambda one: one[0]))


def _labels(records: Records) -> dict[str, str]:
    """Names by the numbers that stand for them."""
    words = [records.of(k) for k in range(len(records.counts))]
    return {str(int(records.whole(one)[0])): records.text(one[1:]) for one in words if len(one)}


def _sets(records: Records, labels: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Sets by their names: ids (n,), increasing."""
    parts: dict[str, list[np.ndarray]] = {}
    for k in range(len(records.counts)):
        words = records.of(k)
        name = records.text(words[:1])
        parts.setdefault(labels.get(name, name), []).append(records.whole(words[1:]))
    return {name: np.unique(np.concatenate(found)) for name, found in parts.items()}


def active_columns(dofs: np.ndarray, wanted: Sequence[int]) -> list[int]:
    """Columns, from zero, of degrees of freedom (from one) among a node's values; -1 where one is not active."""
    return [int(dofs[one - 1]) - 1 if one <= len(dofs) else -1 for one in wanted]
