"""Mechanisms: parts of a body that turn about a line or a point without strain, named before anything is solved.

A cell without strain moves as a rigid body, and two that share a face do so together. What hangs together by faces is
therefore one rigid part; parts of one body that share the nodes of a line or of a point alone are joined by a hinge.
In plane strain a node is a line, across the plane, and two hold parts together. An axisymmetric body has no mechanisms:
its only rigid motion is along the axis, which parts that share a node have together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from romlib.errors import InputError
from romlib.fullorder.numbering import Numbering
from romlib.fullorder.relations import Relations
from romlib.fullorder.rigid import FREE, NAMED, absent_motions, at_points, describe, held_motions, moments, smallest_ids
from romlib.mesh.kinematics import padded
from romlib.mesh.mesh import Mesh
from romlib.mesh.topology import face_neighbours
from romlib.words import plural

_FLAT = 1e-6  # second moments of nodes across their line over those along it: above, they hold two parts together
_DENSE = 1200  # unknowns up to which all eigenvalues are taken
_FEW = 12  # the smallest eigenvalues that are looked at otherwise
_SHIFT, _ITERATIONS = 1e-9, 6  # of their inverse iteration


@dataclass(frozen=True, eq=False)
class _Members:
    """Which node is of which part, each pair once: node ids (n,), parts (n,), coordinates (n, 3)."""

    node: np.ndarray
    part: np.ndarray
    points: np.ndarray

    def rows(self, chosen: np.ndarray) -> _Members:
        """Some of them."""
        return _Members(self.node[chosen], self.part[chosen], self.points[chosen])


def refuse_mechanisms(
    meshes: Mapping[int, Mesh], mask: np.ndarray, numbering: Numbering, relations: Relations | None = None
) -> None:
    """Refuse parts that hinges leave free to move: the stiffness is singular then, loaded or not. Collective.

    Parameters
    ----------
    mask : (n_local, d), the constrained dofs of this rank's nodes; of the unknowns, where there are relations. What is
        tied to another node counts as held, so that nothing is refused that the other face of a sector may hold.

    Raises
    ------
    InputError : on every rank; names parts and motions.
    """
    pieces, plane = numbering.pieces, numbering.dimension == 2
    if numbering.motion.axisymmetric:
        return
    local = pieces.each(lambda p: _members(meshes[p]))
    everything = pieces.collect(lambda p: (1 + int(local[p].part.max(initial=-1)), _joints(local[p], meshes[p])))
    first, shared = _together(everything)
    label = _rigid_parts(shared, sum(n for n, _ in everything.values()), plane)
    shared = _once(_Members(shared.node, label[shared.part], shared.points))
    ties = _pairs(shared)
    if not len(ties[0]):
        return
    number = int(label.max()) + 1
    hinges = np.unique(shared.node[ties[0]])
    parts = pieces.each(lambda p: _once(_Members(local[p].node, label[first[p] + local[p].part], local[p].points)))
    total = pieces.sum(lambda p: moments(parts[p].points, np.ones(len(parts[p].part)), parts[p].part, number))
    smallest = pieces.collect(lambda p: _named_nodes(parts[p], hinges, number))
    nodes = np.min(list(smallest.values()), axis=0)
    node = np.where(nodes[0] < np.iinfo(np.int64).max, *nodes)
    centre = total[:, 1:4] / total[:, :1]
    radius = np.sqrt(np.maximum(total[:, 4] / total[:, 0] - (centre * centre).sum(axis=1), 0.0))
    if relations is not None:
        paired = np.isin(numbering.number, np.concatenate(numbering.comm.allgather(relations.target[relations.slave])))
        mask = mask | paired[:, None]
    rows = pieces.each(lambda p: np.searchsorted(numbering.ids, parts[p].node))
    grams = pieces.sum(lambda p: held_motions(
        parts[p].points, mask[rows[p]], parts[p].part, centre, radius,
        None if relations is None else relations.frame[rows[p]])) + absent_motions(numbering.motion)
    free = _free_motions(shared, ties, grams, centre, radius)
    _refuse([f"the part with node {node[k]}: " + "; ".join(describe(motions, centre[k], float(radius[k])))
             for k, motions in free.items()])


def _refuse(free: list[str]) -> None:
    """Refuse what was found, if anything was."""
    if not free:
        return
    lines = free[:NAMED]
    if len(free) > NAMED:
        lines.append(f"and {plural(len(free) - NAMED, 'part')} more")
    raise InputError(
        "parts of the mesh can move without strain: a line of nodes, or one node, is all that joins them to the rest",
        place="mesh", expected="parts that are joined by faces of cells, or held by constraints",
        found="\n    ".join(lines),
        remedy="join them by faces, take cells that hang by an edge or a corner out of the mesh, or add the constraint "
               "that is missing")


def _members(mesh: Mesh) -> _Members:
    """The nodes of each part of a piece: of cells that hang together by faces."""
    _, of_cell = sparse.csgraph.connected_components(face_neighbours(mesh), directed=False)
    nodes, parts, begin = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
    for block in mesh.blocks:
        nodes.append(block.connectivity.ravel())
        parts.append(np.repeat(of_cell[begin:begin + block.n_cell], block.connectivity.shape[1]))
        begin += block.n_cell
    position = np.concatenate(nodes)
    return _once(_Members(np.asarray(mesh.node_ids)[position], np.concatenate(parts), padded(mesh.points[position])))


def _named_nodes(members: _Members, hinges: np.ndarray, number: int) -> np.ndarray:
    """Smallest node id of each part, (2, number): of those that no other part has, and of all."""
    alone = ~np.isin(members.node, hinges)
    return np.stack([smallest_ids(members.node[rows], members.part[rows], number)
                     for rows in (alone, np.full_like(alone, True))])


def _once(members: _Members) -> _Members:
    """Sorted by node and part, each pair once."""
    order = np.lexsort((members.part, members.node))
    node, part = members.node[order], members.part[order]
    new = np.concatenate([[True], (node[1:] != node[:-1]) | (part[1:] != part[:-1])])[:len(node)]
    return members.rows(order[new])


def _joints(members: _Members, mesh: Mesh) -> _Members:
    """Those nodes that are of several parts, or that other pieces have too."""
    _, inverse, count = np.unique(members.node, return_inverse=True, return_counts=True)
    several = count[inverse] > 1
    if mesh.shared_index is not None:
        several |= np.isin(members.node, np.asarray(mesh.node_ids)[mesh.shared_index >= 0])
    return members.rows(several)


def _together(everything: Mapping[int, tuple[int, _Members]]) -> tuple[dict[int, int], _Members]:
    """Where each piece's parts begin among those of all pieces (in order), and the joints of all."""
    first, total = {}, 0
    for p, (number, _) in everything.items():
        first[p] = total
        total += number
    found = [members for _, members in everything.values()]
    return first, _once(_Members(
        np.concatenate([np.empty(0, np.int64), *(m.node for m in found)]),
        np.concatenate([np.empty(0, np.int64), *(start + m.part for start, m in zip(first.values(), found))]),
        np.concatenate([np.empty((0, 3)), *(m.points for m in found)])))


