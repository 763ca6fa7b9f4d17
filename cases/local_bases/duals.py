"""Bases of p and stress: one for all clusters, or one for each? On exact values at the integration points.

    python cases/local_bases/duals.py [--folder out/local_bases]

Of the held-out passes at full order, p and stress at the union of the points of the ROM with local bases are taken, and
the fields rebuilt from them: by the modes of all training snapshots; by those of the cluster that a step is in, fitted
anew; and, of p, by modes of the increments of that cluster, whose fits are added up. No ROM is run: what differs are
the bases alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from comparison import BEST, clusters_of
from grams import Grams, grams_of
from passes import TRAINING, held_out
from rich.console import Console
from rich.table import Table
from scipy import linalg

import romlib
from romlib.archive.rom import Rom
from romlib.clusters.partition import Partition
from romlib.mesh.operator import StrainOperator
from romlib.offline.gappy import SAFE_AMPLIFICATION
from romlib.snapshots import Snapshots

TOLERANCES = (5e-2, 1e-2)
ZERO = 1e-12  # p below this everywhere is none


@dataclass(frozen=True, eq=False)
class Run:
    """values : (n_step, n_ip, n_comp), pieces one after the other. labels : (n_step,), the cluster of each step."""

    values: np.ndarray
    labels: np.ndarray

    @property
    def switches(self) -> np.ndarray:
        """Steps whose cluster is not that of the step before."""
        return np.flatnonzero(np.diff(self.labels, prepend=self.labels[:1]))


@dataclass(frozen=True)
class Rebuilt:
    """Relative to the largest norm of the run. error : the largest over time. jump : the largest at a switch."""

    error: float
    jump: float


class Bases:
    """Modes of a field for each cluster, or for all.

    weights : (n_ip,), volumes of the points. points : (m,), where values are known.
    """

    def __init__(self, parts: Sequence[np.ndarray], weights: np.ndarray, points: np.ndarray, tolerance: float) -> None:
        self.weights, self.points = weights, points
        self.modes = [modes_of(values, weights, tolerance) for values in parts]
        self.fits = [safe_fit(modes[:, points], float(weights.sum())) for modes in self.modes]

    def rebuild(self, cluster: int, values: np.ndarray) -> np.ndarray:
        """(n, n_ip, n_comp) from its values at the points alone, of all points of (n, n_ip, n_comp)."""
        known = values[:, self.points].reshape(len(values), -1)
        return np.tensordot(known @ self.fits[cluster].T, self.modes[cluster], 1)

    def size(self, values: np.ndarray) -> np.ndarray:
        """(n,), L2 norms of (n, n_ip, n_comp)."""
        return np.sqrt(np.einsum("nqi,nqi,q->n", values, values, self.weights))

    def counts(self) -> str:
        """Numbers of modes, as a table has them."""
        counts = [len(modes) for modes in self.modes]
        return str(counts[0]) if len(counts) == 1 else f"{min(counts)} to {max(counts)}"


def modes_of(values: np.ndarray, weights: np.ndarray, tolerance: float) -> np.ndarray:
    """POD modes (n, n_ip, n_comp) of (n_step, n_ip, n_comp), which leave out at most `tolerance`; none of zeros."""
    if np.abs(values).max(initial=0.0) < ZERO:
        return np.zeros((0, *values.shape[1:]))
    flat = (values * np.sqrt(weights)[:, None]).reshape(len(values), -1)
    found, vectors = linalg.eigh(flat @ flat.T)
    found, vectors = np.maximum(found[::-1], 0.0), vectors[:, ::-1]
    rest = np.cumsum(found[::-1])[::-1]
    n = int((rest > tolerance**2 * rest[0]).sum())
    return np.tensordot((vectors[:, :n] / np.sqrt(found[:n])).T, values, 1)


def safe_fit(modes: np.ndarray, volume: float) -> np.ndarray:
    """(n, m * n_comp): least squares of modes (n, m, n_comp) at points.

    What the points see so little of that an error there would come back more than `SAFE_AMPLIFICATION` times as large
    is left out: these points were not chosen for these modes, as romlib chooses them for its own.
    """
    n, m, n_comp = modes.shape
    left, singular, right = np.linalg.svd(modes.reshape(n, m * n_comp), full_matrices=False)
    there = singular > np.sqrt(m / volume) / SAFE_AMPLIFICATION
    return (left[:, there] / singular[there]) @ right[there]


def by_fit(run: Run, bases: Bases, *, local: bool) -> Rebuilt:
    """The field fitted anew at each step."""
    def rebuilt(labels: np.ndarray, steps: np.ndarray) -> np.ndarray:
        result = np.zeros((len(steps), *run.values.shape[1:]))
        for cluster in np.unique(labels):
            own = labels == cluster
            result[own] = bases.rebuild(int(cluster), run.values[steps[own]])
        return result

    labels = run.labels if local else np.zeros_like(run.labels)
    scale, every, at = bases.size(run.values).max(), np.arange(len(run.values)), run.switches
    error = bases.size(rebuilt(labels, every) - run.values).max()
    jumps = bases.size(rebuilt(labels[at], at) - rebuilt(labels[at - 1], at)) if len(at) else np.zeros(1)
    return Rebuilt(float(error / scale), float(jumps.max() / scale))


def by_increments(run: Run, bases: Bases) -> Rebuilt:
    """The increments fitted by the basis of their step and added up: nothing jumps."""
    total, increments = np.zeros_like(run.values), np.diff(run.values, axis=0, prepend=run.values[:1])
    for cluster in np.unique(run.labels):
        own = run.labels == cluster
        total[own] = bases.rebuild(int(cluster), increments[own])
    total = run.values[:1] + np.cumsum(total, axis=0)
    return Rebuilt(float(bases.size(total - run.values).max() / bases.size(run.values).max()), 0.0)


def read_runs(folder: Path, names: Sequence[str], field: str) -> list[np.ndarray]:
    """By run (n_step, n_ip, n_comp) of a field."""
    result = []
    for name in names:
        with Snapshots(folder / f"{name}.vtkhdf") as file:
            result.append(np.concatenate([file.read(field, piece, slice(None)) for piece in range(file.n_piece)], 1))
    return result


def volumes_of(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Volumes of all points (n_ip,), and where the points of each piece begin (n_piece,)."""
    with Snapshots(folder / f"{TRAINING[0].name}.vtkhdf") as file:
        parts = [StrainOperator(file.mesh(piece)).positive_weights for piece in range(file.n_piece)]
    return np.concatenate(parts), np.cumsum([0, *map(len, parts)])[:-1]


