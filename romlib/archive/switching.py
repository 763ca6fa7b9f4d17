"""What a ROM with several local bases chooses the basis of a step by. Data only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from romlib.errors import FileFormatError

_ROUNDING = 1e-8  # relative, of products that were summed in another order


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
    It is the last of `Rom.clusters`.
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

    @property
    def n_local(self) -> int:
        """Number of local bases."""
        return len(self.medoids)

    def validate(self, n_modes: Sequence[int], n_lift: int, file: str | None = None) -> None:
        """Check it against the bases of its ROM, with n_modes modes each, and against itself.

        Raises
        ------
        FileFormatError : the first that does not fit, with what was expected and found.
        """
        n_cluster, n_snapshot = len(n_modes), len(self.sizes)
        n_all = sum(n_modes) + n_lift
        expected = {"runs": (n_snapshot,), "times": (n_snapshot,), "labels": (n_snapshot,), "sizes": (n_snapshot,),
                    "energy": (n_all, n_all), "products": (n_all, n_snapshot)}
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise _wrong("an array of the ROM has the wrong shape", file, name, shape, getattr(self, name).shape)
        n_local = n_cluster if self.fallback is None else self.fallback
        if self.n_local != n_local or n_local < 1 or n_cluster - n_local not in (0, 1):
            raise _wrong("the ROM has other clusters than its snapshots", file, "medoids",
                         "a snapshot for each of the local bases; the global one, where there is one, is the last",
                         f"{self.n_local} of {n_cluster} bases, fallback {self.fallback}")
        self._validate_clusters(file)
        self._validate_energy(n_modes, file)

    def _validate_clusters(self, file: str | None) -> None:
        """Every number is one of a run, a snapshot, a local basis; each medoid is a snapshot of its own cluster."""
        numbers = {"labels": (self.labels, self.n_local), "medoids": (self.medoids, len(self.sizes)),
                   "runs": (self.runs, len(self.run_names))}
        for name, (values, high) in numbers.items():
            if not ((values >= 0) & (values < high)).all():
                raise _wrong("a number of the ROM is beyond its range", file, name, f"0 to {high - 1}",
                             f"{values.min()} to {values.max()}")
        own = self.labels[self.medoids]
        if not np.array_equal(own, np.arange(self.n_local)):
            raise _wrong("the snapshot in the middle of a cluster belongs to another", file, "medoids",
                         "snapshots of clusters 0, 1, ...", ", ".join(map(str, own[:20].tolist())))

    def _validate_energy(self, n_modes: Sequence[int], file: str | None) -> None:
        """Energies are a positive product: symmetric, and within the bounds of Cauchy and Schwarz."""
        energy, squares = self.energy, np.diag(self.energy)
        n_mode = sum(n_modes)
        if not (np.isfinite(energy).all() and (squares[:n_mode] > 0.0).all() and (squares >= 0.0).all()):
            raise _wrong("a field of the ROM has no elastic energy", file, "energy", "a positive diagonal",
                         f"{squares.min():.3g}")
        lengths = np.sqrt(squares)
        scaled = energy / np.maximum(np.outer(lengths, lengths), np.finfo(float).tiny)
        if np.abs(scaled - scaled.T).max(initial=0.0) > _ROUNDING:
            raise _wrong("the energies of the ROM's fields are not symmetric", file, "energy", "a symmetric matrix",
                         f"a difference of {np.abs(scaled - scaled.T).max():.1e}")
        lowest = float(np.linalg.eigvalsh(scaled)[0]) if len(scaled) else 0.0
        blocks = np.split(np.arange(n_mode), np.cumsum(n_modes)[:-1])
        if lowest < -_ROUNDING * len(scaled) or any(
                np.linalg.eigvalsh(scaled[np.ix_(block, block)])[0] <= 0.0 for block in blocks if len(block)):
            raise _wrong("the energies of the ROM's fields are not positive", file, "energy",
                         "a positive matrix, of each cluster a definite one", f"lowest eigenvalue {lowest:.3g}")
        bound = lengths[:, None] * self.sizes[None, :]
        if not (np.isfinite(self.products).all() and (self.sizes >= 0.0).all()
                and (np.abs(self.products) <= bound * (1.0 + _ROUNDING) + _ROUNDING * bound.max(initial=0.0)).all()):
            raise _wrong("products of the ROM's fields with its snapshots are larger than both together", file,
                         "products", "at most the product of their sizes", "more, or no number")


def _wrong(what: str, file: str | None, name: str, expected: object, found: object) -> FileFormatError:
    return FileFormatError(what, file=file, place=f"switching/{name}", expected=expected, found=found)
