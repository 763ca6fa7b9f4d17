"""Zset's star-nested text files (decks, materials) as trees: a keyword's stars give its depth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from romlib.errors import FileFormatError, InputError

ROOT_STARS = 5
MAX_INCLUDES = 20


@dataclass(frozen=True)
class Word:
    """A word and the file and line where it stands."""

    text: str
    file: Path
    line: int

    @property
    def place(self) -> str:
        return f"line {self.line}"

    def number(self) -> float:
        """The word as a number; FileFormatError names the line."""
        value = self.try_number()
        if value is None:
            raise FileFormatError("a number is expected here", file=self.file, place=self.place, expected="a number",
                                  found=repr(self.text))
        return value

    def try_number(self) -> float | None:
        """The word as a number, or None."""
        try:
            return float(self.text)
        except ValueError:
            return None


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

    `%` and `#` start a comment; `@include FILE` is replaced by that file.

    Raises
    ------
    InputError : no such file. FileFormatError : the file has no keyword.
    """
    root = Block("", ROOT_STARS, path, 1, rows=[[]])
    stack = [root]
    for file, number, text in _lines(path, MAX_INCLUDES):
        stars = len(text) - len(text.lstrip("*"))
        words = [Word(word, file, number) for word in text[stars:].split()]
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


def _lines(path: Path, includes_left: int) -> Iterator[tuple[Path, int, str]]:
    """File, number and text of each line without comments and blank lines, included files in their place."""
    if not path.is_file():
        raise InputError("the file does not exist", file=path, remedy="put it where the deck expects it")
    for number, line in enumerate(path.read_text(encoding="latin-1").splitlines(), start=1):
        text = line.split("%")[0].split("#")[0].strip()
        if not text.startswith("@include"):
            if text:
                yield path, number, text
        elif includes_left == 0 or len(text.split()) != 2:
            raise FileFormatError("this @include cannot be followed", file=path, place=f"line {number}",
                                  expected=f"one file, at most {MAX_INCLUDES} deep", found=text)
        else:
            yield from _lines(path.parent / text.split()[1], includes_left - 1)
