"""What a keyword deck does over total time: steps, amplitudes, and histories put together step by step.

A history is a list of parts, one a step: times from the step's beginning to its end, and values, linear between them.
At a jump the solver has the last of the two values at that very time within an amplitude, but at the end of a step the
value of that step. romlib's tables have the first, so that a jump within an amplitude begins a little earlier.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from romlib_converters.keyword.cards import Card, fold

from romlib.errors import FileFormatError, UnsupportedError
from romlib.model import Omission, TableAmplitude

_FIELDS = 8  # of a line of *AMPLITUDE
_EARLIER = 1e-7  # of a step's length: more than the tables' tolerance, less than any increment
_SAME = 1e-12  # values that differ by less, relative to the largest of a history, are equal


@dataclass(frozen=True)
class Step:
    """A step of the deck, from `start` to `end` in total time.

    increments : their end times, were all as long as the first; `fixed` : they are, and not chosen by the solver.
    quasi_static : what has no amplitude, from this step or an earlier one, ramps (in other procedures it acts at once).
    option : "RAMP" or "STEP" (at once), the amplitude of cards of this step without one; "" for none.
    """

    number: int
    start: float
    end: float
    card: Card
    increments: np.ndarray
    fixed: bool = False
    quasi_static: bool = True
    option: str = ""

    @property
    def place(self) -> str:
        """The step in words."""
        return f"step {self.number} (line {self.card.line})"


@dataclass(frozen=True)
class Part:
    """A history within one step: times (n,) from its beginning to its end, values (n,)."""

    times: np.ndarray
    values: np.ndarray

    def scaled(self, factor: float) -> Part:
        """The part with its values multiplied."""
        return Part(self.times, self.values * factor)


@dataclass(frozen=True, eq=False)
class DeckAmplitude:
    """A table of a deck. total : its times are total times, otherwise they begin anew in each step."""

    name: str
    time: np.ndarray
    value: np.ndarray
    total: bool

    def over(self, step: Step) -> Part:
        """The part of a step: linear between the table's rows, constant outside them."""
        origin = 0.0 if self.total else step.start
        low, high = step.start - origin, step.end - origin
        jump = np.append(self.time[1:] == self.time[:-1], False)  # the first row of each jump
        time = np.where(jump, self.time - _EARLIER * (step.end - step.start), self.time)
        value = np.where(jump, np.interp(time, self.time, self.value), self.value)
        inside = (time > low) & (time < high)
        times = np.concatenate([[low], time[inside], [high]])
        values = np.concatenate([[self._at(low)], value[inside], [self._at(high)]])
        return Part(times + origin, values)

    def _at(self, time: float) -> float:
        """The value at a time, the last one at a jump."""
        k = int(np.searchsorted(self.time, time, side="right")) - 1
        if k < 0:
            return float(self.value[0])
        if k + 1 == len(self.time):
            return float(self.value[k])
        part = (time - self.time[k]) / (self.time[k + 1] - self.time[k])
        return float(self.value[k] + part * (self.value[k + 1] - self.value[k]))


def ramp(step: Step, first: float, last: float) -> Part:
    """From the value at the beginning of a step to that at its end."""
    return Part(np.array([step.start, step.end]), np.array([first, last], dtype=float))


