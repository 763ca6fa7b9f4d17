"""Which of several local bases a step is solved in, and what becomes of the displacement where the basis changes.

A displacement is coefficients of "all fields", the modes of all clusters and the liftings, as
`romlib.archive.switching.Switching` has them; those of one cluster and the liftings are not zero. Angles are those of
the elastic energy, from products that training has made: no cost depends on the mesh.

After T. Daniel, F. Casenave, N. Akkari, A. Ketata, D. Ryckelynck, JCP 2022, arXiv 2103.13683, whose step is solved in
the basis of the nearest medoid.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from romlib.archive.switching import Switching

HYSTERESIS = 0.1  # another cluster's nearest snapshot has to be nearer by this part of the sine
_AT_REST = 1e-9  # of the largest training snapshot's norm: a displacement without direction
_ROUNDING = 1e-14  # of sine^2


@dataclass(frozen=True, eq=False)
class Where:
    """A displacement: the cluster whose modes it is made of. gamma : (n_mode,) of them. lifting : (n_lift,).

    missing : a cluster, and coordinates in its modes to be added: what the basis lacks.
    """

    cluster: int
    gamma: np.ndarray
    lifting: np.ndarray
    missing: tuple[int, np.ndarray] | None = None


class Switcher:
    """Nearest clusters and projections between them.

    fallback : the cluster whose basis is made of all snapshots, or None. rest : a norm below which a displacement has
    no direction.

    Parameters
    ----------
    switching : products of all fields. n_modes : of each cluster, in order.
    """

    def __init__(self, switching: Switching, n_modes: list[int]) -> None:
        self.n_cluster, self.fallback = len(n_modes), switching.fallback
        self.labels, sizes = switching.labels, switching.sizes
        self._inverse_sizes = np.divide(1.0, sizes, out=np.zeros(len(sizes)), where=sizes > 0.0)
        self._energy, self._products = switching.energy, switching.products
        first = np.concatenate([[0], np.cumsum(n_modes)])
        self._modes = [slice(a, b) for a, b in pairwise(first.tolist())]
        self._liftings = slice(int(first[-1]), len(switching.energy))
        self.rest = _AT_REST * float(sizes.max(initial=0.0))
        self._projections: dict[tuple[int, int], np.ndarray] = {}
        self._flexibilities: dict[int, np.ndarray] = {}

    @property
    def local(self) -> list[int]:
        """The clusters that are not the fallback."""
        return [cluster for cluster in range(self.n_cluster) if cluster != self.fallback]

    def norm(self, where: Where) -> float:
        """|u| in the elastic energy."""
        parts = self._parts(where)
        square = 0.0
        for k, (rows, x) in enumerate(parts):
            for columns, y in parts[:k]:
                square += 2.0 * x.dot(self._energy[rows, columns].dot(y))
            square += x.dot(self._energy[rows, rows].dot(x))
        return float(np.sqrt(max(square, 0.0)))

    def _parts(self, where: Where) -> list[tuple[slice, np.ndarray]]:
        """The coefficients of all fields that are not zero, and where they are."""
        parts = [(self._modes[where.cluster], where.gamma)]
        if where.lifting.size:
            parts.append((self._liftings, where.lifting))
        if where.missing is not None:
            parts.append((self._modes[where.missing[0]], where.missing[1]))
        return parts

    def at_rest(self, where: Where) -> bool:
        """Whether a displacement is so small that it has no direction."""
        return not self.norm(where) > self.rest

    def sines(self, where: Where) -> np.ndarray:
        """Sine of the angle to each training snapshot, (n_snapshot,); 1 to one that does not strain the structure."""
        norm = self.norm(where)
        if norm == 0.0:
            return np.ones(len(self.labels))
        cosines = sum(x.dot(self._products[rows]) for rows, x in self._parts(where)) * self._inverse_sizes / norm
        return np.sqrt(np.maximum(1.0 - cosines * cosines, _ROUNDING))

    def nearest(self, where: Where, hysteresis: float = HYSTERESIS) -> int:
        """The cluster of the nearest snapshot; the present one unless another's is nearer by the hysteresis."""
        sines = self.sines(where)
        best = int(sines.argmin())
        if self.labels[best] == where.cluster:
            return where.cluster
        here = sines[self.labels == where.cluster].min(initial=np.inf)
        return int(self.labels[best]) if sines[best] < (1.0 - hysteresis) * here else where.cluster

    def projected(self, where: Where, cluster: int) -> np.ndarray:
        """Coordinates in another cluster of the displacement's nearest in the energy, (n_mode,); liftings stay."""
        key = (cluster, where.cluster)
        if key not in self._projections:
            new, old = self._modes[cluster], self._modes[where.cluster]
            self._projections[key] = np.linalg.lstsq(self._energy[new, new], self._energy[new, old], rcond=None)[0]
        return self._projections[key] @ where.gamma

    def answer(self, cluster: int, residual: np.ndarray) -> tuple[np.ndarray, float]:
        """What the virgin structure answers to a force (n_mode,) in a basis, and the energy of it, twice."""
        if cluster not in self._flexibilities:
            modes = self._modes[cluster]
            self._flexibilities[cluster] = np.linalg.pinv(self._energy[modes, modes], hermitian=True)
        found = self._flexibilities[cluster] @ residual
        return found, float(found @ residual)

    def jump(self, where: Where, other: Where) -> float:
        """|u_other - u| / |u| in the energy; zero at rest."""
        if self.at_rest(where):
            return 0.0
        difference = np.zeros(len(self._energy))
        for sign, one in ((1.0, other), (-1.0, where)):
            difference[self._modes[one.cluster]] += sign * one.gamma
            difference[self._liftings] += sign * one.lifting
        return float(np.sqrt(max(difference @ self._energy @ difference, 0.0))) / self.norm(where)
