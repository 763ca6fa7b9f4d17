"""Part files of one computation, or subdomains, joined by the solver's global ids; what contradicts is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from romlib_converters.common.solver_mesh import IdValues, SolverMesh

from romlib.errors import FileFormatError, InputError
from romlib.words import plural, shortlist

_EQUAL = 1e-6  # of the size of the mesh, or of the largest value: part files may have single precision


def in_natural_order(paths: Sequence[Path]) -> list[Path]:
    """Paths with the numbers of their names by value: out2 before out10."""
    return sorted(paths, key=lambda path: [(int(part), "") if part.isdigit() else (-1, part)
                                           for part in re.split(r"(\d+)", path.name)])


def numbered_parts(first: Path, pattern: str, expected: int | None = None) -> list[Path]:
    """The part files of a computation, complete.

    Parameters
    ----------
    first : one of them. pattern : regular expression of the names of all, with the group `number`.
    expected : how many the files say that there are; None where they do not say.

    Raises
    ------
    FileFormatError : the numbers have gaps, or there are others than expected: half a computation is not read.
    """
    found: dict[int, Path] = {}
    for path in first.parent.iterdir():
        match = re.fullmatch(pattern, path.name)
        if match and path.is_file():
            found[int(match["number"])] = path
    if not found:
        raise InputError("no part file has a name of this pattern", file=first, expected=pattern)
    start = min(found)
    last = start + expected - 1 if expected is not None else max(found)
    missing = sorted(set(range(start, last + 1)) - set(found)) + sorted(set(found) - set(range(start, last + 1)))
    if missing or start > 1:
        missing = missing or [*range(start)]
        raise FileFormatError("the part files of this computation are not complete", file=first,
                              expected=plural(expected, "file") if expected is not None else "numbers without gaps",
                              found=f"{plural(len(found), 'file')}; {shortlist('part', missing)}",
                              remedy="put all part files of the one computation beside each other")
    return [found[number] for number in sorted(found)]


def join_meshes(parts: Sequence[SolverMesh], file: Path) -> SolverMesh:
    """One mesh of parts with global ids: a node of several parts is one node, a cell is of one part.

    Sets of one name are joined, and so are arrays; other elements are counted over all.

    Raises
    ------
    FileFormatError : a node with different coordinates in two parts, or a cell in two.
    """
    if len(parts) == 1:
        return parts[0]
    ids = np.concatenate([part.node_ids for part in parts])
    points = np.concatenate([part.points for part in parts])
    size = float(np.ptp(points, axis=0).max(initial=0.0))
    node_ids, first, number = np.unique(ids, return_index=True, return_inverse=True)
    apart = np.abs(points - points[first][number.ravel()]).max(axis=1)
    wrong = np.flatnonzero(apart > _EQUAL * size)
    if len(wrong):
        raise FileFormatError("part files have different coordinates of one node: their ids are not global", file=file,
                              place=f"node {ids[wrong[0]]}", expected=points[first][number.ravel()][wrong[0]],
                              found=f"{points[wrong[0]]}; {plural(len(wrong), 'such node')}")
    cells = np.concatenate([np.empty(0, np.int64), *(c.ids for part in parts for c in part.cells)])
    owned, count = np.unique(cells, return_counts=True)
    if (count > 1).any():
        raise FileFormatError("a cell is in two part files", file=file, place=f"cell {owned[count > 1][0]}",
                              expected="every cell in one part", found=plural(int((count > 1).sum()), "such cell"),
                              remedy="the ids are not global, or these are not parts of one computation")
    others: dict[str, int] = {}
    for part in parts:
        for kind, n in part.others.items():
            others[kind] = others.get(kind, 0) + n
    return replace(
        parts[0], file=file, node_ids=node_ids, points=points[first], others=others,
        cells=tuple(c for part in parts for c in part.cells),
        node_sets=_joined([part.node_sets for part in parts]), cell_sets=_joined([part.cell_sets for part in parts]),
        face_sets={name: tuple(np.concatenate([part.face_sets[name][k] for part in parts if name in part.face_sets])
                               for k in (0, 1)) for name in dict.fromkeys(n for part in parts for n in part.face_sets)},
        node_arrays={name: join_values([part.node_arrays[name] for part in parts if name in part.node_arrays], file,
                                       f"array {name!r}")
                     for name in dict.fromkeys(n for part in parts for n in part.node_arrays)},
        cell_arrays={name: join_values([part.cell_arrays[name] for part in parts if name in part.cell_arrays], file,
                                       f"array {name!r}")
                     for name in dict.fromkeys(n for part in parts for n in part.cell_arrays)},
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        midpoints=np.unique(np.concatenate([part.midpoints for part in parts]), axis=0))


def join_values(parts: Sequence[IdValues], file: Path, place: str) -> IdValues:
    """Values of all parts, each id once. NaN in one part is filled by another part's value.

    Raises
    ------
    FileFormatError : two parts have different values of one id, beyond rounding.
    """
    if len(parts) == 1:
        return parts[0]
    ids = np.concatenate([part.ids for part in parts])
    values = np.concatenate([part.values for part in parts])
    unknown = np.isnan(values).reshape(len(values), -1).any(axis=1) if values.dtype.kind == "f" else np.zeros(
        len(values), dtype=bool)
    order = np.lexsort([unknown, ids])  # of each id, a value that is known comes first
    ids, values, unknown = ids[order], values[order], unknown[order]
    first = np.concatenate([np.ones(min(len(ids), 1), dtype=bool), ids[1:] != ids[:-1]])
    kept = np.flatnonzero(first)
    other = np.flatnonzero(~first & ~unknown)
    if len(other):
        mine = kept[np.cumsum(first) - 1][other]
        largest = float(np.nanmax(np.abs(values), initial=0.0))
        apart = np.abs(values[other] - values[mine]).reshape(len(other), -1).max(axis=1)
        wrong = np.flatnonzero(apart > _EQUAL * largest)
        if len(wrong):
            at = other[wrong[0]]
            raise FileFormatError("part files have different values of one id", file=file,
                                  place=f"{place}, id {ids[at]}", expected=values[mine[wrong[0]]],
                                  found=f"{values[at]}; {plural(len(wrong), 'such id')}")
    return IdValues(ids[kept], values[kept])


def _joined(sets: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.unique(np.concatenate([one[name] for one in sets if name in one]))
            for name in dict.fromkeys(name for one in sets for name in one)}
