"""Abaqus's elements: solids that romlib reproduces, solids that it does not and why, and all that are no solids.

Node orders are VTK's, those of integration points are romlib's rules (Abaqus Analysis User's Guide, "Three-dimensional
solid element library"; CalculiX has the same, and where a file has COORD at the points the order is compared with it).
C3D8 is selectively reduced: the volume strain at its points is the mean of the element (Theory Guide, "Solid
isoparametric quadrilaterals and hexahedra"), romlib's formulation "B-bar".
"""

from __future__ import annotations

import re
from pathlib import Path

from romlib_converters.common.elements import SolidElement
from romlib_converters.keyword.plane import PLANE, PLANE_REASONS, PLANE_USE

from romlib.errors import UnsupportedError

STANDARD, B_BAR, B_BAR_IN_PLANE = "standard", "B-bar", "B-bar in plane"

SOLIDS = {
    "C3D4": SolidElement("tet4", "tet_1"),
    "C3D6": SolidElement("wedge6", "wedge_2", temperature="mean"),
    "C3D8": SolidElement("hex8", "hex_gauss_8", temperature="mean"),
    "C3D10": SolidElement("tet10", "tet_4"),
    "C3D15": SolidElement("wedge15", "wedge_9"),
    "C3D20": SolidElement("hex20", "hex_gauss_27"),
    "C3D20R": SolidElement("hex20", "hex_gauss_8"),
}
FORMULATIONS = {"C3D8": B_BAR, "CPE4": B_BAR_IN_PLANE, "CAX4": B_BAR_IN_PLANE}
# Abaqus does not say how second-order elements get the temperature from their nodes to their points.
UNKNOWN_TEMPERATURE = ("C3D10", "C3D15", "C3D20", "C3D20R", *(
    kind for kind, one in PLANE.items() if one.cell_type in ("tri6", "quad8")))


# Why a solid is refused: the first pattern that its whole name matches. A remedy names what to compute with instead.
_USE = "compute with C3D20R, C3D20, C3D10 or C3D8"
_REASONS = (
    (r"U\d+", "it is a user element, whose shape and law no file tells", _USE),
    (r"Z\w+", "it is a substructure", "model the part with solids"),
    *((pattern, why, use or PLANE_USE) for pattern, why, use in PLANE_REASONS),
    (r"C3D8R", "it has one point and hourglass control, whose forces no file holds", _USE),
    (r"C3D8I", "it has incompatible modes, whose amplitudes no file holds", _USE),
    (r"C3D8S", "its stress at surfaces is improved by a formulation that is not published", "compute with C3D8"),
    (r"C3D10(I|HS|S)", "its stress at surfaces is improved by a formulation that is not published",
     "compute with C3D10"),
    (r"C3D10M\w*", "it is the modified tetrahedron, whose formulation is not published", "compute with C3D10"),
    (r"C3D(15|27)V\w*|C3D27\w*", "it has nodes on its faces", _USE),
    (r"C3D\w*E\w*", "it has electric potential as an unknown", _USE),
    (r"C3D\w*P\w*", "it has pore pressure as an unknown", _USE),
    (r"C3D\w*T\w*", "it has temperature as an unknown", "compute temperature first, then stress"),
    (r"C3D\w*H\w*", "it is hybrid, with pressure as an unknown of its own", _USE),
    (r"C3D\w*", "it is a solid that is not known here", _USE),
    (r"CIN\w*", "it is an infinite element", _USE),
    (r"CSS8|SC[68]R?T?", "it is a continuum shell", _USE),
    (r"CCL\w*", "it is a cylindrical element", _USE),
    (r"COH\w*|GK\w*|PC3D|EC3D\w*|CPEL?D\w*", "it is no plain solid", _USE),
)
_PATTERNS = tuple((re.compile(pattern), why, use) for pattern, why, use in _REASONS)

