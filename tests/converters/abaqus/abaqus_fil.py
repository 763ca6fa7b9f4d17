"""A writer of results files .fil, by the layout that Abaqus's manual prints; it shares nothing with the reader.

An item is a Python int, float or str; of text every eight characters are one word, filled with blanks.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

Item = int | float | str


class FilWriter:
    """Writes records; `end_increment` writes record 2001 and fills the block or the line.

    noise : what stands in the half of a word that a whole number leaves (binary), as Abaqus leaves what was there.
    """

    def __init__(self, path: Path, *, binary: bool, order: str = "<", line_end: bytes = b"\n", noise: int = 0) -> None:
        self.path, self.binary, self._order, self._line_end, self._noise = path, binary, order, line_end, noise
        self._words = b""
        self._text = ""
        self._file = open(path, "wb")  # noqa: SIM115

    def __enter__(self) -> FilWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def record(self, key: int, *items: Item) -> None:
        """One record."""
        items = tuple(word for item in items for word in _words_of(item))
        if self.binary:
            self._words += b"".join(map(self._binary, (len(items) + 2, key, *items)))
            self._blocks()
        else:
            self._text += "*" + "".join(map(_ascii, (len(items) + 2, key, *items)))

    def end_increment(self) -> None:
        """Record 2001."""
        if self.binary:
            n_word = (len(self._words) // 8 + 2) % 512
            padding = (512 - n_word) % 512
            self._words += b"".join(map(self._binary, (2 + padding, 2001)))
            self._words += bytes(8 * padding)
            self._blocks()
            assert not self._words
            return
        self._text += "*" + _ascii(2) + _ascii(2001)
        self._text += " " * (-len(self._text) % 80) + " " * 80
        for k in range(0, len(self._text), 80):
            self._file.write(self._text[k:k + 80].encode("latin-1") + self._line_end)
        self._text = ""

    def _binary(self, item: Item) -> bytes:
        if isinstance(item, str):
            return item.encode("latin-1")
        if isinstance(item, float):
            return struct.pack(f"{self._order}d", item)
        return struct.pack(f"{self._order}ii", item, self._noise)  # JRRAY(1, k) is the number

    def _blocks(self) -> None:
        marker = struct.pack(f"{self._order}i", 4096)
        while len(self._words) >= 4096:
            self._file.write(marker + self._words[:4096] + marker)
            self._words = self._words[4096:]


def _words_of(item: Item) -> list[Item]:
    if isinstance(item, str):
        text = item or " "
        return [text[k:k + 8].ljust(8) for k in range(0, len(text), 8)]
    return [float(item) if isinstance(item, (float, np.floating)) else int(item)]


def _ascii(item: Item) -> str:
    if isinstance(item, str):
        return "A" + item
    if isinstance(item, float):
        return "D" + fortran(item)
    digits = str(item)
    return f"I{len(digits):2d}{digits}"


def fortran(value: float) -> str:
    """A number in the format 1PD22.15."""
    mantissa, exponent = f"{value:.15E}".split("E")
    power = f"{int(exponent):+03d}"
    return f"{mantissa}{'D' if len(power) == 3 else ''}{power}".rjust(22)


def write_model(
    writer: FilWriter, node_ids: Sequence[int], points: np.ndarray, elements: Iterable[tuple[int, str, Sequence[int]]],
    node_sets: dict[str, Sequence[int]], element_sets: dict[str, Sequence[int]], *, dofs: Sequence[int] = (1, 2, 3),
    most: int = 80,
) -> None:
    """Records before the first increment. most : words of a record of a set, which goes on in others."""
    writer.record(1921, "2024    ", "26-Nov-2026     ", "12:00:00", len(list(node_ids)), 8, 1.0)
    for number, kind, nodes in elements:
        first, rest = list(nodes)[:most - 4], list(nodes)[most - 4:]
        writer.record(1900, number, kind, *map(int, first))
        if rest:
            writer.record(1990, *map(int, rest))
    for number, point in zip(node_ids, points):
        writer.record(1901, int(number), *map(float, point))
    labels: dict[str, int] = {}
    for key, sets in ((1933, element_sets), (1931, node_sets)):
        for name, members in sets.items():
            word = name if len(name) <= 8 else str(labels.setdefault(name, len(labels) + 1)).rjust(8)
            members = list(map(int, members))
            writer.record(key, word, *members[:most - 3])
            for k in range(most - 3, len(members), most - 2):
                writer.record(key + 1, *members[k:k + most - 2])
    for name, number in labels.items():
        writer.record(1940, number, name)
    writer.record(1902, *dofs, *[0] * (30 - len(dofs)))
    writer.record(1922, "A plate of a test".ljust(80))
    writer.end_increment()


def begin_increment(
    writer: FilWriter, time: float, length: float, step: int = 1, number: int = 1, *, step_time: float | None = None,
    procedure: int = 2, perturbation: int = 0, load_factor: float = 0.0, frequency: float = 0.0,
) -> None:
    """Record 2000."""
    writer.record(2000, float(time), float(time if step_time is None else step_time), 0.0, 0.0, procedure, step, number,
                  perturbation, float(load_factor), float(frequency), float(length), " " * 80)


def write_nodal(writer: FilWriter, key: int, node_ids: Sequence[int], values: np.ndarray) -> None:
    """A nodal output request: record 1911, then one record a node."""
    writer.record(1911, 1, " ")
    for number, row in zip(node_ids, values):
        writer.record(key, int(number), *map(float, row))


def write_points(
    writer: FilWriter, kind: str, element_ids: Sequence[int], values: dict[int, np.ndarray], *, location: int = 0,
    most: int = 512, axes: np.ndarray | None = None,
) -> None:
    """An output request of elements: for each point record 1, then one record a key of `values` (n_cell, n_q, k).

    axes : (3, 3), rows are local directions, written as record 85 (DIRECTIONS=YES).
    """
    writer.record(1911, 0, " ", kind)
    for k, number in enumerate(element_ids):
        for q in range(next(iter(values.values())).shape[1]):
            writer.record(1, int(number), q + 1, 0, location, " ", 3, 3, 0, 0)
            if axes is not None:
                writer.record(85, *map(float, axes.ravel()))
            for key, of_key in values.items():
                row = list(map(float, of_key[k, q]))
                for first in range(0, len(row), most - 2):
                    writer.record(key, *row[first:first + most - 2])


def plain_tensor(mandel: np.ndarray, *, engineering: bool = False) -> np.ndarray:
    """Tensors (..., 6) in Kelvin-Mandel form as Abaqus writes them; both have the order 11, 22, 33, 12, 13, 23."""
    plain = mandel.copy()
    plain[..., 3:] *= (2.0 if engineering else 1.0) / np.sqrt(2.0)
    return plain
