"""Zset's elements: the reference element, its node order, its quadrature rule and the order of its points.

Node orders: VTK[i] = Zset[nodes[i]]. Point orders: point q of romlib's rule = Zset's point order[q].
"""

from __future__ import annotations

from dataclasses import dataclass

from romlib.errors import UnsupportedError

TET10_NODES = (2, 0, 1, 9, 5, 3, 4, 8, 6, 7)
WEDGE15_NODES = (0, 2, 4, 9, 11, 13, 1, 3, 5, 10, 12, 14, 6, 7, 8)
HEX20_NODES = (0, 2, 4, 6, 12, 14, 16, 18, 1, 3, 5, 7, 13, 15, 17, 19, 8, 9, 10, 11)


@dataclass(frozen=True)
class ZsetElement:
    """A solid element.

    nodes : node order, None where it is VTK's. n_point : points of its rule. point_orders : the orders in which Zset
    may have stored its points, the likeliest first; where there are several, `points` tells them apart.
    """

    cell_type: str
    n_node: int
    quadrature: str
    n_point: int
    nodes: tuple[int, ...] | None = None
    point_orders: tuple[tuple[int, ...], ...] = ()

    @property
    def point_order(self) -> tuple[int, ...]:
        """The likeliest of the orders."""
        return self.point_orders[0] if self.point_orders else tuple(range(self.n_point))


# Zset's points of a quadratic tetrahedron stand near its corners z0, z1, z2, z9, of which TET10_NODES makes the VTK
# corners 1, 2, 0, 3; readers exist that take them in VTK's order instead.
_TET_POINTS = ((2, 0, 1, 3), (0, 1, 2, 3))
# Zset takes the three points near the midsides first in each layer, romlib's rule those near the corners.
_WEDGE_POINTS = tuple(6 * layer + point for layer in range(3) for point in (3, 4, 5, 0, 1, 2))

SOLIDS = {
    "c3d4": ZsetElement("tet4", 4, "tet_4", 4),
    "c3d4r": ZsetElement("tet4", 4, "tet_1", 1),
    "c3d6": ZsetElement("wedge6", 6, "wedge_6_zset", 6),
    "c3d6r": ZsetElement("wedge6", 6, "wedge_2", 2),
    "c3d8": ZsetElement("hex8", 8, "hex_gauss_8", 8),
    "c3d8r": ZsetElement("hex8", 8, "hex_gauss_1", 1),
    "c3d10": ZsetElement("tet10", 10, "tet_5_zset", 5, TET10_NODES, tuple((*order, 4) for order in _TET_POINTS)),
    "c3d10_4": ZsetElement("tet10", 10, "tet_4", 4, TET10_NODES, _TET_POINTS),
    "c3d10r": ZsetElement("tet10", 10, "tet_1", 1, TET10_NODES),
    "c3d15": ZsetElement("wedge15", 15, "wedge_18", 18, WEDGE15_NODES, (_WEDGE_POINTS,)),
    "c3d15r": ZsetElement("wedge15", 15, "wedge_6_zset", 6, WEDGE15_NODES),
    "c3d20": ZsetElement("hex20", 20, "hex_gauss_27", 27, HEX20_NODES),
    "c3d20r": ZsetElement("hex20", 20, "hex_gauss_8", 8, HEX20_NODES),
}

# Face types of fasets: romlib's face type, number of nodes, node order (None: VTK's).
FACES: dict[str, tuple[str, int, tuple[int, ...] | None]] = {
    "t3": ("tri3", 3, None),
    "t6": ("tri6", 6, (0, 2, 4, 1, 3, 5)),
    "q4": ("quad4", 4, None),
    "quad4": ("quad4", 4, None),
    "q8": ("quad8", 8, (0, 2, 4, 6, 1, 3, 5, 7)),
}


def solid(name: str, file: object, place: str) -> ZsetElement:
    """The solid element of that name; UnsupportedError names it, the file and the place, and lists those known."""
    if name not in SOLIDS:
        raise UnsupportedError("unknown element type", file=str(file), place=place, expected=", ".join(SOLIDS),
                               found=name, remedy="model this part with one of the expected solid elements")
    return SOLIDS[name]


def face(name: str, file: object, place: str) -> tuple[str, int, tuple[int, ...] | None]:
    """The face type of that name; UnsupportedError names it, the file and the place, and lists those known."""
    if name not in FACES:
        raise UnsupportedError("unknown face type", file=str(file), place=place, expected=", ".join(FACES), found=name)
    return FACES[name]
