"""CalculiX's elements: those that romlib reproduces, with node order and quadrature rule, and those it does not.

Decks have VTK's node order in every solid. The .frd has its own in two: see `frd_nodes`. Points of integration are in
the order of romlib's rules. CalculiX 2.20; the C3D8 of other solvers is another element (B-bar).
"""

from __future__ import annotations

import re

import numpy as np
from romlib_converters.common.elements import SolidElement
from romlib_converters.keyword.plane import PLANE, PLANE_REASONS, PLANE_USE

from romlib.errors import UnsupportedError

SOLIDS = {
    "C3D4": SolidElement("tet4", "tet_1"),
    "C3D6": SolidElement("wedge6", "wedge_2"),
    "C3D8": SolidElement("hex8", "hex_gauss_8", temperature="mean"),
    "C3D10": SolidElement("tet10", "tet_4"),
    "C3D15": SolidElement("wedge15", "wedge_9"),
    # these two interpolate temperature by a table of their own, which a field that varies in space shows
    "C3D20": SolidElement("hex20", "hex_gauss_27"),
    "C3D20R": SolidElement("hex20", "hex_gauss_8"),
}

REFUSED = {
    "C3D8I": ("it has incompatible modes, whose amplitudes no file holds", 8),
    "C3D8R": ("it has one point and hourglass control, whose forces no file holds", 8),
    "C3D10T": ("its temperature is interpolated linearly between the corners", 10),
    "C3D20RI": ("it is the incompressible variant", 20),
}

# Elements that are no solids: read over, and listed among the omissions that do work.
OTHERS = {
    "S3": 3, "S4": 4, "S4R": 4, "S6": 6, "S8": 8, "S8R": 8, "M3D3": 3, "M3D4": 4, "M3D4R": 4, "M3D6": 6, "M3D8": 8,
    "M3D8R": 8, "B21": 2, "B31": 2, "B31R": 2, "B32": 3, "B32R": 3, "T2D2": 2, "T3D2": 2, "T3D3": 3, "SPRING1": 1,
    "SPRING2": 2, "SPRINGA": 2, "DASHPOTA": 2, "GAPUNI": 2, "MASS": 1, "DCOUP3D": 1,
}

# Plane and axisymmetric elements that are not reproduced, with their numbers of nodes; the first row is CalculiX's own.
_OTHER_PLANE = {f"{family}{rest}": int(re.sub(r"\D", "", rest)) for families, rests in (
    (("CPS",), ("3", "4", "4R", "6", "8", "8R")), (("CPE", "CAX"), ("4R",)),
    (("CPEG", "CGAX"), ("3", "4", "4R", "6", "8", "8R"))) for family in families for rest in rests}

NODE_COUNTS = {**{name: kind.n_node for name, kind in {**SOLIDS, **PLANE}.items()},
               **{name: n for name, (_, n) in REFUSED.items()}, **OTHERS, **_OTHER_PLANE}

# Types of the .frd's elements: cell type of the solids, number of nodes of all.
FRD_CELLS = {1: "hex8", 2: "wedge6", 3: "tet4", 4: "hex20", 5: "wedge15", 6: "tet10", 7: "tri3", 8: "tri6",
             9: "quad4", 10: "quad8"}
FRD_NODES = {1: 8, 2: 6, 3: 4, 4: 20, 5: 15, 6: 10, 7: 3, 8: 6, 9: 4, 10: 8, 11: 2, 12: 3}
_HE20 = (*range(12), *range(16, 20), *range(12, 16))
_PE15 = (*range(9), *range(12, 15), *range(9, 12))


def solid(kind: str, file: object, place: str) -> SolidElement:
    """The solid of that name; UnsupportedError says why one cannot be reproduced."""
    if kind in REFUSED:
        raise UnsupportedError(f"the element {kind} cannot be reproduced: {REFUSED[kind][0]}", file=str(file),
                               place=place, expected=", ".join(SOLIDS), found=kind,
                               remedy="compute with C3D20R, C3D20, C3D10 or C3D8 instead")
    if kind in _OTHER_PLANE:
        why, use = next((why, use) for pattern, why, use in PLANE_REASONS if re.fullmatch(pattern, kind))
        raise UnsupportedError(f"the element {kind} cannot be reproduced: {why}", file=str(file), place=place,
                               expected=", ".join(PLANE), found=kind, remedy=use or PLANE_USE)
    return SOLIDS.get(kind) or PLANE[kind]


def frd_nodes(frd_type: int) -> np.ndarray:
    """VTK[i] = frd[frd_nodes[i]], for an element type of the .frd. The order is its own inverse."""
    order = {4: _HE20, 5: _PE15}.get(frd_type)
    return np.arange(FRD_NODES[frd_type]) if order is None else np.array(order)
