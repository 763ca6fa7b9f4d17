"""The result file .frd: where its blocks are, and their values, one block in memory at a time.

    1C, 1U   title, user data          2C  nodes (id, x, y, z)         3C  elements
    1PSTEP   counter, increment, step  100CL  time, number of values, format
    -4, -5   name and components of a result; then its values, and in text -3
    9999     the end
The columns are those of the manual of CalculiX GraphiX; text blocks have lines of equal length, so that they are
stepped over like binary ones.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from romlib_converters.calculix.frd_data import (
    BLOCK_END,
    FLOAT32,
    FLOAT64,
    FrdElements,
    Layout,
    TruncatedError,
    layout_at,
    ragged_layout,
    read_elements,
)
from romlib_converters.common.records import check_finite

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.ids import IdIndex
from romlib.words import plural

_LINE = 4096  # bytes of a header line at most
_MOST = 10**9  # of increments, steps, components
_FREQUENCY = 2  # kind of analysis: the "times" are frequencies


@dataclass(frozen=True)
class Block:
    """Values of one result at one time. offset : of its first byte."""

    name: str
    components: tuple[str, ...]
    step: int
    increment: int
    time: float
    layout: Layout
    offset: int

    @property
    def place(self) -> str:
        """The block in words."""
        return f"block {self.name} of step {self.step}, increment {self.increment}, time {self.time:.6g}"

    @property
    def binary(self) -> bool:
        """Whether it is binary; text has six digits."""
        return self.layout.form in (FLOAT32, FLOAT64)


@dataclass
class FrdRecord:
    """The blocks of one increment, by name."""

    step: int
    increment: int
    time: float
    blocks: dict[str, Block] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The increment in words."""
        return f"step {self.step}, increment {self.increment}, time {self.time:.6g}"


@dataclass
class FrdFile:
    """What a .frd has. node_ids (n,) and points (n, 3) in its order. truncated : why it ends early, or "".

    records : the increments that have a displacement (or what else was asked for) and all that the first one has.
    names : of all results.
    """

    path: Path
    version: str = ""
    node_ids: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    points: np.ndarray = field(default_factory=lambda: np.empty((0, 3)))
    elements: FrdElements = field(default_factory=lambda: FrdElements({}))
    records: list[FrdRecord] = field(default_factory=list)
    truncated: str = ""
    names: tuple[str, ...] = ()

    def read(self, block: Block, kept: np.ndarray | None = None) -> np.ndarray:
        """Values (n_node, n_comp) of a block, in the order of `node_ids`.

        kept : an array, such as the values of the record before, to be filled where it has the right shape.

        Raises
        ------
        FileFormatError : nodes that are missing, unknown or there twice; a value that is not finite.
        """
        with open(self.path, "rb", buffering=0) as stream:
            stream.seek(block.offset)
            ids, values, finite = block.layout.read(stream, self.path, block.place, self.node_ids, kept)
        if ids is not self.node_ids and not np.array_equal(ids, self.node_ids):
            values = values[self._order(ids, block)]
        if not finite:
            check_finite(values, self.path, lambda row: f"{block.place}, node {self.node_ids[row]}")
        return values

    def _order(self, ids: np.ndarray, block: Block) -> np.ndarray:
        index = IdIndex(ids)
        if len(index.twice):
            raise FileFormatError("a node has two values", file=self.path, place=block.place,
                                  expected="each node once", found=f"node {index.twice[0]}")
        at = index.find(self.node_ids)
        missing = self.node_ids[at < 0]
        if len(missing):
            raise FileFormatError("nodes have no value", file=self.path, place=block.place,
                                  expected=plural(len(self.node_ids), "node"), found=f"none at node {missing[0]}",
                                  remedy="let *NODE FILE write all nodes, without NSET")
        return at


