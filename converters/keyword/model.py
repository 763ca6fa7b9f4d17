"""romlib's model of a deck: constraints and loads with their histories. What a solver has besides is its own builder's.

Places whose histories are multiples of each other share one load or constraint and one amplitude. The amplitude has the
size (a displacement, a pressure, a force, an acceleration, a speed) and the load a pattern whose largest value is one,
so that decks that differ in sizes have the same loads. Its name is that of the deck's amplitude where nothing else uses
it; else amplitude_set, or kind_set.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from romlib_converters.keyword.active import NO_AMPLITUDE, Group, Histories
from romlib_converters.keyword.cards import Card, lines_of, where
from romlib_converters.keyword.history import Part, join
from romlib_converters.keyword.places import set_tags
from romlib_converters.keyword.thermal import temperature_loads

from romlib.errors import UnsupportedError
from romlib.mesh.mesh import Mesh
from romlib.model import (
    Amplitude,
    ArrayReference,
    Constraint,
    Load,
    Material,
    Model,
    NodalForce,
    Omission,
    Pressure,
    UnitSystem,
)
from romlib.model.constraint import Component

NLGEOM = "nlgeom"
COMPONENTS: tuple[Component, ...] = ("x", "y", "z")


@dataclass
class Entry:
    """A load or constraint before it has a name."""

    base: str
    target: str
    item: Load | Constraint
    parts: list[Part]
    card: Card
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


class ModelParts(ABC):
    """Puts the parts of a deck's model together; what a solver has of its own is in the methods of its subclass.

    deck : what has `places`, `inp`, `loads` (states of each step), `steps`, `amplitudes`, `temperature0` and
    `omissions`, as the decks of the solvers have them. times : of the records, or of the increments; roots of speeds
    are exact there. lines : where each part of the model stands in the deck,
    "line 12 of job.inp, *CLOAD", by its kind ("materials", "constraints", "loads") and its name.
    """

    solver: str
    default_temperature: float | None = None  # of a deck whose temperature changes, but that has no initial one

    def __init__(self, deck: Any, times: np.ndarray) -> None:
        self.deck, self.times = deck, times
        self.n_node = deck.places.mesh.n_node
        self.node_tags, self.cell_tags, self.face_tags = set_tags(deck.inp, deck.places)
        self.node_arrays: dict[str, np.ndarray] = {}
        self.cell_arrays: dict[str, np.ndarray] = {}
        self.omissions: list[Omission] = []
        self.constraints: dict[str, Constraint] = {}
        self.lines: dict[tuple[str, str], str] = {}
        self.entries: list[Entry] = []
        self._moving = np.empty(0, np.int64)  # keys 3 x node + component of what is prescribed and not zero
        # of the face tags that loads need: keys of `Places` (n,), and values of each face (n,) in their order
        self.face_keys: dict[str, np.ndarray] = {}
        self.face_values: dict[str, dict[str, np.ndarray]] = {}

    def build(self, units: UnitSystem, omissions: Sequence[Omission] = ()) -> tuple[Mesh, Model]:
        """The mesh with tags and arrays, and the model; with omissions that the deck does not say.

        Raises
        ------
        UnsupportedError, FileFormatError : with the line of the deck.
        """
        deck = self.deck
        self._act()
        thermal = temperature_loads(deck.loads.temperature, self._initial(), deck.steps, deck.amplitudes)
        loads, amplitudes = self._named(set(thermal.loads))
        materials, cards, notes = self._materials()
        self.omissions += notes
        self.lines.update({("materials", name): where(card) for name, card in cards.items()})
        self.node_arrays.update(thermal.arrays)
        self.lines.update({("loads", name): where(deck.loads.cards["TEMPERATURE"]) for name in thermal.loads})
        initial = self._initial_temperature()
        if initial is None and thermal.loads:
            initial = self.default_temperature
        self._check_temperature(materials)
        self._note_nlgeom()
        mesh = replace(deck.places.mesh, node_tags=self.node_tags, cell_tags=self.cell_tags, face_tags=self.face_tags,
                       node_arrays=self.node_arrays, cell_arrays=self.cell_arrays)
        return mesh, Model(units=units, materials=materials, constraints=self.constraints,
                           loads={**loads, **thermal.loads}, amplitudes={**amplitudes, **thermal.amplitudes},
                           initial_time=0.0, initial_temperature=initial,
                           omissions=(*deck.omissions, *self.omissions, *omissions))

    @abstractmethod
    def _act(self) -> None:
        """Make constraints, and entries of what acts but for the temperature."""

    @abstractmethod
    def _materials(self) -> tuple[dict[str, Material], dict[str, Card], list[Omission]]:
        """Materials by name, their cards, and notes; cell tags and arrays that they need are added."""

    @abstractmethod
    def _check_temperature(self, materials: dict[str, Material]) -> None:
        """Refuse, or note, a temperature that the solver's elements have at their points in another way."""

    def _note_nlgeom(self) -> None:
        finite = self.deck.nlgeom
        if finite is not None:
            self.omissions.append(Omission(name=NLGEOM, does_work=True, description=(
                f"small strain does not hold: *{finite.title}{', NLGEOM' if finite.keyword == 'STEP' else ''} "
                f"(line {finite.line} of {finite.file.name}) makes {self.solver} compute with finite strain and "
                "equilibrium on the deformed shape, and romlib has neither; the disagreement grows with the square of "
                "the displacement")))

    def _turned(self, nodes: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """Forces (n, 3) at positions of nodes (n,), in global components; a solver with local ones turns them here."""
        return vectors

    def _list_of_faces(self, history: Histories) -> np.ndarray | None:
        """The order in which a solver keeps pressures, where that matters: see `Histories.starts`."""
        return None

    def _same_in_all_steps(self, history: Histories, ids: np.ndarray, nodes: np.ndarray | None = None) -> None:
        """A constraint that begins or ends is refused. ids : (n,) of the nodes. nodes : look at these ids only."""
        changing = np.flatnonzero(~history.present.all(axis=0) & (True if nodes is None else np.isin(ids, nodes)))
        if not len(changing):
            return
        present = history.present[:, changing[0]]
        step = int((present != present[0]).argmax())
        card = self._card(int(history.cards[step if present[step] else step - 1, changing[0]]))
        raise UnsupportedError("a constraint begins or ends during the history", file=card.file,
                               place=f"{self.deck.steps[step].place}, node {ids[changing[0]]}",
                               expected="the same constrained degrees of freedom in all steps",
                               found=f"{card.place} holds it {'from then on' if present[step] else 'before'}",
                               remedy="convert and train the part of the history that has the same constraints")

    def _card(self, number: int) -> Card:
        return self.deck.loads.taken[number]

    def _constrain(self, name: str, item: Constraint, card: Card) -> str:
        """Add a constraint under a name that no other has, which is returned."""
        while name in self.constraints:
            name += "_"
        self.constraints[name] = item
        self.lines["constraints", name] = where(card)
        return name

    def _fix(self, keys: np.ndarray, cards: np.ndarray) -> None:
        """Fixed constraints: by the deck's sets where a whole set is fixed, the rest by components.

        cards : (n,) numbers of the cards that fix the keys (n,), which increase.
        """
        left = keys

        def first(mine: np.ndarray) -> Card:
            return self._card(int(cards[np.searchsorted(keys, mine)].min()))

        for folded, numbers in self.deck.loads.named:
            nodes = self.node_tags[self._set_name(folded)]
            mine = (3 * nodes[:, None] + np.array(numbers, np.int64) - 1).ravel() if numbers else np.empty(0, np.int64)
            if len(mine) and np.isin(mine, keys).all() and np.isin(mine, left).any():
                components = tuple(COMPONENTS[c - 1] for c in numbers)
                name = self._set_name(folded)
                self._constrain(f"{name}_{''.join(components)}", Constraint(nodes=name, components=components),
                                first(mine))
                left = np.setdiff1d(left, mine)
        for nodes, mask in by_components(left):
            components = tuple(c for c, has in zip(COMPONENTS, mask) if has)
            name = self._tag_nodes(nodes, f"fixed_{''.join(components)}")
            mine = np.intersect1d((3 * nodes[:, None] + np.arange(3)).ravel(), left)
            self._constrain(f"fixed_{''.join(components)}", Constraint(nodes=name, components=components), first(mine))

    def _links(self) -> None:
        """Linear relations; they work where a term is prescribed, or acts on a node that no solid has."""
        elsewhere = any(one.name.endswith("_elsewhere") for one in self.deck.omissions)
        for keyword in dict.fromkeys(link.card.keyword for link in self.deck.links.found):
            mine = [link for link in self.deck.links.found if link.card.keyword == keyword]
            if keyword == "TRANSFORM":
                continue
            keys = np.unique(np.concatenate([self.deck.links.keys_of(link) for link in mine]))
            what = mine[0].card.title.lower().replace(" ", "_")
            cards = list({(link.card.file, link.card.line): link.card for link in mine}.values())
            lines = lines_of(cards)
            for nodes, mask in by_components(keys):
                self._linear(what, nodes, mask, f"*{mine[0].card.title} ({lines})", mine[0].card)
            works = bool(np.isin(keys, self._moving).any()) or (elsewhere and any(len(link.elsewhere) for link in mine))
            self.omissions.append(Omission(name=what, does_work=works, description=(
                f"{len(cards)} x *{mine[0].card.title} ({lines}): "
                + ("a term is prescribed or loaded through a node outside: its force is not in the reduced model"
                   if works else "linear relations, which the modes satisfy"))))

    def _linear(self, what: str, nodes: np.ndarray, mask: tuple[bool, ...], description: str, card: Card) -> None:
        components = tuple(c for c, has in zip(COMPONENTS, mask) if has)
        name = f"{what}_{''.join(components)}"
        self._constrain(name, Constraint(nodes=self._tag_nodes(nodes, name), components=components, kind="linear",
                                         description=description), card)

    def _set_name(self, folded: str) -> str:
        known = self.deck.inp.node_sets.get(folded)
        return known.name if known is not None else self.deck.inp.node_surfaces[folded].name

    def _tag_nodes(self, nodes: np.ndarray, name: str) -> str:
        """The tag of exactly these nodes, a new one of this name where there is none."""
        for tag, others in self.node_tags.items():
            if len(others) == len(nodes) and np.array_equal(np.sort(others), nodes):
                return tag
        while name in self.node_tags:
            name += "_"
        self.node_tags[name] = nodes
        return name

    def _prescribe(self, group: Group) -> None:
        for nodes, mask in by_components(group.keys):
            components = tuple(c for c, has in zip(COMPONENTS, mask) if has)
            tag = self._tag_nodes(nodes, f"prescribed_{len(self.entries) + 1}")
            mine = np.isin(group.keys // 3, nodes)
            factors = group.factors[mine]
            target, arrays = f"{tag}_{''.join(components)}", {}
            value: float | ArrayReference = float(factors[0])
            if (factors != factors[0]).any():
                values = np.zeros((self.n_node, 3))
                values[group.keys[mine] // 3, group.keys[mine] % 3] = factors
                array = self._array_name(f"prescribed_{target}")
                arrays, value = {array: values}, ArrayReference(array=array)
            constraint = Constraint(nodes=tag, components=components, kind="prescribed", value=value)
            self.entries.append(Entry(self._base(group, "prescribed"), target, constraint, group.parts,
                                       self._card(group.card), arrays))

    def _array_name(self, name: str) -> str:
        """A name that no other array has; those of temperatures come later and begin with another word."""
        taken = {array for entry in self.entries for array in entry.arrays}
        while name in taken:
            name += "_"
        return name

    def _base(self, group: Group, kind: str) -> str:
        return kind if group.amplitude == NO_AMPLITUDE else self.deck.amplitudes[group.amplitude].name or kind

    def _forces(self) -> None:
        history = Histories.of(self.deck.loads.forces)
        for group in history.groups(self.deck.steps, self.deck.amplitudes):
            nodes, row = np.unique(group.keys // 3, return_inverse=True)
            vectors = np.zeros((len(nodes), 3))
            vectors[row.ravel(), group.keys % 3] = group.factors
            vectors = self._turned(nodes, vectors)
            tag = self._tag_nodes(nodes, f"loaded_{len(self.entries) + 1}")
            direction: tuple[float, float, float] | ArrayReference
            arrays: dict[str, np.ndarray] = {}
            if (vectors == vectors[0]).all():
                direction = (float(vectors[0, 0]), float(vectors[0, 1]), float(vectors[0, 2]))
            else:
                whole = np.zeros((self.n_node, 3))
                whole[nodes] = vectors
                arrays = {self._array_name(f"force_{tag}_{len(self.entries) + 1}"): whole}
                direction = ArrayReference(array=next(iter(arrays)))
            axes = "".join(c for c, acts in zip(COMPONENTS, (vectors != 0).any(axis=0)) if acts)
            self.entries.append(Entry(self._base(group, "force"), f"{tag}_{axes}",
                                       NodalForce(nodes=tag, direction=direction), group.parts,
                                       self._card(group.card), arrays))

    def _pressures(self) -> None:
        known = {surface.name: np.sort(self.deck.places.face_keys(surface.faces))
                 for surface in self.deck.inp.surfaces.values()}
        history = Histories.of(self.deck.loads.pressure)
        order = self._list_of_faces(history)
        for group in history.groups(self.deck.steps, self.deck.amplitudes, order):
            self._press(group, known)

    def _press(self, group: Group, known: dict[str, np.ndarray]) -> None:
        """The pressure of a group of faces. known : keys (n,) of the faces of each surface, increasing."""
        same = [name for name, keys in known.items() if np.array_equal(keys, group.keys)]
        tag = same[0] if same else f"pressure_{len(self.entries) + 1}"
        while not same and tag in self.face_tags:
            tag += "_"
        value: float | ArrayReference = float(group.factors[0])
        arrays = {}
        if (group.factors != group.factors[0]).any():
            arrays, value = {"pressure": group.factors}, ArrayReference(array="pressure")
            tag = tag if not same else f"{tag}_{len(self.entries) + 1}"
            while tag in self.face_tags:
                tag += "_"
        if arrays or not same:
            self.face_tags[tag] = self.deck.places.face_set(group.keys, arrays)
            self.face_keys[tag], self.face_values[tag] = group.keys, arrays
        self.entries.append(Entry(self._base(group, "pressure"), tag, Pressure(faces=tag, value=value),
                                   group.parts, self._card(group.card)))

    def _named(self, taken: set[str]) -> tuple[dict[str, Load], dict[str, Amplitude]]:
        """Loads and amplitudes by their names; prescribed constraints join the others. taken : names of other loads."""
        loads: dict[str, Load] = {}
        amplitudes: dict[str, Amplitude] = {}
        uses = Counter(entry.base for entry in self.entries)
        deck_names = {one.name for one in self.deck.amplitudes if one.name}
        for entry in self.entries:
            alone = uses[entry.base] == 1 and entry.base in deck_names
            name = entry.base if alone else f"{entry.base}_{entry.target}"
            while name in amplitudes or name in self.constraints or name in taken:
                name += "_"
            amplitudes[name] = join(entry.parts, 0.0, self.deck.steps[0].start)
            self.node_arrays.update(entry.arrays)
            if isinstance(entry.item, Constraint):
                self._constrain(name, entry.item, entry.card)
            else:
                loads[name] = entry.item
                self.lines["loads", name] = where(entry.card)
        return loads, amplitudes

    def _initial(self) -> np.ndarray:
        return np.zeros(self.n_node) if self.deck.temperature0 is None else self.deck.temperature0

    def _initial_temperature(self) -> float | ArrayReference | None:
        field0 = self.deck.temperature0
        if field0 is None:
            return None
        if (field0 == field0[0]).all():
            return float(field0[0])
        self.node_arrays["initial_temperature"] = field0
        return ArrayReference(array="initial_temperature")


def by_components(keys: np.ndarray) -> list[tuple[np.ndarray, tuple[bool, ...]]]:
    """Nodes (n,) by which of their components are among the keys 3 x node + component."""
    if not len(keys):
        return []
    nodes, row = np.unique(keys // 3, return_inverse=True)
    has = np.zeros((len(nodes), 3), bool)
    has[row.ravel(), keys % 3] = True
    masks, number = np.unique(has, axis=0, return_inverse=True)
    return [(nodes[number.ravel() == k], tuple(bool(one) for one in mask)) for k, mask in enumerate(masks)]
