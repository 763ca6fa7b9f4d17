"""MED files of Salome and Code_Aster: the mesh, and its groups of nodes and cells as sets."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from meshio.med._med import med_to_meshio_type
from romlib_converters.meshio.raw import RawMesh
from romlib_converters.meshio.series import reading

from romlib.errors import FileFormatError, UnsupportedError
from romlib.words import plural

_NO_PROFILE = "MED_NO_PROFILE_INTERNAL"
_LARGEST = 1 << 33  # bytes of one array
# the same cell seen in a mirror, and three edges from its first node, for cells that MED turns the other way than VTK
_MIRRORED = {"tetra": [0, 2, 1, 3], "tetra10": [0, 2, 1, 3, 6, 5, 4, 7, 9, 8],
             "hexahedron": [0, 3, 2, 1, 4, 7, 6, 5],
             "hexahedron20": [0, 3, 2, 1, 4, 7, 6, 5, 11, 10, 9, 8, 15, 14, 13, 12, 16, 19, 18, 17],
             "wedge": [0, 2, 1, 3, 5, 4], "wedge15": [0, 2, 1, 3, 5, 4, 8, 7, 6, 11, 10, 9, 12, 14, 13],
             "pyramid": [0, 3, 2, 1, 4], "pyramid13": [0, 3, 2, 1, 4, 8, 7, 6, 5, 9, 12, 11, 10]}
_EDGES = {"tetra": (1, 2, 3), "hexahedron": (1, 3, 4), "wedge": (1, 2, 3), "pyramid": (1, 3, 4)}


def read_med(file: Path) -> RawMesh:
    """The only mesh of a MED file; its fields are not looked at.

    Raises
    ------
    UnsupportedError : several meshes, a mesh that changes in time, profiles, elements that are not known.
    FileFormatError : damaged.
    """
    with reading(file), h5py.File(file, "r") as content:
        meshes = _group(content, "ENS_MAA", file)
        if len(meshes) != 1:
            raise UnsupportedError("a MED file with several meshes is not read", file=file, expected="one mesh",
                                   found=", ".join(meshes) or "none")
        name = next(iter(meshes))
        mesh = _group(meshes, name, file)
        if "NOE" not in mesh:
            if len(mesh) != 1:
                raise UnsupportedError("the mesh changes in time", file=file, place=name, expected="one state",
                                       found=f"{len(mesh)} states")
            mesh = _group(mesh, next(iter(mesh)), file)
        dimension = int(meshes[name].attrs["ESP"])
        points = _array(mesh, "NOE/COO", file).astype(float)
        if dimension not in (1, 2, 3) or points.size % dimension:
            raise FileFormatError("the coordinates of a MED file are not those of points", file=file, found=points.size)
        raw = RawMesh(points.reshape(dimension, -1).T, [])
        nodes, cells = _families(content, name, file)
        if "NOE/FAM" in mesh:
            raw.node_sets = _sets(_array(mesh, "NOE/FAM", file), nodes, len(raw.points), file)
        numbers = [_cells(entry, kind, raw, file) for kind, entry in _group(mesh, "MAI", file).items()]
        families = np.concatenate([np.empty(0, dtype=np.int64), *numbers])
        raw.cell_sets = _sets(families, cells, len(families), file)
        return raw


def _cells(entry: h5py.Group, kind: str, raw: RawMesh, file: Path) -> np.ndarray:
    """Add the cells of one type; their families."""
    name = med_to_meshio_type.get(kind)
    if name is None:
        raise UnsupportedError("cells of this type are not read", file=file, found=kind,
                               expected=", ".join(med_to_meshio_type))
    profile = entry.attrs.get("PFL", _NO_PROFILE)
    profile = profile.decode() if isinstance(profile, bytes) else str(profile)
    if profile != _NO_PROFILE:
        raise UnsupportedError("cells on a profile are not read", file=file, place=kind, found=profile)
    flat = _array(entry, "NOD", file).astype(np.int64)
    count = int(entry["NOD"].attrs["NBR"])
    if count <= 0 or flat.size % count:
        raise FileFormatError("a list of cells has another length than it says", file=file, place=kind, expected=count,
                              found=flat.size)
    connectivity = flat.reshape(-1, count).T - 1
    families = _array(entry, "FAM", file).astype(np.int64) if "FAM" in entry else np.zeros(count, dtype=np.int64)
    if len(families) != count:
        raise FileFormatError("a list of families has the wrong length", file=file, place=kind, expected=count,
                              found=len(families))
    raw.cells.append((str(name), _turned(str(name), connectivity, raw.points)))
    return families


def _turned(kind: str, connectivity: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Cells as VTK has them: where all of a type are inside out, they are in MED's own orientation."""
    shape = next((shape for shape in _EDGES if kind.startswith(shape)), None)
    if shape is None or kind not in _MIRRORED or points.shape[1] != 3 or connectivity.shape[1] != len(_MIRRORED[kind]):
        return connectivity
    if connectivity.min() < 0 or connectivity.max() >= len(points):
        return connectivity  # refused by its place in the mesh
    edges = points[connectivity[:, list(_EDGES[shape])]] - points[connectivity[:, :1]]
    return connectivity[:, _MIRRORED[kind]] if (np.linalg.det(edges) < 0.0).all() else connectivity


def _families(content: h5py.File, mesh: str, file: Path) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """Groups of each family of nodes, and of cells."""
    if "FAS" not in content or mesh not in content["FAS"]:
        return {}, {}
    both: list[dict[int, list[str]]] = []
    for place in ("NOEUD", "ELEME"):
        found: dict[int, list[str]] = {}
        for family in content["FAS"][mesh].get(place, {}).values():
            if "GRO/NOM" in family:
                names = np.asarray(_array(family, "GRO/NOM", file))
                number = int(family.attrs["NUM"])
                found[number] = [_text(name) for name in names]
        both.append(found)
    return both[0], both[1]


def _text(name: np.ndarray) -> str:
    return bytes(np.atleast_1d(np.asarray(name)).ravel().astype(np.uint8)).split(b"\0")[0].decode(
        "utf-8", "replace").strip()


def _sets(families: np.ndarray, groups: dict[int, list[str]], n: int, file: Path) -> dict[str, np.ndarray]:
    if len(families) != n:
        raise FileFormatError("a list of families has the wrong length", file=file, expected=n, found=len(families))
    found: dict[str, list[np.ndarray]] = {}
    for number, names in groups.items():
        where = np.flatnonzero(families == number)
        for name in names:
            found.setdefault(name, []).append(where)
    return {name: np.unique(np.concatenate(parts)) for name, parts in found.items() if name}


def _group(parent: h5py.Group, name: str, file: Path) -> h5py.Group:
    link = parent.get(name, getlink=True) if name in parent else None
    found = parent.get(name) if isinstance(link, h5py.HardLink) else None
    if not isinstance(found, h5py.Group):
        raise FileFormatError("a part of the MED file is missing", file=file, place=f"{parent.name}/{name}")
    return found


def _array(parent: h5py.Group, name: str, file: Path) -> np.ndarray:
    found = parent.get(name)
    if not isinstance(found, h5py.Dataset) or found.file.filename != parent.file.filename:
        raise FileFormatError("a part of the MED file is missing", file=file, place=f"{parent.name}/{name}")
    most = min(_LARGEST, 1100 * found.id.get_storage_size() + (1 << 20))
    if found.is_virtual or found.external or found.nbytes > most:
        raise FileFormatError("an array of the MED file is not in it", file=file, place=found.name,
                              found=f"{plural(found.nbytes, 'byte')}, {found.id.get_storage_size()} stored")
    return found[()]
