"""The integrands of the cubature, sigma_j : eps(Phi_k), and their selection over pieces.

Never a matrix of all points times all integrands: a piece's integrands are made from its stress modes and strain modes
in blocks of points, compressed to a few columns, and only locally selected rows are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from math import log

import numpy as np

from romlib.offline.cubature import Cubature, Progress, select
from romlib.offline.training import blocks
from romlib.parallel.pieces import Pieces
from romlib.progress import Pace, Remaining
from romlib.words import plural

PREFERENCE = 3.0  # of points that the ROM has already; ten gains nothing more


@dataclass(frozen=True)
class PieceIntegrands:
    """Stress modes times singular values (n_stress, n_ip, 6) and strain modes (n_strain, n_ip, 6) of a piece.

    signed : (n_ip,), the solver's weights, for the targets. positive : (n_ip,), for inner products and selection.
    """

    stress: np.ndarray
    strain: np.ndarray
    signed: np.ndarray
    positive: np.ndarray

    @property
    def n_integrand(self) -> int:
        """Number of integrands, stress mode by strain mode."""
        return len(self.stress) * len(self.strain)

    def values(self, rows: slice) -> np.ndarray:
        """(n_row, n_integrand) at a range of points."""
        stress = self.stress[:, rows].transpose(1, 0, 2)
        strain = self.strain[:, rows].transpose(1, 2, 0)
        return (stress @ strain).reshape(stress.shape[0], -1)

    def gram(self) -> np.ndarray:
        """G^T W G with the positive weights, (n_integrand, n_integrand)."""
        result = np.zeros((self.n_integrand, self.n_integrand))
        for rows in blocks(len(self.signed), self.n_integrand * 8):
            values = self.values(rows) * np.sqrt(self.positive[rows])[:, None]
            result += values.T @ values
        return result

    def integral(self) -> np.ndarray:
        """G^T w with the solver's signed weights, (n_integrand,)."""
        weighted = (self.stress * self.signed[None, :, None]).reshape(len(self.stress), -1)
        return (weighted @ self.strain.reshape(len(self.strain), -1).T).ravel()

    def summed(self, ips: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """sum of weights x values at some of the points, (n_integrand,); ips, weights : (n,)."""
        weighted = (self.stress[:, ips] * weights[None, :, None]).reshape(len(self.stress), -1)
        return (weighted @ self.strain[:, ips].reshape(len(self.strain), -1).T).ravel()

    def compressed(self, compression: np.ndarray) -> np.ndarray:
        """G V, (n_ip, rank)."""
        result = np.empty((len(self.signed), compression.shape[1]))
        for rows in blocks(len(self.signed), self.n_integrand * 8):
            result[rows] = self.values(rows) @ compression
        return result


@dataclass(frozen=True)
class Candidates:
    """What a piece keeps: positions ips (n,) of its points, their compressed integrands (n, rank)."""

    ips: np.ndarray
    rows: np.ndarray


def union(candidates: Mapping[int, Candidates]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Candidates of all pieces, in piece order, as one list: pieces (n,), ips (n,), rows (n, rank)."""
    kept = candidates.values()
    numbers = np.concatenate([np.full(len(one.ips), piece) for piece, one in candidates.items()])
    return numbers, np.concatenate([one.ips for one in kept]), np.concatenate([one.rows for one in kept])


@dataclass(frozen=True)
class Selection:
    """The selected points over the whole mesh: pieces (n,), ips (n,), weights (n,); and how well they integrate.

    n_combined : of the random combinations that they were chosen by; zero: by the compressed integrands themselves.
    """

    pieces: np.ndarray
    ips: np.ndarray
    weights: np.ndarray
    error: float
    n_candidate: int
    n_combined: int = 0

    @classmethod
    def none(cls) -> Selection:
        """No point."""
        return cls(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0), 0.0, 0)

    def on(self, piece: int) -> tuple[np.ndarray, np.ndarray]:
        """Points and weights on a piece, (n,)."""
        here = self.pieces == piece
        return self.ips[here], self.weights[here]


@dataclass(frozen=True, eq=False)
class Wanted:
    """What a selection should have besides its tolerance.

    n_max, n_min : of points, see `romlib.offline.cubature.select`. pieces, ips : (n,), points that the ROM has already,
    and that are preferred.
    """

    n_max: int | None = None
    n_min: int = 0
    pieces: np.ndarray = dataclass_field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    ips: np.ndarray = dataclass_field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def at_most(self, n: int | None) -> Wanted:
        """The same with at most n points; None: as many as before."""
        return self if n is None else replace(self, n_max=n if self.n_max is None else min(self.n_max, n))

    def favour(self, pieces: np.ndarray, ips: np.ndarray) -> np.ndarray | None:
        """What `select` multiplies the promise of these points (n,) by; None where none is preferred."""
        if not len(self.pieces):
            return None
        n = 1 + max(int(self.ips.max()), int(ips.max(initial=0)))
        return np.where(np.isin(pieces * n + ips, self.pieces * n + self.ips), PREFERENCE, 1.0)


def local_candidates(
    piece: int, rows: np.ndarray, signed: np.ndarray, tolerance: float, scale: float, wanted: Wanted | None = None,
    progress: Progress | None = None,
) -> Candidates:
    """Points of a piece that integrate the piece's part of the targets to tolerance x scale.

    rows : (n_ip, rank); signed : (n_ip,); scale : what errors over the whole model are relative to. wanted : of the
    whole selection; a piece may have to give all of its points.
    """
    wanted, ips = wanted or Wanted(), np.arange(len(rows))
    cubature = select(rows, rows.T @ signed, float(signed.sum()), tolerance, scale=scale, n_min=wanted.n_min,
                      favour=wanted.favour(np.full(len(rows), piece), ips), progress=progress)
    return Candidates(cubature.points, rows[cubature.points])


def select_over_pieces(
    candidates: dict[int, Candidates], target: np.ndarray, volume: float, tolerance: float, pieces: Pieces, *,
    scale: float | None = None, wanted: Wanted | None = None, combined: bool = False,
    progress: Progress | None = None,
) -> Selection:
    """Select among the union of the pieces' candidates against the exact global integrals.

    The same on every rank: the candidates are put in piece order and rank 0 selects. scale, combined, progress : see
    `romlib.offline.cubature.select`.
    """
    gathered, asked = pieces.gather(candidates), wanted or Wanted()

    def choose() -> Selection:
        assert gathered is not None
        numbers, ips, rows = union(gathered)
        cubature: Cubature = select(
            rows, target, volume, tolerance, scale=scale, n_max=asked.n_max, n_min=asked.n_min,
            favour=asked.favour(numbers, ips), combined=combined, progress=progress)
        chosen = cubature.points
        return Selection(numbers[chosen], ips[chosen], cubature.weights, cubature.error, len(rows))

    return pieces.comm.on_root(choose)


def in_words(say: Callable[[str], None] | None, what: str, tolerance: float) -> Progress | None:
    """A progress function that says a sentence now and then, beginning after a few seconds: points, error, time left.

    The logarithm of the error falls about evenly with the rounds.
    """
    if say is None:
        return None
    pace, remaining = Pace(), Remaining()

    def progress(n_point: int, error: float) -> None:
        rest = remaining.in_words(log(error / tolerance) if error > tolerance else 0.0)
        if pace.due():
            say(f"{what}: {plural(n_point, 'point')} so far, error {error:.1e} of {tolerance:.1e}"
                f"{', ' + rest if rest else ''}")

    return progress
