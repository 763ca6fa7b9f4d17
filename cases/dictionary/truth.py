"""Which cluster a held-out case is of in truth: that of the training run whose full-order displacements are nearest."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
from hot_spots import spots

from romlib.clusters.dissimilarity import of_cases
from romlib.offline.collect import displacement_grams
from romlib.offline.training import TrainingSet
from romlib.parallel.comm import serial
from romlib.parallel.pieces import Pieces
from romlib.snapshots import Snapshots
from romlib.snapshots.prepared import PreparedSnapshots


def energy_gram(paths: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    """Inner products of all displacements of some files in the elastic energy of the virgin state; the file of each."""
    with ExitStack() as stack:
        files = [stack.enter_context(Snapshots(path)) for path in paths]
        training = TrainingSet([PreparedSnapshots.of(file) for file in files])
        found = displacement_grams(training, Pieces(serial(), training.n_piece), ("energy",))
        return found["energy"], training.run_of


def true_clusters(folder: Path, kind: str, labels: dict[str, int], spread: float) -> dict[str, int]:
    """By name of each case of a kind. labels : by name, of the training runs."""
    trained, asked = list(labels), [one.name for one in spots(kind, spread)]
    gram, runs = energy_gram([folder / f"{name}.vtkhdf" for name in [*trained, *asked]])
    distances = of_cases(gram, runs, "grassmann")[len(trained):, :len(trained)]
    return {name: labels[trained[int(row.argmin())]] for name, row in zip(asked, distances)}
