"""What cards of loads and constraints say, on the degrees of freedom, faces and nodes that they act on, step by step.

What a solver keeps from step to step, and which cards it has, is its own: `LoadLines` takes the lines of those that all
have.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from romlib_converters.keyword.active import NO_AMPLITUDE, Active, State
from romlib_converters.keyword.cards import Card, fold
from romlib_converters.keyword.data import id_segments, ids_of
from romlib_converters.keyword.history import DeckAmplitude
from romlib_converters.keyword.mesh import InpMesh
from romlib_converters.keyword.places import Places

from romlib.errors import FileFormatError
from romlib.model import Omission


@dataclass(frozen=True)
class BodyKey:
    """A load on the cells of an element set ("" for one element, then `element`): GRAV or CENTRIF with its vectors."""

    kind: str
    target: str
    vectors: tuple[float, ...]


@dataclass
class Loads:
    """What acts, one state a step. Keys: 3 x node + component; face keys of `Places`; node positions.

    outside : degrees of freedom that are held at nodes of no solid (reference nodes), 8 x id + component from one.
    bodies : by step, BodyKey to (value, amplitude). named : the sets of constraints, (name, components, folded).
    cards : where each kind of load stood last, for messages. taken : all cards, by the numbers that the states have.
    body_cards : the first card of each body load. displaced : by a body load that is new in the solver's list, the one
    that stood at its place until then (None: it is the last).
    """

    boundary: list[State] = field(default_factory=list)
    outside: list[State] = field(default_factory=list)
    forces: list[State] = field(default_factory=list)
    pressure: list[State] = field(default_factory=list)
    temperature: list[State] = field(default_factory=list)
    bodies: list[dict[BodyKey, tuple[float, int]]] = field(default_factory=list)
    named: dict[tuple[str, tuple[int, ...]], None] = field(default_factory=dict)
    cards: dict[str, Card] = field(default_factory=dict)
    taken: list[Card] = field(default_factory=list)
    body_cards: dict[BodyKey, int] = field(default_factory=dict)
    displaced: dict[BodyKey, BodyKey | None] = field(default_factory=dict)


class LoadLines:
    """Takes lines of cards. amplitudes : of the deck, in order. temperature0 : (n_node,) initial temperature."""

    def __init__(self, inp: InpMesh, places: Places, omissions: list[Omission]) -> None:
        self._inp, self._places, self._omissions = inp, places, omissions
        self.loads = Loads()
        self.amplitudes: list[DeckAmplitude] = []
        self.temperature0 = np.zeros(places.mesh.n_node)
        self._boundary, self._outside, self._forces = Active(adds=False), Active(adds=False), Active(adds=True)
        self._pressure, self._temperature = Active(adds=True), Active(adds=False)
        self._default = NO_AMPLITUDE
        self._card = 0  # number of the one that is read
        self._not_read: dict[str, list[tuple[str, str]]] = {}  # omissions that work: what, and where

    def _amplitude(self, card: Card) -> int:
        if "AMPLITUDE" not in card.parameters:
            return self._default
        name = card.parameter("AMPLITUDE")
        for number in reversed(range(len(self.amplitudes))):
            if fold(self.amplitudes[number].name) == fold(name):
                return number
        raise FileFormatError("the deck has no amplitude of this name", file=card.file, place=card.place, found=name,
                              expected=", ".join(one.name for one in self.amplitudes if one.name) or "*AMPLITUDE")

    def notes(self) -> list[Omission]:
        """What does work and is not read: each kind once, with its lines and how many there are."""
        return [Omission(name=name, does_work=True, description=(
            f"{found[0][0]} ({', '.join(dict.fromkeys(where for _, where in found[:3]))}"
            f"{', ...' if len(found) > 3 else ''}; {len(found)} in all)")) for name, found in self._not_read.items()]

    def _take_boundary(self, card: Card, amplitude: int) -> None:
        for row, table in id_segments(card, 4):
            if row is None:
                ids = ids_of(table[:, 0], card)
                first, last, values = table[:, 1], np.maximum(table[:, 1], table[:, 2]), table[:, 3]
            else:
                ids = self._inp.nodes_of(row.fields[0], card)
                begin = row.number(1)
                first, last = np.full(len(ids), begin), np.full(len(ids), row.number(2, begin) or begin)
                values = np.full(len(ids), row.number(3, 0.0))
                components = tuple(c for c in (1, 2, 3) if begin <= c <= (row.number(2, begin) or begin))
                if fold(row.fields[0]) in self._inp.node_sets or fold(row.fields[0]) in self._inp.node_surfaces:
                    self.loads.named[fold(row.fields[0]), components] = None
            nodes = self._places.nodes(ids)
            self._note_absent(card, nodes, values)
            for component in range(1, 7):
                out = (first <= component) & (component <= last) & (nodes < 0)
                self._outside.set(8 * ids[out] + component, values[out], amplitude, self._card)
            for component in (1, 2, 3):
                acts = (first <= component) & (component <= last) & (nodes >= 0)
                self._boundary.set(3 * nodes[acts] + component - 1, values[acts], amplitude, self._card)

    def _take_force(self, card: Card, amplitude: int) -> None:
        for row, table in id_segments(card, 3):
            if row is None:
                nodes, axis, values = self._places.nodes(ids_of(table[:, 0], card)), table[:, 1], table[:, 2]
            else:
                nodes = self._places.nodes(self._inp.nodes_of(row.fields[0], card))
                axis, values = np.full(len(nodes), row.number(1)), np.full(len(nodes), row.number(2, 0.0))
            self._note_absent(card, nodes, values)
            acts = (axis >= 1) & (axis <= 3) & (nodes >= 0)
            keys = 3 * nodes[acts] + axis[acts].astype(np.int64) - 1
            self._forces.set(keys, values[acts], amplitude, self._card)

    def _note_absent(self, card: Card, nodes: np.ndarray, values: np.ndarray) -> None:
        """A load on a node of no solid element (a reference node, a shell) is not in the model."""
        absent = (nodes < 0) & (values != 0.0)
        if absent.any():
            self._omit(f"{card.keyword.lower()}_elsewhere", f"*{card.title} acts on nodes that are in no solid "
                       f"element, {int(absent.sum())} at first", f"line {card.line} of {card.file.name}")

    def _omit(self, name: str, what: str, where: str) -> None:
        self._not_read.setdefault(name, []).append((what, where))

    def _take_temperature(self, card: Card, amplitude: int) -> None:
        for nodes, values in self.node_values(card):
            self._temperature.set(nodes, values, amplitude, self._card)

    def node_values(self, card: Card) -> list[tuple[np.ndarray, np.ndarray]]:
        """Positions and values of lines `node or set, value`, on nodes of solids."""
        found = []
        for row, table in id_segments(card, 4):
            if row is None:
                nodes, values = self._places.nodes(ids_of(table[:, 0], card)), table[:, 1]
            else:
                nodes = self._places.nodes(self._inp.nodes_of(row.fields[0], card))
                values = np.full(len(nodes), row.number(1))
            found.append((nodes[nodes >= 0], values[nodes >= 0]))
        return found


def is_id(text: str) -> bool:
    """Whether a field is the number of an element, and not the name of a set."""
    return text.isascii() and text.isdecimal()
