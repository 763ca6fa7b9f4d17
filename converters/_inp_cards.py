"""Keyword decks (.inp) of CalculiX and Abaqus, cut into cards: keyword, parameters, data lines with their numbers.

A card is a line that begins with one star, and the data lines below it. Lines with two stars are comments. A keyword
line that ends with a comma goes on in the next line. `*INCLUDE` puts another file in its place, also between the data
lines of a card. Upper and lower case are the same, and blanks mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from romlib.errors import FileFormatError, InputError
from romlib.files import regular_file, shown

_KEYWORD = re.compile(rb"^[ \t]*\*(?!\*)[^\n]*", re.MULTILINE)
_COMMENT = re.compile(rb"^[ \t]*\*\*[^\n]*", re.MULTILINE)
_FORTRAN_EXPONENT = str.maketrans("dD", "ee")


@dataclass(frozen=True)
class Chunk:
    """Data lines of one file without its comments. line : number of the first, from one."""

    file: Path
    line: int
    text: bytes


@dataclass(frozen=True)
class Row:
    """One data line: its fields, without blanks around them."""

    fields: tuple[str, ...]
    file: Path
    line: int

    @property
    def place(self) -> str:
        """The line, in words."""
        return f"line {self.line}"

    def number(self, k: int, default: float | None = None) -> float:
        """Field k as a number; an empty or absent one is the default, or a FileFormatError where there is none."""
        text = self.fields[k] if k < len(self.fields) else ""
        if not text and default is not None:
            return default
        try:
            return float(text.translate(_FORTRAN_EXPONENT))
        except ValueError:
            raise FileFormatError(f"field {k + 1} of the line must be a number", file=self.file, place=self.place,
                                  expected="a number", found=text or "nothing") from None


@dataclass(frozen=True)
class Card:
    """A keyword with its data.

    keyword : upper case, without blanks ("SOLIDSECTION"). parameters : by name, upper case without blanks; the values
    as they stand in the deck, without quotes; "" where there is none. chunks : the data lines.
    """

    keyword: str
    title: str
    parameters: dict[str, str]
    file: Path
    line: int
    chunks: list[Chunk] = field(default_factory=list)

    @property
    def place(self) -> str:
        """The keyword and its line, in words."""
        return f"line {self.line}, *{self.title}"

    def parameter(self, name: str) -> str:
        """The value of a parameter; FileFormatError where the card lacks it."""
        if not self.parameters.get(name):
            raise FileFormatError(f"*{self.title} lacks the parameter {name}", file=self.file, place=self.place,
                                  expected=f"{name}=...", found=", ".join(self.parameters) or "no parameter")
        return self.parameters[name]

    def is_set(self, name: str, value: str) -> bool:
        """Whether a parameter has this value."""
        return fold(self.parameters.get(name, "")) == value

    def rows(self) -> list[Row]:
        """The data lines that are not empty; for cards whose length does not grow with the model."""
        rows = []
        for chunk in self.chunks:
            for k, line in enumerate(chunk.text.decode("latin-1").split("\n")):
                if line.strip():
                    fields = [part.strip() for part in line.rstrip(", \t").split(",")]
                    rows.append(Row(tuple(fields), chunk.file, chunk.line + k))
        return rows

    def first_row(self) -> Row:
        """The first data line; FileFormatError where there is none."""
        rows = self.rows()
        if not rows:
            raise FileFormatError(f"*{self.title} has no data line", file=self.file, place=self.place)
        return rows[0]


def fold(name: str) -> str:
    """A name as the solver compares it: upper case, without blanks and quotes."""
    return "".join(name.replace('"', "").split()).upper()


def read_cards(path: Path) -> list[Card]:
    """The cards of a deck in their order, those of included files in their place.

    Raises
    ------
    InputError : a file that cannot be read, or that includes itself. FileFormatError : no card in the deck.
    """
    cards: list[Card] = []
    for found in _cards_of(Path(path), (), None):
        if isinstance(found, Card):
            cards.append(found)
        elif cards:  # data lines before the first card are a title that some programs write
            cards[-1].chunks.append(found)
    if not cards:
        raise FileFormatError("the deck has no keyword", file=path, expected="lines that begin with *", found="none")
    return cards


def _cards_of(path: Path, including: tuple[Path, ...], named: Card | None) -> Iterator[Card | Chunk]:
    text = _text(path, named)
    if path.resolve() in including:
        raise InputError("a file includes itself", file=path, place=None if named is None else named.place)
    end, line = 0, 1
    for match in _KEYWORD.finditer(text):
        if match.start() < end:  # the continuation of a keyword line
            continue
        yield from _data(path, line, text[end:match.start()])
        line += text.count(b"\n", end, match.start())
        first, end = line, match.end()
        words = text[match.start():end]
        while words.rstrip().endswith(b",") and end < len(text):
            stop = text.find(b"\n", end + 1)
            stop = len(text) if stop < 0 else stop
            words, end = words.rstrip() + text[end:stop].strip(), stop
            line += 1
        card = _card(words.decode("latin-1"), path, first)
        if card.keyword == "INCLUDE":
            yield from _cards_of(path.parent / card.parameter("INPUT"), (*including, path.resolve()), card)
        else:
            yield card
    yield from _data(path, line, text[end:])


def _text(path: Path, named: Card | None) -> bytes:
    try:
        text = regular_file(path, "No such file or directory").read_bytes()
    except InputError as error:
        reason = error.found or error.what
        if named is None:
            raise InputError("the deck cannot be read", file=path, found=reason) from error
        raise InputError("an included file cannot be read", file=named.file, place=named.place,
                         found=f"{shown(path)}: {reason}",
                         remedy="put it where *INCLUDE says, relative to the file that includes it") from error
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _data(path: Path, line: int, text: bytes) -> Iterator[Chunk]:
    if b"**" in text:
        text = _COMMENT.sub(b"", text)  # the line stays, empty, so that lines count as in the file
    if text.strip():
        yield Chunk(path, line, text)


def _card(words: str, file: Path, line: int) -> Card:
    title, *parts = words.strip()[1:].split(",")
    parameters = {}
    for part in parts:
        name, _, value = part.partition("=")
        if name.strip():
            parameters[fold(name)] = value.strip().strip('"')
    return Card(fold(title), " ".join(title.upper().split()), parameters, file, line)
