"""The finite element model of Ansys' database, as a .rst and a .cdb both have it: nodes, element types, elements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

AXES = "zxy"  # about which Ansys turns: THXY about z, THYZ about x, THZX about y
KINDS = {0: "cartesian", 1: "cylindrical", 2: "spherical"}  # of local coordinate systems; 3 is toroidal


@dataclass(frozen=True)
class ElementType:
    """What ET and KEYOPT say. number : of the type. routine : 185 of SOLID185. keyopts : by number from 1, those that
    are not zero."""

    number: int
    routine: int
    keyopts: Mapping[int, int] = field(default_factory=dict)

    def keyopt(self, number: int) -> int:
        """KEYOPT(number), 0 unless given."""
        return self.keyopts.get(number, 0)


@dataclass(frozen=True, eq=False)
class Elements:
    """Elements of all types, in the order of the file.

    ids, types, materials, systems : (n,) number of each, of its type, its material, its coordinate system (ESYS).
    starts : (n + 1,) where the nodes of each begin in `nodes`, ids in Ansys' order, 0 where a node is left out.
    """

    ids: np.ndarray
    types: np.ndarray
    materials: np.ndarray
    systems: np.ndarray
    starts: np.ndarray
    nodes: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def counts(self) -> np.ndarray:
        """Number of nodes of each, (n,)."""
        return np.diff(self.starts)

    def rows(self, positions: np.ndarray, n_node: int) -> np.ndarray:
        """Nodes (n, n_node) of some elements; 0 beyond what an element has."""
        if len(positions) and (np.diff(self.starts) == n_node).all():
            table = self.nodes.reshape(-1, n_node)
            return table if len(positions) == len(table) and (np.diff(positions) == 1).all() else table[positions]
        column = np.arange(n_node)
        where = self.starts[positions][:, None] + column
        inside = column < self.counts[positions][:, None]
        if not len(self.nodes):
            return np.zeros(where.shape, np.int64)
        return np.where(inside, self.nodes[np.where(inside, where, 0)], 0)


@dataclass(frozen=True, eq=False)
class LocalSystem:
    """A local coordinate system. kind : see `KINDS`. origin : (3,). axes : (3, 3), in columns.

    ratios : PAR1 and PAR2, of ellipses and spheroids; 1 or 0 for circles.
    """

    number: int
    kind: int
    origin: np.ndarray
    axes: np.ndarray
    ratios: tuple[float, float] = (1.0, 1.0)

    @property
    def is_known(self) -> bool:
        """Whether its directions at a point can be told: neither a torus nor an ellipse."""
        return self.kind == 0 or (self.kind in KINDS and all(ratio in (0.0, 1.0) for ratio in self.ratios))


@dataclass(frozen=True, eq=False)
class Database:
    """The model.

    node_ids : (n,), any order. points : (n, 3) in global axes. angles : (n, 3) THXY, THYZ, THZX in degrees, of the
    nodes' own axes. components : ids by name, as they are named. systems : local coordinate systems by number.
    """

    file: Path
    node_ids: np.ndarray
    points: np.ndarray
    angles: np.ndarray
    types: Mapping[int, ElementType]
    elements: Elements
    node_components: Mapping[str, np.ndarray] = field(default_factory=dict)
    element_components: Mapping[str, np.ndarray] = field(default_factory=dict)
    systems: Mapping[int, LocalSystem] = field(default_factory=dict)


def distinct(ids: np.ndarray) -> np.ndarray:
    """Each of some integers once, increasing; without sorting where they are dense."""
    largest = int(ids.max(initial=0))
    if largest > 4 * ids.size or ids.min(initial=0) < 0:
        return np.unique(ids)
    there = np.zeros(largest + 1, bool)
    there[ids.ravel()] = True
    return np.flatnonzero(there)


def component_ids(values: np.ndarray) -> np.ndarray:
    """Ids (n,) of a component, of which a negative number -b after a stands for all of a + 1 ... b.

    Raises
    ------
    ValueError : a range without a beginning, or that ends before it begins.
    """
    values = np.asarray(values, np.int64)
    values = values[values != 0]
    ends = np.flatnonzero(values < 0)
    if not len(ends):
        return np.unique(values)
    if ends[0] == 0 or (values[ends - 1] < 0).any() or (-values[ends] < values[ends - 1]).any():
        raise ValueError("a range has no beginning, or ends before it begins")
    lengths = -values[ends] - values[ends - 1]
    starts = np.repeat(values[ends - 1] + 1, lengths)
    offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.unique(np.concatenate([values[values > 0], starts + offsets]))
