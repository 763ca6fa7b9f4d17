"""The cubature of one basis: the stresses that train it, its points and weights, and the exact forces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from romlib.errors import InputError
from romlib.offline.collect import Collection
from romlib.offline.cubature import FINER, compression
from romlib.offline.displacement import DisplacementBasis
from romlib.offline.dual import DualHistory
from romlib.offline.energy import energy_scaling
from romlib.offline.pod import Pod, pod
from romlib.offline.rows import Rows
from romlib.offline.selection import (
    Candidates,
    PieceIntegrands,
    Selection,
    Wanted,
    in_words,
    local_candidates,
    select_over_pieces,
)
from romlib.offline.sketch import LARGE, most_points, sketched
from romlib.offline.training import blocks, combine, gram
from romlib.parallel.pieces import Pieces

_USUAL = 10  # points for each strain mode

# The integrals b count down to this part of the stresses' own size; see `Reference`.
_CANCELLED = 0.1


@dataclass(frozen=True)
class Reference:
    """What errors of the cubature are relative to.

    Stress in equilibrium with itself (heat, what is left after unloading) does no work on the modes: b = 0, and an
    error relative to it says nothing. What stays is the energy norm of the stresses, a = sqrt(sum_m integral of
    sigma_m : C_0^-1 : sigma_m): by Cauchy and Schwarz no generalised force on a mode of unit elastic energy is larger,
    and all of them together are a where the stress is C_0 : eps(u). So the error is relative to ||b||, until 90 % of a
    cancel in it, and beyond that to a tenth of a.

    scaling : (n_mode + n_lift, n_mode + n_lift), S of `energy_scaling`, in whose modes everything here is measured.
    work : ||b|| over the training set. stress : a, over the same.
    """

    scaling: np.ndarray
    work: float
    stress: float

    @property
    def size(self) -> float:
        """max(||b||, a / 10)."""
        return self.of(self.work)

    def of(self, work: float) -> float:
        """The same with the ||b|| of some of the stresses."""
        return max(work, _CANCELLED * self.stress)

    def in_words(self) -> str:
        """What follows an error, where it is not relative to ||b||."""
        if self.work == self.size:
            return ""
        return (f" of a tenth of the stresses' energy norm, of which {self.work / self.stress:.1e} does work on the "
                "modes: they are in equilibrium with themselves")


class CubatureStress:
    """The stresses that train the cubature of a basis: those of its snapshots, and those that were added.

    Parameters
    ----------
    rows : the snapshots of the basis. number : of the reduction; the scratch file of the rank has its arrays under it.
    """

    def __init__(self, history: DualHistory, rows: Rows, number: int) -> None:
        self._history, self._rows, self._number = history, rows, number

    def forget(self) -> None:
        """Remove the arrays: what was selected is all that stays of them."""
        self._history.scratch.forget(lambda name: name.startswith(f"{self._number}/") and "/cubature/" in name)

    def add(self, piece: int, stress: np.ndarray) -> None:
        """Stresses (n, n_ip, 6) besides the snapshots'."""
        self._history.scratch.append(self._name(piece, "stress"), stress)

    def pod(self, collection: Collection) -> Pod:
        """Stress modes, cut finer than the cubature's tolerance; combinations of all snapshots and of what was added.

        Collective.
        """
        n_added = self._n_added(collection.pieces.mine[0])
        total = collection.pieces.sum(partial(self._gram, collection)) if n_added else collection.dual.grams["stress"]
        rows = self._rows.and_more(n_added)
        modes = pod(rows.gram(total), tolerance=collection.options.cubature_tolerance * FINER, field="stress")
        return replace(modes, combination=rows.spread(modes.combination))

    def project(self, collection: Collection, modes: Pod) -> None:
        """Keep the stress modes times their singular values, piece by piece. Collective."""
        scaled = modes.combination * modes.singular_values

        def of_piece(piece: int) -> None:
            n_ip = collection.training.piece(piece).operator.n_ip
            self._history.scratch.append(self._name(piece, "modes"), combine(partial(self._read, piece), scaled,
                                                                             n_ip * 48))
        collection.pieces.each(of_piece)

    def modes(self, piece: int) -> np.ndarray:
        """What `project` has kept, (n_stress, n_ip, 6)."""
        return self._history.scratch.read(self._name(piece, "modes"), slice(None))

    def keep_gram(self, piece: int, integrands: PieceIntegrands) -> None:
        """Keep the Gram matrix of the integrands of a piece."""
        self._history.scratch.append(self._name(piece, "gram"), integrands.gram()[None])

    def columns(self, pieces: Pieces, tolerance: float) -> np.ndarray:
        """V of the compression, from these matrices, of which only the sum and one are in memory at a time."""
        total: list[np.ndarray] = []

        def add(piece: int, gram_of_piece: np.ndarray) -> None:
            total[:] = [total[0] + gram_of_piece] if total else [gram_of_piece]

        pieces.stream(lambda piece: self._history.scratch.read(self._name(piece, "gram"), slice(0, 1))[0], add)
        return pieces.comm.on_root(lambda: compression(total[0], tolerance))

    def _gram(self, collection: Collection, piece: int) -> np.ndarray:
        operator = collection.training.piece(piece).operator
        positive = operator.positive_weights[None, :, None]
        n = collection.training.n_snapshot + self._n_added(piece)
        return gram(partial(self._read, piece), lambda f: f * positive, n, operator.n_ip * 48)

    def _read(self, piece: int, rows: slice) -> np.ndarray:
        """(n, n_ip, 6): of all snapshots, then what was added."""
        n = self._history.training.n_snapshot
        start, stop, _ = rows.indices(n + self._n_added(piece))
        parts = []
        if start < n:
            parts.append(self._history.read("stress", piece, slice(start, min(stop, n))))
        if stop > n:
            parts.append(self._history.scratch.read(self._name(piece, "stress"), slice(max(start - n, 0), stop - n)))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _n_added(self, piece: int) -> int:
        return self._history.scratch.length(self._name(piece, "stress"))

    def _name(self, piece: int, what: str) -> str:
        return f"{self._number}/{piece}/cubature/{what}"


