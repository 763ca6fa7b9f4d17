"""A results file .rst of Ansys for `benchmarks/convert.py`, SOLID185 with its default formulation.

A record is its length in words of four bytes, a word of flags, the data, and its length again; headers have pointers to
other records (Ansys' fdresu.inc and fdutil.inc).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

_WHOLE = np.uint32(0x80 << 24).astype(np.int32)  # flag of whole numbers
_NODES = 8
_ROOM = 1000  # result sets that the index has room for


def write_ansys(
    folder: Path, points: np.ndarray, cells: np.ndarray, steps: int,
    displacement: Callable[[np.ndarray, int], np.ndarray],
) -> list[Path]:
    """displacement : (n, 3) of points at a record, from zero; the file's records begin at time 1 with the second."""
    path, n_node, n_cell = folder / "box.rst", len(points), len(cells)
    standard, header = np.zeros(100, np.int32), np.zeros(80, np.int32)
    standard[[0, 1, 9]] = 12, 12, int.from_bytes(b"22.2", "big")
    header[[0, 1, 2, 3, 4, 6, 8, 39]] = 12, n_node, n_node, _ROOM, 3, n_cell, steps, 1
    parts = [_record(standard), _record(header)]

    def add(*records: np.ndarray) -> int:
        """Where the first of some records is."""
        at = sum(map(len, parts))
        parts.extend(records)
        return at

    ids = np.arange(1, n_node + 1, dtype=np.int32)
    header[14], header[13] = add(_record(ids)), add(_record(np.arange(1, n_cell + 1, dtype=np.int32)))
    index, times, numbers = np.zeros(2 * _ROOM, np.int32), np.zeros(_ROOM), np.zeros((_ROOM, 3), np.int32)
    times[:steps] = 1.0 + np.arange(steps)
    numbers[:steps] = np.column_stack([np.ones(steps), 1 + np.arange(steps), 1 + np.arange(steps)])
    header[10] = place_of_index = add(_record(index))
    header[11], header[12] = add(_record(times.view(np.int32), 0)), add(_record(numbers.ravel()))
    header[15] = place = add(_record(np.zeros(80, np.int32)))
    geometry = np.zeros(80, np.int32)
    geometry[[1, 3, 4]] = 1, n_node, n_cell
    geometry[20] = _types(add)
    geometry[26], geometry[28] = add(_nodes(ids, points)), add(*_elements(cells))
    first = sum(map(len, parts))
    size = len(_set(np.zeros((n_node, 3)), n_cell, 1.0))
    index[:steps] = first + size * np.arange(steps)
    header[22] = first + size * steps
    for at, data in ((103, header), (place_of_index, index), (place, geometry)):
        _put(parts, at, data)
    with open(path, "wb") as file:
        for part in parts:
            part.tofile(file)
        for step in range(steps):
            _set(displacement(points, step), n_cell, float(times[step])).tofile(file)
    return [path]


def _record(data: np.ndarray, flags: int = _WHOLE) -> np.ndarray:
    return np.concatenate([[len(data), flags], data, [len(data)]]).astype(np.int32)


def _put(parts: list[np.ndarray], at: int, data: np.ndarray) -> None:
    """New data of a record that has been added."""
    for part in parts:
        if at == 0:
            part[2:-1] = data
            return
        at -= len(part)
    raise ValueError("no record begins there")


def _types(add: Callable[..., int]) -> int:
    """One element type."""
    values = np.zeros(100, np.int32)
    values[[0, 1, 60, 62, 93]] = 1, 185, _NODES, _NODES, _NODES
    index = _record(np.zeros(1, np.int32))
    index[2] = len(index)  # the type is behind its index
    return add(index, _record(values))


def _nodes(ids: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A record each: number, coordinates, angles."""
    words = np.empty((len(ids), 17), np.int32)
    values = np.zeros((len(ids), 7))
    values[:, 0], values[:, 1:4] = ids, points
    words[:, 0], words[:, 1], words[:, 2:-1], words[:, -1] = 14, 0, values.view(np.int32), 14
    return words.ravel()


def _elements(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The index of elements, and a record each: material, type, and so on, number, and nodes."""
    n = len(cells)
    words = np.zeros((n, 21), np.int32)
    words[:, 0] = words[:, -1] = 18
    words[:, 1] = _WHOLE
    words[:, 2:6] = 1
    words[:, 10], words[:, 12:-1] = np.arange(1, n + 1), cells + 1
    offsets = np.zeros((n, 2), np.int32)
    offsets[:, 0] = 2 * n + 3 + 21 * np.arange(n)
    return _record(offsets.ravel()), words.ravel()


def _set(values: np.ndarray, n_cell: int, time: float) -> np.ndarray:
    """A result set: its headers, and the nodal solution."""
    head, numbers = np.zeros(200, np.int32), _record(np.array([time, 1.0, 1.0, 0.0, 0.0, 0.0]).view(np.int32), 0)
    head[1:3], head[15], head[19:23] = (n_cell, len(values)), 1, (3, 1, 2, 3)
    head[104] = len(head) + 3 + len(numbers)
    return np.concatenate([_record(head), numbers, _record(np.ascontiguousarray(values).ravel().view(np.int32), 0)])