def points_of(rom: Rom, begin: np.ndarray) -> np.ndarray:
    """Positions (m,) of the selected points among all."""
    return np.asarray(begin[rom.points.pieces] + rom.points.ips)


def table(folder: Path, rom: Rom, grams: Grams, clusters: Partition, held: Sequence[str]) -> Table:
    """Errors of the held-out passes and largest jumps, by field, tolerance of the modes and kind of basis."""
    weights, begin = volumes_of(folder)
    points = points_of(rom, begin)
    labels = clusters.labels[grams.nearest()]
    result = Table(title=f"p and stress from exact values at {len(points)} points", title_justify="left", box=None)
    for name in ("field", "tolerance", "bases", "modes", *(f"error of {name}" for name in held), "largest jump"):
        result.add_column(name, justify="left" if name in ("field", "bases") else "right")
    for field in ("p", "stress"):
        trained = read_runs(folder, [one.name for one in TRAINING], field)
        increments = np.concatenate([np.diff(values, axis=0, prepend=values[:1]) for values in trained])
        every = np.concatenate(trained)
        runs = [Run(values, labels[grams.runs == len(trained) + number])
                for number, values in enumerate(read_runs(folder, held, field))]
        for tolerance in TOLERANCES:
            kinds = {"one for all": ([every], partial(by_fit, local=False)),
                     "local, fitted anew": ([every[own] for own in clusters.members], partial(by_fit, local=True)),
                     "local, increments": ([increments[own] for own in clusters.members], by_increments)}
            for kind, (parts, way) in kinds.items():
                bases = Bases(parts, weights, points, tolerance)
                found = [way(run, bases) for run in runs]
                result.add_row(field, f"{tolerance:g}", kind, bases.counts(), *(f"{one.error:.3f}" for one in found),
                               f"{max(one.jump for one in found):.3f}")
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("out/local_bases"), help="with the runs of strip.py")
    parser.add_argument("--rom", default="k8.rom", help="whose points are taken")
    arguments = parser.parse_args()
    names = [one.name for one in held_out()]
    everything = grams_of(arguments.folder, [one.name for one in TRAINING], names)
    Console(width=140).print(table(arguments.folder, romlib.load(arguments.folder / arguments.rom).archive, everything,
                                   clusters_of(everything, BEST, 8, ends=True), names))
