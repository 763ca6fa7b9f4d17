"""Body loads of a deck (GRAV, CENTRIF) with their histories, as CalculiX keeps them in a list of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from romlib_converters.calculix.deck import Deck
from romlib_converters.keyword.active import Group, Histories, State, common_amplitude, parts_of
from romlib_converters.keyword.cards import Card, where
from romlib_converters.keyword.history import Part, root
from romlib_converters.keyword.loads import BodyKey, is_id

from romlib.errors import UnsupportedError
from romlib.model import BodyForce, Centrifugal, Load, Omission


@dataclass(frozen=True)
class Body:
    """A body load on the cells of a tag, and its history in `group`."""

    kind: str
    tag: str
    load: Load
    group: Group
    card: Card


def body_loads(deck: Deck, cell_tags: dict[str, np.ndarray], times: np.ndarray) -> tuple[list[Body], list[Omission]]:
    """The body loads that are not zero, and notes; tags of single elements are added to `cell_tags`.

    times : of the records; the root of a squared speed is exact there.

    Raises
    ------
    UnsupportedError : two centrifugal loads on one element.
    """
    states, cards = deck.loads.bodies, deck.loads.body_cards
    keys = list(dict.fromkeys(key for state in states for key in state))
    history = Histories.of([State(  # as other places have them: the number of a load is its key
        np.array([keys.index(key) for key in state], np.int64), np.array([value for value, _ in state.values()]),
        np.array([number for _, number in state.values()], np.int64),
        np.array([cards[key] for key in state], np.int64)) for state in states])
    tags = {key: _cells(deck, cell_tags, key) for key in keys}
    _one_axis(deck, [(key, cell_tags[tags[key]]) for key in keys if key.kind == "CENTRIF"])
    starts, notes = _starts(deck, history, keys)
    found = []
    for k in np.flatnonzero((history.values != 0).any(axis=0) | (starts != 0).any(axis=0)):
        key, values, numbers = keys[history.keys[k]], history.values[:, k], history.amplitudes[:, k]
        parts = parts_of(values, numbers, starts[:, k], deck.steps, deck.amplitudes)
        load, parts = _load(deck, key, tags[key], parts, times)
        group = Group(np.empty(0, np.int64), np.empty(0), parts, common_amplitude(numbers, values), cards[key])
        found.append(Body(key.kind.lower(), tags[key], load, group, deck.loads.taken[cards[key]]))
    return found, notes


def _starts(deck: Deck, history: Histories, keys: list[BodyKey]) -> tuple[np.ndarray, list[Omission]]:
    """The values (n_step, n) from which ramps begin.

    A load that is new in a later step begins at the value of the one whose place it takes in CalculiX's list (version
    2.20; measured).
    """
    starts = history.starts(deck.steps, deck.amplitudes)
    notes = []
    for column, key in enumerate(keys):  # in the order in which they came
        step = int(history.present[:, column].argmax())
        other = deck.loads.displaced[key]
        if step == 0 or other is None or starts[step, keys.index(other)] == 0.0:
            continue
        starts[step, column] = starts[step, keys.index(other)]
        mine, before = (where(deck.loads.taken[deck.loads.body_cards[one]]) for one in (key, other))
        notes.append(Omission(name="dload_order", does_work=False, description=(
            f"a body load begins in step {step + 1} ({mine}): CalculiX begins its ramp at the value of another one "
            f"({before}), and romlib's amplitude does the same. Give it with the value zero in the first step, if that "
            "is not meant")))
    return starts, notes


def _one_axis(deck: Deck, loads: list[tuple[BodyKey, np.ndarray]]) -> None:
    """CalculiX has one centrifugal load an element: of several, one acts and the others do not."""
    owner = np.full(deck.places.mesh.n_cell, -1)
    for k, (key, cells) in enumerate(loads):
        if (owner[cells] >= 0).any():
            first, card = (deck.loads.taken[deck.loads.body_cards[one]]
                           for one in (loads[int(owner[cells].max())][0], key))
            raise UnsupportedError("two centrifugal loads are on the same elements, of which CalculiX takes one",
                                   file=card.file, place=card.place, expected="one axis and one set an element",
                                   found=f"another one in {where(first)}")
        owner[cells] = k


def _load(deck: Deck, key: BodyKey, tag: str, parts: list[Part], times: np.ndarray) -> tuple[Load, list[Part]]:
    if key.kind == "GRAV":
        x, y, z = key.vectors
        return BodyForce(cells=tag, direction=(x, y, z), per="mass"), parts
    a, b, c, u, v, w = key.vectors
    return (Centrifugal(cells=tag, center=(a, b, c), axis=(u, v, w), speed=1.0),
            root(parts, times, deck.loads.cards["DLOAD"]))


def _cells(deck: Deck, cell_tags: dict[str, np.ndarray], key: BodyKey) -> str:
    """The tag of the cells on which a load acts: a set, or one element."""
    if not is_id(key.target):
        return deck.inp.element_sets[key.target].name
    cells = deck.places.cells(np.array([int(key.target)]))
    name = f"element_{key.target}"
    while name in cell_tags and not np.array_equal(cell_tags[name], cells[cells >= 0]):
        name += "_"
    cell_tags[name] = cells[cells >= 0]
    return name
