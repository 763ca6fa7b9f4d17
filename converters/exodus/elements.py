"""Elements of Exodus: what block types are called, node orders, and the numbers of sides.

Source: G. D. Sjaardema, L. A. Schoof, V. R. Yarberry, EXODUS II: a finite element data model, Sandia 2019; the element
types of SEACAS (sandialabs/seacas, exodus-element-types).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from romlib_converters.common.elements import SolidElement

from romlib.mesh.elements import ELEMENTS, element

# What a block is called, without its number of nodes, and the shape that this is in three dimensions.
_SHAPES = {
    "BRICK": "hex", "HEX": "hex", "HEXA": "hex", "HEXAHEDRON": "hex",
    "TET": "tet", "TETRA": "tet", "TETRAHEDRON": "tet",
    "WEDGE": "wedge", "PRISM": "wedge", "PENTA": "wedge", "PYRAMID": "pyramid", "PYRA": "pyramid"}
_FLAT = {"QUAD": "quad", "QUADRILATERAL": "quad", "TRI": "tri", "TRIANGLE": "tri"}
# What is no solid in three dimensions.
_OTHERS = (
    "SHELL", "SHEL", "QUADSHELL", "TRISHELL", "TSHELL", "MEMBRANE", "BAR", "BEAM", "TRUSS", "ROD", "SPRING", "DAMPER",
    "EDGE", "LINE", "SPHERE", "CIRCLE", "POINT", "PARTICLE", "NODE", "MASS", "STRAIGHT", "CURVE", *_FLAT)
OTHER = "other"
# Nodes of Exodus at each place of VTK's order, where they differ: Exodus has the mid-side nodes of vertical edges
# before those of the top, and the middle of a 27-node hexahedron before those of its faces.
ORDERS: Mapping[str, tuple[int, ...]] = {
    "hex20": (*range(12), 16, 17, 18, 19, 12, 13, 14, 15),
    "hex27": (*range(12), 16, 17, 18, 19, 12, 13, 14, 15, 23, 24, 25, 26, 21, 22, 20),
    "wedge15": (*range(9), 12, 13, 14, 9, 10, 11)}
# Corners of each side, from side 1 on.
_SIDES: Mapping[str, tuple[tuple[int, ...], ...]] = {
    "tet": ((0, 1, 3), (1, 2, 3), (0, 2, 3), (0, 1, 2)),
    "hex": ((0, 1, 4, 5), (1, 2, 5, 6), (2, 3, 6, 7), (0, 3, 4, 7), (0, 1, 2, 3), (4, 5, 6, 7)),
    "wedge": ((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2), (3, 4, 5)),
    "pyramid": ((0, 1, 4), (1, 2, 4), (2, 3, 4), (0, 3, 4), (0, 1, 2, 3)),
    "tri": ((0, 1), (1, 2), (0, 2)), "quad": ((0, 1), (1, 2), (2, 3), (0, 3))}


def shape_of(name: str, dimension: int) -> str | None:
    """The shape of a block of this type: "hex", ..., `OTHER` for shells, bars and points; None: it is not known.

    dimension : of the file; in two dimensions triangles and quadrangles are the solids.
    """
    letters = name.upper().strip().rstrip("0123456789_- ")
    if dimension == 2 and letters in _FLAT:
        return _FLAT[letters]
    return OTHER if letters in _OTHERS else _SHAPES.get(letters)


def solid(shape: str, n_node: int, rules: Mapping[str, str]) -> SolidElement | None:
    """The element of a shape with so many nodes, None where romlib has none. rules : by cell type, not the default."""
    name = f"{shape}{n_node}"
    if name not in ELEMENTS:
        return None
    return SolidElement(name, rules.get(name, element(name).default_rule), ORDERS.get(name))


def faces_of_sides(cell_type: str) -> np.ndarray:
    """(n_side,) the number of the face of `Element.faces` that each side of Exodus is, from side 1 on."""
    reference = element(cell_type)
    corners = [frozenset(face[:element(kind).n_corner]) for kind, face in reference.faces]
    return np.array([corners.index(frozenset(side)) for side in _SIDES[reference.cell]])
