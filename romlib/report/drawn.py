"""What is drawn of a field over some steps: values on the surface, displacements, extremes with their places.

Values at integration points are extrapolated to the nodes, averaged material by material, as post-processors do
(`romlib.nodal`); the scalar (such as the von Mises stress) is taken of the averages. Memory is bounded by a piece, the
interfaces between pieces and the surface, times a block of steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from romlib.blocks import blocks
from romlib.mesh.kinematics import padded
from romlib.mesh.mesh import Mesh
from romlib.nodal.average import Averaging, Sums
from romlib.nodal.cells import cell_means, materials_of_cells
from romlib.report.cloud import Cloud, Clouds
from romlib.report.extremes import Extremes, at_integration_points, at_nodes
from romlib.report.surface import Surface
from romlib.results.scalar import Scalar
from romlib.results.source import StepSource

Placement = Literal["nodes", "cells", "points"]
_BLOCK_BYTES = 128 * 2**20


@dataclass(frozen=True, eq=False)
class Drawn:
    """A scalar at one step.

    values : by `at` (n_point,) at the points of the surface ("nodes"), (n_face,) of its faces ("cells"), or those of
    `cloud`. displacement : (n_point, 3), zero where the file has none. nodal : extremes of the values at nodes (of
    nodal averages, for a field at integration points). points : extremes at the integration points; empty for a field
    at nodes. cloud : the integration points of the cells at the surface, where they are shown.
    """

    step: int
    at: Placement
    values: np.ndarray
    displacement: np.ndarray
    nodal: Extremes
    points: Extremes
    cloud: Cloud | None = None


def drawn(
    source: StepSource, surface: Surface, scalar: Scalar, steps: Sequence[int], at: Placement = "nodes"
) -> Iterator[Drawn]:
    """The scalar at these steps, one after the other."""
    at = at if scalar.spec.place == "ip" else "nodes"
    each = 8 * (2 * scalar.spec.n_comp + 3) * (surface.largest_piece + surface.n_point)
    for span in blocks(len(steps), each, _BLOCK_BYTES):
        yield from _block(source, surface, scalar, list(steps[span]), at)


def _block(source: StepSource, surface: Surface, scalar: Scalar, steps: list[int], at: Placement) -> Iterator[Drawn]:
    n, at_points = len(steps), scalar.spec.place == "ip"
    values = np.full((n, len(surface.cells) if at == "cells" else surface.n_point), np.nan)
    displacement = np.zeros((n, surface.n_point, 3))
    nodal, points = [Extremes()] * n, [Extremes()] * n
    averages, clouds, of_clouds = _Averages(surface, scalar), Clouds(surface), list[np.ndarray]()
    first_cell = 0
    for piece in range(source.n_piece):
        mesh = source.mesh(piece)
        local, own = surface.rows[piece]
        if "displacement" in source.fields:
            displacement[:, own] = padded(_read(source, "displacement", piece, steps))[:, local]
        field = _read(source, scalar.field, piece, steps)
        of_places = scalar.values(field)
        if at_points:
            points = _joined(points, at_integration_points(mesh, of_places))
            nodal = _joined(nodal, averages.add(mesh, materials_of_cells(mesh, surface.tags), field))
        else:
            nodal = _joined(nodal, at_nodes(mesh.node_ids, mesh.coordinates, of_places))
            values[:, own] = of_places[:, local]
        if at == "points":
            moving = _read(source, "displacement", piece, steps) if "displacement" in source.fields else None
            of_clouds.append(of_places[:, clouds.add(mesh, first_cell, moving)])
        if at == "cells":
            here = (surface.cells >= first_cell) & (surface.cells < first_cell + mesh.n_cell)
            values[:, here] = cell_means(mesh, of_places[..., None])[:, surface.cells[here] - first_cell, 0]
        first_cell += mesh.n_cell
    if at_points:
        nodal = _joined(nodal, averages.finish())
        values = averages.on_surface(n) if at == "nodes" else values
    if at == "points":
        values = np.concatenate(of_clouds, axis=1)
    for k, step in enumerate(steps):
        yield Drawn(step, at, values[k], displacement[k], nodal[k], points[k],
                    clouds.at(k) if at == "points" else None)


class _Averages:
    """Averages at nodes by material, piece by piece: complete inside a piece, added up where pieces meet.

    surface : whose points get the values. scalar : taken of the averages.
    """

    def __init__(self, surface: Surface, scalar: Scalar) -> None:
        self._surface, self._scalar = surface, scalar
        self._found: list[tuple[np.ndarray, np.ndarray]] = []  # positions on the surface, values (n_step, n)
        self._shared: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, mesh: Mesh, materials: np.ndarray, field: np.ndarray) -> list[Extremes]:
        """A piece, with field (n_step, n_ip, n_comp); the extremes inside it, by step."""
        averaging = Averaging(mesh, materials)
        sums = averaging.sums(field)
        shared = _maybe_shared(mesh)[averaging.node]
        self._shared.append((np.asarray(mesh.node_ids)[averaging.node[shared]], averaging.material[shared],
                             mesh.coordinates[averaging.node[shared]], sums.total[:, shared], sums.count[:, shared]))
        nodes = averaging.node[~shared]
        return self._take(np.asarray(mesh.node_ids)[nodes], averaging.material[~shared], mesh.coordinates[nodes],
                          Sums(sums.total[:, ~shared], sums.count[:, ~shared]))

    def finish(self) -> list[Extremes]:
        """The extremes where pieces meet, by step; to be called after the last piece."""
        ids, materials, points = (np.concatenate([part[k] for part in self._shared]) for k in range(3))
        total, count = (np.concatenate([part[k] for part in self._shared], axis=1) for k in (3, 4))
        keys, first, place = np.unique(np.stack([ids, materials], axis=1), axis=0, return_index=True,
                                       return_inverse=True)
        gather = sparse.csr_matrix((np.ones(len(ids)), (place.reshape(-1), np.arange(len(ids)))), (len(keys), len(ids)))
        summed = Sums(np.stack([gather @ step for step in total]), np.stack([gather @ step for step in count]))
        return self._take(keys[:, 0], keys[:, 1], points[first], summed)

    def on_surface(self, n_step: int) -> np.ndarray:
        """(n_step, n_point), NaN where a material lacks the field."""
        values = np.full((n_step, self._surface.n_point), np.nan)
        for where, found in self._found:
            values[:, where] = found
        return values

    def _take(self, ids: np.ndarray, materials: np.ndarray, points: np.ndarray, sums: Sums) -> list[Extremes]:
        values = self._scalar.values(sums.mean)
        where = self._surface.find(ids, materials)
        self._found.append((where[where >= 0], values[:, where >= 0]))
        return at_nodes(ids, points, values)


def _maybe_shared(mesh: Mesh) -> np.ndarray:
    """Which nodes other pieces may have too, (n_node,); all of them where the mesh does not say."""
    return np.ones(mesh.n_node, dtype=bool) if mesh.shared_index is None else np.asarray(mesh.shared_index) >= 0


def _joined(ones: list[Extremes], others: list[Extremes]) -> list[Extremes]:
    return [one.joined(other) for one, other in zip(ones, others)]


def _read(source: StepSource, field: str, piece: int, steps: list[int]) -> np.ndarray:
    """(n_step, n, n_comp) at steps that need not be adjacent."""
    if steps == list(range(steps[0], steps[-1] + 1)):
        return source.read(field, piece, slice(steps[0], steps[-1] + 1))
    return np.stack([source.read(field, piece, step) for step in steps])
