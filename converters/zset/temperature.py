"""The temperature history of a Zset deck (***parameter **file temperature), in both syntaxes, as terms of fields.

T(x, t) = sum of amplitude(t) x field(x). All fields that are uniform share the load "temperature_uniform" (field 1,
amplitude in degrees); any other field is a load with the name of its file. So two decks that describe the same history
in different words have the same loads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from romlib_converters.zset.tables import Table, Tables
from romlib_converters.zset.tree import Block, Word

from romlib.errors import FileFormatError, UnsupportedError
from romlib.model import Amplitude, ArrayReference, Load, TableAmplitude, Temperature

UNIFORM = "temperature_uniform"

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_TIME = re.compile(rf"(?:(?P<offset>{_NUMBER})\+)?cycle\*(?P<period>{_NUMBER})|(?P<constant>{_NUMBER})")


@dataclass(frozen=True)
class FieldFile:
    """A record (from one) of a big-endian float32 file with a value a node or a face."""

    file: str
    record: int

    @property
    def name(self) -> str:
        """Name of the array: the file's stem, with the record where it is not the first."""
        stem = Path(self.file).stem
        return stem if self.record == 1 else f"{stem}_{self.record}"


Field = float | FieldFile


@dataclass(frozen=True)
class TemperatureHistory:
    """Rows of (time, (coefficient, field) terms), linear between the rows; a cycle repeats from `start` up to `end`.

    interpolation : to the integration points, as in `romlib.mesh.mesh.CellBlock`. rec_size : values a record.
    """

    rows: tuple[tuple[float, tuple[tuple[float, Field], ...]], ...]
    start: float = 0.0
    period: float | None = None
    end: float | None = None
    interpolation: str = "shape"
    rec_size: int | None = None

    @property
    def files(self) -> tuple[FieldFile, ...]:
        """The field files, each once."""
        return tuple(dict.fromkeys(f for _, terms in self.rows for _, f in terms if isinstance(f, FieldFile)))

    def loads(self, uniform: Callable[[FieldFile], float | None]) -> dict[str, tuple[Load, Amplitude]]:
        """Loads and amplitudes by name; `uniform` gives the value of a field that is uniform, else None."""
        constants = {field: uniform(field) for field in self.files}
        values: dict[str, list[float]] = {}
        for row, (_, terms) in enumerate(self.rows):
            for coefficient, field in terms:
                constant = constants[field] if isinstance(field, FieldFile) else field
                name = _name(field, constant)
                series = values.setdefault(name, [0.0] * len(self.rows))
                series[row] += coefficient if constant is None else coefficient * constant
        times = tuple(time for time, _ in self.rows)
        return {
            name: (Temperature(field=1.0 if name == UNIFORM else ArrayReference(array=name)),
                   TableAmplitude(time=times, value=tuple(series), start=self.start, period=self.period, end=self.end))
            for name, series in values.items()}

    def initial(self, uniform: Callable[[FieldFile], float | None]) -> float | ArrayReference | None:
        """Temperature at the first row: a number, one field, or None for a mixture of fields."""
        terms = [(coefficient, field) for coefficient, field in self.rows[0][1] if coefficient != 0.0]
        constants = [uniform(field) if isinstance(field, FieldFile) else field for _, field in terms]
        if all(constant is not None for constant in constants):
            return float(sum(c * constant for (c, _), constant in zip(terms, constants) if constant is not None))
        if len(terms) == 1 and terms[0][0] == 1.0 and isinstance(terms[0][1], FieldFile):
            return ArrayReference(array=terms[0][1].name)
        return None


def _name(field: Field, constant: float | None) -> str:
    return UNIFORM if constant is not None or not isinstance(field, FieldFile) else field.name