def _pairs(members: _Members) -> tuple[np.ndarray, np.ndarray]:
    """Rows of `members` (sorted) of one node and two parts, each two once."""
    low, high = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for step in range(1, len(members.node)):
        same = np.flatnonzero(members.node[step:] == members.node[:-step])
        if not len(same):
            break
        low.append(same)
        high.append(same + step)
    return np.concatenate(low), np.concatenate(high)


def _rigid_parts(shared: _Members, number: int, plane: bool) -> np.ndarray:
    """The rigid part (number,) that each part is of: those that share nodes which are not on a line are one.

    plane : whether a node stands for a line across the plane.
    """
    label = np.arange(number)
    while True:
        members = _once(_Members(shared.node, label[shared.part], shared.points))
        low, high = _pairs(members)
        two, of_tie = np.unique(np.stack([members.part[low], members.part[high]], axis=1), axis=0, return_inverse=True)
        wide = _wide(members.points[low], of_tie.ravel(), len(two), plane)
        size = int(label.max(initial=-1)) + 1
        graph = sparse.coo_matrix((np.ones(wide.sum()), tuple(two[wide].T)), shape=(size, size))
        n_part, joined = sparse.csgraph.connected_components(graph, directed=False)
        if n_part == size:
            return label
        label = joined[label]


