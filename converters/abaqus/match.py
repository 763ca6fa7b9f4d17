"""The numbers of a results file for the nodes and elements of its deck.

Abaqus numbers the nodes and elements of an assembly anew, and writes the results in these numbers. They are found by
where the nodes are: the same number at the same place, or the same rank, or the one node that is there. The elements
follow from their nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from romlib_converters.abaqus.fil import FilModel
from romlib_converters.keyword.assembly import FlatMesh
from romlib_converters.keyword.mesh import ElementGroup, NamedSet, Surface
from scipy.spatial import cKDTree

from romlib.errors import FileFormatError
from romlib.mesh.ids import IdIndex
from romlib.words import plural

_SAME = 1e-5  # of the size of the mesh: decks have few digits


def in_results(inp: FlatMesh, model: FilModel, deck: object) -> FlatMesh:
    """The mesh of a deck in the numbers of its results. deck : the file, for messages.

    Raises
    ------
    FileFormatError : the results are of another mesh.
    """
    nodes = _nodes(inp, model, deck)
    elements = _elements(inp, model, nodes, deck)
    if (nodes == inp.node_ids).all() and all((new == old).all() for old, new in elements):
        return inp
    old_nodes = IdIndex(inp.node_ids)
    old_ids = np.concatenate([np.empty(0, np.int64), *(old for old, _ in elements)])
    new_ids = np.concatenate([np.empty(0, np.int64), *(new for _, new in elements)])
    index = IdIndex(old_ids)

    def node(ids: np.ndarray) -> np.ndarray:
        at = old_nodes.find(ids)
        return nodes[at[at >= 0]]

    def element(ids: np.ndarray) -> np.ndarray:
        at = index.find(ids)
        return new_ids[at[at >= 0]]

    groups = [ElementGroup(group.kind, new, node(group.nodes.ravel()).reshape(group.nodes.shape), group.card)
              for group, (_, new) in zip(inp.groups, elements)]
    order = np.argsort(nodes)
    return replace(
        inp, node_ids=nodes[order], points=inp.points[order], groups=groups, node_sets=_mapped(inp.node_sets, node),
        element_sets=_mapped(inp.element_sets, element),
        surfaces={key: Surface(one.name, np.column_stack([element(one.faces[:, 0]), one.faces[:, 1]]), one.card)
                  for key, one in inp.surfaces.items()},
        node_surfaces={key: replace(one, nodes=np.sort(node(one.nodes))) for key, one in inp.node_surfaces.items()},
        new_nodes=dict(zip(inp.node_ids.tolist(), nodes.tolist())) if inp.scopes else None,
        new_elements=dict(zip(old_ids.tolist(), new_ids.tolist())) if inp.scopes else None)


def _mapped(sets: Mapping[str, NamedSet], new: Callable[[np.ndarray], np.ndarray]) -> dict[str, NamedSet]:
    return {key: NamedSet(one.name, np.sort(new(one.ids))) for key, one in sets.items()}


def _nodes(inp: FlatMesh, model: FilModel, deck: object) -> np.ndarray:
    """The number in the results (n,) of each node of the deck."""
    size = float(np.ptp(model.points, axis=0).max())
    at = IdIndex(model.node_ids).find(inp.node_ids)
    if (at >= 0).all() and np.abs(model.points[at] - inp.points).max(initial=0.0) <= _SAME * size:
        return inp.node_ids
    order = np.argsort(model.node_ids)
    if len(order) == len(inp.node_ids) and np.abs(model.points[order] - inp.points).max() <= _SAME * size:
        return model.node_ids[order]
    distance, nearest = cKDTree(model.points).query(inp.points)
    if (distance <= _SAME * size).all() and len(np.unique(nearest)) == len(nearest):
        return model.node_ids[nearest]
    wrong = int(np.argmax(distance))
    raise FileFormatError(
        "the nodes of the deck are not those of the results", file=str(deck),
        place=f"node {inp.node_ids[wrong]}", expected=f"{plural(len(model.node_ids), 'node')} of the results",
        found=(f"{plural(len(inp.node_ids), 'node')}, this one {distance[wrong]:.3g} from any of the results"
               if distance[wrong] > _SAME * size else "several nodes at one place"),
        remedy="convert with the deck that was computed, or without it: --option deck=none")


def _elements(inp: FlatMesh, model: FilModel, nodes: np.ndarray, deck: object) -> list[tuple[np.ndarray, np.ndarray]]:
    """Numbers of the deck, and of the results, of the elements of each group."""
    index = IdIndex(inp.node_ids)
    found = []
    for group in inp.groups:
        at = index.find(group.nodes)
        if (at < 0).any():
            raise FileFormatError("an element has a node that the deck does not define", file=group.card.file,
                                  place=group.card.place, found=f"node {group.nodes[at < 0][0]}")
        mine = nodes[at]
        theirs = [part for part in model.elements if part.nodes.shape[1] == mine.shape[1] and part.kind == group.kind]
        ids = np.concatenate([np.empty(0, np.int64), *(part.ids for part in theirs)])
        rows = np.concatenate([np.empty((0, mine.shape[1]), np.int64), *(part.nodes for part in theirs)])
        both, number = np.unique(np.concatenate([rows, mine]), axis=0, return_inverse=True)
        place = np.full(len(both), -1)
        place[number.ravel()[:len(rows)]] = np.arange(len(rows))
        where = place[number.ravel()[len(rows):]]
        if (where < 0).any():
            raise FileFormatError("an element of the deck is not in the results", file=str(deck),
                                  place=f"element {group.ids[where < 0][0]} ({group.kind})",
                                  expected="the elements of the deck",
                                  found=f"{plural(int((where < 0).sum()), 'element')} with other nodes, or types",
                                  remedy="convert with the deck that was computed, or without it: "
                                         "--option deck=none")
        found.append((group.ids, ids[where]))
    return found
