"""Keyword decks (.inp) of CalculiX and Abaqus, split into cards: keyword, parameters, data lines with their numbers.

A card is a line that begins with one star, and the data lines below it. Lines with two stars are comments. A keyword
line that ends with a comma goes on in the next line where that has a parameter (`NAME=...`), as Abaqus has it.
`*INCLUDE` puts another file in its place, also between the data lines of a card. Upper and lower case are the same, and
blanks mean nothing. Decks are UTF-8, or Latin-1 where they are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from romlib_converters.keyword.numbers import LARGEST_ID, number_of

from romlib.errors import FileFormatError, InputError
from romlib.files import regular_file, shown

_KEYWORD = re.compile(rb"^[ \t]*\*(?!\*)[^\n]*", re.MULTILINE)
_COMMENT = re.compile(rb"^[ \t]*\*\*[^\n]*", re.MULTILINE)
_UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")  # other letters have no other case


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
        value = number_of("".join(text.split()).encode())
        if value is None:
            raise FileFormatError(f"field {k + 1} of the line must be a number", file=self.file, place=self.place,
                                  expected="a number", found=text or "nothing")
        return value


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

    def number(self, name: str, default: float) -> float:
        """The value of a parameter as a number; FileFormatError where it is none."""
        text = self.parameters.get(name, "")
        value = number_of("".join(text.split()).encode()) if text else default
        if value is None:
            raise FileFormatError(f"the parameter {name} must be a number", file=self.file, place=self.place,
                                  expected=f"{name}=number", found=text)
        return value

    def whole(self, name: str) -> int:
        """The value of a parameter as a whole number; FileFormatError where it is none."""
        value = self.number(name, 0.0) if self.parameter(name) else 0.0
        if value != int(value) or abs(value) > LARGEST_ID:
            raise FileFormatError(f"the parameter {name} must be a whole number", file=self.file, place=self.place,
                                  expected=f"{name}=number", found=self.parameters[name])
        return int(value)

    def is_set(self, name: str, value: str) -> bool:
        """Whether a parameter has this value."""
        return fold(self.parameters.get(name, "")) == value

    def rows(self) -> list[Row]:
        """The data lines that are not empty; for cards whose length does not grow with the model."""
        rows = []
        for chunk in self.chunks:
            for k, line in enumerate(chunk.text.decode().split("\n")):
                if line.strip():
                    fields = [part.strip() for part in line.rstrip(", \t").split(",")]
                    rows.append(Row(tuple(fields), chunk.file, chunk.line + k))
        return rows

    def with_rows(self, rows: list[Row]) -> Card:
        """The card with these data lines instead of its own; their lines count as in the deck."""
        return replace(self, chunks=[Chunk(row.file, row.line, ",".join(row.fields).encode()) for row in rows])

    def first_row(self) -> Row:
        """The first data line; FileFormatError where there is none."""
        rows = self.rows()
        if not rows:
            raise FileFormatError(f"*{self.title} has no data line", file=self.file, place=self.place)
        return rows[0]


def lines_of(cards: Sequence[Card], most: int = 3) -> str:
    """Where cards stand, in words: "lines 12, 40 of job.inp"."""
    places = [f"{card.line}" + (f" of {card.file.name}" if card.file != cards[0].file else "") for card in cards[:most]]
    more = ", ..." if len(cards) > most else ""
    return f"line{'s' if len(cards) > 1 else ''} {', '.join(places)}{more} of {cards[0].file.name}"


def where(card: Card) -> str:
    """The line of a card and its keyword, with its file."""
    return f"line {card.line} of {card.file.name}, *{card.title}"


def fold(name: str) -> str:
    """A name as the solver compares it: upper case (a to z alone), without blanks and quotes."""
    return "".join(name.replace('"', "").split()).translate(_UPPER)


def read_cards(path: Path) -> list[Card]:
    """The cards of a deck in their order, those of included files in their place.

    Raises
    ------
    InputError : a file that cannot be read, or that includes itself. FileFormatError : no card in the deck.
    """
    cards: list[Card] = []
    for found in _cards_of(Path(path), (), None, Path(path).parent):
        if isinstance(found, Card):
            cards.append(found)
        elif cards:  # data lines before the first card are a title that some programs write
            cards[-1].chunks.append(found)
    if not cards:
        raise FileFormatError("the deck has no keyword", file=path, expected="lines that begin with *", found="none")
    return cards


def _cards_of(path: Path, including: tuple[Path, ...], named: Card | None, folder: Path) -> Iterator[Card | Chunk]:
    """folder : of the deck, where it and all that are included in it look for files, as the solver does."""
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
            if b"=" not in text[end:stop] or text[end:stop].strip().startswith(b"*"):
                break  # a data line
            words, end = words.rstrip() + text[end:stop].strip(), stop
            line += 1
        card = _card(words.decode(), path, first)
        if card.keyword == "INCLUDE":
            yield from _cards_of(_included(words.decode(), card, folder), (*including, path.resolve()), card, folder)
        else:
            yield card
    yield from _data(path, line, text[end:])


def _included(words: str, card: Card, folder: Path) -> Path:
    """The file that *INCLUDE names: all behind the first =, or what is in quotes there; the solver drops blanks."""
    _, _, name = "".join(words.split()).partition("=")
    name = name[1:].partition('"')[0] if name.startswith('"') else name
    if not name:
        card.parameter("INPUT")
        raise FileFormatError("*INCLUDE names no file", file=card.file, place=card.place, expected="INPUT=NAME")
    inside = folder / name
    return inside if inside.exists() or not Path(name).exists() else Path(name)


def _text(path: Path, named: Card | None) -> bytes:
    try:
        text = regular_file(path, "No such file or directory").read_bytes()
        text.decode()
    except UnicodeDecodeError:
        text = text.decode("latin-1").encode()
    except InputError as error:
        reason = error.found or error.what
        if named is None:
            raise InputError("the deck cannot be read", file=path, found=reason) from error
        raise InputError("an included file cannot be read", file=named.file, place=named.place,
                         found=f"{shown(path)}: {reason}",
                         remedy="put it where *INCLUDE says, relative to the folder of the deck (the solver looks for "
                                "it in the folder where it runs, without the blanks in its name)") from error
    if b"\0" in text:
        raise FileFormatError("the deck has a byte zero, so that it is no text", file=path, expected="text",
                              place=f"line {text.count(bytes([10]), 0, text.index(bytes(1))) + 1}")
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