def _wide(points: np.ndarray, group: np.ndarray, number: int, plane: bool) -> np.ndarray:
    """Whether the points (n, 3) of each group, or the lines across the plane through them, are not on one line."""
    count = np.bincount(group, minlength=number)
    mean = np.stack([np.bincount(group, weights=x, minlength=number) for x in points.T], axis=1) / count[:, None]
    x = points - mean[group]
    second = np.array([[np.bincount(group, weights=x[:, a] * x[:, b], minlength=number) for a in range(3)]
                       for b in range(3)])
    values = np.linalg.eigvalsh(np.moveaxis(second, 2, 0))
    if plane:
        return (count >= 2) & (values[:, 2] > 0.0)
    return (count >= 3) & (values[:, 1] > _FLAT * values[:, 2])


def _free_motions(
    shared: _Members, ties: tuple[np.ndarray, np.ndarray], held: np.ndarray, centre: np.ndarray, radius: np.ndarray
) -> dict[int, np.ndarray]:
    """Motions (6, k), orthonormal, of each part that has some while nodes stay together and constraints hold.

    held : (n_part, 6, 6), of the constraints (`held_motions`).
    """
    n = len(ties[0])
    rows = [at_points((shared.points[side] - centre[shared.part[side]]) / radius[shared.part[side]][:, None])
            for side in ties]
    row = np.broadcast_to(np.arange(3 * n).reshape(n, 3, 1), (n, 3, 6))
    columns = [np.broadcast_to(6 * shared.part[side][:, None, None] + np.arange(6), (n, 3, 6)) for side in ties]
    tied = sparse.csr_matrix((np.concatenate([rows[0].ravel(), -rows[1].ravel()]),
                              (np.tile(row.ravel(), 2), np.concatenate([c.ravel() for c in columns]))),
                             shape=(3 * n, 6 * len(held)))
    gram = sparse.csc_matrix(tied.T @ tied + sparse.block_diag(held))
    scale = max(float(gram.diagonal().max()), 1.0)
    values, vectors = np.linalg.eigh(gram.toarray()) if gram.shape[0] <= _DENSE else _smallest_values(gram, scale)
    motions = vectors[:, values <= FREE * scale].reshape(len(held), 6, -1)
    found = {}
    for k in np.flatnonzero(np.abs(motions).max(axis=(1, 2), initial=0.0) > 1e-6):
        left, singular, _ = np.linalg.svd(motions[k], full_matrices=False)
        found[int(k)] = left[:, singular > 1e-6]
    return found


def _smallest_values(gram: sparse.csc_matrix, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """The smallest eigenvalues of a large matrix, and their vectors: inverse iteration of a block of vectors.

    It does not mind that many values are zero, as Lanczos' method does.
    """
    factors = splu(gram + _SHIFT * scale * sparse.identity(gram.shape[0], format="csc"))
    block = np.random.default_rng(0).standard_normal((gram.shape[0], _FEW))  # the same on every rank
    for _ in range(_ITERATIONS):
        block = np.linalg.qr(factors.solve(block))[0]
    values, turned = np.linalg.eigh(block.T @ (gram @ block))
    return values, block @ turned
