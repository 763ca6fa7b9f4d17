"""Homogeneous linear relations between degrees of freedom: *EQUATION, *MPC, *TIE, *RIGID BODY.

The modes satisfy them and their reactions do no work, so that the reduced model needs nothing of them but to know the
degrees of freedom. That is not so where a term is prescribed or stands on a node that no solid has: then they work.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from romlib_converters.keyword.cards import Card, fold
from romlib_converters.keyword.data import ids_of, line_lists, number_list
from romlib_converters.keyword.mesh import InpMesh
from romlib_converters.keyword.places import Places
from romlib_converters.keyword.systems import NodeSystems, node_systems

from romlib.errors import FileFormatError, UnsupportedError
from romlib.model import Omission

LINK_CARDS = ("EQUATION", "MPC", "TIE", "RIGIDBODY", "TRANSFORM")


@dataclass(frozen=True)
class Link:
    """Degrees of freedom that take part: keys 3 x node + component (n,), and ids of nodes that are in no solid.

    ids : of all nodes, in the order of the deck. terms : of equations, node, component and coefficient (m, 3); sizes :
    how many each equation has.
    """

    name: str
    card: Card
    keys: np.ndarray
    elsewhere: np.ndarray
    ids: np.ndarray
    terms: np.ndarray = field(default_factory=lambda: np.empty((0, 3)))
    sizes: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))


class Links:
    """The links of a deck."""

    def __init__(self, inp: InpMesh, places: Places) -> None:
        self._inp, self._places = inp, places
        self.found: list[Link] = []

    def take(self, card: Card, omissions: list[Omission]) -> None:
        """One card of `LINK_CARDS`; what cannot be read of it becomes an omission that works.

        Raises
        ------
        UnsupportedError : a card of a model in two dimensions that is not an equation in its plane.
        """
        if self._places.mesh.dimension == 2 and card.keyword != "EQUATION":
            raise UnsupportedError(f"*{card.title} in a {self._places.mesh.kinematics} model", file=card.file,
                                   place=card.place, expected="*EQUATION, between the two displacements of nodes",
                                   found=f"*{card.title}",
                                   remedy="share the nodes, or write the relations as equations")
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
            omissions.append(Omission(name=card.title.lower().replace(" ", "_"), does_work=True, description=(
                f"*{card.title} (line {card.line} of {card.file.name}) is not read")))

    def add_equations(self, card: Card, terms: np.ndarray, sizes: np.ndarray) -> None:
        """Equations by node, component and coefficient (n, 3) of their terms, and how many terms each has.

        Raises
        ------
        UnsupportedError : one across the plane of a model in two dimensions.
        """
        across = (terms[:, 1] > 2) & (self._places.nodes(ids_of(terms[:, 0], card)) >= 0)
        if self._places.mesh.dimension == 2 and across.any():
            raise UnsupportedError(f"an equation across the plane of a {self._places.mesh.kinematics} model",
                                   file=card.file, place=f"{card.place}, node {int(terms[across.argmax(), 0])}",
                                   expected="components 1 and 2", found=int(terms[across.argmax(), 1]))
        self._add(card, ids_of(terms[:, 0], card), terms, sizes)

    @cached_property
    def systems(self) -> NodeSystems:
        """The local systems of nodes; for when all cards are taken."""
        return node_systems([link.card for link in self.found if link.card.keyword == "TRANSFORM"], self._inp,
                            self._places)

    def keys_of(self, link: Link) -> np.ndarray:
        """Its keys in the global system, in which a term in a local one may have several components."""
        if not len(link.sizes):
            return link.keys
        terms, _ = self.global_terms(link)
        nodes, component = self._places.nodes(ids_of(terms[:, 0], link.card)), terms[:, 1].astype(np.int64)
        acts = (nodes >= 0) & (component >= 1) & (component <= 3) & (terms[:, 2] != 0)
        return np.unique(3 * nodes[acts] + component[acts] - 1)

    def global_terms(self, link: Link) -> tuple[np.ndarray, np.ndarray]:
        """The terms (n, 3) of equations in the global system, and the number (n,) of the equation of each."""
        number = np.repeat(np.arange(len(link.sizes)), link.sizes)
        nodes = self._places.nodes(ids_of(link.terms[:, 0], link.card))
        component = link.terms[:, 1].astype(np.int64) - 1
        local = np.flatnonzero(np.isin(nodes, self.systems.nodes) & (component >= 0) & (component < 3))
        if not len(local):
            return link.terms, number
        axes = np.zeros((len(local), 3))
        axes[np.arange(len(local)), component[local]] = link.terms[local, 2]
        turned = np.column_stack([
            np.repeat(link.terms[local, 0], 3), np.tile([1.0, 2.0, 3.0], len(local)),
            self.systems.turned_at(nodes[local], axes).ravel()])
        left = np.setdiff1d(np.arange(len(nodes)), local)
        return np.concatenate([link.terms[left], turned]), np.append(number[left], np.repeat(number[local], 3))

    def _add(self, card: Card, ids: np.ndarray, terms: np.ndarray | None = None, sizes: np.ndarray | None = None
             ) -> None:
        """All components of nodes, or those of terms."""
        components = None if terms is None else ids_of(terms[:, 1], card)
        nodes = self._places.nodes(ids)
        inside = nodes >= 0
        if components is None:
            keys = (3 * nodes[inside][:, None] + np.arange(3)).ravel()
        else:
            acts = inside & (components >= 1) & (components <= 3)
            keys = 3 * nodes[acts] + components[acts] - 1
        equations = () if terms is None or sizes is None else (terms, sizes)
        self.found.append(Link(f"{card.title.lower().replace(' ', '_')}_{card.line}", card, np.unique(keys),
                               np.unique(ids[~inside]), ids, *equations))

    def _body_nodes(self, card: Card) -> np.ndarray:
        """Ids of the nodes of a set, or of the elements of a set."""
        if "NSET" in card.parameters:
            return self._inp.nodes_of(card.parameter("NSET"), card)
        elements = self._inp.elements_of(card.parameter("ELSET"), card)
        nodes = [group.nodes[np.isin(group.ids, elements)].ravel() for group in self._inp.groups]
        return np.unique(np.concatenate([np.empty(0, np.int64), *nodes]))

    def _equations(self, card: Card) -> None:
        self.add_equations(card, *numbered_terms(card))

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
            omissions.append(Omission(name="mpc", does_work=True, description=(
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


def numbered_terms(card: Card) -> tuple[np.ndarray, np.ndarray]:
    """Node, component and coefficient (n, 3) of all terms, and how many each equation has.

    The data are a line with a number of terms, then lines of whole terms. What a line has behind its last whole term,
    or an equation behind its last term, is not read.

    Raises
    ------
    FileFormatError : an equation lacks terms.
    """
    values, counts, starts = line_lists(card)
    terms, sizes, first, begins = [np.empty((0, 3))], [np.empty(0, np.int64)], 0, []
    while first < len(values):  # a run of equations with as many terms at a time
        width = 1 + 3 * max(int(values[first]), 0)
        rows = values[first:first + (len(values) - first) // width * width].reshape(-1, width)
        other = np.flatnonzero(rows[:, 0] != values[first])
        rows = rows[:other[0]] if len(other) else rows
        if width == 1 or not len(rows):
            return _terms_by_line(card, values, counts, starts)
        terms.append(rows[:, 1:].reshape(-1, 3))
        sizes.append(np.full(len(rows), (width - 1) // 3))
        begins.append(first + width * np.arange(len(rows)))
        first += rows.size
    heads = np.isin(starts, np.concatenate([np.empty(0, np.int64), *begins]))
    regular = heads.sum() == sum(map(len, begins)) and (counts[heads] == 1).all() and not (counts[~heads] % 3).any()
    return ((np.concatenate(terms), np.concatenate(sizes)) if regular
            else _terms_by_line(card, values, counts, starts))


def _terms_by_line(
    card: Card, values: np.ndarray, counts: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    kept, sizes, left, total = [np.empty(0, np.int64)], [], 0, 0
    for count, start in zip(counts.tolist(), starts.tolist()):
        if left <= 0:
            left = total = int(values[start])
            if total < 1:
                break
            sizes.append(total)
            continue
        taken = min(count // 3, left)
        kept.append(np.arange(start, start + 3 * taken))
        left -= taken
    if left > 0 or total < 1:
        raise FileFormatError("an equation is not whole", file=card.file, place=card.place,
                              expected=f"{total} terms of node, component, coefficient",
                              found=f"{left} are missing in the last one")
    return values[np.concatenate(kept)].reshape(-1, 3), np.array(sizes, dtype=np.int64)
