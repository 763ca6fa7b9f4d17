"""Where a probe lies, over all pieces: found once for all results of a mesh, and kept.

A first pass over the pieces takes the box of each, its tags and the ids of its nodes; later searches look only into the
pieces whose boxes say that they may have what is sought.
"""

from __future__ import annotations

import reprlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from romlib.errors import InputError
from romlib.mesh.mesh import Mesh
from romlib.mesh.tags import ALL
from romlib.mesh.whole import Numbering, whole_mesh
from romlib.nodal.average import Averaging
from romlib.nodal.cells import materials_of_cells
from romlib.results.cache import Cache
from romlib.results.finder import BULGE, PieceFinder
from romlib.results.spots import IpSpots, NodeSpots, Spots
from romlib.words import unknown

PIECES, SPOTS = 256 * 2**20, 64 * 2**20  # bytes that are kept of pieces, and of places


class Meshes(Protocol):
    """The pieces of a mesh, read one at a time. path : of the file, for messages."""

    @property
    def path(self) -> Path | None:
        """The file, for messages."""

    @property
    def n_piece(self) -> int:
        """Number of pieces."""

    def mesh(self, piece: int) -> Mesh:
        """One of them."""


@dataclass(frozen=True, eq=False)
class Survey:
    """What one pass over the pieces finds. boxes : (n_piece, 2, 3). tags : names, by piece. n_ips : (n_piece,)."""

    numbering: Numbering
    boxes: np.ndarray
    tags: tuple[frozenset[str], ...]
    n_ips: np.ndarray

    @cached_property
    def reach(self) -> np.ndarray:
        """(n_piece, 2, 3), the boxes with what curved cells may bulge beyond them."""
        margin = BULGE * np.linalg.norm(self.boxes[:, 1] - self.boxes[:, 0], axis=1)[:, None]
        return np.stack([self.boxes[:, 0] - margin, self.boxes[:, 1] + margin], axis=1)

    def distances(self, targets: np.ndarray) -> np.ndarray:
        """(n, n_piece), distance of targets (n, 3) from the boxes: nothing in the piece is nearer."""
        low, high = self.boxes[:, 0], self.boxes[:, 1]
        outside = np.maximum(np.maximum(low - targets[:, None], targets[:, None] - high), 0.0)
        return np.linalg.norm(outside, axis=2)


