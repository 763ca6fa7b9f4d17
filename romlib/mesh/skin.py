"""The outer skin of a mesh in pieces, and the outward orientation of faces read from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from romlib.errors import FileFormatError
from romlib.mesh.elements import element
from romlib.mesh.mesh import FaceBlock, FaceSet, Mesh
from romlib.mesh.topology import face_blocks, face_corners, face_numbers, outer_faces, parent_faces

SKIN = "skin"


def add_skin(pieces: Sequence[Mesh]) -> list[Mesh]:
    """The pieces with a face tag "skin" each: faces of one cell of the whole mesh, outward.

    A face that two pieces share (same node ids) is no skin. An existing tag of that name is replaced.
    """
    faces = [outer_faces(piece) for piece in pieces]
    corners = [f.corners for f in faces]
    # -1 stands for "no further corner" and ids may be any number: number the ids first
    ids = [np.asarray(piece.node_ids)[np.maximum(c, 0)] for piece, c in zip(pieces, corners)]
    _, compact = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(i.ravel() for i in ids)]),
                           return_inverse=True)
    bounds = np.cumsum([len(c) for c in corners])
    whole = np.concatenate([np.empty((0, 4), dtype=np.int64), *corners])
    numbers = face_numbers(np.where(whole >= 0, compact.reshape(-1, 4), -1))
    outer = np.bincount(numbers)[numbers] == 1 if len(numbers) else np.empty(0, dtype=bool)
    skinned = []
    for piece, f, keep in zip(pieces, faces, np.split(outer, bounds[:-1])):
        skin = FaceSet(face_blocks(piece, f, np.flatnonzero(keep)))
        skinned.append(replace(piece, face_tags={**piece.face_tags, SKIN: skin}))
    return skinned


def orient_outward(mesh: Mesh, face_set: FaceSet) -> FaceSet:
    """The same faces in the same order, with their nodes turned where needed so that normals leave the parent cell.

    A face between two cells leaves the first of them.

    Raises
    ------
    FileFormatError : a face of no cell, or a quadrangle whose nodes are not in order around it.
    """
    parent, corners = parent_faces(mesh, face_set).corners, face_corners(face_set)
    n_corner = (corners >= 0).sum(axis=1)
    each = np.arange(len(corners))
    position = np.argmax(parent == corners[:, :1], axis=1)  # where the face's first node stands in the parent's face
    agrees = parent[each, (position + 1) % n_corner] == corners[:, 1]
    opposed = parent[each, (position - 1) % n_corner] == corners[:, 1]
    twisted = (parent[each, (position + 2) % n_corner] != corners[:, 2]) & (n_corner == 4)
    if np.any(twisted):
        ids = ", ".join(str(i) for i in mesh.node_ids[corners[np.argmax(twisted)]])
        raise FileFormatError("the nodes of a face are not in order around it", place=f"face with corner nodes {ids}",
                              expected="neighbouring corners one after the other", found="a crossed quadrangle")
    turn = np.where(n_corner == 2, position == 1, opposed & ~agrees)  # both ends of a line are beside each other
    blocks, first = [], 0
    for block in face_set.blocks:
        mine = turn[first:first + len(block.connectivity)]
        turned = block.connectivity[:, _reversal(block.face_type)]
        blocks.append(FaceBlock(block.face_type, np.where(mine[:, None], turned, block.connectivity)))
        first += len(block.connectivity)
    return replace(face_set, blocks=tuple(blocks))


def _reversal(face_type: str) -> list[int]:
    """Local nodes of the face seen from behind, starting from the same corner: 0 2 1, then the sides 20 21 10; of a
    line its ends exchanged.
    """
    kind = element(face_type)
    n = kind.n_corner
    if n == 2:
        return [1, 0, *range(2, kind.n_node)]
    midsides = [n + k for k in range(kind.n_midside - 1, -1, -1)]
    return [0, *range(n - 1, 0, -1), *midsides, *range(n + kind.n_midside, kind.n_node)]
