"""Decks of parts, assemblies and instances as one flat mesh: *PART, *INSTANCE with translation and rotation, *ASSEMBLY.

Numbers count within a part, or within the assembly. In the flat mesh those of an instance follow those of the one
before, so that with one instance they are the deck's own; the solver numbers anew too, in its own way. Sets of a part
are known as INSTANCE.SET, as decks name them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from romlib_converters.keyword.cards import Card, Row, fold
from romlib_converters.keyword.data import number_list, number_table
from romlib_converters.keyword.mesh import (
    MESH_CARDS,
    ElementGroup,
    InpMesh,
    NamedSet,
    Surface,
    extend_set,
    name_apart,
    read_mesh_cards,
    read_surface,
)
from romlib_converters.keyword.numbers import number_of

from romlib.errors import FileFormatError, UnsupportedError

_BLOCKS = ("PART", "INSTANCE", "ASSEMBLY")
_IN_SCOPE = {"SOLIDSECTION": "ELSET", "ORIENTATION": "NAME"}  # cards of a part, and what their names belong to


@dataclass(frozen=True)
class Scope:
    """An instance: what is added to its numbers of nodes and of elements."""

    name: str
    nodes: int
    elements: int


@dataclass
class FlatMesh(InpMesh):
    """The mesh of a whole assembly.

    scopes : by folded name of the instance. new_nodes, new_elements : the numbers that there are now, by those that
    scopes make, where these have been changed.
    """

    scopes: dict[str, Scope] = field(default_factory=dict)
    new_nodes: Mapping[int, int] | None = None
    new_elements: Mapping[int, int] | None = None

    def nodes_of(self, name: str, card: Card) -> np.ndarray:
        """Ids of a set, or of one node INSTANCE.NUMBER."""
        scope, _, rest = fold(name).rpartition(".")
        if scope in self.scopes and rest.isdecimal():
            return _one(int(rest) + self.scopes[scope].nodes, self.new_nodes, "node", name, card)
        return super().nodes_of(name, card)

    def elements_of(self, name: str, card: Card) -> np.ndarray:
        """Ids of a set, or of one element INSTANCE.NUMBER; all elements where there is no name."""
        scope, _, rest = fold(name).rpartition(".")
        if scope in self.scopes and rest.isdecimal():
            return _one(int(rest) + self.scopes[scope].elements, self.new_elements, "element", name, card)
        if not fold(name):
            return np.concatenate([np.empty(0, np.int64), *(group.ids for group in self.groups)])
        return super().elements_of(name, card)


def _one(number: int, new: Mapping[int, int] | None, what: str, name: str, card: Card) -> np.ndarray:
    if new is not None and number not in new:
        raise FileFormatError(f"the instance has no such {what}", file=card.file, place=card.place, found=name)
    return np.array([number if new is None else new[number]])


def flattened(cards: Sequence[Card], n_node: Mapping[str, int]) -> tuple[FlatMesh, list[Card]]:
    """The mesh of a deck, with parts or without, and its other cards, those of parts once for each instance.

    Parameters
    ----------
    n_node : number of nodes by type of element, solids and others.

    Raises
    ------
    FileFormatError : a part that is not there, blocks that are not closed; and what `read_mesh_cards` raises.
    UnsupportedError : a card within a part whose names cannot be told apart.
    """
    parts, assembly, rest = _blocks(cards)
    if assembly is None:
        mesh = read_mesh_cards([card for card in rest if card.keyword in MESH_CARDS], n_node)
        return FlatMesh(**vars(mesh)), [card for card in rest if card.keyword not in MESH_CARDS]
    flat, kept = FlatMesh(), []
    last_node = last_element = 0
    instances, own = assembly
    for card, body in instances:
        name = card.parameter("NAME")
        part = fold(card.parameters.get("PART", ""))
        if part and part not in parts:
            raise FileFormatError("an instance of a part that the deck does not have", file=card.file, place=card.place,
                                  found=card.parameters["PART"], expected=", ".join(parts) or "*PART")
        inside = [*parts.get(part, []), *body]
        mesh = read_mesh_cards([_copy(one) for one in inside if one.keyword in MESH_CARDS], n_node)
        scope = Scope(name, last_node, last_element)
        flat.scopes[fold(name)] = scope
        _add(flat, mesh, scope, _placed(mesh.points, card))
        kept += [_scoped(one, name, card) for one in inside if one.keyword not in MESH_CARDS]
        last_node = max(last_node, int(flat.node_ids.max(initial=0)))
        last_element = max([last_element, *(int(group.ids.max(initial=0)) for group in flat.groups)])
    single = len(instances) == 1
    _assembly_level(flat, own, n_node, Scope("", 0 if single else last_node, 0 if single else last_element))
    kept += [card for card in own if card.keyword not in MESH_CARDS]
    _short_names(flat)
    name_apart(flat)
    return flat, [*kept, *(card for card in rest if card.keyword not in MESH_CARDS)]


Instances = list[tuple[Card, list[Card]]]


def _blocks(cards: Sequence[Card]) -> tuple[dict[str, list[Card]], tuple[Instances, list[Card]] | None, list[Card]]:
    """Cards of parts by folded name; instances with their cards, and the others of the assembly; and all others."""
    parts: dict[str, list[Card]] = {}
    instances: Instances = []
    own: list[Card] = []
    rest: list[Card] = []
    open_blocks: list[Card] = []
    target = rest
    seen = False
    for card in cards:
        if card.keyword in _BLOCKS:
            allowed = [] if card.keyword != "INSTANCE" else ["ASSEMBLY"]
            if [one.keyword for one in open_blocks] != allowed:
                raise FileFormatError(f"*{card.title} stands in the wrong place", file=card.file, place=card.place,
                                      expected="within *ASSEMBLY" if allowed else "outside of parts and assemblies")
            open_blocks.append(card)
            if card.keyword == "PART":
                target = parts.setdefault(fold(card.parameter("NAME")), [])
            elif card.keyword == "INSTANCE":
                instances.append((card, []))
                target = instances[-1][1]
            else:
                target, seen = own, True
        elif card.keyword in ("ENDPART", "ENDINSTANCE", "ENDASSEMBLY"):
            if not open_blocks or open_blocks[-1].keyword != card.keyword[3:]:
                raise FileFormatError(f"*{card.title} ends nothing", file=card.file, place=card.place)
            open_blocks.pop()
            target = own if open_blocks else rest
        else:
            target.append(card)
    if open_blocks:
        card = open_blocks[-1]
        raise FileFormatError(f"*{card.title} is not closed", file=card.file, place=card.place,
                              expected=f"*END {card.title}")
    if parts and not seen:
        raise FileFormatError("the deck has parts and no assembly", file=cards[0].file, expected="*ASSEMBLY",
                              found=", ".join(parts))
    return parts, (instances, own) if seen else None, rest


def _copy(card: Card) -> Card:
    """`read_mesh_cards` takes the text of nodes and elements from their cards: a part may be read again."""
    return replace(card, chunks=list(card.chunks))


def _placed(points: np.ndarray, card: Card) -> np.ndarray:
    """Points (n, 3) where an instance is: a translation, then a rotation about the line from a to b, by degrees."""
    rows = card.rows()
    if len(rows) > 2:
        raise FileFormatError("an instance has at most a translation and a rotation", file=card.file, place=card.place,
                              found=f"{len(rows)} data lines")
    if rows:
        points = points + np.array([rows[0].number(k, 0.0) for k in range(3)])
    if len(rows) < 2:
        return points
    a, b = (np.array([rows[1].number(3 * k + j, 0.0) for j in range(3)]) for k in range(2))
    axis, angle = b - a, np.radians(rows[1].number(6, 0.0))
    length = float(np.linalg.norm(axis))
    if length == 0.0:
        raise FileFormatError("the axis of a rotation has no direction", file=rows[1].file, place=rows[1].place,
                              expected="two points", found=", ".join(rows[1].fields))
    axis, arm = axis / length, points - a
    along = np.outer(arm @ axis, axis)
    return a + along + np.cos(angle) * (arm - along) + np.sin(angle) * np.cross(axis, arm)


def _add(flat: FlatMesh, mesh: InpMesh, scope: Scope, points: np.ndarray) -> None:
    flat.node_ids = np.concatenate([flat.node_ids, mesh.node_ids + scope.nodes])
    flat.points = np.concatenate([flat.points, points])
    flat.groups += [ElementGroup(group.kind, group.ids + scope.elements, group.nodes + scope.nodes, group.card)
                    for group in mesh.groups]
    for sets, own, offset in ((flat.node_sets, mesh.node_sets, scope.nodes),
                              (flat.element_sets, mesh.element_sets, scope.elements)):
        for one in own.values():
            name = f"{scope.name}.{one.name}"
            sets[fold(name)] = NamedSet(name, one.ids + offset)
    for surface in mesh.surfaces.values():
        name = f"{scope.name}.{surface.name}"
        flat.surfaces[fold(name)] = Surface(name, surface.faces + np.array([scope.elements, 0]), surface.card)
    for nodes in mesh.node_surfaces.values():
        name = f"{scope.name}.{nodes.name}"
        flat.node_surfaces[fold(name)] = replace(nodes, name=name, nodes=nodes.nodes + scope.nodes)


def _assembly_level(flat: FlatMesh, cards: Sequence[Card], n_node: Mapping[str, int], own: Scope) -> None:
    """Nodes and elements of the assembly itself (reference points), its sets and surfaces."""
    loose = read_mesh_cards([_copy(card) for card in cards if card.keyword in ("NODE", "ELEMENT")], n_node)
    if len(loose.node_ids):
        taken = loose.node_ids + own.nodes
        while np.isin(taken, flat.node_ids).any():
            taken = taken + int(flat.node_ids.max())
        own = replace(own, nodes=int(taken[0] - loose.node_ids[0]))
    flat.node_ids = np.concatenate([flat.node_ids, loose.node_ids + own.nodes])
    flat.points = np.concatenate([flat.points, loose.points])
    flat.groups += [ElementGroup(group.kind, group.ids + own.elements, group.nodes + own.nodes, group.card)
                    for group in loose.groups]
    order = np.argsort(flat.node_ids, kind="stable")
    flat.node_ids, flat.points = flat.node_ids[order], flat.points[order]
    for sets, found, offset in ((flat.node_sets, loose.node_sets, own.nodes),
                                (flat.element_sets, loose.element_sets, own.elements)):
        for one in found.values():
            extend_set(sets, one.name, one.ids + offset)
    for card in cards:
        if card.keyword in ("NSET", "ELSET"):
            _assembly_set(flat, card, own)
    for card in cards:
        if card.keyword == "SURFACE":
            _assembly_surface(flat, card, own)


def _scope_of(flat: FlatMesh, card: Card, own: Scope) -> Scope:
    name = card.parameters.get("INSTANCE", "")
    if not name:
        return own
    if fold(name) not in flat.scopes:
        raise FileFormatError("the deck has no instance of this name", file=card.file, place=card.place, found=name,
                              expected=", ".join(one.name for one in flat.scopes.values()))
    return flat.scopes[fold(name)]


def _assembly_set(flat: FlatMesh, card: Card, own: Scope) -> None:
    scope, nodes = _scope_of(flat, card, own), card.keyword == "NSET"
    sets = flat.node_sets if nodes else flat.element_sets
    offset = scope.nodes if nodes else scope.elements
    known = (flat.node_ids if nodes else
             np.unique(np.concatenate([np.empty(0, np.int64), *(group.ids for group in flat.groups)])))
    if "GENERATE" in card.parameters:
        parts = []
        for first, last, step in number_table(card, 3):
            first, last = first + offset, last + offset
            inside = known[(known >= first) & (known <= max(first, last))]
            parts.append(inside[(inside - first) % max(step, 1.0) == 0])
    elif "ELSET" in card.parameters and nodes:
        raise UnsupportedError("this way to define a set is not read", file=card.file, place=card.place,
                               expected="ids, names of sets, or GENERATE", found="ELSET")
    else:
        numbers, names = number_list(card)
        look = flat.nodes_of if nodes else flat.elements_of
        prefix = f"{scope.name}." if scope.name else ""
        parts = [numbers + offset, *(look(f"{prefix}{one}", card) for one in names)]
    extend_set(sets, card.parameter(card.keyword), np.concatenate([np.empty(0, np.int64), *parts]))


def _assembly_surface(flat: FlatMesh, card: Card, own: Scope) -> None:
    """Faces by `element or set, S1`, of one instance or by names INSTANCE.SET."""
    if "COMBINE" in card.parameters:
        raise UnsupportedError("surfaces that are put together of others are not read", file=card.file,
                               place=card.place, expected="faces of elements or sets", found="COMBINE")
    scope = _scope_of(flat, card, own)
    offset = scope.nodes if card.is_set("TYPE", "NODE") else scope.elements
    prefix = f"{scope.name}." if scope.name else ""
    rows: list[Row] = []
    for row in card.rows():
        first = row.fields[0]
        name = str(int(first) + offset) if first.isdecimal() else f"{prefix}{first}"
        rows.append(replace(row, fields=(name, *row.fields[1:])))
    if rows:
        read_surface(flat, card.with_rows(rows))


def _scoped(card: Card, instance: str, placed: Card) -> Card:
    """A card of a part, whose names get the instance in front. placed : the card of the instance, which moves it."""
    if card.keyword not in _IN_SCOPE:
        return card
    if card.keyword == "ORIENTATION" and placed.rows():
        card = _moved_axes(card, placed)
    parameters = dict(card.parameters)
    for name in (_IN_SCOPE[card.keyword], "ORIENTATION"):
        if name in parameters:
            parameters[name] = f"{instance}.{parameters[name]}"
    return replace(card, parameters=parameters)


def _moved_axes(card: Card, placed: Card) -> Card:
    """*ORIENTATION with its points a, b and c (the origin) where the instance is."""
    rows = card.rows()
    if not rows or number_of(rows[0].fields[0].encode()) is None:
        raise UnsupportedError("an instance that is moved has axes of its own in a distribution", file=card.file,
                               place=card.place, expected="points in the card", found=", ".join(
                                   rows[0].fields) if rows else "no data line")
    points = np.array([[rows[0].number(3 * k + j, 0.0) for j in range(3)] for k in range(3)])
    fields = tuple(f"{one:.17g}" for one in _placed(points, placed).ravel())
    return card.with_rows([replace(rows[0], fields=fields), *rows[1:]])


def _short_names(flat: FlatMesh) -> None:
    """Sets of parts are called as in their part, where no other one is called so."""
    for sets in (flat.node_sets, flat.element_sets, flat.surfaces):
        taken = [fold(one.name.rpartition(".")[2]) for one in sets.values()]
        for key, one in list(sets.items()):
            short = one.name.rpartition(".")[2]
            if short != one.name and taken.count(fold(short)) == 1:
                sets[key] = replace(one, name=short)  # type: ignore[type-var]

