"""Nodes, elements, sets and surfaces of a keyword deck, by the deck's own ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from romlib_converters.keyword.cards import Card, fold
from romlib_converters.keyword.data import id_segments, ids_of, integer_records, number_list, number_table

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.skin import SKIN

MESH_CARDS = ("NODE", "ELEMENT", "NSET", "ELSET", "SURFACE")  # in the order in which the solver reads them
_OF_PARTS = ("ELSET", "NSET", "INSTANCE")  # parameters that say where a set comes from; others change nothing


@dataclass(frozen=True)
class ElementGroup:
    """Elements of one *ELEMENT card. ids : (n,). nodes : (n, n_node), ids in the deck's order."""

    kind: str
    ids: np.ndarray
    nodes: np.ndarray
    card: Card


@dataclass(frozen=True)
class NamedSet:
    """A set with the name as the deck spells it first, but see `name_apart`. ids : (n,), increasing."""

    name: str
    ids: np.ndarray


@dataclass(frozen=True)
class Surface:
    """Faces (element id, number of the face from one), (n, 2)."""

    name: str
    faces: np.ndarray
    card: Card


@dataclass(frozen=True)
class NodeSurface:
    """Nodes of a surface of type NODE, ids (n,); one of faces may have the same name."""

    name: str
    nodes: np.ndarray
    card: Card


@dataclass
class InpMesh:
    """What the cards of a mesh say. Sets and surfaces by their folded names (`fold`)."""

    node_ids: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    points: np.ndarray = field(default_factory=lambda: np.empty((0, 3)))
    groups: list[ElementGroup] = field(default_factory=list)
    node_sets: dict[str, NamedSet] = field(default_factory=dict)
    element_sets: dict[str, NamedSet] = field(default_factory=dict)
    surfaces: dict[str, Surface] = field(default_factory=dict)
    node_surfaces: dict[str, NodeSurface] = field(default_factory=dict)

    def nodes_of(self, name: str, card: Card) -> np.ndarray:
        """Ids of the nodes of a set, or of a surface of nodes; FileFormatError where there is none of that name."""
        if fold(name) not in self.node_sets and fold(name) in self.node_surfaces:
            return self.node_surfaces[fold(name)].nodes
        return _known(self.node_sets, name, "node set", card).ids

    def elements_of(self, name: str, card: Card) -> np.ndarray:
        """Ids of the elements of a set; FileFormatError where there is none of that name."""
        return _known(self.element_sets, name, "element set", card).ids


def _known(sets: Mapping[str, NamedSet], name: str, what: str, card: Card) -> NamedSet:
    if fold(name) not in sets:
        raise FileFormatError(f"the deck has no {what} of this name", file=card.file, place=card.place, found=name,
                              expected=", ".join(one.name for one in list(sets.values())[:12]) or f"a {what}")
    return sets[fold(name)]


def read_mesh_cards(cards: list[Card], n_node: Mapping[str, int]) -> InpMesh:
    """The mesh of a deck: all nodes first, then elements, sets, surfaces. The data lines of nodes and elements are
    taken from their cards, for memory.

    Parameters
    ----------
    n_node : number of nodes by type of element, solids and others.

    Raises
    ------
    FileFormatError : ids twice, records that are not whole, a set that is not there. UnsupportedError : an element of
        unknown type, which cannot be read over because the number of its nodes is not known.
    """
    mesh = InpMesh()
    node_ids, points = [np.empty(0, np.int64)], [np.empty((0, 3))]
    known: dict[str, np.ndarray] = {}  # ids, by the kind of set
    rank = {keyword: k for k, keyword in enumerate(MESH_CARDS)}
    for card in sorted(cards, key=lambda card: rank[card.keyword]):
        if card.keyword == "NODE":
            table = number_table(card, 4)
            node_ids.append(_positive(ids_of(table[:, 0], card), "node", card))
            points.append(table[:, 1:])
            if "NSET" in card.parameters:
                extend_set(mesh.node_sets, card.parameter("NSET"), node_ids[-1])
            card.chunks.clear()  # the text of nodes and elements is not needed any more
        elif card.keyword == "ELEMENT":
            _elements(mesh, card, n_node)
            card.chunks.clear()
        elif card.keyword in ("NSET", "ELSET"):
            if card.keyword not in known:
                ids = node_ids if card.keyword == "NSET" else [node_ids[0], *(group.ids for group in mesh.groups)]
                known[card.keyword] = np.unique(np.concatenate(ids))
            read_set(mesh, card, known[card.keyword])
        elif card.keyword == "SURFACE":
            read_surface(mesh, card)
    mesh.node_ids, mesh.points = _last_of_each(np.concatenate(node_ids), np.concatenate(points))
    refuse_twice(mesh)
    name_apart(mesh)
    return mesh


def refuse_twice(mesh: InpMesh) -> None:
    """FileFormatError where two elements have the same number."""
    ids, count = np.unique(np.concatenate([np.empty(0, np.int64), *(group.ids for group in mesh.groups)]),
                           return_counts=True)
    if (count > 1).any():
        twice = int(ids[count > 1][0])
        card = next(group.card for group in reversed(mesh.groups) if twice in group.ids)
        raise FileFormatError("two elements have the same number", file=card.file, place=card.place,
                              expected="each element once", found=f"element {twice}")