# Numbers of nodes of elements that are no solids, which a deck needs to read over them.
OTHERS = {
    "S3": 3, "S3R": 3, "S3RS": 3, "STRI3": 3, "S4": 4, "S4R": 4, "S4RS": 4, "S4RSW": 4, "S4R5": 4, "STRI65": 6,
    "S8R": 8, "S8R5": 8, "S9R5": 9, "S8RT": 8, "M3D3": 3, "M3D4": 4, "M3D4R": 4, "M3D6": 6, "M3D8": 8, "M3D8R": 8,
    "M3D9": 9, "M3D9R": 9, "SFM3D3": 3, "SFM3D4": 4, "SFM3D4R": 4, "SFM3D6": 6, "SFM3D8": 8, "SFM3D8R": 8,
    "B21": 2, "B21H": 2, "B22": 3, "B22H": 3, "B23": 2, "B31": 2, "B31H": 2, "B31OS": 2, "B32": 3, "B32H": 3,
    "B33": 2, "B33H": 2, "PIPE31": 2, "PIPE32": 3, "T2D2": 2, "T2D3": 3, "T3D2": 2, "T3D2H": 2, "T3D3": 3,
    "SPRING1": 1, "SPRING2": 2, "SPRINGA": 2, "DASHPOT1": 1, "DASHPOT2": 2, "DASHPOTA": 2, "GAPUNI": 2, "GAPCYL": 2,
    "GAPSPHER": 2, "MASS": 1, "ROTARYI": 1, "DCOUP3D": 1, "CONN3D2": 2, "CONN2D2": 2, "R3D3": 3, "R3D4": 4, "R2D2": 2,
    "RAX2": 2, "RB3D2": 2, "RB2D2": 2, "HEATCAP": 1, "JOINTC": 2, "ITSCYL": 1,
}


def why_refused(kind: str) -> tuple[str, str] | None:
    """Why elements of a type are not read, and what to do; None where they are, or are no solids."""
    if kind in SOLIDS or kind in PLANE:
        return None
    return next(((why, use) for pattern, why, use in _PATTERNS if pattern.fullmatch(kind)), None)


def solid(kind: str, file: Path, place: str) -> SolidElement | None:
    """The solid of a type; None where elements of it are no solids.

    Raises
    ------
    UnsupportedError : it is a solid that cannot be reproduced; says why.
    """
    refused = why_refused(kind)
    if refused is not None:
        raise UnsupportedError(f"the element {kind} cannot be reproduced: {refused[0]}", file=file, place=place,
                               expected=", ".join(SOLIDS if kind.startswith("C3D") else (*SOLIDS, *PLANE)),
                               found=kind, remedy=refused[1])
    return SOLIDS.get(kind) or PLANE.get(kind)


def known_solid(kind: str, file: Path, place: str) -> SolidElement:
    """The solid of a type of a deck, which is none of `OTHERS`.

    Raises
    ------
    UnsupportedError : see `solid`; or a type that is not known.
    """
    found = solid(kind, file, place)
    if found is None:
        raise UnsupportedError("unknown element type", file=file, place=place, found=kind, expected=", ".join(SOLIDS))
    return found


_SOLID_NODES = re.compile(r"(?:C3D|CIN3D|DC3D|AC3D|CSS|SC|CPEG|CPE|CPS|CAX|CGAX)(\d+)[A-Z0-9]*")
_FAMILIES = ("C3D4", "C3D4H", "C3D4T", "C3D6", "C3D6H", "C3D6T", "C3D5", "C3D8", "C3D8H", "C3D8I", "C3D8IH", "C3D8R",
             "C3D8RH", "C3D8T", "C3D8RT", "C3D8HT", "C3D8P", "C3D8RP", "C3D8S", "C3D10", "C3D10H", "C3D10I", "C3D10M",
             "C3D10MH", "C3D10MT", "C3D10HS", "C3D10S", "C3D15", "C3D15H", "C3D20", "C3D20H", "C3D20R", "C3D20RH",
             "C3D20T", "C3D20RT", "C3D20P", "C3D20RP", "CSS8", "SC6R", "SC8R", *(
                 f"{family}{rest}" for family in ("CPE", "CPS", "CAX", "CGAX")
                 for rest in ("3", "3H", "4", "4H", "4I", "4R", "4RH", "6", "6H", "6M", "6MH", "8", "8H", "8R", "8RH")))


def node_counts() -> dict[str, int]:
    """Number of nodes by type, solids and others: without it a deck cannot be read."""
    found = {kind: int(match[1]) for kind in (*SOLIDS, *_FAMILIES) if (match := _SOLID_NODES.fullmatch(kind))}
    return {**found, **OTHERS}