def read_temperature(block: Block, tables: Tables) -> TemperatureHistory:
    """History of a **file temperature block.

    Raises
    ------
    UnsupportedError : an option that is not read, by its name. FileFormatError : a row that makes no sense.
    """
    known = ("node", "node_averaged", "rec_size", "cycle_conversion", "base_temperature", "max_temperature", "table")
    for child in block.children:
        if child.name not in known:
            raise UnsupportedError("this option of a temperature file is not read", file=child.file, place=child.place,
                                   expected=", ".join(f"*{name}" for name in known), found=f"*{child.name}")
    size = block.first("rec_size")
    layout: dict[str, Any] = {"interpolation": "mean" if block.first("node_averaged") else "shape",
                              "rec_size": size.words[0].integer() if size and size.words else None}
    if block.first("max_temperature") or block.first("base_temperature"):
        return _between(block, tables, layout)
    rows = [row for child in (block, *block.children) for row in child.lines]
    if not rows:
        raise FileFormatError("the temperature has no rows", file=block.file, place=block.place,
                              expected="time file FILE RECORD, or time uniform VALUE")
    return _rows(block, rows, layout)


def _between(block: Block, tables: Tables, layout: dict[str, Any]) -> TemperatureHistory:
    """T = base + coefficient(t) (max - base); the table repeats as its own cycle says."""
    base, top = (_field(block.require(name).words) for name in ("base_temperature", "max_temperature"))
    words = block.require("table").words
    table: Table = tables.read(words[0] if words else None)
    rows = tuple((t, ((1.0 - c, base), (c, top))) for t, c in zip(table.time, table.value))
    return TemperatureHistory(rows, table.start, table.period, **layout)


def _rows(block: Block, lines: Iterable[list[Word]], layout: dict[str, Any]) -> TemperatureHistory:
    conversion = block.first("cycle_conversion")
    start, end, period = 0.0, None, None
    if conversion is not None:
        numbers = [word.number() for word in conversion.arguments]
        if len(numbers) != 3 or numbers[2] <= 0.0:
            raise FileFormatError("*cycle_conversion needs a start, an end and a period", file=block.file,
                                  place=conversion.place, found=" ".join(word.text for word in conversion.arguments))
        start, end, period = numbers
        if start != 0.0:
            raise UnsupportedError("cycles that do not start at time zero are not read", file=block.file,
                                   place=conversion.place, expected=0, found=start)
    rows, cyclic = [], []
    for line in lines:
        time, factor, value = _split(line)
        rows.append((time, ((1.0, _field(value)),)))
        cyclic.append(factor is not None)
        if factor is not None and (period is None or abs(factor - period) > 1e-9 * period):
            raise UnsupportedError("a time that does not advance by the period of the cycle", file=line[0].file,
                                   place=line[0].place, expected=period, found=factor)
    if any(b[0] < a[0] for a, b in pairwise(rows)):
        raise FileFormatError("the times of the temperature decrease", file=block.file, place=block.place)
    if any(cyclic) != all(cyclic):
        raise UnsupportedError("rows of temperature that mix cycles with fixed times", file=block.file,
                               place=block.place)
    if not any(cyclic):
        return TemperatureHistory(tuple(rows), **layout)
    return TemperatureHistory(tuple(rows), start, period, end, **layout)


def _split(line: list[Word]) -> tuple[float, float | None, list[Word]]:
    """Time, its factor of the cycle number (None for a fixed time), and the words of the value."""
    if line[0].text != "function":
        return line[0].number(), None, line[1:]
    end = next((k for k, word in enumerate(line) if word.text.endswith(";")), None)
    text = "" if end is None else "".join(word.text for word in line[1:end + 1]).rstrip(";")
    match = _TIME.fullmatch(text)
    if end is None or match is None:
        raise UnsupportedError("this function of the cycle number is not read", file=line[0].file, place=line[0].place,
                               expected="function OFFSET+cycle*PERIOD;", found=" ".join(word.text for word in line))
    if match["constant"] is not None:
        return float(match["constant"]), None, line[end + 1:]
    return float(match["offset"] or 0.0), float(match["period"]), line[end + 1:]


def _field(words: list[Word]) -> Field:
    """`file FILE [RECORD]`, `uniform VALUE` or `constant VALUE`."""
    kind = words[0].text if words else ""
    if kind in ("uniform", "constant") and len(words) == 2:
        return words[1].number()
    if kind == "file" and len(words) in (2, 3):
        return FieldFile(words[1].text, words[2].integer() if len(words) == 3 else 1)
    where = words[0] if words else None
    raise UnsupportedError("this description of a temperature is not read", expected="file, uniform or constant",
                           file=where.file if where else None, place=where.place if where else None,
                           found=" ".join(word.text for word in words) or "nothing")
