"""A .cdb: the database as commands and blocks, written by CDWRITE."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from romlib_converters.ansys.blocks import Command, Lines, field_widths, table
from romlib_converters.ansys.cdb_systems import deck_systems
from romlib_converters.ansys.database import Database, Elements, ElementType, component_ids

from romlib.errors import FileFormatError, UnsupportedError
from romlib.files import regular_file
from romlib.words import plural

BLOCKED = "write it anew with CDWRITE,DB,NAME,cdb,,,,BLOCKED"
_IGES = re.compile(rb"^.{72}[SGDPT] *\d+\s*$")
_COMMAND = re.compile(r"\s*([/*:]?[A-Za-z][A-Za-z0-9_]*)\s*(?:,(.*))?$")
_DATA = re.compile(r"\s*(\([\d\w.,\s]+\)|[-+.\dEeDd\s]*\d[-+.\dEeDd\s]*)\s*")
# Commands that change nodes or elements which are there, by their first four letters, which are all that count.
_CHANGES = ("NMOD", "NDEL", "NUMM", "NUMC", "NGEN", "NSCA", "NSYM", "EDEL", "EMOD", "EMID", "EMOR", "EGEN", "ENGE",
            "ESYM", "ENSY", "TRAN")
_MOST_KEYOPTS = 100
_HEAD = 12  # characters of a line that say whether it ends a block


@dataclass
class Cdb:
    """What a .cdb says. commands : all but the mesh, in their order."""

    database: Database
    lines: Lines
    commands: list[Command] = field(default_factory=list)


def is_cdb(path: Path) -> bool:
    """Whether a file begins like what CDWRITE writes, or has one of its blocks early."""
    with open(path, "rb") as stream:
        beginning = stream.read(1 << 16)
    if b"\0" in beginning:
        return False
    return re.search(rb"^\s*(NBLOCK|ET|EBLOCK|:?CDWRITE)\s*,|^/COM,\s*ANSYS\b|START OF CDWRITE", beginning,
                     re.IGNORECASE | re.MULTILINE) is not None


def read_cdb(path: Path) -> Cdb:
    """The mesh of a .cdb, and its other commands.

    Raises
    ------
    FileFormatError : no .cdb, truncated, numbers that cannot be read. UnsupportedError : the layout UNBLOCKED, or
        elements in another layout than SOLID.
    """
    path = regular_file(path)
    data = path.read_bytes()
    if not data.strip() or b"\0" in data:
        raise FileFormatError("this is no .cdb of Ansys", file=path, expected="a text with NBLOCK and EBLOCK",
                              found="an empty file" if not data.strip() else "a binary file")
    reader = _Reader(Lines.of(data, path))
    reader.run()
    return Cdb(reader.database(), reader.lines, reader.commands)


class _Reader:
    """Goes through the lines once."""

    def __init__(self, lines: Lines) -> None:
        self.lines, self.at = lines, _after_iges(lines)
        self.commands: list[Command] = []
        self._types: dict[int, int] = {}
        self._keyopts: dict[int, dict[int, int]] = {}
        self._nodes: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._elements: list[Elements] = []
        self._components: tuple[dict[str, np.ndarray], dict[str, np.ndarray]] = ({}, {})
        self._blocks: dict[str, Callable[[Command], None]] = {
            "NBLOCK": self._nblock, "EBLOCK": self._eblock, "CMBLOCK": self._cmblock, "ETBLOCK": self._etblock,
            "ET": self._et, "KEYOP": self._keyopt, "N": self._node, "EN": self._node, "E": self._unblocked,
        }

    def run(self) -> None:
        """Read all lines."""
        while self.at < len(self.lines):
            line, self.at = self.at, self.at + 1
            for text in self.lines.text(line).split("!")[0].split("$"):
                match = _COMMAND.match(text.rstrip())
                if match is None:
                    self._refuse_data(text, line)
                    continue
                fields = tuple(word.strip() for word in (match[2] or "").split(","))
                name = match[1].upper()
                command = Command("KEYOP" if name.startswith("KEYOP") else name, fields, line)
                handler = self._blocks.get(command.name)
                if handler is None and name[:4] in _CHANGES:
                    self._change(command)
                elif handler is None:
                    self.commands.append(command)
                else:
                    handler(command)

    def _refuse_data(self, text: str, line: int) -> None:
        """Numbers behind a command that announces none: a block whose name is damaged, or longer than it says."""
        blocks = [command for command in self.commands[-1:] if command.name.endswith(("BLOCK", "BLK"))]
        if not blocks and _DATA.fullmatch(text):
            raise FileFormatError("numbers that belong to no block: a command is damaged, or a block longer than it "
                                  "says", file=self.lines.file, place=self.lines.place(line), found=text.strip()[:60])

    def database(self) -> Database:
        """The mesh of all blocks; FileFormatError where there is none."""
        lines = self.lines
        if not self._nodes or not self._elements:
            raise FileFormatError("the file has no mesh", file=lines.file, expected="NBLOCK and EBLOCK",
                                  found="no NBLOCK" if not self._nodes else "no EBLOCK", remedy=BLOCKED)
        node_ids, points, angles = (np.concatenate(parts) for parts in zip(*self._nodes))
        starts = np.concatenate([[0], np.cumsum(np.concatenate([part.counts for part in self._elements]))])
        ids, types, materials, systems, nodes = (
            np.concatenate([getattr(part, name) for part in self._elements])
            for name in ("ids", "types", "materials", "systems", "nodes"))
        types_by_number = {number: ElementType(number, routine, self._keyopts.get(number, {}))
                           for number, routine in self._types.items()}
        return Database(lines.file, node_ids, points, angles, types_by_number,
                        Elements(ids, types, materials, systems, starts, nodes), *self._components,
                        deck_systems(self.commands))

    # -- blocks ------------------------------------------------------------------------------------------------

    def _body(self, what: str, announced: int | None) -> np.ndarray:
        """Positions of the lines of a block, up to its end: -1, or the command N,...,-1; moves on behind it.

        announced : of lines that a block without a mark at its end has.
        """
        first = self.at
        if announced is not None:
            last = first + announced
            if last > len(self.lines):
                raise FileFormatError(f"the block {what} ends early", file=self.lines.file,
                                      place=self.lines.place(first - 1), expected=plural(announced, "line"),
                                      found=plural(len(self.lines) - first, "line"))
            self.at = last
            return np.arange(first, last)
        for line in self.lines.not_of_digits(first, _HEAD):
            text = self.lines.data[self.lines.starts[line]:self.lines.ends[line]]
            head = text[:_HEAD].strip()
            self.at = line + 1
            if head == b"-1" or (head.upper().startswith((b"N,", b"EN,")) and b"-1" in text):
                return np.arange(first, line)
            if head[:1].isalpha() or head[:1] in (b"/", b"*"):
                break
        else:
            self.at = len(self.lines)
        raise FileFormatError(f"the block {what} has no end: the file is truncated, or damaged", file=self.lines.file,
                              place=self.lines.place(self.at - 1), expected="a line -1, or N,...,LOC,-1")

    def _format(self, what: str) -> tuple[list[int], int]:
        found = field_widths(self.lines, self.at, what)
        self.at += 1
        return found

    def _nblock(self, command: Command) -> None:
        widths, n_integer = self._format("NBLOCK")
        rows = self._body("NBLOCK", None)
        if n_integer < 1 or len(widths) < n_integer + 3:
            raise FileFormatError("the block NBLOCK has no coordinates", file=self.lines.file,
                                  place=self.lines.place(command.line + 1), expected="such as (3i9,6e21.13e3)",
                                  found=self.lines.text(command.line + 1))
        whole, real = table(self.lines, rows, widths, n_integer, "a node")
        ids = whole[:, 0]
        self._refuse_numbers(ids, rows, "node")
        values = np.zeros((len(rows), 6))
        values[:, :min(real.shape[1], 6)] = real[:, :6]
        expected = _count(command.fields, 3)
        if expected is not None and expected != len(rows):
            raise FileFormatError("the block NBLOCK has another number of nodes than it says", file=self.lines.file,
                                  place=self.lines.place(command.line), expected=plural(expected, "node"),
                                  found=plural(len(rows), "node"))
        self._refuse_larger(command, ids, rows, "node")
        self._nodes.append((ids, values[:, :3], values[:, 3:]))

    def _eblock(self, command: Command) -> None:
        fields = [word.upper() for word in command.fields]
        if "SOLID" not in fields[1:2]:
            raise UnsupportedError("elements in another layout than SOLID cannot be read", file=self.lines.file,
                                   place=self.lines.place(command.line), expected="EBLOCK,19,SOLID",
                                   found=f"EBLOCK,{','.join(command.fields)}", remedy=BLOCKED)
        widths, n_integer = self._format("EBLOCK")
        rows = self._body("EBLOCK", None)
        whole, _ = table(self.lines, rows, widths[:n_integer], n_integer, "an element")
        elements = _element_table(whole, rows, self.lines)
        expected = _count(command.fields, 3)
        if expected is not None and expected != len(elements):
            raise FileFormatError("the block EBLOCK has another number of elements than it says", file=self.lines.file,
                                  place=self.lines.place(command.line), expected=plural(expected, "element"),
                                  found=plural(len(elements), "element"))
        self._refuse_larger(command, elements.ids, None, "element")
        self._elements.append(elements)

    def _cmblock(self, command: Command) -> None:
        name, kind = (*command.fields, "", "")[:2]
        count = _count(command.fields, 2)
        place = self.lines.place(command.line)
        if not name or not kind or count is None:
            raise FileFormatError("a component has no name, kind or number of items", file=self.lines.file, place=place,
                                  expected="CMBLOCK,NAME,NODE,42", found=",".join(command.fields))
        widths, _ = self._format(f"CMBLOCK,{name}")
        rows = self._body(f"CMBLOCK,{name}", -(-count // len(widths)))
        values, _ = table(self.lines, rows, widths, len(widths), f"the component {name}")
        try:
            if not values.ravel()[:count].all():
                raise ValueError(f"it has fewer than the {count} numbers that it announces, or a zero")
            ids = component_ids(values.ravel()[:count])
        except ValueError as error:
            raise FileFormatError(f"the component {name} cannot be read: {error}", file=self.lines.file,
                                  place=place) from None
        if kind.upper().startswith("NODE"):
            self._components[0][name.upper()] = ids
        elif kind.upper().startswith("ELEM"):
            self._components[1][name.upper()] = ids

    def _etblock(self, command: Command) -> None:
        widths, _ = self._format("ETBLOCK")
        rows = self._body("ETBLOCK", None)
        values, _ = table(self.lines, rows, widths, len(widths), "an element type")
        for number, routine, *keyopts in values.tolist():
            self._types[number] = routine
            self._keyopts[number] = {k + 1: value for k, value in enumerate(keyopts) if value}

    # -- commands ----------------------------------------------------------------------------------------------

    def _et(self, command: Command) -> None:
        words = (*command.fields, "", "")
        routine = re.fullmatch(r"[A-Za-z]*(\d+)", words[1])
        if not words[0].isdigit() or routine is None:
            raise FileFormatError("the command ET cannot be read", file=self.lines.file,
                                  place=self.lines.place(command.line), expected="ET,1,SOLID186 or ET,1,186",
                                  found=f"ET,{','.join(command.fields)}")
        number = int(words[0])
        self._types[number] = int(routine[1])
        self._keyopts[number] = {k: int(float(word)) for k, word in enumerate(words[2:8], start=1)
                                 if re.fullmatch(r"\d+(\.0*)?", word) and float(word)}

    def _keyopt(self, command: Command) -> None:
        try:
            number, key, value = (int(float(word)) for word in command.fields[:3])
        except (ValueError, OverflowError):
            number = key = value = -1
        if not 0 < key <= _MOST_KEYOPTS:
            raise FileFormatError("the command KEYOPT cannot be read", file=self.lines.file,
                                  place=self.lines.place(command.line), expected="KEYOPT,1,2,3",
                                  found=f"KEYOPT,{','.join(command.fields)}")
        self._keyopts.setdefault(number, {})[key] = value

    def _node(self, command: Command) -> None:
        if "-1" not in command.fields:  # N,R5.3,LOC,-1 and EN,R5.5,ATTR,-1 end a block
            self._unblocked(command)

    def _unblocked(self, command: Command) -> None:
        raise UnsupportedError("nodes and elements as single commands are not read", file=self.lines.file,
                               place=self.lines.place(command.line), expected="NBLOCK and EBLOCK",
                               found=f"{command.name},{','.join(command.fields)}"[:80], remedy=BLOCKED)

    def _change(self, command: Command) -> None:
        raise UnsupportedError(f"the command {command.name} changes the mesh, and is not carried out",
                               file=self.lines.file, place=self.lines.place(command.line),
                               expected="the mesh as it is in NBLOCK and EBLOCK",
                               found=f"{command.name},{','.join(command.fields)}"[:80],
                               remedy="read the file into Ansys and write it anew with CDWRITE")

    def _refuse_larger(self, command: Command, ids: np.ndarray, rows: np.ndarray | None, what: str) -> None:
        """Numbers beyond the largest that the block announces."""
        largest = _count(command.fields, 2)
        wrong = np.flatnonzero(ids > (largest or np.inf))
        if len(wrong):
            line = command.line if rows is None else int(rows[wrong[0]])
            raise FileFormatError(f"the number of a {what} is larger than the largest that the block announces",
                                  file=self.lines.file, place=self.lines.place(line), expected=f"at most {largest}",
                                  found=int(ids[wrong[0]]))

    def _refuse_numbers(self, ids: np.ndarray, rows: np.ndarray, what: str) -> None:
        wrong = np.flatnonzero(ids < 1)
        if len(wrong):
            raise FileFormatError(f"the number of a {what} must be positive", file=self.lines.file,
                                  place=self.lines.place(int(rows[wrong[0]])), expected="1 or more",
                                  found=int(ids[wrong[0]]))


def _element_table(table: np.ndarray, rows: np.ndarray, lines: Lines) -> Elements:
    """The elements of a block from its lines (n_line, n_field): eleven numbers, then nodes, on more lines if need be.

    A line belongs to the element before it as long as that one lacks nodes.
    """
    n_head, n_field = 11, table.shape[1]
    per_line = n_field - n_head
    if per_line < 1:
        raise FileFormatError("the block EBLOCK has no room for nodes", file=lines.file, expected="19 fields",
                              found=n_field)
    counts = table[:, 8] if len(table) else np.zeros(0, np.int64)
    heads, at, look = [], 0, 1
    while at < len(table):  # once for a run of elements with as many nodes
        count = int(counts[at])
        if not 0 < count <= per_line + n_field:
            raise FileFormatError("an element has an impossible number of nodes", file=lines.file,
                                  place=lines.place(int(rows[at])), expected=f"1 to {per_line + n_field}", found=count)
        step = 1 + (max(count - per_line, 0) + n_field - 1) // n_field
        alike = counts[at:at + look * step:step] == count  # not all that follow, which would be looked at again
        length = len(alike) if alike.all() else int(np.argmin(alike))
        look = 2 * look if length == look else 1
        heads.append(at + step * np.arange(length))
        at += step * length
    if at != len(table):
        raise FileFormatError("the last element of the block EBLOCK is not whole", file=lines.file,
                              place=lines.place(int(rows[-1])))
    head = np.concatenate(heads) if heads else np.zeros(0, np.int64)
    own = counts[head]
    starts = np.concatenate([[0], np.cumsum(own)])
    which = np.repeat(np.arange(len(head)), own)
    k = np.arange(starts[-1]) - np.repeat(starts[:-1], own)
    later = k >= per_line
    row = head[which] + np.where(later, 1 + (k - per_line) // n_field, 0)
    column = np.where(later, (k - per_line) % n_field, n_head + k)
    spare = table != 0
    spare[row, column] = False
    spare[head, :n_head] = False
    more = np.flatnonzero(spare.any(axis=1))
    if len(more):
        raise FileFormatError("a line has more nodes than its element says", file=lines.file,
                              place=lines.place(int(rows[more[0]])), found=int(table[more[0]][spare[more[0]]][0]),
                              expected=plural(int(own[np.searchsorted(head, more[0], "right") - 1]), "node"))
    nodes = table[row, column]
    return Elements(table[head, 10], table[head, 1], table[head, 0], table[head, 4], starts, nodes)


def _after_iges(lines: Lines) -> int:
    """The line behind a solid model in IGES, which CDWRITE,ALL puts first; 0 where there is none.

    Its lines have a letter in column 73 and their number behind it; the one that ends it the letter T.
    """
    for line in range(min(len(lines), 3)):
        if _IGES.match(lines.data[lines.starts[line]:lines.ends[line]]):
            break
    else:
        return 0
    for line in range(len(lines)):
        text = lines.data[lines.starts[line]:lines.ends[line]]
        if text[72:73] == b"T" and _IGES.match(text):
            return line + 1
    raise FileFormatError("the solid model in IGES at the beginning has no end", file=lines.file,
                          expected="a line with T in column 73", remedy="write the file anew with CDWRITE,DB")


def _count(fields: tuple[str, ...], position: int) -> int | None:
    """A count that a block announces, None where it does not (or 0)."""
    word = fields[position] if position < len(fields) else ""
    return int(word) if word.isdigit() and int(word) else None
