"""Integration points of MED files as romlib's rules: matched by their coordinates, which the file has.

A localisation of MED gives the reference coordinates of the nodes of its reference element, in the order of the nodes
of the cells, and those of the points with their weights. The map from the one reference element to the other is affine
and follows from the nodes; so neither the reference element nor the order of the points has to be known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from romlib_converters.common.hdf5 import group_of
from romlib_converters.med.file import GAUSS, array, integer

from romlib.errors import FileFormatError
from romlib.mesh.elements import element
from romlib.mesh.quadrature import RULES

_FARTHEST = 1e3  # of reference coordinates and weights, which are about one
_CLOSE = 1e-6  # of the reference cell, whose size is about one: writers have some digits less than float64


@dataclass(frozen=True, eq=False)
class Localisation:
    """nodes : (k, d), reference coordinates in the order of the cells' nodes. points : (n, d). weights : (n,)."""

    name: str
    nodes: np.ndarray
    points: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class PointRule:
    """A rule of romlib's: point q of the rule = point order[q] of the file."""

    quadrature: str
    order: tuple[int, ...]


def read_localisation(content: h5py.File, name: str, n_node: int, file: Path) -> Localisation:
    """The localisation of that name, for cells of so many nodes.

    Raises
    ------
    FileFormatError : there is none, or it contradicts itself.
    """
    entry = group_of(group_of(content, GAUSS, file), name, file)
    dimension, count = integer(entry, "DIM", file), integer(entry, "NBR", file)
    flat = [np.asarray(array(entry, key, file), dtype=float).ravel() for key in ("COO", "GAU", "VAL")]
    expected = (n_node * dimension, count * dimension, count)
    if not 1 <= dimension <= 3 or tuple(len(one) for one in flat) != expected:
        raise FileFormatError("a localisation of Gauss points has the wrong number of coordinates", file=file,
                              place=name, expected=f"{expected} of nodes, points, weights",
                              found=tuple(len(one) for one in flat))
    if not all((np.abs(one) < _FARTHEST).all() for one in flat):  # false for what is not a number, too
        raise FileFormatError("a localisation of Gauss points has impossible coordinates", file=file, place=name,
                              expected=f"numbers below {_FARTHEST:g}")
    return Localisation(name, flat[0].reshape(dimension, -1).T, flat[1].reshape(dimension, -1).T, flat[2])


def rule_of(found: Localisation, cell_type: str, order: Sequence[int] | None) -> PointRule | None:
    """The rule of romlib's with these points, and where each of them is in the file; None where there is none.

    order : MED's node at each place of romlib's order, None where they are the same.
    """
    reference = element(cell_type)
    nodes = found.nodes if order is None else found.nodes[list(order)]
    if nodes.shape != reference.nodes.shape:
        return None
    columns = np.column_stack([nodes, np.ones(len(nodes))])
    affine, *_ = np.linalg.lstsq(columns, reference.nodes, rcond=None)
    if np.abs(columns @ affine - reference.nodes).max() > _CLOSE:
        return None
    points = np.column_stack([found.points, np.ones(len(found.points))]) @ affine
    scale = abs(np.linalg.det(affine[:-1]))
    for name, rule in RULES.items():
        if rule.cell != reference.cell or rule.n_point != len(points):
            continue
        distance = np.linalg.norm(rule.points[:, None] - points[None], axis=2)
        nearest = distance.argmin(axis=1)
        if (len(np.unique(nearest)) == len(points) and distance.min(axis=1).max() <= _CLOSE
                and np.allclose(found.weights[nearest] * scale, rule.weights, atol=_CLOSE)):
            return PointRule(name, tuple(int(one) for one in nearest))
    return None


def single_point(cell_type: str) -> PointRule:
    """The rule of one point, which files need no localisation for."""
    cell = element(cell_type).cell
    return PointRule(next(name for name, rule in RULES.items() if rule.cell == cell and rule.n_point == 1), (0,))
