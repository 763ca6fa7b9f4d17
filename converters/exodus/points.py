"""In which order a program numbers the integration points of its elements: Exodus does not say, the user may."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from romlib_converters.common.elements import SolidElement

from romlib.errors import InputError
from romlib.mesh.elements import element
from romlib.mesh.quadrature import rule

ORDERS = ("gauss", "gauss_reversed", "nodes")


def point_order(given: object, solid: SolidElement, place: str, file: Path) -> tuple[int, ...]:
    """Point q of romlib's rule = the program's point order[q].

    Parameters
    ----------
    given : "gauss": the first coordinate runs fastest; "gauss_reversed": the last one does; "nodes": each point is that
        near the corner of its number; or the order itself, as numbers from 1 of the program's points.

    Raises
    ------
    InputError : none of these, or one that does not fit the element's rule.
    """
    points, n = rule(solid.quadrature).points, solid.n_point
    where = f"option point_order, {place} ({solid.cell_type}, {solid.quadrature})"
    if isinstance(given, (list, tuple)):
        return _listed(given, n, where, file)
    if n == 1 or given == "gauss":
        return tuple(range(n))
    if given == "gauss_reversed":
        order = np.lexsort(np.round(points, 12).T)  # the last coordinate slowest: romlib's own
        slow = np.lexsort(np.round(points, 12).T[::-1])  # the first coordinate slowest: the program's; its own inverse
        if solid.cell_type[:3] != "hex" or not np.array_equal(order, np.arange(n)):
            raise InputError("this order of points is one of hexahedra", file=file, place=where, found=given)
        return tuple(int(one) for one in slow)
    if given == "nodes":
        reference = element(solid.cell_type)
        corners = reference.nodes[:reference.n_corner]
        nearest = np.linalg.norm(points[:, None] - corners[None], axis=2).argmin(axis=1)
        if n != len(corners) or len(np.unique(nearest)) != n:
            raise InputError("this rule has not one point near each corner", file=file, place=where,
                             expected=f"{len(corners)} points", found=n)
        return tuple(int(one) for one in nearest)
    raise InputError("the order of points is not known", file=file, place=where, found=given,
                     expected=f"{', '.join(ORDERS)}, or a list of {n} numbers")


def _listed(given: Sequence[object], n: int, where: str, file: Path) -> tuple[int, ...]:
    try:
        order = [int(str(one)) - 1 for one in given]
    except ValueError:
        order = []
    if sorted(order) != list(range(n)):
        raise InputError("an order of points has every number once", file=file, place=where,
                         expected=f"the numbers 1 to {n}", found=", ".join(str(one) for one in given))
    return tuple(order)
