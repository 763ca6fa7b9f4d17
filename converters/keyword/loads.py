"""What cards of loads and constraints say, on the degrees of freedom, faces and nodes that they act on, step by step.

What a solver keeps from step to step, and which cards it has, is its own: `LoadLines` takes the lines of those that all
have.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from romlib_converters.keyword.active import NO_AMPLITUDE, RAMP, Active, State
from romlib_converters.keyword.cards import Card, Row, fold
from romlib_converters.keyword.data import id_segments, ids_of
from romlib_converters.keyword.history import DeckAmplitude, Step
from romlib_converters.keyword.mesh import InpMesh
from romlib_converters.keyword.places import Places
from romlib_converters.keyword.plane import refuse_across

from romlib.errors import FileFormatError
from romlib.model import Omission
from romlib.words import plural

LOAD_CARDS = ("BOUNDARY", "CLOAD", "DLOAD", "DSLOAD", "TEMPERATURE")
_AT_ONCE = DeckAmplitude("", np.array([0.0]), np.array([1.0]), False)


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
    """Takes lines of cards. amplitudes : of the deck, in order, and those that loads without one need. temperature0 :
    (n_node,) initial temperature.
    """

    amplitudes_stay = False  # of body loads that OP=NEW makes zero

    def __init__(self, inp: InpMesh, places: Places, omissions: list[Omission]) -> None:
        self._inp, self._places, self._omissions = inp, places, omissions
        self._n_axis = places.mesh.dimension  # components of a displacement; one across a plane model there is not
        self.loads = Loads()
        self.amplitudes: list[DeckAmplitude] = []
        self.temperature0 = np.zeros(places.mesh.n_node)
        self._boundary, self._outside, self._forces = Active(adds=False), Active(adds=False), Active(adds=True)
        self._pressure, self._temperature = Active(adds=True), Active(adds=False)
        self._bodies: dict[BodyKey, tuple[float, int]] = {}  # value and amplitude
        self._fresh: set[BodyKey] = set()  # body loads of this step
        self._step: Step | None = None
        self._seen: set[str] = set()  # kinds of cards of this step: OP=NEW counts on the first of each
        self._default = NO_AMPLITUDE
        self._card = 0  # number of the one that is read
        self._not_read: dict[str, list[tuple[str, str]]] = {}  # omissions that work: what, and where

    def _kept(self) -> list[tuple[Active, list[State]]]:
        """What is active, with the states that it goes to; temperatures are the last."""
        return [(self._boundary, self.loads.boundary), (self._outside, self.loads.outside),
                (self._forces, self.loads.forces), (self._pressure, self.loads.pressure),
                (self._temperature, self.loads.temperature)]

    def begin_step(self, step: Step) -> None:
        """From here on, cards belong to this step."""
        self._step = step
        for active, _ in self._kept():
            active.begin_step()
        self._fresh, self._seen = set(), set()
        if (step.option == "STEP" or not step.quasi_static) and _AT_ONCE not in self.amplitudes:
            self.amplitudes.append(_AT_ONCE)
        self._default = (RAMP if step.option == "RAMP" else NO_AMPLITUDE if not step.option
                         else self.amplitudes.index(_AT_ONCE))

    def end_step(self) -> None:
        """Keep what acts in this step. An amplitude in step time ends with it: what it left stays."""
        assert self._step is not None  # a step has begun
        without = NO_AMPLITUDE if self._step.quasi_static else self.amplitudes.index(_AT_ONCE)
        for active, states in self._kept():
            states.append(active.state(without))
        now = {NO_AMPLITUDE: without, RAMP: NO_AMPLITUDE}
        self.loads.bodies.append({key: (value, now.get(number, number))
                                  for key, (value, number) in self._bodies.items()})
        ends = {k: float(table.over(self._step).values[-1]) for k, table in enumerate(self.amplitudes)
                if not table.total}
        ends[RAMP] = 1.0
        for active, _ in self._kept()[:-1]:
            active.hold(ends)
        self._bodies = {key: (value * ends[number], NO_AMPLITUDE) if number in ends else (value, number)
                        for key, (value, number) in self._bodies.items()}
        self._hold_temperature(ends)

    def _hold_temperature(self, ends: dict[int, float]) -> None:
        self._temperature.hold(ends)

    def _begin_card(self, card: Card, kind: str) -> int:
        """Take note of a card; the number of its amplitude. kind : of cards that OP=NEW takes away together."""
        if card.is_set("OP", "NEW") and kind not in self._seen:
            self._take_away(kind)
        self._seen.add(kind)
        self.loads.cards["DLOAD" if kind == "DSLOAD" else kind] = card
        self._card = len(self.loads.taken)
        self.loads.taken.append(card)
        return self._amplitude(card)

    def _take_away(self, kind: str) -> None:
        """OP=NEW: constraints are gone, loads become zero, temperatures the initial ones."""
        if kind == "BOUNDARY":
            self._boundary.remove()
            self._outside.remove()
        elif kind == "CLOAD":
            self._forces.clear_values()
        elif kind == "DLOAD":
            self._pressure.clear_values()
            self._bodies = {key: (0.0, amplitude if self.amplitudes_stay else NO_AMPLITUDE)
                            for key, (_, amplitude) in self._bodies.items()}
        elif kind == "TEMPERATURE":
            self._temperature.clear_values(self.temperature0)

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
                components = tuple(c for c in range(1, self._n_axis + 1)
                                   if begin <= c <= (row.number(2, begin) or begin))
                if fold(row.fields[0]) in self._inp.node_sets or fold(row.fields[0]) in self._inp.node_surfaces:
                    self.loads.named[fold(row.fields[0]), components] = None
            nodes = self._places.nodes(ids)
            self._note_absent(card, nodes, values)
            for component in range(1, 7):
                out = (first <= component) & (component <= last) & (nodes < 0)
                self._outside.set(8 * ids[out] + component, values[out], amplitude, self._card)
            self._note_across(card, (first <= 3) & (last >= 3) & (nodes >= 0) & (values != 0.0))
            for component in range(1, self._n_axis + 1):
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
            self._note_across(card, (axis == 3) & (nodes >= 0) & (values != 0.0))
            acts = (axis >= 1) & (axis <= self._n_axis) & (nodes >= 0)
            keys = 3 * nodes[acts] + axis[acts].astype(np.int64) - 1
            self._forces.set(keys, values[acts], amplitude, self._card)

    def _take_faces(self, card: Card, table: np.ndarray, amplitude: int) -> None:
        """Pressures of lines `element, number of the face, value` (n, 3)."""
        faces = np.column_stack([ids_of(table[:, 0], card), ids_of(table[:, 1], card)])
        values = table[self._places.cells(faces[:, 0]) >= 0, 2]
        self._pressure.set(self._places.face_keys(faces), values, amplitude, self._card)

    def _body_vectors(
        self, row: Row, label: str, target: str, card: Card, given: tuple[float, ...] | None = None
    ) -> np.ndarray:
        """Direction of GRAV (3,), or a point of the axis of CENTRIF and its direction (6,), which has the length one.

        target : an element set that there has to be, or an element. given : in place of the row's.
        """
        vectors = np.array(given or [row.number(k, 0.0) for k in range(3, 6 if label == "GRAV" else 9)])
        length = float(np.linalg.norm(vectors[-3:]))
        if length == 0.0:
            raise FileFormatError("the direction of a body load is zero", file=row.file, place=row.place)
        vectors[-3:] /= length  # as the solvers do
        refuse_across(self._places.mesh, label, vectors, row)
        if is_id(target):
            ids_of(np.array([float(target)]), card)
        else:
            self._inp.elements_of(target, card)
        return vectors

    def _add_body(self, key: BodyKey, value: float, amplitude: int) -> None:
        """Loads of one step on the same place add up."""
        self._bodies[key] = value + (self._bodies[key][0] if key in self._fresh else 0.0), amplitude
        self.loads.body_cards.setdefault(key, self._card)
        self._fresh.add(key)

    def _unknown_surface(self, row: Row) -> FileFormatError:
        return FileFormatError("the deck has no surface of this name", file=row.file, place=row.place,
                               found=row.fields[0],
                               expected=", ".join(one.name for one in self._inp.surfaces.values()) or "*SURFACE")

    def _omit_label(self, card: Card, kind: str, row: Row, label: str) -> None:
        """A distributed load that is not read."""
        self._omit(f"{kind.lower()}_{label.lower() or 'unknown'}",
                   f"*{card.title}: the load {label or 'without a label'} is not read",
                   f"{row.place} of {row.file.name}")

    def _note_across(self, card: Card, acts: np.ndarray) -> None:
        """What acts across the plane of a model in two dimensions, which cannot move there, is not in the model."""
        if self._n_axis == 2 and acts.any():
            self._omit(f"{card.keyword.lower()}_across", f"*{card.title} acts across the plane of a "
                       f"{self._places.mesh.kinematics} model, on {plural(int(acts.sum()), 'node')} at first",
                       f"line {card.line} of {card.file.name}")

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
