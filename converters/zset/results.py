"""Zset's result files: the .ut header, and .node and .integ as big-endian float32 seen through memory maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from romlib_converters.zset.tree import lines_of, text_of, words_of

from romlib.errors import FileFormatError
from romlib.files import is_file, regular_file
from romlib.words import plural

DTYPE = np.dtype(">f4")
ABSURD = 1e30  # no stress, displacement or force of a computation that converged is as large
SAMPLE = 100_000  # numbers of a record that tell the byte order


@dataclass(frozen=True)
class ResultHeader:
    """A .ut file: variables in the order of storage, and one row a record. cycle, sequence, increment : (n_record,)."""

    file: Path
    mesh_file: str
    node_variables: tuple[str, ...]
    ip_variables: tuple[str, ...]
    times: np.ndarray
    cycle: np.ndarray
    sequence: np.ndarray
    increment: np.ndarray

    @property
    def n_record(self) -> int:
        """Number of stored increments."""
        return len(self.times)

    def missing_increments(self) -> int:
        """Increments that were computed and not stored, as far as the numbers of the stored ones tell."""
        before = np.concatenate([[0], self.increment[:-1]])
        begins = np.concatenate([[False], (np.diff(self.cycle) != 0) | (np.diff(self.sequence) != 0)])
        # A sequence may count its increments anew.
        missing = np.where(begins & (self.increment <= before), self.increment - 1, self.increment - before - 1)
        return int(missing.clip(min=0).sum())


def read_ut(path: Path) -> ResultHeader:
    """Header of the results.

    Raises
    ------
    InputError : no such file. FileFormatError : empty, or a record that makes no sense.
    """
    regular_file(path, "the file of the results' header does not exist",
                 remedy="give the deck or the .ut of a computation that ran")
    lines = lines_of(text_of(path))
    words: dict[str, list[str]] = {}
    records: list[list[float]] = []
    for number, line in enumerate(lines, start=1):
        parts = words_of(line.split("%")[0])
        if parts and parts[0].startswith("**"):
            keyword = parts[0].lstrip("*")
            if keyword in words:
                raise FileFormatError("a keyword stands twice in the header of the results", file=path,
                                      place=f"line {number}", found=f"**{keyword}"[:60])
            words[keyword] = parts[1:]
        elif parts:
            records.append(_record(path, number, parts, len(records) + 1))
    if not records or not words.get("meshfile"):
        raise FileFormatError("the header of the results is empty", file=path, expected="**meshfile and records",
                              found=f"{plural(len(lines), 'line')}, {plural(len(records), 'record')}")
    table = np.array(records)
    times = table[:, 4]
    if (np.diff(times) <= 0).any():
        record = int(np.flatnonzero(np.diff(times) <= 0)[0]) + 1
        raise FileFormatError("the times of the records do not increase", file=path, place=f"record {record + 1}",
                              expected=f"more than {times[record - 1]:g}", found=f"{times[record]:g}",
                              remedy="convert the results of one run at a time")
    cycle, sequence, increment = (table[:, k].astype(int) for k in (1, 2, 3))
    header = ResultHeader(path, words["meshfile"][0], tuple(words.get("node", ())), tuple(words.get("integ", ())),
                          times, cycle, sequence, increment)
    if not header.ip_variables and is_file(path.with_suffix(".integ")) and path.with_suffix(".integ").stat().st_size:
        raise FileFormatError("the header names no variables of integration points, yet their values are there",
                              file=path, expected="**integ with the variables", found=path.with_suffix(".integ").name,
                              remedy="copy the header of the results again")
    for kind in (header.node_variables, header.ip_variables):
        if len(set(kind)) != len(kind):
            raise FileFormatError("a variable stands twice", file=path, found=" ".join(kind))
    return header


def _record(path: Path, line: int, parts: list[str], expected: int) -> list[float]:
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) != 5 or not np.isfinite(numbers).all() or int(numbers[0]) != expected:
        raise FileFormatError("a record of the results cannot be read", file=path, place=f"line {line}",
                              expected=f"{expected} cycle sequence increment time", found=" ".join(parts)[:200])
    return numbers


def map_records(path: Path, header: ResultHeader, values: int, what: str) -> np.ndarray:
    """Memory map (n_record, values) of a result file.

    what : what a record holds, for the message. Raises InputError : no such file; FileFormatError : the wrong size.
    """
    regular_file(path, "a result file does not exist", expected=f"{what}, as {header.file.name} says")
    expected, found = header.n_record * values * DTYPE.itemsize, path.stat().st_size
    if expected != found:
        whole, rest = divmod(found, values * DTYPE.itemsize)
        holds = f"{plural(found, 'byte')}: {plural(whole, 'record')}" + (f" and {plural(rest, 'byte')}" if rest else "")
        if found < expected:
            message = "the result file is truncated, or its header promises more records than it holds"
        else:
            message = "the result file holds more than its header says"
        raise FileFormatError(message, file=path, place=f"record {min(whole + 1, header.n_record)}", found=holds,
                              expected=f"{plural(expected, 'byte')}: {plural(header.n_record, 'record')} of {what}",
                              remedy="copy the files again, or run the solver again; with other elements than the mesh "
                                     "names, the number of integration points differs too")
    records = np.memmap(path, DTYPE, "r", shape=(header.n_record, values))
    check_byte_order(records[-1], path)
    return records


def read_field_file(path: Path, record: int, n_value: int, what: str) -> np.ndarray:
    """(n_value,) float64: a record (from one) of a file without header.

    Raises
    ------
    InputError : no such file. FileFormatError : too short for the record, or a value that is not finite.
    """
    regular_file(path, "the field file that the deck names does not exist", remedy="put it beside the deck")
    if n_value == 0:
        return np.empty(0)
    size, needed = path.stat().st_size, n_value * DTYPE.itemsize
    if size < record * needed or size % needed:
        whole = size % needed == 0
        raise FileFormatError(
            "a field file does not have this record" if whole else "a field file has the wrong size", file=path,
            place=f"record {record}",
            expected=f"{plural(needed, 'byte')} per record: one value for each of {n_value} {what}",
            found=plural(size, "byte") + (f": {plural(size // needed, 'record')}" if whole else ""))
    raw = np.fromfile(path, DTYPE, n_value, offset=(record - 1) * needed)
    check_byte_order(raw, path)
    values = raw.astype(float)
    check_values(values, path, lambda position: f"record {record}, {what[:-1]} number {position + 1} of the file")
    return values


def check_byte_order(values: np.ndarray, path: Path) -> None:
    """FileFormatError when far more numbers have a plausible size in the other byte order than in Zset's.

    Numbers read in the wrong order have an exponent taken from the last bits of a mantissa: half of them are absurd.
    """
    some = np.array(values[:: max(1, len(values) // SAMPLE)], DTYPE)
    plausible, swapped = _plausible(some), _plausible(some.view(DTYPE.newbyteorder("<")))
    if plausible < 0.8 and swapped > 0.95:
        raise FileFormatError(
            "the file seems to be in the other byte order", file=path, place="the last record",
            expected="big-endian float32, numbers of a plausible size",
            found=f"{plausible:.0%} of the numbers plausible, {swapped:.0%} after a swap of bytes",
            remedy="copy the solver's file without converting it")


def _plausible(values: np.ndarray) -> float:
    """Fraction of the numbers that are not zero and have a size between 1e-20 and 1e20."""
    size = np.abs(values[values != 0.0])
    return 1.0 if not size.size else float(((size > np.float32(1e-20)) & (size < np.float32(1e20))).mean())


def check_values(values: np.ndarray, path: Path, place: Callable[[int], str]) -> None:
    """FileFormatError for a value that is not finite or is absurd; `place` puts its position in `values` into words."""
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero(~(np.abs(values.ravel()) < ABSURD))
    if bad.size:
        raise FileFormatError(
            "a field has a value that is not finite, or absurdly large", file=path, place=place(int(bad[0])),
            expected=f"a number below {ABSURD:g}", found=values.ravel()[bad[0]],
            remedy="the solver diverged, or the file is damaged or not a result of this computation")
