"""Plane strain and axisymmetric elements of Abaqus and CalculiX, whose decks call them by the same names.

The last letters of a name say the number of nodes and the rule; the first ones the kinematics, and so the dimension of
the whole model. Points of integration are in the order of romlib's rules. The body of a plane strain model has the
thickness of its *SOLID SECTION; loads and forces of an axisymmetric one are of the whole circumference.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from romlib_converters.common.elements import SolidElement
from romlib_converters.keyword.cards import Card, Row
from romlib_converters.keyword.mesh import ElementGroup, InpMesh

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.kinematics import AXISYMMETRIC, PLANE_STRAIN, SOLID
from romlib.mesh.mesh import Mesh

_KINDS = {
    "3": SolidElement("tri3", "tri_1"),
    "4": SolidElement("quad4", "quad_gauss_4", temperature="mean"),
    "6": SolidElement("tri6", "tri_3"),
    "8": SolidElement("quad8", "quad_gauss_9"),
    "8R": SolidElement("quad8", "quad_gauss_4"),
}
PLANE = {f"{family}{rest}": kind for family in ("CPE", "CAX") for rest, kind in _KINDS.items()}
# Why plane elements are refused: patterns of names, for both solvers. The first that fits a whole name holds.
PLANE_REASONS = (
    (r"CPEG\w+", "it is in generalised plane strain, with unknowns for the bounding planes",
     "compute a solid of one layer of cells whose sides stay plane"),
    (r"CPS\w+", "it is in plane stress, where the strain across the plane is found by the law",
     "compute the part in three dimensions"),
    (r"CGAX\w+|CAXA\w+|SAX\w+", "it is axisymmetric with twist or bending, or a shell",
     "compute a sector of the solid with cyclic symmetry"),
    (r"C(PE|AX)4I\w*", "it has incompatible modes, whose amplitudes no file holds", ""),
    (r"C(PE|AX)4R\w*", "it has one point and hourglass control, whose forces no file holds", ""),
    (r"C(PE|AX)6M\w*", "it is a modified triangle, whose formulation is not published", ""),
    (r"C(PE|AX)\w*H\w*", "it is hybrid, with pressure as an unknown of its own", ""),
    (r"C(PE|AX)\w+", "it has unknowns besides the displacement, or a formulation that is not known here", ""),
)
PLANE_USE = "compute with the element of 3, 4, 6 or 8 nodes and no other letter, or 8R"
_ZERO = 1e-12  # of a direction, or a coordinate: what rounding leaves
_FLAT = 1e-6  # of the size of the mesh: how far from their plane nodes may be


def kinematics_of(kind: str) -> str:
    """Of an element that is reproduced: a solid, or one of `PLANE`."""
    return SOLID if kind not in PLANE else PLANE_STRAIN if kind.startswith("CPE") else AXISYMMETRIC


def common_kinematics(groups: Sequence[ElementGroup]) -> str:
    """Of all elements of a deck.

    Raises
    ------
    UnsupportedError : two kinds of model in one deck.
    """
    first = groups[0]
    for group in groups[1:]:
        if kinematics_of(group.kind) != kinematics_of(first.kind):
            raise UnsupportedError("elements of different models stand beside each other", file=group.card.file,
                                   place=group.card.place, found=f"{group.kind} ({kinematics_of(group.kind)})",
                                   expected=f"a model of one kind: {first.kind} ({kinematics_of(first.kind)}, "
                                            f"{first.card.place})",
                                   remedy="compute solids, plane strain and axisymmetric parts in decks of their own")
    return kinematics_of(first.kind)


def in_plane(points: np.ndarray, ids: np.ndarray, card: Card) -> np.ndarray:
    """The first two coordinates of points (n, 3) with these ids (n,). card : of the elements, for messages.

    Raises
    ------
    FileFormatError : the points are not in one plane of constant z.
    """
    away = np.abs(points[:, 2] - points[0, 2])
    if away.max() > _FLAT * np.ptp(points[:, :2], axis=0).max():
        far = int(away.argmax())
        raise FileFormatError("the nodes of plane elements are not in a plane of constant z", file=card.file,
                              place=f"node {ids[far]}, {card.place}",
                              expected=f"z = {points[0, 2]:g}, as at node {ids[0]}", found=f"z = {points[far, 2]:g}")
    return points[:, :2]


def section_thickness(sections: Sequence[Card], inp: InpMesh) -> float:
    """The thickness of a body in plane strain, from the first number below its *SOLID SECTION cards; one by default.

    Raises
    ------
    UnsupportedError : sections of several thicknesses, or one that differs from node to node. FileFormatError : one
        that is not positive; a set that is not there.
    """
    plane = [group.ids for group in inp.groups if group.kind in PLANE]
    ids = np.concatenate([np.empty(0, np.int64), *plane])
    found: tuple[float, Card] | None = None
    for card in sections:
        if not np.isin(inp.elements_of(card.parameter("ELSET"), card), ids).any():
            continue
        if "NODALTHICKNESS" in card.parameters:
            raise UnsupportedError("a thickness that differs from node to node", file=card.file, place=card.place,
                                   expected="one thickness of the whole body", found="NODAL THICKNESS")
        rows = card.rows()
        thickness = rows[0].number(0, 1.0) if rows else 1.0
        if not 0.0 < thickness < np.inf:
            raise FileFormatError("the thickness of a body in plane strain is not positive", file=card.file,
                                  place=rows[0].place, expected="a positive number", found=thickness)
        if found is not None and found[0] != thickness:
            raise UnsupportedError(
                "sections of several thicknesses", file=card.file, place=card.place,
                expected=f"one thickness of the whole body: {found[0]:g} ({found[1].place})", found=f"{thickness:g}",
                remedy="compute a solid; in plane strain parts of other thicknesses do not fit together")
        found = found or (thickness, card)
    return 1.0 if found is None else found[0]


def refuse_across(mesh: Mesh, label: str, vectors: np.ndarray, row: Row) -> None:
    """Refuse a body load that a model in two dimensions cannot have. vectors : as of `LoadLines._body_vectors`.

    Raises
    ------
    UnsupportedError : a force across the plane or, of an axisymmetric body, an acceleration that is not along its
        axis; a rotation about another axis than that across the plane, or than that of the body.
    """
    if mesh.dimension == 3:
        return
    wrong = np.abs(vectors) > _ZERO
    if label == "CENTRIF":
        axis, center = wrong[-3:], wrong[:3]
        bad = (axis[0] or axis[2] or center[0] or center[2]) if mesh.motion.axisymmetric else axis[:2].any()
        expected = "the axis x = 0, along y" if mesh.motion.axisymmetric else "an axis along z"
    else:
        bad = wrong[2] or (label == "GRAV" and mesh.motion.axisymmetric and wrong[0])
        expected = "a direction along y, the axis" if mesh.motion.axisymmetric else "a direction in the plane"
    if bad:
        raise UnsupportedError(f"a body load that a {mesh.kinematics} model cannot have", file=row.file,
                               place=f"{row.place}, {label}", expected=expected, found=", ".join(row.fields),
                               remedy="correct it, or compute a solid")


def refuse_other_kinematics(mesh: Mesh, kinematics: str, thickness: float, file: Path) -> None:
    """Refuse what a study says of a mesh where the elements of the deck say something else.

    Parameters
    ----------
    kinematics : "solid" where nothing is said. thickness : one where nothing is said.

    Raises
    ------
    InputError : names both.
    """
    if kinematics not in (SOLID, mesh.kinematics):
        raise InputError("the elements of the deck are of another model", file=file, place="kinematics",
                         expected=mesh.kinematics, found=kinematics,
                         remedy="leave kinematics out: the deck says it by its elements")
    if thickness not in (1.0, mesh.thickness):
        raise InputError("the deck has another thickness", file=file, place="thickness", expected=mesh.thickness,
                         found=thickness, remedy="leave thickness out: *SOLID SECTION says it")
