"""The mesh of a MED file: nodes, cells by type, and groups, which families of nodes and cells stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from romlib_converters.common.hdf5 import group_of
from romlib_converters.med.columns import beside_each_other
from romlib_converters.med.file import MESHES, NO_PROFILE, array, groups, integer, text

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.words import unknown

_LARGEST_DIMENSION = 3


@dataclass(frozen=True, eq=False)
class MedCells:
    """Cells of one type. kind : MED's name of it ("HE8"). nodes : (n, k) positions from 0, in MED's order.

    ids : (n,) the numbers that the writer gives them, None where it gives none. first : position of the first of them
    among all cells of the file. families : (n,).
    """

    kind: str
    nodes: np.ndarray
    ids: np.ndarray | None
    first: int
    families: np.ndarray


@dataclass(frozen=True, eq=False)
class MedMesh:
    """points : (n_node, dimension). node_ids : (n_node,). node_groups, cell_groups : positions by name."""

    name: str
    points: np.ndarray
    node_ids: np.ndarray
    cells: tuple[MedCells, ...]
    node_groups: Mapping[str, np.ndarray]
    cell_groups: Mapping[str, np.ndarray]

    @property
    def empty_groups(self) -> list[str]:
        """Names of groups, of nodes and of cells, in which nothing is."""
        return [name for of in (self.node_groups, self.cell_groups) for name, where in of.items() if not len(where)]

    @property
    def n_cell(self) -> int:
        """Number of cells of all types."""
        return sum(len(block.nodes) for block in self.cells)


def mesh_names(content: h5py.File, file: Path) -> list[str]:
    """Names of the meshes of a file."""
    return [name for name, _ in groups(group_of(content, MESHES, file), file)]


def read_med_mesh(content: h5py.File, file: Path, name: str | None = None) -> MedMesh:
    """A mesh of a MED file: the one named, or the only one.

    Raises
    ------
    InputError : no mesh of this name. UnsupportedError : several meshes and none named, a mesh that changes in time,
    cells on profiles. FileFormatError : damaged.
    """
    names = mesh_names(content, file)
    if name is None and len(names) != 1:
        raise UnsupportedError("a MED file with several meshes is not read", file=file, expected="one mesh",
                               found=", ".join(names) or "none")
    if name is not None and name not in names:
        raise InputError("the file has no mesh of this name", file=file, **unknown(name, names))
    name = name or names[0]
    whole = group_of(group_of(content, MESHES, file), name, file)
    mesh = whole
    if "NOE" not in whole:
        states = [state for _, state in groups(whole, file)]
        if len(states) != 1:
            raise UnsupportedError("the mesh changes in time", file=file, place=name, expected="one state",
                                   found=f"{len(states)} states")
        mesh = states[0]
    points = _points(whole, mesh, file)
    nodes, cells = _families(content, name, file)
    node_ids = _numbers(mesh, "NOE/NUM", len(points), file)
    blocks, first = [], 0
    for kind, entry in groups(group_of(mesh, "MAI", file), file):
        blocks.append(_cells(entry, kind, first, file))
        first += len(blocks[-1].nodes)
    families = np.concatenate([np.empty(0, dtype=np.int64), *(block.families for block in blocks)])
    of_nodes = _numbers(mesh, "NOE/FAM", len(points), file)
    for what, own, known in (("node", of_nodes, nodes), ("cell", families, cells)):
        _refuse_unknown(what, own, known, file)
    lists = {"node": of_nodes is not None, "cell": any("FAM" in entry for _, entry in groups(
        group_of(mesh, "MAI", file), file))}
    for what, known in (("node", nodes), ("cell", cells)):
        if any(known.values()) and not lists[what]:
            raise FileFormatError(f"the file has groups of {what}s, and does not say which are in them", file=file,
                                  place="FAM", found=", ".join(name for names in known.values() for name in names))
    node_groups = _sets(of_nodes, nodes)
    return MedMesh(name, points, np.arange(1, len(points) + 1) if node_ids is None else node_ids, tuple(blocks),
                   node_groups, _sets(families, cells))


def _points(whole: h5py.Group, mesh: h5py.Group, file: Path) -> np.ndarray:
    dimension = integer(whole, "ESP", file)
    flat = array(mesh, "NOE/COO", file)
    if not 1 <= dimension <= _LARGEST_DIMENSION or flat.size % dimension or flat.dtype.kind != "f":
        raise FileFormatError("the coordinates of a MED file are not those of points", file=file, found=flat.size)
    return np.ascontiguousarray(flat.reshape(dimension, -1).T, dtype=float)


def _cells(entry: h5py.Group, kind: str, first: int, file: Path) -> MedCells:
    profile = text(entry.attrs.get("PFL", NO_PROFILE))
    if profile != NO_PROFILE:
        raise UnsupportedError("cells on a profile are not read", file=file, place=kind, found=profile)
    if "NOD" not in entry or "IND" in entry:  # polygons and polyhedra, which have lists of their own
        raise UnsupportedError("cells of this type are not read", file=file, found=kind,
                               expected="tetrahedra, hexahedra, wedges, pyramids, triangles, quadrangles")
    flat = array(entry, "NOD", file)
    count = integer(entry["NOD"], "NBR", file)
    if count <= 0 or flat.size % count or flat.dtype.kind not in "iu":
        raise FileFormatError("a list of cells has another length than it says", file=file, place=kind, expected=count,
                              found=flat.size)
    nodes = beside_each_other(flat.reshape(-1), count, 1)
    families = _numbers(entry, "FAM", count, file)
    return MedCells(kind, nodes, _numbers(entry, "NUM", count, file), first,
                    np.zeros(count, dtype=np.int64) if families is None else families)


def _numbers(parent: h5py.Group, name: str, count: int, file: Path) -> np.ndarray | None:
    """A list with one number a node or cell; None where there is none."""
    if name not in parent:
        return None
    found = array(parent, name, file)
    if len(found.shape) != 1 or len(found) != count or found.dtype.kind not in "iu":
        raise FileFormatError("a list of families or numbers has the wrong length", file=file,
                              place=f"{parent.name}/{name}", expected=count, found=found.shape)
    return found.astype(np.int64)


def _families(content: h5py.File, mesh: str, file: Path) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """Names of the groups of each family of nodes, and of cells: no name where a family is in no group."""
    if "FAS" not in content or mesh not in content["FAS"]:
        return {}, {}
    both: list[dict[int, list[str]]] = []
    parent = group_of(group_of(content, "FAS", file), mesh, file)
    for place in ("NOEUD", "ELEME"):
        found: dict[int, list[str]] = {}
        families = groups(group_of(parent, place, file), file) if place in parent else []
        for _, family in families:
            number = integer(family, "NUM", file)
            if number in found:
                raise FileFormatError("two families have the same number", file=file, place=family.name, found=number)
            found[number] = _groups_of(family, file) if "GRO" in family else []
        both.append(found)
    return both[0], both[1]


def _groups_of(family: h5py.Group, file: Path) -> list[str]:
    """The names of a family's groups, which the file counts."""
    entry = group_of(family, "GRO", file)
    rows = np.asarray(array(entry, "NOM", file))
    if rows.dtype.kind not in "iuS" or (rows.ndim > 1 if rows.dtype.kind == "S" else rows.dtype.itemsize != 1):
        raise FileFormatError("the names of groups are no texts", file=file, place=family.name, found=rows.dtype)
    names = [text(np.atleast_1d(np.asarray(row)).ravel()) for row in rows] if rows.shape else []
    expected = integer(entry, "NBR", file) if "NBR" in entry.attrs else len(names)
    if len(names) != expected:
        raise FileFormatError("a family has another number of groups than it says", file=file, place=family.name,
                              expected=expected, found=len(names))
    return names


def _refuse_unknown(what: str, families: np.ndarray | None, known: dict[int, list[str]], file: Path) -> None:
    """Nodes or cells of a family that is not there would be lost from its groups. Family 0 is in no group."""
    if families is None or not families.any():
        return
    strange = np.setdiff1d(families, [0, *known])
    if len(strange):
        raise FileFormatError(f"a {what} is of a family that the file does not have", file=file, place="FAS",
                              expected=f"one of {', '.join(map(str, sorted({0, *known})))}", found=int(strange[0]))


def _sets(families: np.ndarray | None, names: dict[int, list[str]]) -> dict[str, np.ndarray]:
    found: dict[str, list[np.ndarray]] = {}
    for number, of_family in names.items():
        where = np.flatnonzero(families == number) if families is not None else np.empty(0, dtype=np.int64)
        for name in of_family:
            found.setdefault(name, []).append(where)
    return {name: np.unique(np.concatenate(parts)) for name, parts in found.items() if name}
