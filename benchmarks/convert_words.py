"""Files of words and of columns for `benchmarks/convert.py`: Nastran's output2, LS-DYNA's d3plot, CalculiX's .frd.

Each takes the displacement (n, 3) of points at a record as a function; see `convert_writers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np

Displacement = Callable[[np.ndarray, int], np.ndarray]
_OP2_WORDS = 65533  # of a block
_END = np.array([-999999.0], "<f4")  # ends the states of a d3plot


def write_nastran(
    folder: Path, points: np.ndarray, cells: np.ndarray, steps: int, displacement: Displacement
) -> list[Path]:
    """An .op2 with its geometry, in single precision, as PARAM,POST,-1 writes it; the first record is at time 1."""
    path, ids = folder / "box.op2", (1 + np.arange(len(points))).astype("<i4")
    grids, solids = np.zeros((len(points), 8), "<i4"), np.zeros((len(cells), 22), "<i4")
    grids[:, 0], grids[:, 2:5] = ids, points.astype("<f4").view("<i4")
    solids[:, 0], solids[:, 1], solids[:, 2:10] = 1 + np.arange(len(cells)), 1, cells + 1

    def results() -> Iterable[np.ndarray]:
        for step in range(steps):
            ident, rows = np.zeros(146, "<i4"), np.zeros((len(points), 8), "<i4")
            ident[[0, 1, 3, 8, 9]] = 61, 1, 1, 1, 8
            ident[4] = np.float32(step + 1).view("<i4")
            rows[:, 0], rows[:, 1] = 10 * ids + 1, 1
            rows[:, 2:5] = displacement(points, step).astype("<f4").view("<i4")
            yield from (ident, rows.ravel())

    with open(path, "wb") as file:
        for words in ([3], [7, 3, 26], [7], _letters("NASTRAN FORT TAPE ID CODE - ", 7), [2], _letters("NX12.0", 2),
                      [-1], [0]):
            _block(file, words)
        _table(file, "GEOM1", [np.concatenate([[4501, 45, 1], grids.ravel()])])
        _table(file, "GEOM2", [np.concatenate([[7308, 73, 253], solids.ravel()])])
        _table(file, "OUGV1", results())
        _block(file, [0])
    return [path]


def _letters(text: str, count: int) -> np.ndarray:
    return np.frombuffer(text.ljust(4 * count).encode(), "<i4")


def _block(file: BinaryIO, words: np.ndarray | list[int]) -> None:
    data = np.asarray(words, "<i4")
    for part in (np.array([data.nbytes], "<i4"), data, np.array([data.nbytes], "<i4")):
        part.tofile(file)


def _table(file: BinaryIO, name: str, records: Iterable[np.ndarray]) -> None:
    for words in ([2], _letters(name, 2), [-1], [7], [101, 0, 0, 0, 0, 0, 0], [-2], [1], [0], [2], _letters(name, 2)):
        _block(file, words)
    part = 3
    for part, record in enumerate(records, 3):
        for marker in (-part, 1, 0):
            _block(file, [marker])
        for first in range(0, len(record), _OP2_WORDS):
            piece = record[first:first + _OP2_WORDS]
            _block(file, [len(piece)])
            _block(file, piece)
    for marker in (-part - 1, 1, 0, 0):
        _block(file, [marker])


def write_lsdyna(
    folder: Path, points: np.ndarray, cells: np.ndarray, steps: int, displacement: Displacement
) -> list[Path]:
    """A d3plot in single precision: one stress and plastic strain a solid, and a file for each state."""
    n, m = len(points), len(cells)
    control, numbers, solids = np.zeros(64, "<i4"), np.zeros(16, "<i4"), np.ones((m, 9), "<i4")
    for at, value in {11: 1, 15: 4, 16: n, 18: 2, 20: 1, 23: m, 24: 1, 27: 7, 39: 17 + n + m, 43: 999, 44: 999,
                      51: 1}.items():
        control[at] = value
    control[14:15] = np.array([971.0], "<f4").view("<i4")
    numbers[0], numbers[5:7], numbers[13] = -1, (n, m), 1
    solids[:, :8] = cells + 1
    files = [folder / "d3plot", *(folder / f"d3plot{step + 1:02d}" for step in range(steps))]
    ids = [(1 + np.arange(k)).astype("<i4") for k in (n, m, 1)]
    _write(files[0], control, points.astype("<f4"), solids, numbers, *ids, _END)
    for step, path in enumerate(files[1:]):
        _write(path, np.array([step, 0, 0], "<f4"), (points + displacement(points, step)).astype("<f4"),
               np.zeros((m, 7), "<f4"), _END)
    return files


def _write(path: Path, *parts: np.ndarray) -> None:
    with open(path, "wb") as file:
        for part in parts:
            part.tofile(file)


def write_frd(
    folder: Path, points: np.ndarray, cells: np.ndarray, steps: int, displacement: Displacement, form: int
) -> list[Path]:
    """A .frd. form : 1, text; 3, binary in double precision. The first record is at time 1."""
    path, n, m = folder / "box.frd", len(points), len(cells)
    ids = 1 + np.arange(n)

    def rows(values: np.ndarray) -> bytes:
        if form == 1:
            columns = np.char.mod("%12.5E", values)
            return "".join(f" -1{number:10d}{a}{b}{c}\n" for number, (a, b, c) in
                           zip(ids.tolist(), columns.tolist())).encode() + b" -3\n"
        records = np.empty(n, [("id", "<i4"), ("values", "<f8", 3)])
        records["id"], records["values"] = ids, values
        return records.tobytes()

    with open(path, "wb") as file:
        file.write(b"    1C\n    1UVERSION           Version 2.20\n")
        file.write(f"    2C{n:30d}{form:38d}\n".encode() + rows(points))
        file.write(f"    3C{m:30d}{min(form, 2):38d}\n".encode())
        if form == 1:
            file.writelines(f" -1{number:10d}    1    0    1\n -2".encode() + b"".join(b"%10d" % k for k in nodes)
                            + b"\n" for number, nodes in enumerate((cells + 1).tolist(), 1))
            file.write(b" -3\n")
        else:
            solids = np.ones((m, 12), "<i4")
            solids[:, 0], solids[:, 2], solids[:, 4:] = 1 + np.arange(m), 0, cells + 1
            solids.tofile(file)
        for step in range(1, steps + 1):
            file.write(f"    1PSTEP{step:26d}{step:12d}{1:12d}\n".encode())
            file.write(f"  100CL{100 + step:5d}{step:12.5E}{n:12d}{0:22d}{step:5d}{form:12d}\n -4  DISP        4    1\n"
                       .encode())
            for k, name in enumerate(("D1", "D2", "D3"), 1):
                file.write(f" -5  {name:8s}    1    2{k:5d}    0\n".encode())
            file.write(b" -5  ALL         1    2    0    0    1ALL\n" + rows(displacement(points, step - 1)))
        file.write(b" 9999\n")
    return [path]
