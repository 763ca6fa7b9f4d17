"""Ansys' solid elements: their shapes, and which formulations romlib reproduces, by the key options.

Integration points and formulations are those of the theory reference of Mechanical APDL.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from romlib_converters.ansys.database import ElementType
from romlib_converters.common.elements import SolidElement

# The shape of a solid with all its nodes; bricks may have repeated nodes, as wedges, pyramids and tetrahedra.
_SHAPES = {
    "hex8": (5, 45, 46, 62, 64, 65, 69, 70, 96, 97, 107, 164, 185, 190, 278),
    "hex20": (89, 90, 95, 117, 122, 186, 191, 215, 220, 226, 231, 236, 239, 279),
    "tet10": (87, 92, 98, 123, 168, 187, 227, 232, 237, 240, 291),
    "tet4": (285,),
}
SHAPES = {routine: shape for shape, routines in _SHAPES.items() for routine in routines}
MESH200 = 200
_MESH200_SHAPES = {8: "tet4", 9: "tet10", 10: "hex8", 11: "hex20"}  # by KEYOPT(1); others are lines and faces
_NAMES = {
    "LINK": (1, 8, 10, 11, 31, 32, 33, 34, 68, 180), "BEAM": (3, 4, 23, 24, 44, 54, 161, 188, 189),
    "PIPE": (16, 17, 18, 20, 59, 60, 288, 289), "ELBOW": (290,), "CABLE": (280,), "MASS": (21, 71),
    "COMBIN": (7, 14, 37, 39, 40), "COMBI": (214, 250), "MATRIX": (27, 50), "MPC": (184,), "PRETS": (179,),
    "SHELL": (28, 41, 43, 51, 57, 61, 63, 91, 93, 99, 131, 132, 143, 157, 163, 181, 208, 209, 281, 282, 283),
    "PLANE": (2, 13, 25, 35, 42, 53, 55, 67, 75, 77, 78, 82, 83, 121, 182, 183, 222, 223, 230, 233, 238, 292, 293),
    "SURF": (19, 22, 151, 152, 153, 154, 155, 156, 159, 251, 252), "FOLLW": (201,), "TARGE": (169, 170),
    "CONTA": (171, 172, 173, 174, 175, 176, 177, 178), "CONTAC": (12, 52), "FLUID": (29, 30, 116, 129, 130, 220, 221),
    "INTER": (115, 192, 193, 194, 195, 202, 203, 204, 205, 206), "REINF": (263, 264, 265), "VISCO": (88, 89, 106, 107,
                                                                                                    108),
    "SOLSH": (190,), "MESH": (200,), "USER": (300,), "CPT": (212, 213, 215, 216, 217),
}
_PREFIXES = {routine: prefix for prefix, routines in _NAMES.items() for routine in routines}

# A corner of a hexahedron is its point in romlib's order of the 2 x 2 x 2 rule: xi fastest, then eta, then zeta.
HEX_CORNERS = (0, 1, 3, 2, 4, 5, 7, 6)
_NO_HOURGLASS = "one integration point with hourglass control"
_MIXED = "mixed displacement and pressure (u-P)"
_LAYERED = "layers"


@dataclass(frozen=True)
class Formulation:
    """How an element type computes on cells of a shape.

    element : rule and orders. formulation : as in `romlib_converters.common.solver_mesh.SolverCells`. refused : what of
    it romlib does not reproduce, None where it does. remedy : the key option that would be.
    """

    element: SolidElement
    formulation: str = "standard"
    refused: str | None = None
    remedy: str | None = None


def type_name(kind: ElementType) -> str:
    """SOLID186, SURF154, ...; "element type 999" where the number is not known."""
    if kind.routine in _PREFIXES:
        return f"{_PREFIXES[kind.routine]}{kind.routine}"
    return f"SOLID{kind.routine}" if kind.routine in SHAPES else f"element type {kind.routine}"


def shape_of(kind: ElementType) -> str | None:
    """The cell type of a solid with distinct nodes; None for what is no solid."""
    if kind.routine == MESH200:
        return _MESH200_SHAPES.get(kind.keyopt(1))
    return SHAPES.get(kind.routine)


def formulation(kind: ElementType, cell_type: str) -> Formulation:
    """What an element type does on cells of this true shape.

    kind : a solid, see `shape_of`.
    """
    known = _FORMULATIONS.get(kind.routine)
    if known is None:
        name = "cells without any formulation" if kind.routine == MESH200 else "another physics, or another formulation"
        return Formulation(_solid(cell_type, None), refused=name, remedy="model this part with SOLID185, 186 or 187")
    return known(kind, cell_type)


def _solid(cell_type: str, hexahedron: str | None) -> SolidElement:
    """The element with the solver's rule. hexahedron : rule of a quadratic hexahedron; None: the full one of each."""
    if cell_type == "hex8":
        return SolidElement("hex8", "hex_gauss_8", point_orders=(HEX_CORNERS,))
    if cell_type == "hex20":
        orders = (HEX_CORNERS,) if hexahedron == "hex_gauss_8" else ()
        return SolidElement("hex20", hexahedron or "hex_gauss_27", point_orders=orders)
    rules = {"wedge6": "wedge_8_hex", "wedge15": "wedge_9", "pyramid5": "pyramid_8_hex", "pyramid13": "pyramid_8_hex",
             "tet4": "tet_1", "tet10": "tet_4"}
    return SolidElement(cell_type, rules[cell_type])


