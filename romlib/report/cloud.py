"""The integration points of the cells at the surface, with their displacement: where a law has computed its values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from romlib.mesh.elements import element
from romlib.mesh.kinematics import padded
from romlib.mesh.mesh import Mesh
from romlib.mesh.quadrature import rule
from romlib.report.surface import Surface


@dataclass(frozen=True, eq=False)
class Cloud:
    """points, displacement : (n, 3). cells : (n,), counted over the pieces in order, as `Surface.cells`."""

    points: np.ndarray
    displacement: np.ndarray
    cells: np.ndarray

    def deformed(self, scale: float) -> np.ndarray:
        """Where they are drawn, (n, 3)."""
        return self.points + scale * self.displacement


class Clouds:
    """Collects the points piece by piece, at some steps."""

    def __init__(self, surface: Surface) -> None:
        self._at_surface = np.unique(surface.cells)
        self._points: list[np.ndarray] = []
        self._cells: list[np.ndarray] = []
        self._displacement: list[np.ndarray] = []

    def add(self, mesh: Mesh, first_cell: int, displacement: np.ndarray | None) -> np.ndarray:
        """A piece, with displacement (n_step, n_node, d) or None; the positions of its points that are shown, (n,)."""
        ips, cell, ip = [np.empty(0, dtype=np.int64)], first_cell, 0
        for block in mesh.blocks:
            points = rule(block.quadrature).points
            here = self._at_surface[(self._at_surface >= cell) & (self._at_surface < cell + block.n_cell)]
            shape, nodes = element(block.cell_type).shape(points), np.asarray(block.connectivity)[here - cell]
            self._points.append(np.einsum("qa,cai->cqi", shape, mesh.coordinates[nodes]).reshape(-1, 3))
            self._cells.append(np.repeat(here, len(points)))
            moved = np.zeros((1, len(here) * len(points), 3)) if displacement is None else np.einsum(
                "qa,scai->scqi", shape, padded(displacement)[:, nodes]).reshape(len(displacement), -1, 3)
            self._displacement.append(moved)
            ips.append((ip + (here - cell)[:, None] * len(points) + np.arange(len(points))).reshape(-1))
            cell, ip = cell + block.n_cell, ip + block.n_cell * len(points)
        return np.concatenate(ips)

    def at(self, step: int) -> Cloud:
        """At one of the steps, counted from 0."""
        displacement = [moved[min(step, len(moved) - 1)] for moved in self._displacement]
        return Cloud(np.concatenate(self._points), np.concatenate(displacement), np.concatenate(self._cells))
