"""Homogeneous linear relations between degrees of freedom: *EQUATION, *MPC, *TIE, *RIGID BODY.

The modes satisfy them and their reactions do no work, so that the reduced model needs nothing of them but to know the
degrees of freedom. That is not so where a term is prescribed or stands on a node that no solid has: then they work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from romlib_converters._calculix_mesh import Places
from romlib_converters._inp_cards import Card, fold
from romlib_converters._inp_data import number_list
from romlib_converters._inp_mesh import InpMesh

from romlib.errors import FileFormatError
from romlib.model import Omission

LINK_CARDS = ("EQUATION", "MPC", "TIE", "RIGIDBODY", "TRANSFORM")


@dataclass(frozen=True)
class Link:
    """Degrees of freedom that take part: keys 3 x node + component (n,), and ids of nodes that are in no solid."""

    name: str
    card: Card
    keys: np.ndarray
    elsewhere: np.ndarray


class Links:
    """The links of a deck."""

    def __init__(self, inp: InpMesh, places: Places) -> None:
        self._inp, self._places = inp, places
        self.found: list[Link] = []

    def take(self, card: Card, omissions: list[Omission]) -> None:
        """One card of `LINK_CARDS`; what cannot be read of it becomes an omission that works."""
        if card.keyword == "EQUATION":
            self._equations(card)
        elif card.keyword == "TRANSFORM":
            self._add(card, self._inp.nodes_of(card.parameter("NSET"), card))
        elif card.keyword == "MPC":
            self._mpc(card, omissions)
        elif card.keyword == "RIGIDBODY" and "NSET" in card.parameters:
            references = [int(card.parameters[name]) for name in ("REFNODE", "ROTNODE") if name in card.parameters]
            self._add(card, np.concatenate([self._inp.nodes_of(card.parameter("NSET"), card),
                                            np.array(references, np.int64)]))
        elif card.keyword == "TIE" and not {"CYCLICSYMMETRY", "MULTISTAGE"} & set(card.parameters):
            for row in card.rows():
                for name in row.fields[:2]:
                    self._add(card, self._surface_nodes(name, card))
        else:
            omissions.append(Omission(name=card.title.lower().replace(" ", "_"), works=True, description=(
                f"*{card.title} (line {card.line} of {card.file.name}) is not read")))

    def _add(self, card: Card, ids: np.ndarray, components: np.ndarray | None = None) -> None:
        """All components of nodes, or one component (n,) each."""
        nodes = self._places.nodes(ids)
        inside = nodes >= 0
        if components is None:
            keys = (3 * nodes[inside][:, None] + np.arange(3)).ravel()
        else:
            acts = inside & (components >= 1) & (components <= 3)
            keys = 3 * nodes[acts] + components[acts] - 1
        self.found.append(Link(f"{card.title.lower().replace(' ', '_')}_{card.line}", card, np.unique(keys),
                               np.unique(ids[~inside])))

    def _equations(self, card: Card) -> None:
        """Blocks of a number of terms, then node, component, coefficient for each: read as one list of numbers."""
        numbers, names = number_list(card)
        if names:
            raise FileFormatError("an equation names a node set", file=card.file, place=card.place,
                                  expected="node numbers", found=names[0])
        first = 0
        nodes, components = [], []
        while first < len(numbers):
            count = int(numbers[first])
            width = 1 + 3 * count
            rows = numbers[first:first + (len(numbers) - first) // max(width, 1) * width].reshape(-1, max(width, 1))
            other = np.flatnonzero(rows[:, 0] != count)
            rows = rows[:other[0]] if len(other) else rows  # a run of equations with as many terms
            if count < 1 or not len(rows):
                raise FileFormatError("an equation is not whole", file=card.file, place=card.place,
                                      expected=f"{count} terms of node, component, coefficient",
                                      found=f"{len(numbers) - first - 1} numbers")
            nodes.append(rows[:, 1::3].ravel())
            components.append(rows[:, 2::3].ravel())
            first += rows.size
        self._add(card, np.concatenate(nodes).astype(np.int64), np.concatenate(components).astype(np.int64))

    def _mpc(self, card: Card, omissions: list[Omission]) -> None:
        """`STRAIGHT, nodes` and `PLANE, nodes`: relations that are linear only in small displacement."""
        numbers, names = number_list(card)
        kinds = {fold(name) for name in names}
        if kinds <= {"STRAIGHT", "PLANE"}:
            self._add(card, numbers.astype(np.int64))
        else:
            omissions.append(Omission(name="mpc", works=True, description=(
                f"*MPC {', '.join(sorted(kinds))} (line {card.line} of {card.file.name}) is not read")))

    def _surface_nodes(self, name: str, card: Card) -> np.ndarray:
        surface = self._inp.surfaces.get(fold(name))
        if surface is None:
            raise FileFormatError("the deck has no surface of this name", file=card.file, place=card.place, found=name)
        if surface.nodes is not None:
            return surface.nodes
        assert surface.faces is not None
        faces = self._places.face_set(self._places.face_keys(surface.faces))
        nodes = [np.empty(0, np.int64), *(block.connectivity.ravel() for block in faces.blocks)]
        return self._places.mesh.node_ids[np.unique(np.concatenate(nodes))]