class Places:
    """Places of probes in one mesh. Results of the same mesh share it, and threads may.

    In another process, to which it is sent, it begins anew.
    """

    def __init__(self) -> None:
        self._survey: Survey | None = None
        self._whole: Mesh | None = None
        self._averaging: tuple[tuple[str, ...], Averaging] | None = None
        self._pieces, self._spots = Cache(PIECES), Cache(SPOTS)

    def __reduce__(self) -> tuple:
        return Places, ()

    def survey(self, meshes: Meshes) -> Survey:
        """The first pass; made once."""
        if self._survey is None:
            ids, boxes, tags, n_ips = [], [], [], []
            for piece in range(meshes.n_piece):
                finder = self.piece(meshes, piece)
                mesh = finder.mesh
                ids.append(mesh.node_ids)
                boxes.append(finder.box)
                n_ips.append(len(finder.ip_coordinates))
                tags.append(frozenset({*mesh.node_tags, *mesh.cell_tags, *mesh.face_tags}))
            self._survey = Survey(Numbering.of(ids), np.array(boxes).reshape(-1, 2, 3), tuple(tags),
                                  np.array(n_ips))
        return self._survey

    def whole(self, meshes: Meshes) -> Mesh:
        """The whole mesh, see `romlib.mesh.whole.whole_mesh`; made once, and kept."""
        if self._whole is None:
            self._whole = whole_mesh([self.piece(meshes, piece).mesh for piece in range(meshes.n_piece)])
        return self._whole

    def averaging(self, meshes: Meshes, tags: Sequence[str]) -> Averaging:
        """Nodal averages on the whole mesh; made once, and kept. tags : of the cells of each material."""
        key = tuple(tags)
        if self._averaging is None or self._averaging[0] != key:
            mesh = self.whole(meshes)
            self._averaging = key, Averaging(mesh, materials_of_cells(mesh, key))
        return self._averaging[1]

    def numbering(self, meshes: Meshes) -> Numbering:
        """That of the nodes of the whole mesh."""
        return self.survey(meshes).numbering

    def piece(self, meshes: Meshes, piece: int) -> PieceFinder:
        """Search in a piece."""
        return self._pieces.get(piece, lambda: PieceFinder(meshes.mesh(piece), piece), lambda finder: finder.nbytes)

    def spots(
        self, meshes: Meshes, at_nodes: bool, point: tuple[float, ...] | None, node: int | None, tag: str | None
    ) -> Sequence[Spots]:
        """Where a field at nodes, or at integration points, is read for a point, a node or a tag.

        Raises
        ------
        InputError : no such node or tag.
        """
        key: Hashable = at_nodes, point, node, tag
        return self._spots.get(key, lambda: self._found(meshes, at_nodes, point, node, tag),
                               lambda found: sum(spot.nbytes for spot in found))

    def _found(
        self, meshes: Meshes, at_nodes: bool, point: tuple[float, ...] | None, node: int | None, tag: str | None
    ) -> Sequence[Spots]:
        if tag is not None:
            return self._tag_nodes(meshes, tag) if at_nodes else self._tag_ips(meshes, tag)
        if at_nodes:
            return [self._point(meshes, np.array(point)) if point is not None else self._node(meshes, int(node or 0))]
        target = np.array(point) if point is not None else self._node(meshes, int(node or 0)).coordinates[0]
        return self.nearest_ips(meshes, target[None])

    def _point(self, meshes: Meshes, target: np.ndarray) -> NodeSpots:
        """The cell that contains a point, with its shape functions there; else the nearest node."""
        survey = self.survey(meshes)
        low, high = survey.reach[:, 0], survey.reach[:, 1]
        for piece in np.flatnonzero(((target >= low) & (target <= high)).all(axis=1)):
            found = self.piece(meshes, int(piece)).containing_cell(target)
            if found is not None:
                return found
        return self._nearest_node(meshes, target)

    def _nearest_node(self, meshes: Meshes, target: np.ndarray) -> NodeSpots:
        least = self.survey(meshes).distances(target[None])[0]
        best: tuple[float, int, int] | None = None
        for piece in np.argsort(least, kind="stable").tolist():
            if best is None or least[piece] <= best[0]:
                distance, k = self.piece(meshes, piece).nearest_node(target)
                if best is None or (distance, piece) < best[:2]:
                    best = distance, piece, k
        if best is None:
            raise InputError("the file has no piece", file=meshes.path)
        distance, piece, k = best
        finder = self.piece(meshes, piece)
        return finder.nodes(np.array([k]), f"node {finder.mesh.node_ids[k]}, at a distance of {distance:.4g} "
                                           "(no cell contains the point)")

    def _node(self, meshes: Meshes, node_id: int) -> NodeSpots:
        """The node with a solver's id."""
        numbering = self.numbering(meshes)
        at = int(np.searchsorted(numbering.node_ids, node_id))
        if at == numbering.n_node or numbering.node_ids[at] != node_id:
            raise InputError(f"there is no node {node_id}", file=meshes.path, remedy="give the solver's id of a node")
        piece = next(p for p, numbers in enumerate(numbering.numbers) if (numbers == at).any())
        finder = self.piece(meshes, piece)
        return finder.nodes(np.flatnonzero(finder.mesh.node_ids == node_id)[:1], f"node {node_id}")

    def _tag_nodes(self, meshes: Meshes, tag: str) -> list[NodeSpots]:
        """The nodes of a node tag, or of the cells or faces of a tag; each node once."""
        survey, spots = self.survey(meshes), []
        seen = np.zeros(survey.numbering.n_node, dtype=bool)
        for piece in self._pieces_with(survey, tag):
            finder, numbers = self.piece(meshes, piece), survey.numbering.numbers[piece]
            if tag in finder.mesh.node_tags or not finder.has_cells(tag):
                nodes = finder.nodes_of_tag(tag) if finder.has_nodes(tag) else np.empty(0, dtype=np.int64)
            else:
                nodes = finder.nodes_of_cells(tag)
            nodes = nodes[~seen[numbers[nodes]]]
            seen[numbers[nodes]] = True
            spots.append(finder.nodes(nodes, f"nodes of {tag!r}"))
        if not seen.any():
            raise self._unknown(survey, meshes, tag)
        return spots

    def _tag_ips(self, meshes: Meshes, tag: str) -> list[IpSpots]:
        """The integration points of the cells of a cell tag, or those nearest to the nodes of a node or face tag."""
        survey, spots, targets = self.survey(meshes), [], []
        for piece in self._pieces_with(survey, tag):
            finder = self.piece(meshes, piece)
            if finder.has_cells(tag):
                spots.append(finder.ips(finder.ips_of_cells(tag)))
            elif finder.has_nodes(tag):
                targets.append(finder.mesh.coordinates[finder.nodes_of_tag(tag)])
        if not spots and any(len(target) for target in targets):
            spots = self.nearest_ips(meshes, np.concatenate(targets))
        if not any(spot.n for spot in spots):
            raise self._unknown(survey, meshes, tag)
        return spots

    def nearest_ips(self, meshes: Meshes, targets: np.ndarray) -> list[IpSpots]:
        """The integration point nearest to each of targets (n, 3), by piece; each point once."""
        least = self.survey(meshes).distances(targets)
        distance = np.full(len(targets), np.inf)
        piece_of, ip_of = np.zeros(len(targets), dtype=int), np.zeros(len(targets), dtype=int)
        for piece in np.argsort(least.min(axis=0), kind="stable").tolist():
            rows = np.flatnonzero(least[:, piece] <= distance)
            if not len(rows):
                continue
            found, ips = self.piece(meshes, piece).nearest_ips(targets[rows])
            closer = (found < distance[rows]) | ((found == distance[rows]) & (piece < piece_of[rows]))
            rows = rows[closer]
            distance[rows], piece_of[rows], ip_of[rows] = found[closer], piece, ips[closer]
        return [self.piece(meshes, int(piece)).ips(np.unique(ip_of[piece_of == piece]))
                for piece in np.unique(piece_of)]

    @staticmethod
    def _pieces_with(survey: Survey, tag: str) -> list[int]:
        return [piece for piece, tags in enumerate(survey.tags) if tag in tags or tag == ALL]

    @staticmethod
    def _unknown(survey: Survey, meshes: Meshes, tag: str) -> InputError:
        known = frozenset().union(*survey.tags) | {ALL}
        if tag in known:
            return InputError(f"the tag {tag!r} has no node and no cell of the mesh", file=meshes.path)
        return InputError(f"no node, cell or face has the tag {tag!r}", file=meshes.path,
                          **unknown(tag, sorted(known)))


def finite_point(point: Any) -> tuple[float, float, float]:
    """The point, three numbers, of which the last is zero in two dimensions; InputError for what is none."""
    try:
        target = np.array(point, dtype=float)
    except (TypeError, ValueError, OverflowError):
        target = np.empty(0)
    if target.shape != (3,) or not np.isfinite(target).all():
        raise InputError("a probe point has three finite coordinates", place="point", found=reprlib.repr(point))
    return tuple(target.tolist())  # type: ignore[return-value]