def read_frd(path: Path, needed: str = "DISP") -> FrdFile:
    """Where everything in a .frd is; its values are read later. A file that ends early has `truncated` set.

    needed : the block that an increment must have to be a record.

    Raises
    ------
    InputError : it cannot be opened. FileFormatError : it is empty or of another kind, or contradicts itself.
    UnsupportedError : frequencies instead of times, or an unknown element.
    """
    try:
        stream = open(path, "rb")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise InputError("the results cannot be read", file=path, found=error.strerror) from error
    with stream:
        if not stream.read(1):
            raise FileFormatError("the result file is empty", file=path, expected="a .frd of CalculiX", found="0 bytes",
                                  remedy="run the solver again and look at its log")
        stream.seek(0)
        if not stream.read(6).startswith((b"    1C", b"    1U")):
            raise FileFormatError("this is no .frd file", file=path, expected="a first line '    1C'",
                                  found=_head(path))
        stream.seek(0)
        return _Scan(stream, path, needed).run()


def _head(path: Path) -> str:
    with open(path, "rb") as stream:
        return repr(stream.read(40).split(b"\n")[0].decode("latin-1"))


class _Scan:
    """One walk through the headers."""

    def __init__(self, stream: BinaryIO, path: Path, needed: str) -> None:
        self.stream, self.path, self.file, self.needed = stream, path, FrdFile(path), needed
        self.size = os.fstat(stream.fileno()).st_size
        self.step, self.increment = 1, 0
        self.found: list[FrdRecord] = []

    def run(self) -> FrdFile:
        try:
            while not self._line():
                pass
        except TruncatedError as error:
            self.file.truncated = f"it ends within the {error}"
        if not len(self.file.node_ids):
            raise FileFormatError("the result file has no nodes", file=self.path, expected="a block '    2C'",
                                  found=self.file.truncated or "none",
                                  remedy="run the solver again and look at its log")
        self.file.records = self._complete()
        return self.file

    def _line(self) -> bool:
        """Take one header line and what belongs to it; True at the end of the file."""
        at = self.stream.tell()
        line = self.stream.readline(_LINE)
        if line.startswith(b" 9999"):
            return True
        if not line.endswith(b"\n") and len(line) < _LINE:
            raise TruncatedError("line that would follow" if line else "file: the last line ' 9999' is missing")
        text = line.decode("latin-1")
        key = text[:6]
        if key == "    2C":
            self._nodes(text)
        elif key == "    3C":
            n, form = self._counts(text, at)
            self.file.elements = read_elements(self.stream, n, form, self.path)
        elif text.startswith("    1PSTEP"):
            numbers = text.split()[1:]
            if len(numbers) >= 3:
                self.increment, self.step = self._positive(numbers[1], at), self._positive(numbers[2], at)
        elif text.startswith("  100C"):
            self._result(text, at)
        elif text.startswith("    1UVERSION"):
            version = text[13:].strip().removeprefix("Version").strip()
            self.file.version = "".join(one for one in version if one.isascii() and one.isprintable())
        elif not text.startswith(("    1", "  1P")):
            raise FileFormatError("a header of the .frd cannot be read", file=self.path, place=f"byte {at}",
                                  expected="1PSTEP, 100CL or 9999", found=repr(text[:40]),
                                  remedy="if the computation still writes the file, wait for its end")
        return False

    def _counts(self, text: str, at: int) -> tuple[int, int]:
        try:
            return int(text[24:36]), int(text.split()[-1])
        except ValueError:
            raise FileFormatError("a header of the .frd cannot be read", file=self.path, place=f"byte {at}",
                                  expected="a count in columns 25 to 36", found=repr(text.rstrip())) from None

    def _positive(self, text: str, at: int) -> int:
        """A number of an increment or a step."""
        if not text.isascii() or not text.isdecimal() or not 0 < int(text) < _MOST:
            raise FileFormatError("a header of the .frd cannot be read", file=self.path, place=f"byte {at}, 1PSTEP",
                                  expected="numbers of increment and step", found=text)
        return int(text)

    def _nodes(self, text: str) -> None:
        n, form = self._counts(text, self.stream.tell())
        # the coordinates of binary files are float64, whatever the format of their results
        layout = layout_at(self.stream, n, 3, form, self.path, "node block", "<f8")
        layout = self._with_end(layout)
        if self.stream.tell() + layout.n_byte > self.size:
            raise TruncatedError("node block")
        ids, self.file.points, _ = layout.read(self.stream, self.path, "node block", self.file.node_ids)
        twice = IdIndex(ids).twice
        if len(twice):
            raise FileFormatError("two nodes have the same id", file=self.path, place="node block",
                                  expected="each node once", found=f"node {twice[0]}")
        self.file.node_ids = ids
        self._block_end(layout, "node block")

    def _result(self, text: str, at: int) -> None:
        try:
            time, n = float(text[12:24]), int(text[24:36])
            form, analysis = int(text.split()[-1]), int(text[56:58] or 0)
        except ValueError:
            raise FileFormatError("a header of the .frd cannot be read", file=self.path, place=f"byte {at}",
                                  expected="time and number of values", found=repr(text.rstrip())) from None
        if analysis == _FREQUENCY:
            raise UnsupportedError("the results are modes of vibration, not a history", file=self.path,
                                   place=f"byte {at}", expected="a static computation", found="frequencies")
        if not np.isfinite(time):
            raise FileFormatError("a header of the .frd cannot be read", file=self.path, place=f"byte {at}",
                                  expected="a time", found=text[12:24])
        head = self._header_line()
        name, declared = head[5:13].strip(), self._positive(head[13:18].strip(), at)
        lines = [self._header_line() for _ in range(declared)]
        components = tuple(line[5:13].strip() for line in lines if line[33:38].strip() != "1")
        place = f"block {name} of step {self.step}, increment {self.increment}, time {time:.6g}"
        layout = layout_at(self.stream, n, len(components), form, self.path, place)
        layout = self._with_end(layout)
        block = Block(name, components, self.step, self.increment, time, layout, self.stream.tell())
        if block.offset + layout.n_byte > self.size:
            raise TruncatedError(place)  # before anything of the declared size is read
        self.stream.seek(layout.n_byte, os.SEEK_CUR)
        self._block_end(layout, place)
        if not self.found or (self.found[-1].step, self.found[-1].increment) != (self.step, self.increment):
            self.found.append(FrdRecord(self.step, self.increment, time))
        self.found[-1].blocks[name] = block

    def _with_end(self, layout: Layout) -> Layout:
        """The layout, or that of lines of different lengths, where a block of text does not end as it should."""
        if layout.form in (FLOAT32, FLOAT64) or layout.ragged:
            return layout
        here = self.stream.tell()
        self.stream.seek(min(here + layout.n_byte, self.size))
        end = self.stream.read(len(BLOCK_END))
        self.stream.seek(here)
        if end == BLOCK_END:
            return layout
        try:
            return ragged_layout(self.stream, layout) or layout
        except TruncatedError:
            return layout
        finally:
            self.stream.seek(here)

    def _header_line(self) -> str:
        line = self.stream.readline(_LINE)
        if not line.endswith(b"\n"):
            raise TruncatedError("header of a result")
        if not line.startswith((b" -4", b" -5")):
            raise FileFormatError("a header of the .frd cannot be read", file=self.path,
                                  place=f"byte {self.stream.tell() - len(line)}", expected="' -4' or ' -5'",
                                  found=repr(line[:40]))
        return line.decode("latin-1")

    def _block_end(self, layout: Layout, place: str) -> None:
        """Text blocks end with ` -3`; a binary one is followed by the next header."""
        if layout.form in (FLOAT32, FLOAT64):
            return
        line = self.stream.readline(_LINE)
        if not line.endswith(b"\n") and len(line) < _LINE:
            raise TruncatedError(place)
        if not line.startswith(BLOCK_END):
            raise FileFormatError("a block is not as long as its header says", file=self.path, place=place,
                                  expected=f"{plural(layout.n, 'node')}, then ' -3'", found=repr(line[:40]))

    def _complete(self) -> list[FrdRecord]:
        """The increments with what is needed; of a truncated file the last one only where it has
        all that the first one has.

        A first increment at the end of a truncated file has nothing to be compared with, and is not taken.
        """
        last = self.found[-1] if self.found and self.file.truncated else None
        if last is not None and (len(self.found) == 1 or not set(self.found[0].blocks) <= set(last.blocks)):
            self.found.pop()
        self.file.names = tuple(dict.fromkeys(name for record in self.found for name in record.blocks))
        return [record for record in self.found if self.needed in record.blocks]
