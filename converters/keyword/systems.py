"""Local systems of nodes (*TRANSFORM) and of sections (*ORIENTATION): their axes, and results turned to global ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from romlib_converters.keyword.cards import Card, fold
from romlib_converters.keyword.mesh import InpMesh
from romlib_converters.keyword.places import Places

from romlib.errors import FileFormatError
from romlib.words import plural

_NOISE = 1e-14  # of turned vectors
_ON_AXIS = 1e-10  # nearer to the axis of a cylinder than that, a point has no radius (as the solver has it)


@dataclass(frozen=True)
class NodeSystems:
    """Local systems of nodes: positions (n,), increasing; axes (n, 3, 3), in columns; cards (n,) that they come from.

    The first two axes of a node on the axis of its cylinder, where there is no radius, are not known: NaN.
    """

    nodes: np.ndarray
    axes: np.ndarray
    cards: tuple[Card, ...] = ()

    def turned(self, values: np.ndarray) -> np.ndarray:
        """Vectors (n_node, 3) of all nodes, those in local systems turned to the global one; see `turned_at`."""
        found = values.copy()
        found[self.nodes] = self.turned_at(self.nodes, values[self.nodes])
        return found

    def turned_at(self, nodes: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Vectors (n, 3) at these nodes (n,), those in local systems turned to the global one.

        Raises
        ------
        FileFormatError : a vector of a node that is on the axis of its cylindrical system.
        """
        mine = np.flatnonzero(np.isin(nodes, self.nodes) & values.any(axis=1))
        if not len(mine):
            return values
        row = np.searchsorted(self.nodes, nodes[mine])
        lost = np.isnan(self.axes[row]).any(axis=(1, 2))
        if lost.any():
            card = self.cards[row[lost.argmax()]]
            raise FileFormatError("a node is on the axis of its cylindrical system", file=card.file, place=card.place,
                                  expected="a radius", found=f"none at {plural(int(lost.sum()), 'node')}",
                                  remedy="take the nodes on the axis out of the set; results can be written in the "
                                         "global system (GLOBAL=YES)")
        found = values.copy()
        found[mine] = np.einsum("nij,nj->ni", self.axes[row], values[mine])
        found[np.abs(found) < _NOISE * np.abs(found).max()] = 0.0
        return found


def node_systems(cards: list[Card], inp: InpMesh, places: Places) -> NodeSystems:
    """The systems of *TRANSFORM cards, of which the last one of a node holds.

    Raises
    ------
    FileFormatError : data without axes.
    """
    n_node = places.mesh.n_node
    axes, last = np.zeros((n_node, 3, 3)), np.full(n_node, -1)
    for number, card in enumerate(cards):
        nodes = places.nodes(inp.nodes_of(card.parameter("NSET"), card))
        nodes = nodes[nodes >= 0]
        first, second = _points(card)
        if fold(card.parameters.get("TYPE", "R")).startswith("C"):
            axes[nodes] = _cylindrical(first, second, places.mesh.points[nodes], card)
        else:
            axes[nodes] = _rectangular(first, second, card)
        last[nodes] = number
    found = np.flatnonzero(last >= 0)
    return NodeSystems(found, axes[found], tuple(cards[number] for number in last[found]))


def turned_tensors(values: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Tensors (n, 6) xx, yy, zz, xy, xz, yz along axes (n, 3, 3), rows, as those of the global system."""
    full = values[:, [0, 3, 4, 3, 1, 5, 4, 5, 2]].reshape(-1, 3, 3)
    full = np.swapaxes(axes, -1, -2) @ full @ axes
    return full.reshape(-1, 9)[:, [0, 4, 8, 1, 2, 5]]


def _points(card: Card) -> tuple[np.ndarray, np.ndarray]:
    row = card.first_row()
    numbers = np.array([row.number(k, 0.0) for k in range(6)])
    return numbers[:3], numbers[3:]


def _unit(vector: np.ndarray, card: Card) -> np.ndarray:
    length = np.linalg.norm(vector)
    if length == 0.0:
        raise FileFormatError("a local system has no axes", file=card.file, place=card.place,
                              expected="two points that span a plane")
    unit: np.ndarray[Any, Any] = vector / length
    return unit


def _rectangular(first: np.ndarray, second: np.ndarray, card: Card) -> np.ndarray:
    """Axes by a point on the first one and a point in the plane of the first two."""
    x = _unit(first, card)
    y = _unit(second - (second @ x) * x, card)
    return np.column_stack([x, y, np.cross(x, y)])


def _cylindrical(first: np.ndarray, second: np.ndarray, points: np.ndarray, card: Card) -> np.ndarray:
    """Axes (n, 3, 3) at points (n, 3): radius, circumference, axis, by two points on the axis; NaN without a radius."""
    z = _unit(second - first, card)
    radius = points - first
    radius = radius - (radius @ z)[:, None] * z
    length = np.linalg.norm(radius, axis=1)
    length[length < _ON_AXIS] = np.nan
    x = radius / length[:, None]
    return np.stack([x, np.cross(np.broadcast_to(z, x.shape), x), np.broadcast_to(z, x.shape)], axis=2)
