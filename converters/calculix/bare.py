"""The mesh of a .frd without its deck, and whether a deck's mesh is that of the results."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from romlib_converters.calculix.elements import FRD_CELLS, REFUSED, SOLIDS, frd_nodes, solid
from romlib_converters.calculix.frd import FrdFile

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.ids import IdIndex, used_of
from romlib.mesh.mesh import Mesh
from romlib.words import plural

_SOLID_TYPES = {1: "he8", 2: "pe6", 3: "tet4", 4: "he20", 5: "pe15", 6: "tet10"}
_POINT_DIGITS = 1e-5  # coordinates in text have six digits


def bare_mesh(frd: FrdFile, option: Any) -> Mesh:
    """The solids of a .frd, which does not say which rule and formulation its hexahedra have.

    Parameters
    ----------
    option : {type of the .frd: type of CalculiX}, such as {"he20": "C3D20R"}; those with one possibility may be left
        out.

    Raises
    ------
    InputError : the type of hexahedra is not stated, or does not fit. UnsupportedError : no solids.
    """
    given = {} if option is None else option
    if not isinstance(given, dict) or not set(given) <= set(_SOLID_TYPES.values()):
        raise InputError("elements are given by type", place="option elements", found=given,
                         expected='a table such as {he20 = "C3D20R", he8 = "C3D8"}')
    blocks = []
    nodes_of = IdIndex(frd.node_ids)
    for kind, (ids, nodes) in frd.elements.by_type.items():
        if kind not in _SOLID_TYPES:
            continue
        name = _SOLID_TYPES[kind]
        possible = [solid_name for solid_name, one in SOLIDS.items() if one.cell_type == FRD_CELLS[kind]]
        chosen = str(given.get(name, possible[0])).upper()
        if name.startswith("he") and name not in given:
            raise InputError(f"without a deck the rule of the elements {name} is not known", file=frd.path,
                             place="option elements", expected=" or ".join(possible), found="no deck, no option",
                             remedy=f"put the deck beside the .frd, or state --option elements={{{name}=\"...\"}}")
        if chosen in REFUSED:
            solid(chosen, frd.path, "option elements")
        if chosen not in possible:
            raise InputError(f"the elements {name} are of another type", file=frd.path, place="option elements",
                             expected=" or ".join(possible), found=chosen)
        at = nodes_of.find(nodes)
        if (at < 0).any():
            raise FileFormatError("an element has a node that the file lacks", file=frd.path, place="element block")
        blocks.append(SOLIDS[chosen].block(at[:, frd_nodes(kind)], ids))
    if not blocks:
        raise UnsupportedError("the results have no solid elements", file=frd.path, expected=", ".join(SOLIDS))
    used, new = used_of([block.connectivity for block in blocks], len(frd.node_ids))
    blocks = [replace(block, connectivity=new[block.connectivity]) for block in blocks]
    return Mesh(frd.points[used], tuple(blocks), frd.node_ids[used])


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
    away = np.abs(frd.points[rows] - mesh.points).max(axis=1)
    away[tied] = 0.0
    if away.max() > _POINT_DIGITS * np.abs(mesh.points).max():
        node = int(away.argmax())
        raise FileFormatError("a node of the results is elsewhere than in the deck", file=frd.path, remedy=remedy,
                              place=f"node {mesh.node_ids[node]}", expected=mesh.points[node],
                              found=frd.points[rows][node])
    return rows
