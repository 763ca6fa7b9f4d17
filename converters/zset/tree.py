"""Zset's star-nested text files (decks, materials) as trees: a keyword's stars give its depth."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from romlib.errors import FileFormatError
from romlib.files import regular_file

ROOT_STARS = 5
MAX_INCLUDES = 20
MAX_FILES = 1000  # that one file may include, directly or not
_SHOWN = 60  # characters of a word in a message
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_LINE_END = re.compile(r"\r\n|\n|\r")
_INLINE = re.compile(r"[ \t]+(?=\*+[A-Za-z])")  # before a keyword on the line of another
_WORD = re.compile(r"[^ \t\f\v]+")


@dataclass(frozen=True)
class Word:
    """A word and the file and line where it stands."""

    text: str
    file: Path
    line: int

    @property
    def place(self) -> str:
        """The line, in words."""
        return f"line {self.line}"

    def number(self) -> float:
        """The word as a number; FileFormatError names the line."""
        value = self.try_number()
        if value is None:
            raise FileFormatError("a number is expected here", file=self.file, place=self.place,
                                  expected="a finite number", found=repr(self.text[:_SHOWN]))
        return value

    def try_number(self) -> float | None:
        """The word as a finite number, or None."""
        if _NUMBER.fullmatch(self.text) is None:  # Python would take nan, inf and 1_000 too
            return None
        value = float(self.text)
        return value if math.isfinite(value) else None

    def integer(self, least: int = 1, most: int = 10**9) -> int:
        """The word as a whole number of a range; FileFormatError names the line."""
        value = self.number()
        if value != int(value) or not least <= value <= most:
            raise FileFormatError("a whole number is expected here", file=self.file, place=self.place,
                                  expected=f"{least} to {most}", found=repr(self.text[:_SHOWN]))
        return int(value)


Described = TypeVar("Described", bound=BaseModel)


def describe(kind: type[Described], where: Word | Block | Path, /, **values: object) -> Described:
    """A description of romlib's model; FileFormatError with the place in the file where the values make none."""
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        file, place = (where, None) if isinstance(where, Path) else (where.file, where.place)
        key = ".".join(str(part) for part in first["loc"][:2])
        raise FileFormatError("what stands here makes no sense", file=file, place=place,
                              found=repr(first["input"])[:_SHOWN],
                              expected=f"{key}: {first['msg'].removeprefix('Value error, ')}") from None


@dataclass
class Block:
    """A keyword with what belongs to it.

    name : the keyword without its stars. rows : the words of its own line (without the keyword), then those of each
    following line up to the next keyword. children : the keywords with fewer stars below it.
    """

    name: str
    stars: int
    file: Path
    line: int
    rows: list[list[Word]] = field(default_factory=list)
    children: list[Block] = field(default_factory=list)

    @property
    def place(self) -> str:
        """The line and the keyword, in words."""
        return f"line {self.line}, {'*' * self.stars}{self.name}"

    @property
    def words(self) -> list[Word]:
        """All words of all rows."""
        return [word for row in self.rows for word in row]

    @property
    def arguments(self) -> list[Word]:
        """The words on the keyword's own line."""
        return self.rows[0]

    @property
    def lines(self) -> list[list[Word]]:
        """The words of the lines below the keyword's own."""
        return self.rows[1:]

    def all(self, name: str) -> list[Block]:
        """The children of that name."""
        return [child for child in self.children if child.name == name]

    def first(self, name: str) -> Block | None:
        """The first child of that name, or None."""
        return next((child for child in self.children if child.name == name), None)

    def require(self, name: str) -> Block:
        """The first child of that name; FileFormatError if there is none."""
        found = self.first(name)
        if found is None:
            raise FileFormatError(
                f"the keyword {'*' * (self.stars - 1)}{name} is missing", file=self.file, place=self.place,
                expected=name, found=", ".join(child.name for child in self.children) or "nothing")
        return found

    def numbers(self) -> list[float]:
        """All words as numbers."""
        return [word.number() for word in self.words]


def read_tree(path: Path) -> Block:
    """Tree of a star-nested file; the root has one star more than any keyword.

    `%` and `#` start a comment; `@include FILE` is replaced by that file. A line that begins with a keyword may have
    further ones: `**elset core *file steel *integration theta_method_a 1. 1e-9 50`.

    Raises
    ------
    InputError : no such file. FileFormatError : the file has no keyword.
    """
    root = Block("", ROOT_STARS, path, 1, rows=[[]])
    stack = [root]
    for file, number, text in _lines(path, (), [MAX_FILES]):
        for part in _INLINE.split(text) if text.startswith("*") else [text]:
            stars = len(part) - len(part.lstrip("*"))
            words = [Word(word, file, number) for word in words_of(part[stars:])]
            if stars == 0:
                stack[-1].rows.append(words)
            elif words:
                while stack[-1].stars <= stars and len(stack) > 1:
                    stack.pop()
                block = Block(words[0].text, stars, file, number, rows=[words[1:]])
                stack[-1].children.append(block)
                stack.append(block)
    if not root.children:
        raise FileFormatError("the file has no Zset keyword", file=path, expected="lines that start with stars",
                              found="an empty file" if path.stat().st_size == 0 else "none")
    return root


def _lines(path: Path, including: tuple[Path, ...], files_left: list[int]) -> Iterator[tuple[Path, int, str]]:
    """File, number and text of each line without comments and blank lines, included files in their place.

    including : the files that led to this one. files_left : how many may still be opened, in one entry.
    """
    regular_file(path, "the file does not exist", remedy="put it where the deck expects it")
    files_left[0] -= 1
    for number, line in enumerate(lines_of(text_of(path)), start=1):
        text = line.split("%")[0].split("#")[0].strip()
        if not text.startswith("@include"):
            if text:
                yield path, number, text
            continue
        words = words_of(text)
        included = path.parent / words[-1]
        if len(words) != 2 or len(including) == MAX_INCLUDES or files_left[0] < 1 or included in (path, *including):
            raise FileFormatError(
                "this @include cannot be followed", file=path, place=f"line {number}", found=text[:_SHOWN],
                expected=f"one file that does not include itself, at most {MAX_INCLUDES} deep, {MAX_FILES} in all")
        yield from _lines(included, (*including, path), files_left)


def text_of(path: Path) -> str:
    """The text of a file; FileFormatError where it has zero bytes, which no text has."""
    content = path.read_bytes()
    refuse_zero_bytes(content, path)
    return decoded(content)


def refuse_zero_bytes(content: bytes, path: Path) -> None:
    """FileFormatError for content that is no text."""
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise FileFormatError("the file is no text, or it is damaged: it has a zero byte", file=path,
                              place=f"line {line}", expected="a text file of Zset")


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8, with or without a byte order mark, where it is valid, else Latin-1."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def lines_of(text: str) -> list[str]:
    """The lines of a text; unlike `str.splitlines`, no character but a line end ends one."""
    return _LINE_END.split(text)


def words_of(text: str) -> list[str]:
    """The words of a line; unlike `str.split`, no character of a name (a hard space, half of a letter) ends one."""
    return _WORD.findall(text)