def select_points(
    collection: Collection, basis: DisplacementBasis, stiffness: np.ndarray, stresses: CubatureStress,
    wanted: Wanted | None = None,
) -> tuple[Selection, Reference]:
    """The points and weights of the cubature, and what their error is relative to. Collective.

    stiffness : as of `romlib.offline.energy.elastic_stiffness`. wanted : by default as many points as the options ask
    for.
    """
    training, pieces, options = collection.training, collection.pieces, collection.options
    wanted = wanted or Wanted(options.cubature_points)
    tolerance, scaling = options.cubature_tolerance, energy_scaling(stiffness, basis.n_mode)

    def integrands(piece: int) -> PieceIntegrands:
        operator = training.piece(piece).operator
        strains = np.tensordot(scaling, basis.strains(training, piece), axes=1)
        return PieceIntegrands(stresses.modes(piece), strains, operator.weights, operator.positive_weights)

    def integrals(piece: int) -> dict[str, np.ndarray]:
        here = integrands(piece)
        if here.n_integrand <= LARGE:
            stresses.keep_gram(piece, here)
        return {"target": here.integral(),
                "energy": np.array([_energy(here.stress, here.positive, training.piece(piece).virgin_tangent())])}

    totals = pieces.sums(integrals)
    n_integrand = len(totals["target"])
    columns = None if n_integrand > LARGE else stresses.columns(pieces, tolerance * FINER)
    work = totals["target"] if columns is None else totals["target"] @ columns
    reference = Reference(scaling, float(np.linalg.norm(work)), float(np.sqrt(totals["energy"][0])))
    if reference.size == 0.0:
        raise InputError("the stresses of the training snapshots are zero: nothing to integrate",
                         remedy="train with snapshots that carry stress")

    problem = _Problem(collection, integrands, totals["target"], reference.size, wanted)
    selection = _select(problem, columns) if columns is not None else _sketched(problem, len(scaling))
    return selection, reference


@dataclass(frozen=True, eq=False)
class _Problem:
    """integrands : of a piece. target : (n_integrand,), integrals over the model. scale : that errors are relative to.
    """

    collection: Collection
    integrands: Callable[[int], PieceIntegrands]
    target: np.ndarray
    scale: float
    wanted: Wanted


