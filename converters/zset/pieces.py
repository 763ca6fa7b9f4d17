"""romlib's meshes from Zset's: blocks, tags, faces and arrays; and subdomains merged by their global ids."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from romlib_converters.zset.deck import Deck
from romlib_converters.zset.elements import FACES, SOLIDS
from romlib_converters.zset.geof import FaceRows, ZsetMesh
from romlib_converters.zset.results import read_field_file
from romlib_converters.zset.source import find_mesh, read_mesh, subdomain_file
from romlib_converters.zset.temperature import FieldFile

from romlib.errors import FileFormatError
from romlib.mesh.ids import IdIndex
from romlib.mesh.mesh import CellBlock, FaceBlock, FaceSet, Mesh
from romlib.mesh.skin import orient_outward

WholeMesh = Callable[[], ZsetMesh]


class Meshed(Protocol):
    """A mesh file, and the number of its subdomain, or None where it is the whole."""

    @property
    def mesh(self) -> ZsetMesh:
        """What the file has."""

    @property
    def number(self) -> int | None:
        """From one."""


@dataclass(frozen=True, eq=False)
class WholeMeshFile:
    """The mesh file that a deck names, without results."""

    mesh: ZsetMesh
    number: int | None = None


def build_mesh(zset: ZsetMesh, interpolation: str = "shape", needed: Collection[str] = ()) -> Mesh:
    """The mesh in VTK node order, a block an element type, faces outward; positions in place of ids.

    A faset with faces that are not those of its cells is left out with a note.

    Raises
    ------
    FileFormatError : such a faset is among those needed.
    """
    blocks, element_order, nodes_of = [], [], IdIndex(zset.node_ids)
    for name, (positions, nodes) in zset.connectivity.items():
        blocks.append(SOLIDS[name].block(nodes_of.find(nodes), zset.element_ids[positions], interpolation))
        element_order.append(positions)
    cells_of = IdIndex(zset.element_ids[np.concatenate(element_order)])
    mesh = Mesh(
        points=zset.points, blocks=tuple(blocks), node_ids=zset.node_ids,
        node_tags={name: nodes_of.find(ids) for name, ids in zset.nsets.items()},
        cell_tags={name: np.sort(cells_of.find(ids)) for name, ids in zset.elsets.items()})
    face_tags = {}
    for name in zset.fasets:
        try:
            face_tags[name] = orient_outward(mesh, _face_set(zset, name, nodes_of))
        except FileFormatError as error:  # sets left over from another mesh are common, and harmless until used
            if name in needed:
                raise FileFormatError(f"faset {name}: {error.what}", file=zset.file, place=error.place,
                                      expected=error.expected, found=error.found, remedy=error.remedy) from None
            zset.notes.append(f"faset {name} is left out: {error.what} ({error.place})")
    return replace(mesh, face_tags=face_tags)


def _face_set(zset: ZsetMesh, name: str, nodes_of: IdIndex) -> FaceSet:
    blocks = []
    for rows in zset.fasets[name]:
        face_type, _, order = FACES[rows.zset_type]
        nodes = nodes_of.find(rows.nodes)
        blocks.append(FaceBlock(face_type, nodes if order is None else nodes[:, order]))
    return FaceSet(tuple(blocks))


def with_fields(mesh: Mesh, source: Meshed, deck: Deck, node_fields: list[FieldFile], folder: Path) -> Mesh:
    """The mesh with the deck's field files: one value a node, or one a face of a faset.

    A subdomain takes its own file (stem-001.node) where there is one, else its part of the whole model's.
    """
    cache: list[ZsetMesh] = []

    def whole() -> ZsetMesh:
        if not cache:
            cache.append(read_mesh(find_mesh(folder, deck.mesh_file)))
        return cache[0]

    arrays = dict(mesh.node_arrays)
    for field in node_fields:
        own = subdomain_file(folder, field.file, source.number)
        if own is not None:
            arrays[field.name] = read_field_file(own, field.record, mesh.n_node, "nodes")
            continue
        values = read_field_file(folder / field.file, field.record, len(whole().node_ids), "nodes")
        arrays[field.name] = values[_present(IdIndex(whole().node_ids).find(mesh.node_ids), whole(), "node")]
    faces = dict(mesh.face_tags)
    for faset, field in deck.face_fields:
        if faset in faces:
            values = _face_values(source, faset, field, folder, whole)
            faces[faset] = replace(faces[faset], arrays={**faces[faset].arrays, field.name: values})
    return replace(mesh, node_arrays=arrays, face_tags=faces)


def _face_values(source: Meshed, faset: str, field: FieldFile, folder: Path, whole: WholeMesh) -> np.ndarray:
    """(n_face,) in the order of the blocks: the file has them in the order of the faset."""
    rows = source.mesh.fasets[faset]
    n_face = sum(len(block.positions) for block in rows)
    positions = np.concatenate([np.empty(0, np.int64), *(block.positions for block in rows)]).astype(np.int64)
    own = subdomain_file(folder, field.file, source.number)
    if own is not None:
        return read_field_file(own, field.record, n_face, "faces")[positions]
    whole_rows = whole().fasets.get(faset, [])
    values = read_field_file(folder / field.file, field.record, sum(len(b.positions) for b in whole_rows), "faces")
    keys = np.concatenate([_face_keys(whole_rows), _face_keys(rows)])
    _, number = np.unique(keys, axis=0, return_inverse=True)
    number = number.ravel()
    n_whole = len(values)
    position_of = np.full(len(keys), -1)
    position_of[number[:n_whole]] = np.concatenate([np.empty(0, np.int64), *(block.positions for block in whole_rows)])
    found = position_of[number[n_whole:]]
    return values[_present(found, whole(), f"face of {faset}")]


def _face_keys(rows: list[FaceRows]) -> np.ndarray:
    """(n_face, 8) sorted node ids of the faces, padded with -1: the same for the same face in any mesh."""
    keys = [np.empty((0, 8), np.int64)]
    for block in rows:
        nodes = np.sort(block.nodes, axis=1)
        keys.append(np.pad(nodes, ((0, 0), (0, 8 - nodes.shape[1])), constant_values=-1))
    return np.concatenate(keys)


def _present(positions: np.ndarray, mesh: ZsetMesh, what: str) -> np.ndarray:
    if (positions < 0).any():
        raise FileFormatError(f"a {what} of a subdomain is not in the whole mesh", file=mesh.file)
    return positions


def merge(meshes: list[Mesh], folder: Path | None = None) -> Mesh:
    """One mesh of subdomains that repeat their interface nodes: nodes are the same where their ids are.

    folder : of their files, for messages.
    """
    node_ids, first = np.unique(np.concatenate([mesh.node_ids for mesh in meshes]), return_index=True)
    node_of = [np.searchsorted(node_ids, mesh.node_ids) for mesh in meshes]
    kinds = list(dict.fromkeys(_kind(block) for mesh in meshes for block in mesh.blocks))
    blocks = []
    for kind in kinds:
        parts = [(block, nodes) for mesh, nodes in zip(meshes, node_of)
                 for block in mesh.blocks if _kind(block) == kind]
        blocks.append(replace(
            parts[0][0], connectivity=np.concatenate([nodes[block.connectivity] for block, nodes in parts]),
            cell_ids=np.concatenate([block.cell_ids for block, _ in parts])))
    cell_ids = np.concatenate([block.cell_ids for block in blocks])
    cells = IdIndex(cell_ids)
    if len(cells.twice):
        raise FileFormatError("two subdomains have the same element", file=folder, place=f"element {cells.twice[0]}")

    def union(kind: str, positions: Callable[[int, np.ndarray], np.ndarray]) -> dict[str, np.ndarray]:
        names = dict.fromkeys(name for mesh in meshes for name in getattr(mesh, kind))
        return {name: np.unique(np.concatenate([
            positions(k, getattr(mesh, kind)[name]) for k, mesh in enumerate(meshes) if name in getattr(mesh, kind)
        ])) for name in names}

    return Mesh(
        points=np.concatenate([mesh.points for mesh in meshes])[first], blocks=tuple(blocks), node_ids=node_ids,
        node_tags=union("node_tags", lambda k, tag: node_of[k][tag]),
        cell_tags=union("cell_tags", lambda k, tag: cells.find(meshes[k].cell_ids[tag])),
        face_tags={name: _merge_faces([(mesh.face_tags[name], nodes) for mesh, nodes in zip(meshes, node_of)
                                       if name in mesh.face_tags])
                   for name in dict.fromkeys(name for mesh in meshes for name in mesh.face_tags)},
        node_arrays={name: np.concatenate([mesh.node_arrays[name] for mesh in meshes])[first]
                     for name in meshes[0].node_arrays})


def _kind(block: CellBlock) -> tuple[str, ...]:
    return block.cell_type, block.quadrature, block.formulation, block.temperature_interpolation


def _merge_faces(parts: list[tuple[FaceSet, np.ndarray]]) -> FaceSet:
    blocks = tuple(replace(block, connectivity=nodes[block.connectivity]) for faces, nodes in parts
                   for block in faces.blocks)
    arrays = {name: np.concatenate([faces.arrays[name] for faces, _ in parts]) for name in parts[0][0].arrays}
    return FaceSet(blocks, arrays)
