"""What acts on many places (degrees of freedom, faces, nodes) in each step, and the groups that act alike.

Solvers keep one value and one amplitude a place: a later step's card replaces it, a second card of the same step adds
to a load and replaces a constraint; OP=NEW takes everything away first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from romlib_converters._inp_history import DeckAmplitude, Part, Step, ramp

NO_AMPLITUDE = -1
_DIGITS = 12  # histories that agree in so many digits are the same


@dataclass(frozen=True)
class State:
    """One step: places (n,) increasing, their values and amplitudes (numbers, or `NO_AMPLITUDE`)."""

    keys: np.ndarray
    values: np.ndarray
    amplitudes: np.ndarray


class Active:
    """The state of all places while a deck is read. adds : a second card of a step adds to the value."""

    def __init__(self, *, adds: bool) -> None:
        self._adds = adds
        self._keys = np.empty(0, np.int64)
        self._values = np.empty(0)
        self._amplitudes = np.empty(0, np.int64)
        self._fresh = np.empty(0, bool)

    def begin_step(self) -> None:
        """From here on, cards belong to a new step."""
        self._fresh = np.zeros(len(self._keys), bool)

    def clear_values(self) -> None:
        """OP=NEW of loads: their values become zero, their amplitudes stay."""
        self._values = np.zeros(len(self._keys))

    def remove(self) -> None:
        """OP=NEW of constraints: they are gone."""
        self.__init__(adds=self._adds)  # type: ignore[misc]

    def set(self, keys: np.ndarray, values: np.ndarray | float, amplitude: int) -> None:
        """Values (n,) at places (n,), which may be there already, or twice (then the last counts, or both add up)."""
        if not len(keys):
            return
        values = np.broadcast_to(np.asarray(values, dtype=float), keys.shape)
        union = np.union1d(self._keys, keys)
        old = np.searchsorted(union, self._keys)
        new = np.searchsorted(union, keys)
        self._values = _moved(self._values, old, len(union), 0.0)
        self._amplitudes = _moved(self._amplitudes, old, len(union), NO_AMPLITUDE)
        self._fresh = _moved(self._fresh, old, len(union), False)
        self._keys = union
        if self._adds:
            stale = new[~self._fresh[new]]
            self._values[stale] = 0.0
            np.add.at(self._values, new, values)
        else:
            self._values[new] = values
        self._amplitudes[new] = amplitude
        self._fresh[new] = True

    def state(self) -> State:
        """What is active now."""
        return State(self._keys.copy(), self._values.copy(), self._amplitudes.copy())


def _moved(array: np.ndarray, to: np.ndarray, n: int, fill: float) -> np.ndarray:
    moved = np.full(n, fill, dtype=array.dtype)
    moved[to] = array
    return moved


@dataclass(frozen=True)
class Group:
    """Places that act alike: factors (n,), of which the largest is one, times one history, which has the size.

    So a pattern is the same whatever the size of a load, and runs of other sizes share it. keys : (n,). parts : the
    history, one part a step. amplitude : the deck's, where the history is a multiple of one.
    """

    keys: np.ndarray
    factors: np.ndarray
    parts: list[Part]
    amplitude: int = NO_AMPLITUDE


@dataclass(frozen=True)
class Histories:
    """The states of all steps on common places: keys (n,); values, amplitudes, present (n_step, n)."""

    keys: np.ndarray
    values: np.ndarray
    amplitudes: np.ndarray
    present: np.ndarray

    @classmethod
    def of(cls, states: Sequence[State]) -> Histories:
        """From one state a step."""
        keys = np.unique(np.concatenate([np.empty(0, np.int64), *(state.keys for state in states)]))
        shape = (len(states), len(keys))
        values, present = np.zeros(shape), np.zeros(shape, bool)
        amplitudes = np.full(shape, NO_AMPLITUDE)
        for k, state in enumerate(states):
            at = np.searchsorted(keys, state.keys)
            values[k, at], amplitudes[k, at], present[k, at] = state.values, state.amplitudes, True
        return cls(keys, values, amplitudes, present)

    def take(self, places: np.ndarray) -> Histories:
        """Those of some places, a mask (n,)."""
        return Histories(self.keys[places], self.values[:, places], self.amplitudes[:, places],
                         self.present[:, places])

    def groups(self, steps: Sequence[Step], amplitudes: Sequence[DeckAmplitude]) -> list[Group]:
        """The places whose histories are multiples of each other, in the order of their first place; without zeros."""
        moving = (self.values != 0).any(axis=0)
        if not moving.any():
            return []
        mine = self.take(moving)
        first = (mine.values != 0).argmax(axis=0)
        factors = mine.values[first, np.arange(len(mine.keys))]
        shapes = mine.values / factors
        signature = np.concatenate([np.round(shapes, _DIGITS), mine.amplitudes]).T
        _, start, number = np.unique(signature, axis=0, return_index=True, return_inverse=True)
        number = number.ravel()
        groups = []
        for k in np.argsort(start):
            at = np.flatnonzero(number == k)
            one = int(start[k])
            size = factors[at][np.abs(factors[at]).argmax()]
            # rounded, so that decks of other sizes have the same pattern to the last digit
            groups.append(Group(mine.keys[at], np.round(factors[at] / size, 14),
                                parts_of(size * shapes[:, one], mine.amplitudes[:, one], steps, amplitudes),
                                _common(mine.amplitudes[:, one], shapes[:, one])))
        return groups


def _common(amplitudes: np.ndarray, values: np.ndarray) -> int:
    used = np.unique(amplitudes[values != 0])
    return int(used[0]) if len(used) == 1 else NO_AMPLITUDE


def parts_of(
    values: np.ndarray, numbers: np.ndarray, steps: Sequence[Step], amplitudes: Sequence[DeckAmplitude],
    initial: float = 0.0,
) -> list[Part]:
    """The history of one place: values and numbers of amplitudes (n_step,), from the value before the first step."""
    parts, last = [], initial
    for value, number, step in zip(values, numbers, steps):
        if number == NO_AMPLITUDE:
            parts.append(ramp(step, last, float(value)))
        else:
            parts.append(amplitudes[int(number)].over(step).scaled(float(value)))
        last = float(parts[-1].values[-1])
    return parts
