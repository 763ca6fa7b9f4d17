"""What a ROM with several local bases chooses the basis of a step by. Data only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(eq=False)
class Switching:
    """Inner products in the elastic energy of the virgin state, (u, v) = integral of eps(u) : C_0 : eps(v).

    "All fields" are the displacement modes of the clusters, cluster after cluster in the order of `Rom.clusters`, then
    the liftings: n_all = sum of n_mode + n_lift.

    labels : (n_snapshot,), the cluster of each training snapshot; never that of the global basis.
    runs : (n_snapshot,), position in `run_names`. times : (n_snapshot,). medoids : (n_local,), the snapshot in the
    middle of each local cluster.
    energy : (n_all, n_all), of all fields with each other. products : (n_all, n_snapshot), with the training snapshots.
    sizes : (n_snapshot,), norms of the training snapshots; zero for one that does not strain the structure.
    fallback : the cluster whose basis is made of all snapshots, for steps that no local basis can take; None without.
    """

    run_names: tuple[str, ...]
    runs: np.ndarray
    times: np.ndarray
    labels: np.ndarray
    medoids: np.ndarray
    energy: np.ndarray
    products: np.ndarray
    sizes: np.ndarray
    fallback: int | None = None