def _positive(ids: np.ndarray, what: str, card: Card) -> np.ndarray:
    if len(ids) and ids.min() < 1:
        raise FileFormatError(f"the number of a {what} must be positive", file=card.file, place=card.place,
                              expected="1 or more", found=int(ids.min()))
    return ids


def name_apart(mesh: InpMesh) -> None:
    """Change names of sets that differ in case only, or that romlib uses itself (all cells, the skin)."""
    groups: list[list[dict[str, Any]]] = [[mesh.node_sets, mesh.node_surfaces], [mesh.element_sets], [mesh.surfaces]]
    for kinds in groups:
        taken = {"all", SKIN}
        for sets in kinds:
            for key, one in sets.items():
                name = one.name
                while name in taken:
                    name += "_"
                taken.add(name)
                sets[key] = replace(one, name=name)


def _last_of_each(ids: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes in the order of their ids; of a node that is given twice the last coordinates hold."""
    unique, last = np.unique(ids[::-1], return_index=True)
    return unique, points[::-1][last]


def _elements(mesh: InpMesh, card: Card, n_node: Mapping[str, int]) -> None:
    kind = fold(card.parameter("TYPE"))
    if kind not in n_node:
        raise UnsupportedError("unknown element type", file=card.file, place=card.place, found=kind,
                               expected=", ".join(n_node), remedy="model this part with one of the expected elements")
    records = integer_records(card, 1 + n_node[kind])
    mesh.groups.append(ElementGroup(kind, _positive(records[:, 0], "element", card), records[:, 1:], card))
    if "ELSET" in card.parameters:
        extend_set(mesh.element_sets, card.parameter("ELSET"), records[:, 0])


def extend_set(sets: dict[str, NamedSet], name: str, ids: np.ndarray) -> None:
    """Add ids (n,) to the set of that name, or make it."""
    known = sets.get(fold(name))
    if known is None:
        sets[fold(name)] = NamedSet(name, np.unique(ids))
    else:
        sets[fold(name)] = NamedSet(known.name, np.union1d(known.ids, ids))


def read_set(mesh: InpMesh, card: Card, known: np.ndarray) -> None:
    """known : (n,) ids that there are, increasing; GENERATE takes those of its range, however large that is."""
    sets = mesh.node_sets if card.keyword == "NSET" else mesh.element_sets
    name = card.parameter(card.keyword)
    unknown = sorted(set(card.parameters) & set(_OF_PARTS) - {card.keyword})
    if unknown:
        raise UnsupportedError("this way to define a set is not read", file=card.file, place=card.place,
                               expected="ids, names of sets, or GENERATE", found=unknown[0])
    if "GENERATE" in card.parameters:
        parts = []
        for first, last, step in number_table(card, 3):
            inside = known[(known >= first) & (known <= max(first, last))]
            parts.append(inside[(inside - first) % max(step, 1.0) == 0])
    else:
        numbers, names = number_list(card)
        parts = [numbers, *(_known(sets, one, f"{card.keyword.lower()}", card).ids for one in names)]
    extend_set(sets, name, np.concatenate([np.empty(0, np.int64), *parts]))


def read_surface(mesh: InpMesh, card: Card) -> None:
    """Faces by `element or set, S1`; nodes by `node or set`."""
    name = card.parameter("NAME")
    known: Mapping[str, Surface | NodeSurface] = (
        mesh.node_surfaces if card.is_set("TYPE", "NODE") else mesh.surfaces)
    if fold(name) in known:
        raise FileFormatError("two surfaces have the same name", file=card.file, place=card.place,
                              expected="each name once", found=f"{name}, also {known[fold(name)].card.place}")
    if card.is_set("TYPE", "NODE"):
        numbers, names = number_list(card)
        sets = [_known(mesh.node_sets, one, "node set", card).ids for one in names]
        ids = np.unique(np.concatenate([numbers, *sets]))
        mesh.node_surfaces[fold(name)] = NodeSurface(name, ids, card)
        return
    faces = [np.empty((0, 2), np.int64)]
    for row, table in id_segments(face_numbers(card, "S"), 2):
        if row is None:
            faces.append(np.column_stack([ids_of(table[:, 0], card), ids_of(table[:, 1], card)]))
        elif len(row.fields) > 1 and not row.fields[1].isdigit():
            raise UnsupportedError("this kind of face is not read", file=row.file, place=row.place,
                                   expected="S1 to S6 of solid elements", found=row.fields[1])
        else:
            ids = mesh.elements_of(row.fields[0], card)
            number, = ids_of(np.array([row.number(1)]), card)
            faces.append(np.column_stack([ids, np.full(len(ids), number)]))
    mesh.surfaces[fold(name)] = Surface(name, np.unique(np.concatenate(faces), axis=0), card)


def face_numbers(card: Card, letter: str) -> Card:
    """The card with faces 1, 2, ... in the second field instead of S1, S2, ..., so that lines with ids are numbers."""
    pattern = re.compile(rf"^([^,\n]+,[ \t]*)[{letter.upper()}{letter.lower()}](?=\d)".encode(), re.MULTILINE)
    return replace(card, chunks=[replace(chunk, text=pattern.sub(rb"\1", chunk.text)) for chunk in card.chunks])
