"""The temperature of a deck as loads: T(x, t) = sum of amplitude x field(x), exactly, step by step.

Within a step a node's temperature goes straight from what it was to its value, or is its value times an amplitude. What
goes straight is counted from the initial temperature, so that two steps, or two decks, whose fields are that plus a
number times one field share a load: its largest value is one, and the amplitude has the size. Fields that are the same
at all nodes make up one load together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from romlib_converters.keyword.active import NO_AMPLITUDE, Histories, State
from romlib_converters.keyword.history import DeckAmplitude, Part, Step, join, ramp

from romlib.model import Amplitude, ArrayReference, Load, TableAmplitude, Temperature

UNIFORM = "temperature_uniform"
_SAME = 1e-9  # of the largest value: fields that differ by less are multiples of each other


@dataclass
class _Term:
    """A nodal field (n_node,) whose largest value is one, its parts by step, and its factor before the first step."""

    nodal: np.ndarray
    parts: dict[int, Part] = field(default_factory=dict)
    initial: float = 0.0

    def add(self, step: int, part: Part) -> None:
        """One part more of a step: they add up."""
        known = self.parts.get(step)
        self.parts[step] = part if known is None else sum_of([known, part])


@dataclass(frozen=True)
class Thermal:
    """Loads and amplitudes by name; fields of the loads that are not uniform, (n_node,), by the same names."""

    loads: dict[str, Load]
    amplitudes: dict[str, Amplitude]
    arrays: dict[str, np.ndarray]


def temperature_loads(
    states: Sequence[State], initial: np.ndarray, steps: Sequence[Step], amplitudes: Sequence[DeckAmplitude]
) -> Thermal:
    """The temperature history of a deck; nothing where no *TEMPERATURE acts.

    Parameters
    ----------
    states : one a step, keys are positions of nodes. initial : (n_node,), at total time zero.
    """
    history = Histories.of(states)
    if not len(history.keys):
        return Thermal({}, {}, {})
    uniform, terms = _split(_terms(history, initial, steps, amplitudes))
    loads: dict[str, Load] = {}
    tables: dict[str, Amplitude] = {}
    arrays: dict[str, np.ndarray] = {}
    if uniform:
        loads[UNIFORM] = Temperature(field=1.0)
        tables[UNIFORM] = _uniform_history(uniform, steps)
    for number, term in enumerate(terms, 1):
        name = "temperature" if len(terms) == 1 else f"temperature_{number}"
        loads[name], arrays[name] = Temperature(field=ArrayReference(array=name)), term.nodal
        tables[name] = _table(term, steps)
    return Thermal(loads, tables, arrays)


def _terms(
    history: Histories, initial: np.ndarray, steps: Sequence[Step], amplitudes: Sequence[DeckAmplitude]
) -> list[_Term]:
    terms: list[_Term] = []
    directions = np.random.default_rng(0).standard_normal(len(initial)) / max(len(initial), 1)
    projections: list[float] = []  # of the terms' fields: most are told apart by these

    def add(values: np.ndarray, step: int, part: Part | None, initial_factor: float = 0.0) -> None:
        largest = values[np.argmax(np.abs(values))]
        if largest == 0.0:
            return
        pattern = values / largest
        projection = float(pattern @ directions)
        close = np.flatnonzero(np.abs(np.array(projections) - projection) <= 10.0 * _SAME)
        term = next((terms[j] for j in close if np.abs(terms[j].nodal - pattern).max() <= _SAME), None)
        if term is None:
            term = _Term(pattern)
            terms.append(term)
            projections.append(projection)
        term.initial += initial_factor * largest
        if part is not None:
            term.add(step, part.scaled(largest))

    last = initial.astype(float)
    for k, step in enumerate(steps):
        value, number = initial.astype(float), np.full(len(initial), NO_AMPLITUDE)
        here = history.present[k]
        value[history.keys[here]] = history.values[k, here]
        number[history.keys[here]] = history.amplitudes[k, here]
        new = value.copy()
        for amplitude in np.unique(number):
            mask = number == amplitude
            if amplitude == NO_AMPLITUDE:
                before, after = np.where(mask, last - initial, 0.0), np.where(mask, value - initial, 0.0)
                add(np.where(mask, initial, 0.0), k, ramp(step, 1.0, 1.0), float(k == 0))
                if np.array_equal(before, after):
                    add(before, k, ramp(step, 1.0, 1.0))
                else:
                    add(before, k, ramp(step, 1.0, 0.0))
                    add(after, k, ramp(step, 0.0, 1.0))
                continue
            part = amplitudes[int(amplitude)].over(step)
            new[mask] = value[mask] * part.values[-1]
            continuous = k == 0 and np.allclose(value[mask] * part.values[0], initial[mask], rtol=1e-12)
            add(np.where(mask, value, 0.0), k, part, float(part.values[0]) if continuous else 0.0)
            if k == 0 and not continuous:  # it jumps at once
                add(np.where(mask, initial, 0.0), k, None, 1.0)
        last = new
    return terms


def _split(terms: list[_Term]) -> tuple[list[_Term], list[_Term]]:
    uniform = [term for term in terms if (term.nodal == term.nodal[0]).all()]
    return uniform, [term for term in terms if all(term is not one for one in uniform)]


def _parts(term: _Term, steps: Sequence[Step]) -> list[Part]:
    return [term.parts.get(k, ramp(step, 0.0, 0.0)) for k, step in enumerate(steps)]


def _table(term: _Term, steps: Sequence[Step]) -> TableAmplitude:
    return join(_parts(term, steps), term.initial, steps[0].start)


def _uniform_history(terms: list[_Term], steps: Sequence[Step]) -> TableAmplitude:
    """The sum of uniform fields, as the amplitude of a field of ones."""
    total = []
    for k in range(len(steps)):
        total.append(sum_of([_parts(term, steps)[k].scaled(float(term.nodal[0])) for term in terms]))
    return join(total, sum(term.initial * float(term.nodal[0]) for term in terms), steps[0].start)


def sum_of(parts: Sequence[Part]) -> Part:
    """The sum of parts of one step."""
    times = np.unique(np.concatenate([part.times for part in parts]))
    return Part(times, np.sum([np.interp(times, part.times, part.values) for part in parts], axis=0))