def _sketched(problem: _Problem, n_strain: int) -> Selection:
    """Points and weights by random combinations of the integrands, with the error of all of them. Collective."""
    def choose(columns: np.ndarray) -> tuple[Selection, int]:
        few = problem.wanted.at_most(most_points(columns))
        found = _select(replace(problem, wanted=few), columns, combined=True)
        return replace(found, n_combined=columns.shape[1]), len(found.weights)

    found = sketched(choose, len(problem.target), _USUAL * n_strain)
    sums = problem.collection.pieces.sum(lambda piece: problem.integrands(piece).summed(*found.on(piece)))
    return replace(found, error=float(np.linalg.norm(sums - problem.target)) / problem.scale)


def _select(problem: _Problem, columns: np.ndarray, combined: bool = False) -> Selection:
    """Points and weights for combinations of the integrands. Collective.

    columns : (n_integrand, n). combined : random ones.
    """
    collection, integrands, wanted, scale = problem.collection, problem.integrands, problem.wanted, problem.scale
    pieces, target, tell = collection.pieces, problem.target @ columns, collection.stages.tell
    tolerance = collection.options.cubature_tolerance

    def candidates(piece: int) -> Candidates:
        here = integrands(piece)
        rows = here.compressed(columns)
        if pieces.n == 1:  # needs no first selection; with several the local errors add up
            return Candidates(np.arange(len(rows)), rows)
        return local_candidates(piece, rows, here.signed, tolerance / pieces.n, scale, wanted,
                                in_words(tell, f"cubature of piece {piece + 1} of {pieces.n}", tolerance / pieces.n))

    return select_over_pieces(
        pieces.each(candidates), target, collection.dual.volume, tolerance, pieces, scale=scale, wanted=wanted,
        combined=combined, progress=in_words(tell, "cubature", tolerance))


def stress_energy(collection: Collection, rows: Rows) -> float:
    """The energy norm of the stresses of some snapshots, as of `Reference`. Collective."""
    training, history = collection.training, collection.history

    def of_piece(piece: int) -> np.ndarray:
        operators, total = training.piece(piece), 0.0
        for part in blocks(training.n_snapshot, operators.operator.n_ip * 48):
            scale = np.sqrt(rows.weights[part])[:, None, None]
            total += _energy(scale * history.read("stress", piece, part), operators.operator.positive_weights,
                             operators.virgin_tangent())
        return np.array([total])

    return float(np.sqrt(collection.pieces.sum(of_piece)[0]))


def _energy(stresses: np.ndarray, positive: np.ndarray, tangent: np.ndarray) -> float:
    """sum_m integral of sigma_m : C_0^-1 : sigma_m over a piece.

    stresses : (n_stress, n_ip, 6). positive : (n_ip,), weights. tangent : (n_ip, 6, 6), C_0.
    """
    total = 0.0
    for rows in blocks(len(tangent), 48 * len(stresses)):
        stress = stresses[:, rows].transpose(1, 2, 0)
        stiffness = 0.5 * (tangent[rows] + tangent[rows].transpose(0, 2, 1))
        try:
            strain = np.linalg.solve(stiffness, stress)
        except np.linalg.LinAlgError:  # a law without stiffness in a direction
            strain = np.linalg.pinv(stiffness, hermitian=True) @ stress
        total += float(np.einsum("p,pcm,pcm->", positive[rows], stress, strain))
    return max(total, 0.0)


def generalised_forces(collection: Collection, basis: DisplacementBasis) -> np.ndarray:
    """(n_snapshot, n_mode + n_lift), sum_l w_l sigma_j : eps(Phi_k), with the solver's weights. Collective."""
    training = collection.training

    def of_piece(piece: int) -> np.ndarray:
        operator, strains = training.piece(piece).operator, basis.strains(training, piece)
        weighted = (strains * operator.weights[None, :, None]).reshape(len(strains), -1)
        return np.concatenate([
            collection.history.read("stress", piece, rows).reshape(-1, weighted.shape[1]) @ weighted.T
            for rows in blocks(training.n_snapshot, operator.n_ip * 48)])

    return collection.pieces.sum(of_piece)
