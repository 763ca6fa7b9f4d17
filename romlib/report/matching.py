"""Which step, node and integration point of one snapshots file is which of another one on the same mesh.

The files may be cut into different pieces: nodes match by the solver's ids, integration points by the id of the cell
and their number in it, times by their values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from romlib.errors import InputError
from romlib.mesh.mesh import Mesh
from romlib.snapshots.reader import Snapshots
from romlib.words import plural

TIME_TOLERANCE = 1e-9  # of the largest time: closer times are the same
_SAME_PLACE = 1e-5  # of the diagonal of the piece; solver files hold coordinates in single precision


@dataclass(frozen=True)
class TimeMatch:
    """candidate, reference : (n,) steps at the same times, increasing. The others by their times."""

    candidate: np.ndarray
    reference: np.ndarray
    unmatched_candidate: np.ndarray
    unmatched_reference: np.ndarray


def match_times(candidate: np.ndarray, reference: np.ndarray) -> TimeMatch:
    """Pairs of steps whose times differ by at most 1e-9 of the largest time; both increase."""
    a, b = np.asarray(candidate, dtype=float), np.asarray(reference, dtype=float)
    if not len(a) or not len(b):
        empty = np.empty(0, dtype=np.int64)
        return TimeMatch(empty, empty, a, b)
    after = np.clip(np.searchsorted(a, b), 0, len(a) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(np.abs(a[before] - b) <= np.abs(a[after] - b), before, after)
    tolerance = TIME_TOLERANCE * max(np.abs(a).max(), np.abs(b).max())
    same = np.flatnonzero(np.abs(a[nearest] - b) <= tolerance)
    return TimeMatch(nearest[same], same, np.delete(a, nearest[same]), np.delete(b, same))


@dataclass(frozen=True)
class _Ids:
    """Ids of one piece. order, sorted_cells : cells by id. offsets, counts : integration points of each cell."""

    node_ids: np.ndarray
    cell_ids: np.ndarray
    offsets: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, mesh: Mesh) -> _Ids:
        counts = mesh.points_of_cells
        return cls(np.asarray(mesh.node_ids), np.asarray(mesh.cell_ids), np.cumsum(counts) - counts, counts)

    @property
    def n_ip(self) -> int:
        return int(self.counts.sum())


@dataclass(frozen=True)
class Overlap:
    """What a piece of the reference finds in one piece of the candidate: positions there, and here."""

    piece: int
    nodes_there: np.ndarray
    nodes_here: np.ndarray
    ips_there: np.ndarray
    ips_here: np.ndarray


class Matching:
    """Finds in a candidate file the nodes and integration points of pieces of a reference.

    Holds the ids of all nodes and cells of the candidate; fields are read by block of steps and never held.
    """

    def __init__(self, candidate: Snapshots) -> None:
        self.candidate = candidate
        self._pieces: dict[int, _Ids] = {}

    def overlaps(self, mesh: Mesh, reference_file: object) -> list[Overlap]:
        """The pieces of the candidate that have something of this piece of the reference.

        Raises
        ------
        InputError : a node, cell or integration point of the reference is not in the candidate, or lies elsewhere.
        """
        own = _Ids.of(mesh)
        found_node, found_ip = np.zeros(len(own.node_ids), dtype=bool), np.zeros(own.n_ip, dtype=bool)
        overlaps = []
        for piece in range(self.candidate.n_piece):
            overlap = self._overlap(piece, own)
            if overlap is not None:
                overlaps.append(overlap)
                found_node[overlap.nodes_here] = True
                found_ip[overlap.ips_here] = True
        where = f"{self.candidate.path} against {reference_file}"
        if not found_node.all() or not found_ip.all():
            raise InputError(
                "the two files are not on the same mesh", file=where,
                expected=f"all {plural(len(own.node_ids), 'node')} and {plural(own.n_ip, 'integration point')} of a "
                         "piece of the reference",
                found=f"{plural(int(found_node.sum()), 'node')} and "
                      f"{plural(int(found_ip.sum()), 'integration point')} with the same ids",
                remedy="compare files that come from the same mesh (they may be cut into different pieces)")
        self._same_places(mesh, overlaps, where)
        return overlaps

    def read(self, field: str, place: str, overlaps: list[Overlap], steps: np.ndarray, n: int) -> np.ndarray:
        """(n_step, n, n_comp) of the candidate at the nodes or points of the reference's piece; steps increase."""
        block = slice(int(steps[0]), int(steps[-1]) + 1)
        out = np.empty((len(steps), n, self.candidate.fields[field].n_comp))
        for overlap in overlaps:
            there, here = ((overlap.nodes_there, overlap.nodes_here) if place == "node"
                           else (overlap.ips_there, overlap.ips_here))
            if len(there):
                out[:, here] = self.candidate.read(field, overlap.piece, block)[steps - block.start][:, there]
        return out

    def _ids(self, piece: int) -> _Ids:
        if piece not in self._pieces:
            self._pieces[piece] = _Ids.of(self.candidate.mesh(piece))
        return self._pieces[piece]

    def _overlap(self, piece: int, own: _Ids) -> Overlap | None:
        other = self._ids(piece)
        _, nodes_there, nodes_here = np.intersect1d(other.node_ids, own.node_ids, return_indices=True)
        _, cells_there, cells_here = np.intersect1d(other.cell_ids, own.cell_ids, return_indices=True)
        same = other.counts[cells_there] == own.counts[cells_here]
        cells_there, cells_here = cells_there[same], cells_here[same]
        if not len(nodes_there) and not len(cells_there):
            return None
        counts = own.counts[cells_here]
        return Overlap(piece, nodes_there, nodes_here,
                     _ranges(other.offsets[cells_there], counts), _ranges(own.offsets[cells_here], counts))

    def _same_places(self, mesh: Mesh, overlaps: list[Overlap], where: str) -> None:
        tolerance = _SAME_PLACE * float(np.linalg.norm(np.ptp(mesh.points, axis=0)))
        for overlap in overlaps:
            there = self.candidate.mesh(overlap.piece).points[overlap.nodes_there]
            distance = np.linalg.norm(there - mesh.points[overlap.nodes_here], axis=1)
            if len(distance) and distance.max() > tolerance:
                worst = int(np.argmax(distance))
                raise InputError(
                    "nodes of the same id lie at different places in the two files", file=where,
                    place=f"node {mesh.node_ids[overlap.nodes_here[worst]]}",
                    expected=mesh.points[overlap.nodes_here[worst]], found=there[worst],
                    remedy="compare files that come from the same mesh")


def _ranges(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Concatenation of arange(start, start + count)."""
    first = np.cumsum(counts) - counts
    return np.repeat(starts - first, counts) + np.arange(int(counts.sum()))
