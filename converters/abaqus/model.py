"""romlib's model of an Abaqus deck: what all decks have, its surface and body loads, materials and temperature."""

from __future__ import annotations

from typing import Any

import numpy as np
from romlib_converters.abaqus.deck import Deck
from romlib_converters.abaqus.elements import UNKNOWN_TEMPERATURE
from romlib_converters.abaqus.sections import section_materials
from romlib_converters.keyword.active import NO_AMPLITUDE, Group, Histories, State, common_amplitude, parts_of
from romlib_converters.keyword.cards import Card
from romlib_converters.keyword.history import root
from romlib_converters.keyword.loads import BodyKey, is_id
from romlib_converters.keyword.model import Entry, ModelParts

from romlib.errors import UnsupportedError
from romlib.model import BodyForce, Centrifugal, Load, Material, Omission


class ModelBuilder(ModelParts):
    """Puts a deck's model together. times : of the records, or of the increments; roots of speeds are exact there.

    library : what the user says of a UMAT's library, empty where nothing is said.
    """

    solver = "Abaqus"
    default_temperature = 0.0

    def __init__(self, deck: Deck, times: np.ndarray, library: dict[str, Any] | None = None) -> None:
        super().__init__(deck, times)
        self.library = library or {}

    def _act(self) -> None:
        deck = self.deck
        self._constraints()
        self._links()
        self._forces()
        self._pressures()
        own, deck.loads.pressure = deck.loads.pressure, deck.surface_pressure
        self._pressures()
        deck.loads.pressure = own
        self._bodies()

    def _materials(self) -> tuple[dict[str, Material], dict[str, Card], list[Omission]]:
        return section_materials(self.deck, self.cell_tags, self.cell_arrays, self.library)

    def _constraints(self) -> None:
        history = Histories.of(self.deck.loads.boundary)
        self._same_in_all_steps(history, self.deck.places.mesh.node_ids[history.keys // 3])
        outside = Histories.of(self.deck.loads.outside)
        linked = np.unique(np.concatenate([np.empty(0, np.int64), *(one.elsewhere for one in self.deck.links.found)]))
        self._same_in_all_steps(outside, outside.keys // 8, linked)
        moving = (history.values != 0).any(axis=0)
        self._fix(history.keys[~moving], history.cards[0, ~moving])
        for group in history.groups(self.deck.steps, self.deck.amplitudes):
            self._prescribe(group)
        self._moving = history.keys[moving]

    def _bodies(self) -> None:
        """Gravity, rotation, and forces per volume, each with its history."""
        states, cards = self.deck.loads.bodies, self.deck.loads.body_cards
        keys = list(dict.fromkeys(key for state in states for key in state))
        history = Histories.of([State(
            np.array([keys.index(key) for key in state], np.int64), np.array([value for value, _ in state.values()]),
            np.array([number for _, number in state.values()], np.int64),
            np.array([cards[key] for key in state], np.int64)) for state in states])
        starts = history.starts(self.deck.steps, self.deck.amplitudes)
        self._one_axis([key for key in keys if key.kind == "CENTRIF"])
        for k in np.flatnonzero((history.values != 0).any(axis=0) | (starts != 0).any(axis=0)):
            key, values, numbers = keys[history.keys[k]], history.values[:, k], history.amplitudes[:, k]
            parts = parts_of(values, numbers, starts[:, k], self.deck.steps, self.deck.amplitudes)
            tag = self._cells(key)
            load: Load
            if key.kind == "CENTRIF":
                a, b, c, u, v, w = key.vectors
                load = Centrifugal(cells=tag, center=(a, b, c), axis=(u, v, w), speed=1.0)
                parts = root(parts, self.times, self.deck.loads.taken[cards[key]])
            else:
                x, y, z = key.vectors
                load = BodyForce(cells=tag, direction=(x, y, z), per="mass" if key.kind == "GRAV" else "volume")
            group = Group(np.empty(0, np.int64), np.empty(0), parts, common_amplitude(numbers, values), cards[key])
            base = key.kind.lower() if group.amplitude == NO_AMPLITUDE else self._base(group, key.kind.lower())
            self.entries.append(Entry(base, tag, load, parts, self.deck.loads.taken[cards[key]]))

    def _one_axis(self, keys: list[BodyKey]) -> None:
        """Speeds about two axes do not add up: their squares do, about each axis of its own."""
        owner = np.full(self.deck.places.mesh.n_cell, False)
        for key in keys:
            tag = self._cells(key)
            cells = slice(None) if tag == "all" else self.cell_tags[tag]
            if owner[cells].any():
                card = self.deck.loads.taken[self.deck.loads.body_cards[key]]
                raise UnsupportedError("two centrifugal loads are on the same elements", file=card.file,
                                       place=card.place, expected="one axis and one set an element")
            owner[cells] = True

    def _cells(self, key: BodyKey) -> str:
        """The tag of the cells on which a load acts: all, a set, or one element."""
        if not key.target:
            return "all"
        if key.target in self.deck.inp.element_sets:
            return self.deck.inp.element_sets[key.target].name
        number = int(key.target) if is_id(key.target) else int(self.deck.inp.elements_of(
            key.target, self.deck.loads.taken[self.deck.loads.body_cards[key]])[0])
        cells = self.deck.places.cells(np.array([number]))
        name = f"element_{number}"
        self.cell_tags[name] = cells[cells >= 0]
        return name

    def _check_temperature(self, materials: dict[str, Material]) -> None:
        """Second-order elements get temperature at their points in a way that Abaqus does not say."""
        fields = [array for name, array in self.node_arrays.items() if name.startswith(("temperature", "initial"))]
        kinds = {group.kind for group in self.deck.inp.groups} & set(UNKNOWN_TEMPERATURE)
        varies = any((one != one[0]).any() for one in fields)
        acts = len(materials) < len(self.deck.materials) or any(
            one.thermal_expansion is not None or one.law == "umat" or any(
                isinstance(value, dict) for value in one.parameters.values()) for one in materials.values())
        if kinds and varies and acts:
            self.omissions.append(Omission(name="temperature_interpolation", does_work=True, description=(
                f"a temperature that varies in space acts on {', '.join(sorted(kinds))}: Abaqus interpolates it one "
                "order lower than the displacement, in a way that it does not publish, romlib by the shape functions; "
                "the disagreement is of second order in the size of the elements. C3D8 and C3D4 are reproduced")))