def _solid45(kind: ElementType, cell_type: str) -> Formulation:
    one = _solid(cell_type, None)
    if kind.keyopt(2):
        return Formulation(one, refused=_NO_HOURGLASS, remedy="KEYOPT(2) = 0 with KEYOPT(1) = 1")
    if kind.keyopt(1) == 0 and cell_type == "hex8":  # others have none
        return Formulation(one, refused="extra displacement shapes", remedy="KEYOPT(1) = 1: none, or SOLID185")
    return Formulation(one)


def _solid185(kind: ElementType, cell_type: str) -> Formulation:
    one = _solid(cell_type, None)
    refused = {1: _NO_HOURGLASS, 2: "enhanced strain", 3: "simplified enhanced strain"}.get(kind.keyopt(2))
    if kind.keyopt(3):
        refused = _LAYERED
    elif kind.keyopt(6):
        refused = _MIXED
    if refused:
        return Formulation(one, refused=refused, remedy="KEYOPT(2) = 0, KEYOPT(3) = 0 and KEYOPT(6) = 0: full "
                                                        "integration with B-bar")
    # Repeated nodes: the hexahedron as it is, whose functions and points the wedge and the pyramid have. The one strain
    # of a tetrahedron is its own mean.
    return Formulation(one, "standard" if cell_type == "tet4" else "B-bar")


def _quadratic(reduced: Callable[[ElementType], bool], mixed: int | None, layered: int | None) -> Callable:
    """A quadratic solid. mixed, layered : the key options that make it so."""

    def of(kind: ElementType, cell_type: str) -> Formulation:
        one = _solid(cell_type, "hex_gauss_8" if reduced(kind) else "hex_irons_14")
        if layered is not None and kind.keyopt(layered):
            return Formulation(one, refused=_LAYERED, remedy=f"KEYOPT({layered}) = 0")
        if mixed is not None and kind.keyopt(mixed):
            return Formulation(one, refused=_MIXED, remedy=f"KEYOPT({mixed}) = 0: pure displacement")
        return Formulation(one)

    return of


def _solid285(kind: ElementType, cell_type: str) -> Formulation:
    return Formulation(_solid(cell_type, None), refused=f"a stabilised {_MIXED}, with a pressure at each node",
                       remedy="SOLID187 with KEYOPT(6) = 0")


_FORMULATIONS: dict[int, Callable[[ElementType, str], Formulation]] = {
    45: _solid45,
    92: _quadratic(lambda kind: False, None, None),
    95: _quadratic(lambda kind: kind.keyopt(11) == 1, None, None),
    185: _solid185,
    186: _quadratic(lambda kind: kind.keyopt(2) == 0, 6, 3),
    187: _quadratic(lambda kind: False, 6, None),
    285: _solid285,
}
