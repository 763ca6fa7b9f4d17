"""Nodes, elements, sets and surfaces of a keyword deck, by the deck's own ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from romlib_converters._inp_cards import Card, fold
from romlib_converters._inp_data import id_segments, integer_records, number_list, number_table

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.skin import SKIN

MESH_CARDS = ("NODE", "ELEMENT", "NSET", "ELSET", "SURFACE")


@dataclass(frozen=True)
class ElementGroup:
    """Elements of one *ELEMENT card. ids : (n,). nodes : (n, n_node), ids in the deck's order."""

    kind: str
    ids: np.ndarray
    nodes: np.ndarray
    card: Card


@dataclass(frozen=True)
class NamedSet:
    """A set with the name as the deck spells it (but "all_" and "skin_", see `_tag`). ids : (n,), increasing."""

    name: str
    ids: np.ndarray


@dataclass(frozen=True)
class Surface:
    """Faces (element id, number of the face from one), (n, 2); or nodes, for a surface of type NODE: faces is None."""

    name: str
    faces: np.ndarray | None
    nodes: np.ndarray | None
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

    def nodes_of(self, name: str, card: Card) -> np.ndarray:
        """Ids of the nodes of a set, or of a surface of nodes; FileFormatError where there is none of that name."""
        surface = self.surfaces.get(fold(name))
        if fold(name) not in self.node_sets and surface is not None and surface.nodes is not None:
            return surface.nodes
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
    """The mesh of a deck. The data lines of nodes and elements are taken from their cards, for memory.

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
    for card in cards:
        if card.keyword == "NODE":
            table = number_table(card, 4)
            node_ids.append(table[:, 0].astype(np.int64))
            points.append(table[:, 1:])
            if "NSET" in card.parameters:
                _extend(mesh.node_sets, card.parameter("NSET"), node_ids[-1])
            card.chunks.clear()  # the text of nodes and elements is not needed any more
        elif card.keyword == "ELEMENT":
            _elements(mesh, card, n_node)
            card.chunks.clear()
        elif card.keyword in ("NSET", "ELSET"):
            _set(mesh, card)
        elif card.keyword == "SURFACE":
            _surface(mesh, card)
    mesh.node_ids, mesh.points = _last_of_each(np.concatenate(node_ids), np.concatenate(points))
    ids, count = np.unique(np.concatenate([np.empty(0, np.int64), *(group.ids for group in mesh.groups)]),
                           return_counts=True)
    if (count > 1).any():
        twice = int(ids[count > 1][0])
        card = next(group.card for group in reversed(mesh.groups) if twice in group.ids)
        raise FileFormatError("two elements have the same number", file=card.file, place=card.place,
                              expected="each element once", found=f"element {twice}")
    return mesh


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
    mesh.groups.append(ElementGroup(kind, records[:, 0], records[:, 1:], card))
    if "ELSET" in card.parameters:
        _extend(mesh.element_sets, card.parameter("ELSET"), records[:, 0])


def _extend(sets: dict[str, NamedSet], name: str, ids: np.ndarray) -> None:
    known = sets.get(fold(name))
    if known is None:
        sets[fold(name)] = NamedSet(_tag(name), np.unique(ids))
    else:
        sets[fold(name)] = NamedSet(known.name, np.union1d(known.ids, ids))


def _tag(name: str) -> str:
    """The name of a set as a tag: romlib has two tags of its own, all cells and the skin."""
    return f"{name}_" if name in ("all", SKIN) else name


def _set(mesh: InpMesh, card: Card) -> None:
    sets = mesh.node_sets if card.keyword == "NSET" else mesh.element_sets
    name = card.parameter(card.keyword)
    unknown = sorted(set(card.parameters) - {card.keyword, "GENERATE"})
    if unknown:
        raise UnsupportedError("this way to define a set is not read", file=card.file, place=card.place,
                               expected="ids, names of sets, or GENERATE", found=unknown[0])
    if "GENERATE" in card.parameters:
        parts = [np.arange(first, last + 1, max(step, 1)) for first, last, step in
                 number_table(card, 3).astype(np.int64)]
    else:
        numbers, names = number_list(card)
        parts = [numbers.astype(np.int64), *(_known(sets, one, f"{card.keyword.lower()}", card).ids for one in names)]
    _extend(sets, name, np.concatenate([np.empty(0, np.int64), *parts]))


def _surface(mesh: InpMesh, card: Card) -> None:
    """Faces by `element or set, S1`; nodes by `node or set`."""
    name = card.parameter("NAME")
    if card.is_set("TYPE", "NODE"):
        numbers, names = number_list(card)
        sets = [_known(mesh.node_sets, one, "node set", card).ids for one in names]
        ids = np.unique(np.concatenate([numbers.astype(np.int64), *sets]))
        mesh.surfaces[fold(name)] = Surface(_tag(name), None, ids, card)
        return
    faces = [np.empty((0, 2), np.int64)]
    for row, table in id_segments(face_numbers(card, "S"), 2):
        if row is None:
            faces.append(table.astype(np.int64))
        else:
            ids = mesh.elements_of(row.fields[0], card)
            faces.append(np.column_stack([ids, np.full(len(ids), int(row.number(1)))]))
    mesh.surfaces[fold(name)] = Surface(_tag(name), np.unique(np.concatenate(faces), axis=0), None, card)


def face_numbers(card: Card, letter: str) -> Card:
    """The card with faces 1, 2, ... in the second field instead of S1, S2, ..., so that lines with ids are numbers."""
    pattern = re.compile(rf"^([^,\n]+,[ \t]*)[{letter.upper()}{letter.lower()}](?=\d)".encode(), re.MULTILINE)
    return replace(card, chunks=[replace(chunk, text=pattern.sub(rb"\1", chunk.text)) for chunk in card.chunks])
