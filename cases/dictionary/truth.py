"""Which cluster a held-out case is of in truth: that of the training run whose full-order displacements are nearest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hot_spots import spots

from romlib.clusters.dissimilarity import of_cases
from romlib.fem.piece import Piece
from romlib.snapshots import Snapshots


def energy_gram(paths: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    """Inner products of all displacements of some files in the elastic energy of the virgin state; the file of each."""
    total: np.ndarray | None = None
    files = [Snapshots(path) for path in paths]
    try:
        for number in range(files[0].n_piece):
            piece = Piece(files[0].mesh(number), files[0].model)
            roots = np.linalg.cholesky(piece.virgin_tangent()).transpose(0, 2, 1)
            scaled = np.sqrt(piece.operator.positive_weights)[:, None, None] * roots
            fields = np.concatenate([np.einsum("pab,tpb->tpa", scaled, piece.operator.strain(
                file.read("displacement", number))).reshape(file.n_step, -1) for file in files])
            total = fields @ fields.T + (0.0 if total is None else total)
        return np.asarray(total), np.repeat(np.arange(len(files)), [file.n_step for file in files])
    finally:
        for file in files:
            file.close()


def true_clusters(folder: Path, kind: str, labels: dict[str, int], spread: float) -> dict[str, int]:
    """By name of each case of a kind. labels : by name, of the training runs."""
    trained, asked = list(labels), [one.name for one in spots(kind, spread)]
    gram, runs = energy_gram([folder / f"{name}.vtkhdf" for name in [*trained, *asked]])
    distances = of_cases(gram, runs, "grassmann")[len(trained):, :len(trained)]
    return {name: labels[trained[int(row.argmin())]] for name, row in zip(asked, distances)}
