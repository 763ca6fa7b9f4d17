"""The table of what a kind of HDF5 file may have: one row a dataset or attribute, with its numbers, shape and range."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from romlib.storage.contents import Contents

Size = int | str
ANY = "?"  # an axis of any length, which may be absent
INDEX_NAMES = ("p", "k")  # placeholders that count from 0; the others stand for names


@dataclass(frozen=True)
class Item:
    """A dataset, or (with "@" in its path) an attribute.

    path : with placeholders, such as "/pieces/<p>/modes/<k>" or "/gappy/<k>@n_comp".
    kind : "integer", "real", "number" (integer, real or true/false), "boolean", "text" or "json".
    shape : numbers, symbols, or formulas of symbols with + and *; None: anything up to three axes. A symbol takes the
        value that it is first met with. Of JSON: the length of its list or mapping.
    low, high : range of the values, low <= value < high; high may be a symbol. nan : whether NaN has a meaning here.
    unique, increasing : of the values. binds : the symbol that an integer attribute gives its value to.
    blocks : its checksum is taken block by block, because it is read in parts (see `romlib.storage.checksums`).
    virtual : a view of other datasets of the same file, for programs that look at it; romlib does not read it.
    """

    path: str
    kind: str
    shape: tuple[Size, ...] | None = ()
    low: float | None = None
    high: Size | None = None
    nan: bool = False
    unique: bool = False
    increasing: bool = False
    binds: str = ""
    blocks: bool = False
    virtual: bool = False


@dataclass
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    placeholder: str = ""
    below: _Node | None = None
    item: Item | None = None
    attributes: dict[str, Item] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where a path of a file is in the table: its row (None for a group), its attributes, its placeholders' values."""

    item: Item | None
    attributes: Mapping[str, Item]
    values: Mapping[str, str]


class FileSchema:
    """A kind of file.

    Parameters
    ----------
    what : the kind in words. items : the table. version : which is written.
    scopes : by symbol, the placeholders on which its value depends; a symbol that is not named has one value a file.
    units : patterns of groups that are only looked at when something in them is asked for.
    checksums : the group with the checksums. version_attribute : such as "/@schema".
    relations : called with the contents and a unit when the types and attributes in it are known: binds the symbols
        that follow from descriptions, and makes further checks.
    """

    def __init__(
        self, what: str, items: Iterable[Item], *, version: int, version_attribute: str, checksums: str,
        scopes: Mapping[str, tuple[str, ...]] | None = None, units: tuple[str, ...] = (),
        relations: Callable[[Contents, str], None] | None = None,
    ) -> None:
        self.what, self.version, self.version_attribute = what, version, version_attribute
        self.checksums, self.relations = checksums, relations
        self.scopes = dict(scopes or {})
        self.items = (*items, *_checksum_items(checksums))
        self._root = _Node()
        for item in self.items:
            self._add(item)
        self._units = [pattern.strip("/").split("/") for pattern in units]

    def _add(self, item: Item) -> None:
        path, _, attribute = item.path.partition("@")
        node = self._root
        for part in filter(None, path.split("/")):
            if part.startswith("<"):
                node.placeholder = part[1:-1]
                node.below = node = node.below or _Node()
            else:
                node = node.children.setdefault(part, _Node())
        if attribute:
            node.attributes[attribute] = item
        else:
            node.item = item

    def find(self, path: str) -> Place | None:
        """Where a path is in the table; None where romlib writes no such object."""
        node, values = self._root, {}
        for part in filter(None, path.split("/")):
            if part in node.children:
                node = node.children[part]
            elif node.below is not None and _is_value(node.placeholder, part):
                values[node.placeholder] = part
                node = node.below
            else:
                return None
        return Place(node.item, node.attributes, values)

    def unit(self, path: str) -> str:
        """The unit that a path belongs to, such as "/pieces/3"; "" for the head of the file."""
        parts = path.strip("/").split("/")
        for pattern in self._units:
            if len(parts) >= len(pattern) and all(a == b or b.startswith("<") for a, b in zip(parts, pattern)):
                return "/" + "/".join(parts[:len(pattern)])
        return ""

    def key(self, symbol: str, values: Mapping[str, str]) -> tuple[str, ...]:
        """What identifies the value of a symbol: its name, and the placeholders on which it depends."""
        return symbol, *(values[name] for name in self.scopes.get(symbol, ()))


def symbols_of(size: Size) -> list[str]:
    """The symbols of a number, a symbol or a formula."""
    if isinstance(size, int):
        return []
    return [part for part in size.replace("+", "*").split("*") if not part.isdigit()]


def evaluate(size: Size, value: Callable[[str], int]) -> int:
    """The number that a formula gives; value : of a symbol."""
    if isinstance(size, int):
        return size
    return sum(math.prod(int(part) if part.isdigit() else value(part) for part in term.split("*"))
               for term in size.split("+"))


def _is_value(placeholder: str, part: str) -> bool:
    return placeholder not in INDEX_NAMES or (part.isascii() and part.isdigit() and str(int(part[:9])) == part)


def _checksum_items(group: str) -> list[Item]:
    return [Item(f"{group}@algorithm", "text"), Item(f"{group}@digest", "text"), Item(f"{group}/objects", "json"),
            Item(f"{group}/blocks/<k>", "integer", None, low=0)]


def parse_json(text: str) -> object:
    """The value of a JSON text; ValueError where it is none, or nested deeper than Python follows."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