def read_amplitude(card: Card, notes: list[Omission]) -> list[DeckAmplitude]:
    """An *AMPLITUDE card: at most four pairs of time and value a line, up to an empty field; none without any.

    notes : gets what stands behind the fourth pair of a line, which CalculiX does not read.

    Raises
    ------
    FileFormatError : a field that is no number, or times that decrease. UnsupportedError : one that is no table.
    """
    known = {"TIME": ("TOTALTIME", "STEPTIME"), "DEFINITION": ("TABULAR",), "VALUE": ("RELATIVE",), "USER": ()}
    for name, value in card.parameters.items():
        if name in known and fold(value) not in known[name]:
            raise UnsupportedError("this kind of amplitude is not read", file=card.file, place=card.place,
                                   expected="a table of time and value", found=f"{name}={value}" if value else name)
    pairs = []
    for row in card.rows():
        if len(row.fields) > _FIELDS:
            notes.append(Omission(name="amplitude_fields", does_work=False, description=(
                f"*AMPLITUDE {card.parameter('NAME')}, {row.place} of {row.file.name}: CalculiX reads four pairs a "
                "line; what stands behind them is not read")))
        fields = row.fields[:_FIELDS]
        empty = next((k for k in range(0, len(fields), 2) if not fields[k]), len(fields))
        pairs += [(row.number(k), row.number(k + 1, 0.0)) for k in range(0, empty, 2)]
    if not pairs:
        return []
    numbers = np.array(pairs)
    time, value = numbers[:, 0] + card.number("SHIFTX", 0.0), numbers[:, 1] + card.number("SHIFTY", 0.0)
    if (np.diff(time) < 0).any():
        raise FileFormatError("the times of an amplitude must not decrease", file=card.file, place=card.place,
                              found=f"{time[1:][np.diff(time) < 0][0]:.6g} after a later time")
    return [DeckAmplitude(card.parameter("NAME"), time, value, card.is_set("TIME", "TOTALTIME"))]


def join(parts: Iterable[Part], initial: float, start: float) -> TableAmplitude:
    """One table of the parts of consecutive steps. A value other than `initial` at the beginning is a jump."""
    times, values = [start], [initial]
    parts = list(parts)
    scale = max([abs(initial), *(float(np.abs(part.values).max()) for part in parts)])
    for part in parts:
        same = abs(part.values[0] - values[-1]) <= _SAME * scale
        times += list(part.times[1 if same else 0:])
        values += list(part.values[1 if same else 0:])
    return tidied(np.array(times), np.array(values))


def tidied(times: np.ndarray, values: np.ndarray) -> TableAmplitude:
    """The table without the points that lie on the line between their neighbours."""
    scale = float(np.abs(values).max()) if len(values) else 0.0
    keep = [0] if len(times) else []
    for k in range(1, len(times) - 1):
        before, after = keep[-1], k + 1
        width = times[after] - times[before]
        on_line = values[before] if width == 0 else (
            values[before] + (values[after] - values[before]) * (times[k] - times[before]) / width)
        jump = times[k] in (times[before], times[after])
        if jump or abs(values[k] - on_line) > 1e-12 * scale:
            keep.append(k)
    keep += [len(times) - 1] if len(times) > 1 else []
    return TableAmplitude(time=tuple(float(t) for t in times[keep]), value=tuple(float(v) for v in values[keep]))


def root(parts: Sequence[Part], times: np.ndarray, card: Card) -> list[Part]:
    """The square root of a history, with points at `times`, and so many between that a ramp's root stays one.

    A ramp of the square of a speed from a to b gets points at equal distances of the root: between them the square is
    off by at most (root(b) - root(a))^2 / (4 n^2), n = 100.

    Raises
    ------
    UnsupportedError : the history is negative somewhere.
    """
    rooted = []
    for part in parts:
        if (part.values < 0).any():
            raise UnsupportedError("the square of a speed is negative", file=card.file, place=card.place,
                                   expected=">= 0", found=float(part.values.min()))
        fine = [part.times, times[(times > part.times[0]) & (times < part.times[-1])]]
        long = np.diff(part.times) > 10 * _EARLIER * (part.times[-1] - part.times[0])  # jumps are left alone
        for k in np.flatnonzero((part.values[1:] != part.values[:-1]) & long):
            speed = np.linspace(np.sqrt(part.values[k]), np.sqrt(part.values[k + 1]), 101)[1:-1]
            fraction = (speed**2 - part.values[k]) / (part.values[k + 1] - part.values[k])
            fine.append(part.times[k] + fraction * (part.times[k + 1] - part.times[k]))
        at = np.unique(np.concatenate(fine))
        rooted.append(Part(at, np.sqrt(np.interp(at, part.times, part.values))))
    return rooted
