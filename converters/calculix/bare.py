"""The mesh of a .frd without its deck, and whether a deck's mesh is that of the results."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from romlib_converters.calculix.elements import FRD_CELLS, NODE_COUNTS, OTHERS, REFUSED, SOLIDS, frd_nodes, solid
from romlib_converters.calculix.frd import FrdFile
from romlib_converters.keyword.plane import PLANE, kinematics_of

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.ids import IdIndex, used_of
from romlib.mesh.kinematics import PLANE_STRAIN, kinematics
from romlib.mesh.mesh import Mesh
from romlib.words import plural

_SOLID_TYPES = {1: "he8", 2: "pe6", 3: "tet4", 4: "he20", 5: "pe15", 6: "tet10"}
SOLID_TYPES = frozenset(_SOLID_TYPES)
_PLANE_TYPES = {7: "tr3", 8: "tr6", 9: "qu4", 10: "qu8"}  # which shells and membranes have too
_POINT_DIGITS = 1e-5  # coordinates in text have six digits


def bare_mesh(frd: FrdFile, option: Any, thickness: Any = None) -> Mesh:
    """The solids of a .frd, which does not say which rule and formulation its hexahedra have; or its plane elements.

    Parameters
    ----------
    option : {type of the .frd: type of CalculiX}, such as {"he20": "C3D20R"}; solids with one possibility may be left
        out, triangles and quadrangles not: they may as well be shells. thickness : of a body in plane strain, 1 where
        nothing is said.

    Raises
    ------
    InputError : the type of hexahedra or of plane elements is not stated, or does not fit. UnsupportedError : there are
        no solids.
    """
    known = {**_SOLID_TYPES, **_PLANE_TYPES}
    given = {} if option is None else option
    if not isinstance(given, dict) or not set(given) <= set(known.values()):
        raise InputError("elements are given by type", place="option elements", found=given,
                         expected='a table such as {he20 = "C3D20R", he8 = "C3D8"}, or {qu8 = "CAX8R"}')
    blocks, models = [], {}
    nodes_of = IdIndex(frd.node_ids)
    flat = not set(frd.elements.by_type) & SOLID_TYPES  # without solids, triangles and quadrangles are the model
    for kind, (ids, nodes) in frd.elements.by_type.items():
        name = known.get(kind)
        if name is None or (kind in _PLANE_TYPES and not flat and name not in given):
            continue
        chosen = _chosen(frd, kind, name, given)
        models[kinematics_of(chosen)] = chosen
        at = nodes_of.find(nodes)
        if (at < 0).any():
            raise FileFormatError("an element has a node that the file lacks", file=frd.path, place="element block")
        order = frd_nodes(kind)
        at = at if (order[1:] > order[:-1]).all() else at[:, order]
        blocks.append({**SOLIDS, **PLANE}[chosen].block(at, ids))
    if not blocks:
        raise UnsupportedError("the results have no solid elements", file=frd.path, expected=", ".join(SOLIDS))
    if len(models) > 1:
        raise InputError("elements of different models stand beside each other", file=frd.path, place="option elements",
                         expected="one model", found=", ".join(f"{kind} ({name})" for name, kind in models.items()))
    used, new = used_of([block.connectivity for block in blocks], len(frd.node_ids))
    motion, points, node_ids = kinematics(next(iter(models))), frd.points, frd.node_ids
    if len(used) < len(node_ids):  # else nothing gets another number, and nothing is copied
        blocks = [replace(block, connectivity=new[block.connectivity]) for block in blocks]
        points, node_ids = points[used], node_ids[used]
    mesh = Mesh(points[:, :motion.dimension], tuple(blocks), node_ids, kinematics=motion.name)
    return mesh if thickness is None else replace(mesh, thickness=_checked(thickness, mesh))


def _chosen(frd: FrdFile, kind: int, name: str, given: dict[str, Any]) -> str:
    """CalculiX's type of the elements of a type of the .frd."""
    possible = [own for own, one in {**SOLIDS, **PLANE}.items() if one.cell_type == FRD_CELLS[kind]]
    chosen = str(given.get(name, possible[0])).upper()
    if (name.startswith("he") or kind in _PLANE_TYPES) and name not in given:
        what = f"the rule of the elements {name} is" if name.startswith("he") else f"which elements the {name} are is"
        raise InputError(f"without a deck {what} not known", file=frd.path,
                         place="option elements", expected=" or ".join(possible), found="no deck, no option",
                         remedy=f"put the deck beside the .frd, or state --option elements={{{name}=\"...\"}}")
    if chosen in REFUSED or (kind in _PLANE_TYPES and chosen in NODE_COUNTS and chosen not in OTHERS):
        solid(chosen, frd.path, "option elements")
    if chosen not in possible:
        raise InputError(f"the elements {name} are of another type", file=frd.path, place="option elements",
                         expected=" or ".join(possible), found=chosen)
    return chosen


def _checked(thickness: Any, mesh: Mesh) -> float:
    """The thickness that a user states; InputError where it is no positive number, or the mesh has none."""
    good = isinstance(thickness, (int, float)) and not isinstance(thickness, bool) and 0.0 < thickness < np.inf
    if not good or mesh.kinematics != PLANE_STRAIN:
        raise InputError("a thickness is that of a body in plane strain", place="option thickness", found=thickness,
                         expected="a positive number" if mesh.kinematics == PLANE_STRAIN else
                         f"none, of a {mesh.kinematics} model")
    return float(thickness)


def rows_of(frd: FrdFile, mesh: Mesh, tied: np.ndarray) -> np.ndarray:
    """Where the nodes of a mesh are in the .frd, (n_node,).

    tied : positions of nodes that the solver may have moved (*TIE puts slave nodes onto their master faces).

    Raises
    ------
    FileFormatError : nodes or elements that the results lack, or nodes elsewhere: the deck is not that of the results.
    """
    remedy = "convert with the deck that was computed"
    rows = IdIndex(frd.node_ids).find(mesh.node_ids)
    absent = rows < 0
    if absent.any():
        raise FileFormatError("the results lack nodes of the deck", file=frd.path, remedy=remedy,
                              place=f"node {mesh.node_ids[absent][0]}", expected=plural(mesh.n_node, "node"),
                              found=f"{int(absent.sum())} are missing")
    lacking = np.setdiff1d(mesh.cell_ids, frd.elements.ids)
    if len(lacking):
        raise FileFormatError("the results lack elements of the deck", file=frd.path, place=f"element {lacking[0]}",
                              found=f"{len(lacking)} are missing", remedy=remedy)
    points = frd.points[rows, :mesh.dimension]
    away = np.abs(points - mesh.points).max(axis=1)
    away[tied] = 0.0
    if away.max() > _POINT_DIGITS * np.abs(mesh.points).max():
        node = int(away.argmax())
        raise FileFormatError("a node of the results is elsewhere than in the deck", file=frd.path, remedy=remedy,
                              place=f"node {mesh.node_ids[node]}", expected=mesh.points[node],
                              found=points[node])
    return rows
