"""Homogeneous linear relations between degrees of freedom: *EQUATION, *MPC, *TIE, *RIGID BODY.

The modes satisfy them and their reactions do no work, so that the reduced model needs nothing of them but to know the
degrees of freedom. That is not so where a term is prescribed or stands on a node that no solid has: then they work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from romlib_converters._calculix_mesh import Places
from romlib_converters._inp_cards import Card, fold
from romlib_converters._inp_data import ids_of, line_lists, number_list
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
        elif card.keyword == "RIGIDBODY" and {"NSET", "ELSET"} & set(card.parameters):
            references = [card.whole(name) for name in ("REFNODE", "ROTNODE") if name in card.parameters]
            self._add(card, np.concatenate([self._body_nodes(card), np.array(references, np.int64)]))
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

    def _body_nodes(self, card: Card) -> np.ndarray:
        """Ids of the nodes of a set, or of the elements of a set."""
        if "NSET" in card.parameters:
            return self._inp.nodes_of(card.parameter("NSET"), card)
        elements = self._inp.elements_of(card.parameter("ELSET"), card)
        nodes = [group.nodes[np.isin(group.ids, elements)].ravel() for group in self._inp.groups]
        return np.unique(np.concatenate([np.empty(0, np.int64), *nodes]))

    def _equations(self, card: Card) -> None:
        terms = _equation_terms(card)
        self._add(card, ids_of(terms[:, 0], card), ids_of(terms[:, 1], card))

    def _mpc(self, card: Card, omissions: list[Omission]) -> None:
        """`PLANE, nodes`, STRAIGHT and BEAM: relations that are linear only in small displacement.

        The first field of a card says which; a name behind it is a set of nodes.
        """
        numbers, names = number_list(card)
        kind = kind_of_mpc(card)
        if kind in ("STRAIGHT", "PLANE", "BEAM"):
            sets = [self._inp.nodes_of(name, card) for name in names if fold(name) in self._inp.node_sets]
            self._add(card, np.concatenate([numbers, *sets]))
        else:
            omissions.append(Omission(name="mpc", works=True, description=(
                f"*MPC {kind} (line {card.line} of {card.file.name}) is not read")))

    def _surface_nodes(self, name: str, card: Card) -> np.ndarray:
        if fold(name) in self._inp.node_surfaces:
            return self._inp.node_surfaces[fold(name)].nodes
        surface = self._inp.surfaces.get(fold(name))
        if surface is None:
            raise FileFormatError("the deck has no surface of this name", file=card.file, place=card.place, found=name)
        faces = self._places.face_set(self._places.face_keys(surface.faces))
        nodes = [np.empty(0, np.int64), *(block.connectivity.ravel() for block in faces.blocks)]
        return self._places.mesh.node_ids[np.unique(np.concatenate(nodes))]


def kind_of_mpc(card: Card) -> str:
    """What the first field of *MPC says, such as PLANE."""
    return fold(card.first_row().fields[0])


def _equation_terms(card: Card) -> np.ndarray:
    """Node, component and coefficient (n, 3) of all terms: a line with a number of terms, then lines of whole terms.

    What a line has behind its last whole term, or an equation behind its last term, is not read.

    Raises
    ------
    FileFormatError : an equation lacks terms.
    """
    values, counts, starts = line_lists(card)
    terms, first, begins = [np.empty((0, 3))], 0, []
    while first < len(values):  # a run of equations with as many terms at a time
        width = 1 + 3 * max(int(values[first]), 0)
        rows = values[first:first + (len(values) - first) // width * width].reshape(-1, width)
        other = np.flatnonzero(rows[:, 0] != values[first])
        rows = rows[:other[0]] if len(other) else rows
        if width == 1 or not len(rows):
            return _terms_by_line(card, values, counts, starts)
        terms.append(rows[:, 1:].reshape(-1, 3))
        begins.append(first + width * np.arange(len(rows)))
        first += rows.size
    heads = np.isin(starts, np.concatenate([np.empty(0, np.int64), *begins]))
    regular = heads.sum() == sum(map(len, begins)) and (counts[heads] == 1).all() and not (counts[~heads] % 3).any()
    return np.concatenate(terms) if regular else _terms_by_line(card, values, counts, starts)


def _terms_by_line(card: Card, values: np.ndarray, counts: np.ndarray, starts: np.ndarray) -> np.ndarray:
    kept, left, total = [np.empty(0, np.int64)], 0, 0
    for count, start in zip(counts.tolist(), starts.tolist()):
        if left <= 0:
            left = total = int(values[start])
            if total < 1:
                break
            continue
        taken = min(count // 3, left)
        kept.append(np.arange(start, start + 3 * taken))
        left -= taken
    if left > 0 or total < 1:
        raise FileFormatError("an equation is not whole", file=card.file, place=card.place,
                              expected=f"{total} terms of node, component, coefficient",
                              found=f"{left} are missing in the last one")
    return values[np.concatenate(kept)].reshape(-1, 3)
