"""Errors of a reduced solution against the full-order file of the same case on the same pieces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from romlib.mesh.mass import mass_matrix
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.snapshots import Snapshots
from romlib.solution.solution import Solution
from romlib.tensors import von_mises

FIELDS = ("displacement", "von_mises", "p")
BLOCK = 32  # steps at a time


@dataclass(frozen=True)
class Critical:
    """Von Mises stress and p over time, (n_step,), at the integration point nearest to the hottest node."""

    where: str
    reduced: dict[str, np.ndarray]
    full: dict[str, np.ndarray]

    def error(self, field: str) -> float:
        """Largest difference over time, over the largest value of the reference."""
        return float(np.abs(self.reduced[field] - self.full[field]).max() / np.abs(self.full[field]).max())


@dataclass(frozen=True)
class Judgement:
    """over_time : by field, ||a - b|| in L2 of the volume at each time over the largest ||b||. critical : see there."""

    times: np.ndarray
    over_time: dict[str, np.ndarray]
    critical: Critical

    def error(self, field: str) -> float:
        """max over time of ||a - b|| over max over time of ||b||."""
        return float(self.over_time[field].max())


def hottest(mesh_file: Path) -> np.ndarray:
    """Coordinates of the node in the centre of the hot spot."""
    with Snapshots(mesh_file) as file:
        for piece in range(file.n_piece):
            mesh = file.mesh(piece)
            nodes = mesh.node_tags.get("hottest")
            if nodes is not None and len(nodes):
                return np.asarray(mesh.points[int(nodes[0])])
    raise ValueError(f"{mesh_file} has no node tag 'hottest'")


def judge(solution: Solution, reference: Path, point: np.ndarray) -> Judgement:
    """Compare; both have the same times, and the pieces of the same mesh file.

    point : (3,), the place of the history of von Mises stress and p.
    """
    with Snapshots(reference) as file:
        n_step = file.n_step
        differences = {field: np.zeros(n_step) for field in FIELDS}
        sizes = {field: np.zeros(n_step) for field in FIELDS}
        for piece in range(file.n_piece):
            norm = _Norm(file.mesh(piece))
            for steps in (slice(k, min(k + BLOCK, n_step)) for k in range(0, n_step, BLOCK)):
                for field, found, expected in _pairs(solution, file, piece, steps):
                    differences[field][steps] += norm.square(field, found - expected)
                    sizes[field][steps] += norm.square(field, expected)
        critical = _critical(solution, file, point)
        times = file.times
    return Judgement(times, {f: np.sqrt(differences[f] / sizes[f].max()) for f in FIELDS}, critical)


class _Norm:
    """Squares of L2 norms on one piece: the exact mass matrix at nodes, volumes at integration points."""

    def __init__(self, mesh: Mesh) -> None:
        self._mass, self._weights = mass_matrix(mesh), StrainOperator(mesh).positive_weights

    def square(self, field: str, values: np.ndarray) -> np.ndarray:
        """(n_step,) of values (n_step, n, n_comp)."""
        if field == "displacement":
            return np.array([sum(u @ (self._mass @ u) for u in step.T) for step in values])
        return np.einsum("i,tij,tij->t", self._weights, values, values)


def _pairs(
    solution: Solution, file: Snapshots, piece: int, steps: slice
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Field, as reduced, as at full order; (n_step, n, n_comp)."""
    for field in FIELDS:
        if field == "von_mises":
            expected = von_mises(file.read("stress", piece, steps))[..., None]
        else:
            expected = file.read(field, piece, steps)
        yield field, solution.field(field, steps, piece), expected


def _critical(solution: Solution, file: Snapshots, point: np.ndarray) -> Critical:
    """Both histories at the same integration point."""
    distances = []
    for piece in range(file.n_piece):
        distance = np.linalg.norm(StrainOperator(file.mesh(piece)).coordinates - point, axis=1)
        distances.append((float(distance.min()), piece, int(distance.argmin())))
    _, piece, ip = min(distances)
    full = {"von_mises": von_mises(file.read("stress", piece)[:, ip]), "p": file.read("p", piece)[:, ip, 0]}
    probes = {name: solution.probe(name, point=point.tolist()) for name in full}
    return Critical(probes["p"].where, {name: probe.values for name, probe in probes.items()}, full)
