"""Zset's tables of time, as amplitudes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from romlib_converters.zset.tree import Block, Word

from romlib.errors import FileFormatError, UnsupportedError
from romlib.model import TableAmplitude
from romlib.words import plural

# Table options whose blocks are read: *time and *value.
_COLUMNS = ("time", "value")
# Times of a table that leave its cycle by less than this fraction of it are rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Table:
    """Values at times. period : length of the cycle that repeats from `start`, or None."""

    time: tuple[float, ...]
    value: tuple[float, ...]
    start: float = 0.0
    period: float | None = None

    def amplitude(self, factor: float = 1.0) -> TableAmplitude:
        """The table times a factor."""
        return TableAmplitude(time=self.time, value=tuple(factor * v + 0.0 for v in self.value), start=self.start,
                              period=self.period)  # of finite numbers that do not decrease: see `_table`


CONSTANT = Table((0.0,), (1.0,))


class Tables:
    """The tables of a deck, read when something uses them, so that an exotic one that nothing uses does no harm."""

    def __init__(self, deck: Block) -> None:
        self._deck = deck
        self._blocks: dict[str, Block] = {}
        for section in deck.all("table"):
            for block in section.children:
                if not block.arguments:
                    raise FileFormatError("a table has no name", file=block.file, place=block.place)
                self._blocks[block.arguments[0].text] = block

    def read(self, name: Word | None) -> Table:
        """The table of that name; one that is 1 throughout for None.

        Raises
        ------
        FileFormatError : no such table, or it contradicts itself. UnsupportedError : a kind that is not read.
        """
        if name is None:
            return CONSTANT
        if name.text not in self._blocks:
            raise FileFormatError("the deck does not define this table", file=name.file, place=name.place,
                                  expected=", ".join(self._blocks) or "a ***table", found=name.text)
        return _table(self._blocks[name.text])


def _table(block: Block) -> Table:
    if block.name not in ("name", "cycle"):
        raise UnsupportedError("this kind of table is not read", file=block.file, place=block.place,
                               expected="**name, **cycle", found=f"**{block.name}")
    for child in block.children:
        if child.name not in _COLUMNS:
            raise UnsupportedError("this part of a table is not read", file=block.file, place=child.place,
                                   expected="*time, *value", found=f"*{child.name}")
    time, value = (tuple(block.require(column).numbers()) for column in _COLUMNS)
    if len(time) != len(value) or not time or any(b < a for a, b in pairwise(time)):
        raise FileFormatError("the times of a table must not decrease, and have a value each", file=block.file,
                              place=block.place, found=f"{plural(len(time), 'time')}, {plural(len(value), 'value')}")
    if block.name == "name":
        return Table(time, value)
    if len(block.arguments) != 3:
        raise FileFormatError("a cyclic table needs a name and the start and end of its cycle", file=block.file,
                              place=block.place, found=" ".join(word.text for word in block.arguments))
    start, end = block.arguments[1].number(), block.arguments[2].number()
    slack = _ROUNDING * abs(end - start)
    if end <= start or time[0] < start - slack or time[-1] > end + slack:
        raise FileFormatError("the times of a cyclic table lie outside its cycle", file=block.file, place=block.place,
                              expected=f"{start:g} to {end:g}", found=f"{time[0]:g} to {time[-1]:g}")
    if not math.isfinite(end - start):
        raise FileFormatError("the cycle of a table is too long", file=block.file, place=block.place,
                              found=f"{start:g} to {end:g}")
    return Table(time, value, start, end - start)
