"""From the integration points of one cell to its nodes, by shape functions fitted to the values at the points."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from romlib.errors import UnsupportedError
from romlib.mesh.elements import ELEMENTS, Element, ShapeFunction, element
from romlib.mesh.quadrature import rule


@cache
def extrapolation(cell_type: str, quadrature: str) -> np.ndarray:
    """E (n_node, n_point): values at the nodes of a cell are E times those at its points. Read only.

    Functions are fitted by least squares: the shape functions of the element where the points determine them, else
    those of its corners (with mid-side nodes on the line between them), else linear along the axis of a wedge, else a
    constant. With as many points as functions the fit is exact. A constant comes out for every rule, a linear field for
    every rule that determines the functions of the corners.

    hex20 with 27 points: its 20 functions; with 8 or 14 points: the 8 of its corners. tet10 with 4 points: linear;
    wedge15 with 9 points: the 6 of its corners. CalculiX does the same (extrapolate.f), except for C3D6, where it
    takes other factors, and nodes in another order.

    Raises
    ------
    UnsupportedError : unknown element or rule, or a rule of another cell.
    """
    kind, points = element(cell_type), rule(quadrature)
    if points.cell != kind.cell:
        raise UnsupportedError("the rule is made for other cells", expected=f"a rule for {kind.cell}", found=quadrature)
    for functions in _candidates(kind):
        at_points = functions(points.points)
        if np.linalg.matrix_rank(at_points) == at_points.shape[1]:
            break
    matrix = functions(kind.nodes) @ np.linalg.pinv(at_points)
    matrix.setflags(write=False)
    return matrix


def _candidates(kind: Element) -> Iterator[ShapeFunction]:
    """Functions of a reference cell, the richest first; a constant is determined by any rule."""
    yield kind.shape
    yield ELEMENTS[f"{kind.cell}{kind.n_corner}"].shape
    if kind.cell == "wedge":
        yield lambda xi: np.column_stack([np.ones(len(xi)), xi[:, 2]])
    yield lambda xi: np.ones((len(xi), 1))
