"""Zset's elements: the reference element, its node order, its quadrature rule and the order of its points.

Where an element has several orders of points, `points` tells them apart.
"""

from __future__ import annotations

from romlib_converters.common.elements import SolidElement

from romlib.errors import UnsupportedError

TET10_NODES = (2, 0, 1, 9, 5, 3, 4, 8, 6, 7)
WEDGE15_NODES = (0, 2, 4, 9, 11, 13, 1, 3, 5, 10, 12, 14, 6, 7, 8)
HEX20_NODES = (0, 2, 4, 6, 12, 14, 16, 18, 1, 3, 5, 7, 13, 15, 17, 19, 8, 9, 10, 11)


# Zset's points of a quadratic tetrahedron stand near its corners z0, z1, z2, z9, of which TET10_NODES makes the VTK
# corners 1, 2, 0, 3; readers exist that take them in VTK's order instead.
_TET_POINTS = ((2, 0, 1, 3), (0, 1, 2, 3))
# Zset takes the three points near the midsides first in each layer, romlib's rule those near the corners.
_WEDGE_POINTS = tuple(6 * layer + point for layer in range(3) for point in (3, 4, 5, 0, 1, 2))

SOLIDS = {
    "c3d4": SolidElement("tet4", "tet_4"),
    "c3d4r": SolidElement("tet4", "tet_1"),
    "c3d6": SolidElement("wedge6", "wedge_6_zset"),
    "c3d6r": SolidElement("wedge6", "wedge_2"),
    "c3d8": SolidElement("hex8", "hex_gauss_8"),
    "c3d8r": SolidElement("hex8", "hex_gauss_1"),
    "c3d10": SolidElement("tet10", "tet_5_zset", TET10_NODES, point_orders=tuple((*order, 4) for order in _TET_POINTS)),
    "c3d10_4": SolidElement("tet10", "tet_4", TET10_NODES, point_orders=_TET_POINTS),
    "c3d10r": SolidElement("tet10", "tet_1", TET10_NODES),
    "c3d15": SolidElement("wedge15", "wedge_18", WEDGE15_NODES, point_orders=(_WEDGE_POINTS,)),
    "c3d15r": SolidElement("wedge15", "wedge_6_zset", WEDGE15_NODES),
    "c3d20": SolidElement("hex20", "hex_gauss_27", HEX20_NODES),
    "c3d20r": SolidElement("hex20", "hex_gauss_8", HEX20_NODES),
}

# Face types of fasets: romlib's face type, number of nodes, node order (None: VTK's).
FACES: dict[str, tuple[str, int, tuple[int, ...] | None]] = {
    "t3": ("tri3", 3, None),
    "t6": ("tri6", 6, (0, 2, 4, 1, 3, 5)),
    "q4": ("quad4", 4, None),
    "quad4": ("quad4", 4, None),
    "q8": ("quad8", 8, (0, 2, 4, 6, 1, 3, 5, 7)),
}


def solid(name: str, file: object, place: str) -> SolidElement:
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
