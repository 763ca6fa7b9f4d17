"""What acts on many places (degrees of freedom, faces, nodes) in each step, and the groups that act alike.

Solvers keep one value and one amplitude a place: a later step's card replaces it, a second card of the same step adds
to a load and replaces a constraint; OP=NEW takes everything away first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from romlib_converters._inp_history import DeckAmplitude, Part, Step, ramp

from romlib.errors import UnsupportedError

NO_AMPLITUDE = -1
RAMP = -2  # the amplitude that is a ramp over each step, from what was to the value
MOST_GROUPS = 1000  # each becomes a load or a constraint of its own
_DIGITS = 12  # histories that agree in so many digits are the same


@dataclass(frozen=True)
class State:
    """One step: places (n,) increasing, their values and amplitudes (numbers, or `NO_AMPLITUDE`).

    cards : (n,) numbers of the cards that they stand in, as the caller counts them.
    """

    keys: np.ndarray
    values: np.ndarray
    amplitudes: np.ndarray
    cards: np.ndarray


class Active:
    """The state of all places while a deck is read. adds : a second card of a step adds to the value."""

    def __init__(self, *, adds: bool) -> None:
        self._adds = adds
        self._keys = np.empty(0, np.int64)
        self._values = np.empty(0)
        self._amplitudes = np.empty(0, np.int64)
        self._cards = np.empty(0, np.int64)
        self._fresh = np.empty(0, bool)

    def begin_step(self) -> None:
        """From here on, cards belong to a new step."""
        self._fresh = np.zeros(len(self._keys), bool)

    def clear_values(self, rest: np.ndarray | None = None) -> None:
        """OP=NEW of loads: their values become zero, or those of `rest` (by place); their amplitudes stay."""
        self._values = np.zeros(len(self._keys)) if rest is None else rest[self._keys].astype(float)

    def of_this_step(self, key: int) -> bool:
        """Whether a card of this step gives this place a value."""
        return bool(self._fresh[self._keys == key].any())

    def hold(self, ends: Mapping[int, float], keys: np.ndarray | None = None) -> np.ndarray:
        """Keep from here on what these amplitudes, by number, made of the values: `ends` is what multiplies them.

        keys : of these places only. Returns the numbers of the cards of those that had such an amplitude.
        """
        held = np.isin(self._amplitudes, list(ends)) & (True if keys is None else np.isin(self._keys, keys))
        self._values[held] *= [ends[number] for number in self._amplitudes[held].tolist()]
        self._amplitudes[held] = NO_AMPLITUDE
        return self._cards[held]

    def remove(self) -> None:
        """OP=NEW of constraints: they are gone."""
        self.__init__(adds=self._adds)  # type: ignore[misc]

    def set(self, keys: np.ndarray, values: np.ndarray | float, amplitude: int, card: int = 0) -> None:
        """Values (n,) at places (n,), which may be there already, or twice (then the last counts, or both add up).

        card : the number of the card that says so.
        """
        if not len(keys):
            return
        values = np.broadcast_to(np.asarray(values, dtype=float), keys.shape)
        union = np.union1d(self._keys, keys)
        old = np.searchsorted(union, self._keys)
        new = np.searchsorted(union, keys)
        self._values = _moved(self._values, old, len(union), 0.0)
        self._amplitudes = _moved(self._amplitudes, old, len(union), NO_AMPLITUDE)
        self._fresh = _moved(self._fresh, old, len(union), False)
        self._cards = _moved(self._cards, old, len(union), 0)
        self._keys = union
        if self._adds:
            stale = new[~self._fresh[new]]
            self._values[stale] = 0.0
            np.add.at(self._values, new, values)
        else:
            self._values[new] = values
        self._amplitudes[new] = amplitude
        self._cards[new] = card
        self._fresh[new] = True

    def state(self, without: int = NO_AMPLITUDE) -> State:
        """What is active now. without : the amplitude of values that have none (`NO_AMPLITUDE`: they ramp)."""
        amplitudes = np.where(self._amplitudes == NO_AMPLITUDE, without, self._amplitudes)
        amplitudes[self._amplitudes == RAMP] = NO_AMPLITUDE
        return State(self._keys.copy(), self._values.copy(), amplitudes, self._cards.copy())


def _moved(array: np.ndarray, to: np.ndarray, n: int, fill: float) -> np.ndarray:
    moved = np.full(n, fill, dtype=array.dtype)
    moved[to] = array
    return moved


@dataclass(frozen=True)
class Group:
    """Places that act alike: factors (n,), of which the largest is one, times one history, which has the size.

    So a pattern is the same whatever the size of a load, and runs of other sizes share it. keys : (n,). parts : the
    history, one part a step. amplitude : the deck's, where the history is a multiple of one. card : the number of the
    card from which the first of them comes.
    """

    keys: np.ndarray
    factors: np.ndarray
    parts: list[Part]
    amplitude: int = NO_AMPLITUDE
    card: int = 0


@dataclass(frozen=True)
class Histories:
    """The states of all steps on common places: keys (n,); values, amplitudes, present, cards (n_step, n)."""

    keys: np.ndarray
    values: np.ndarray
    amplitudes: np.ndarray
    present: np.ndarray
    cards: np.ndarray

    @classmethod
    def of(cls, states: Sequence[State]) -> Histories:
        """From one state a step."""
        keys = np.unique(np.concatenate([np.empty(0, np.int64), *(state.keys for state in states)]))
        shape = (len(states), len(keys))
        values, present = np.zeros(shape), np.zeros(shape, bool)
        amplitudes, cards = np.full(shape, NO_AMPLITUDE), np.zeros(shape, np.int64)
        for k, state in enumerate(states):
            at = np.searchsorted(keys, state.keys)
            values[k, at], amplitudes[k, at], present[k, at] = state.values, state.amplitudes, True
            cards[k, at] = state.cards
        return cls(keys, values, amplitudes, present, cards)

    def starts(
        self, steps: Sequence[Step], amplitudes: Sequence[DeckAmplitude], order: np.ndarray | None = None
    ) -> np.ndarray:
        """The values (n_step, n) from which each step's ramps begin: those at the end of the step before.

        order : (n,), where the solver keeps them in a list that is sorted so: the place of a value is its number among
            those that are there, and a place that is new in a step moves the later ones on, but not their old values.
        """
        found = np.zeros(self.values.shape)
        for k in range(1, len(steps)):
            ends = self._ends(k - 1, steps[k - 1], amplitudes)
            if order is None:
                found[k] = ends
                continue
            before, now = order[self.present[k - 1][order]], order[self.present[k][order]]
            found[k, now[:len(before)]] = ends[before]
        return found

    def _ends(self, k: int, step: Step, amplitudes: Sequence[DeckAmplitude]) -> np.ndarray:
        ends = self.values[k].copy()
        for number in np.unique(self.amplitudes[k]):
            if number != NO_AMPLITUDE:
                ends[self.amplitudes[k] == number] *= amplitudes[int(number)].over(step).values[-1]
        return ends

    def groups(
        self, steps: Sequence[Step], amplitudes: Sequence[DeckAmplitude], order: np.ndarray | None = None
    ) -> list[Group]:
        """The places whose histories are multiples of each other, in the order of their first place; without zeros.

        order : see `starts`.

        Raises
        ------
        UnsupportedError : there are more than `MOST_GROUPS`.
        """
        starts = self.starts(steps, amplitudes, order)
        both = np.concatenate([self.values, starts])
        moving = np.flatnonzero((both != 0).any(axis=0))
        if not len(moving):
            return []
        both, numbers = both[:, moving], self.amplitudes[:, moving]
        factors = both[(both != 0).argmax(axis=0), np.arange(len(moving))]
        shapes = both / factors
        signature = np.concatenate([np.round(shapes, _DIGITS), numbers]).T
        _, first, group = np.unique(signature, axis=0, return_index=True, return_inverse=True)
        if len(first) > MOST_GROUPS:
            raise UnsupportedError("the deck has too many loads with histories of their own", place=steps[0].place,
                                   expected=f"at most {MOST_GROUPS} that are no multiples of each other",
                                   found=len(first), remedy="drive them by fewer amplitudes")
        group, n_step, groups = group.ravel(), len(steps), []
        for k in np.argsort(first):
            at, one = np.flatnonzero(group == k), int(first[k])
            size = factors[at][np.abs(factors[at]).argmax()]
            values, begins = size * shapes[:n_step, one], size * shapes[n_step:, one]
            parts = parts_of(values, numbers[:, one], begins, steps, amplitudes)
            # rounded, so that decks of other sizes have the same pattern to the last digit
            begun = int((both[:n_step, one] != 0).argmax())
            groups.append(Group(self.keys[moving[at]], np.round(factors[at] / size, 14), parts,
                                common_amplitude(numbers[:, one], shapes[:n_step, one]),
                                int(self.cards[begun, moving[at]].min())))
        return groups


def common_amplitude(numbers: np.ndarray, values: np.ndarray) -> int:
    """The amplitude that all steps have in which the value is not zero, else `NO_AMPLITUDE`."""
    used = np.unique(numbers[values != 0])
    return int(used[0]) if len(used) == 1 else NO_AMPLITUDE


def parts_of(
    values: np.ndarray, numbers: np.ndarray, starts: np.ndarray, steps: Sequence[Step],
    amplitudes: Sequence[DeckAmplitude],
) -> list[Part]:
    """The history of one place: values, numbers of amplitudes, and values at the beginning of ramps, (n_step,) each."""
    return [ramp(step, float(start), float(value)) if number == NO_AMPLITUDE
            else amplitudes[int(number)].over(step).scaled(float(value))
            for value, number, start, step in zip(values, numbers, starts, steps)]
