"""Solids of a d3plot by their true shape, and the rules that their stored points stand for.

LS-DYNA stores wedges, pyramids and tetrahedra as hexahedra of equal nodes. The element formulation (ELFORM) is not in
the database: the number of stored points tells one-point elements from fully integrated ones only where *DATABASE_
EXTENT_BINARY asks for all of them (NINTSLD = 8).
"""

from __future__ import annotations

from romlib_converters.common.elements import SolidElement

# The eight points of a hexahedron stand in the order of its nodes, romlib's run xi first, then eta, then zeta: seen on
# d3plot_solid_int, whose shear stress at points 2 and 3 is that near nodes 2 and 3.
HEX_POINTS = (0, 1, 3, 2, 4, 5, 7, 6)
_RULES = {1: {"hex8": "hex_gauss_1", "wedge6": "wedge_1", "pyramid5": "pyramid_1", "tet4": "tet_1", "tet10": "tet_4"},
          8: {"hex8": "hex_gauss_8", "wedge6": "wedge_6", "pyramid5": "pyramid_5", "tet4": "tet_1", "tet10": "tet_4"}}


def solid(cell_type: str, n_point: int) -> SolidElement:
    """The element of a shape, where so many points of a solid are stored."""
    orders = (HEX_POINTS,) if (cell_type, n_point) == ("hex8", 8) else ()
    return SolidElement(cell_type, _RULES[n_point][cell_type], point_orders=orders)


def stored_points(cell_type: str, n_point: int) -> bool:
    """Whether the stored values of a shape are those at the points of its rule."""
    return (cell_type, n_point) in (("hex8", 8), ("hex8", 1), ("tet4", 1))
