"""Nastran's solid elements: order of nodes, and the integration that PSOLID asks for.

Source of the table of integration: MSC Nastran Quick Reference Guide, PSOLID, remarks 6 to 10.
"""

from __future__ import annotations

from dataclasses import dataclass

from romlib_converters.common.elements import SolidElement

# Nastran's mid-side nodes of hexahedra and wedges: lower face, then the edges upwards, then the upper face.
HEX20_NODES = (*range(12), 16, 17, 18, 19, 12, 13, 14, 15)
WEDGE15_NODES = (*range(9), 12, 13, 14, 9, 10, 11)
CORNERS = {"CHEXA": 8, "CPENTA": 6, "CTETRA": 4, "CPYRAM": 5}
NODES = {"CHEXA": 20, "CPENTA": 15, "CTETRA": 10, "CPYRAM": 13}
TYPES = {"CHEXA": ("hex8", "hex20"), "CPENTA": ("wedge6", "wedge15"), "CTETRA": ("tet4", "tet10"),
         "CPYRAM": ("pyramid5", "pyramid13")}
_ORDER = {"hex20": HEX20_NODES, "wedge15": WEDGE15_NODES}
DEFAULT, TWO, THREE = 0, 2, 3  # of IN: blank or BUBBLE, TWO, THREE

# Standard isoparametric integration (ISOP = FULL) by cell type and IN; tetrahedra have no other.
_STANDARD = {
    ("hex8", TWO): "hex_gauss_8", ("hex8", THREE): "hex_gauss_27",
    ("hex20", TWO): "hex_gauss_8", ("hex20", THREE): "hex_gauss_27", ("hex20", DEFAULT): "hex_gauss_27",
    ("wedge6", TWO): "wedge_6", ("wedge6", THREE): "wedge_21",
    ("wedge15", TWO): "wedge_6", ("wedge15", THREE): "wedge_21",
    ("wedge15", DEFAULT): "wedge_21",
    ("tet4", DEFAULT): "tet_1", ("tet4", TWO): "tet_1", ("tet4", THREE): "tet_5_zset",
    ("tet10", DEFAULT): "tet_5_zset", ("tet10", TWO): "tet_5_zset", ("tet10", THREE): "tet_5_zset",
    ("pyramid5", DEFAULT): "pyramid_5", ("pyramid13", DEFAULT): "pyramid_8",
}
# What stands for integration that romlib lacks: by cell type.
_INSTEAD = {"hex8": "hex_gauss_8", "hex20": "hex_gauss_27", "wedge6": "wedge_6", "wedge15": "wedge_21",
            "tet4": "tet_1", "tet10": "tet_5_zset"}


@dataclass(frozen=True)
class Integration:
    """The integration of a PSOLID. network : IN, as `DEFAULT`, `TWO` or `THREE`. full : whether ISOP is FULL."""

    network: int = DEFAULT
    full: bool = False


STANDARD_DEFAULT = Integration()  # what PSOLID has where its fields are blank


def rule_of(cell_type: str, chosen: Integration) -> tuple[str, str | None]:
    """romlib's rule, and in words the formulation that it stands for where that is another; None where it is the same.

    cell_type : hex8, ..., as `TYPES` has it.
    """
    if cell_type.startswith(("tet", "pyramid")):  # ISOP has no other, and IN none for pyramids
        network = chosen.network if cell_type.startswith("tet") else DEFAULT
        return _STANDARD[cell_type, network], None
    if chosen.full and (cell_type, chosen.network) in _STANDARD:
        return _STANDARD[cell_type, chosen.network], None
    if chosen.network == DEFAULT and cell_type in ("hex8", "wedge6"):
        return _INSTEAD[cell_type], "reduced shear integration with bubble functions"
    return _INSTEAD[cell_type], "reduced shear integration"


def solid(cell_type: str, rule: str) -> SolidElement:
    """The element for `SolverCells`."""
    return SolidElement(cell_type, rule, _ORDER.get(cell_type))
