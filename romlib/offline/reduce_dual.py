"""POD of the dual fields, the integrands of the quadrature, and the exact generalised forces, over pieces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from romlib.errors import InputError
from romlib.offline.cubature import compression
from romlib.offline.displacement import DisplacementBasis
from romlib.offline.dual import DualHistory
from romlib.offline.energy import energy_scaling, virgin_tangent
from romlib.offline.gappy import interpolation_points
from romlib.offline.options import OfflineOptions
from romlib.offline.pod import Pod, pod
from romlib.offline.quadrature import (
    Candidates,
    PieceIntegrands,
    Selection,
    in_words,
    local_candidates,
    select_over_pieces,
)
from romlib.offline.training import TrainingSet, blocks, combine, gram
from romlib.parallel.pieces import Pieces

# Stress modes that the quadrature integrates, and columns that represent the integrands, are cut this much finer
# than its own tolerance; the error that is reported is measured on the snapshots themselves.
_FINER = 1e-2

# The integrals b count down to this part of the stresses' own size; see `Reference`.
_CANCELLED = 0.1


@dataclass(frozen=True)
class Reference:
    """What errors of the quadrature are relative to.

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


@dataclass(frozen=True)
class DualField:
    """POD of one dual field over the training snapshots.

    coordinates : (n_snapshot, n_dual) of the snapshots. norms : (n_snapshot,) in L2. volume : of the region that has
    the field.
    """

    name: str
    n_comp: int
    decomposition: Pod
    coordinates: np.ndarray
    norms: np.ndarray
    volume: float


@dataclass(frozen=True)
class DualStatistics:
    """Sums over the whole model that the dual bases and the quadrature need.

    grams : by field, (n_snapshot, n_snapshot); stress_gram : the same for all stresses that train the quadrature.
    forces : (n_snapshot, n_mode + n_lift), sum_l w_l sigma_j : eps(Phi_k), with the solver's weights.
    volumes : by field, of the region that has it. volume : of the model, sum of the solver's weights. n_ip : points.
    """

    grams: dict[str, np.ndarray]
    stress_gram: np.ndarray
    forces: np.ndarray
    volumes: dict[str, float]
    volume: float
    n_ip: int


def strain_modes(training: TrainingSet, basis: DisplacementBasis, piece: int) -> np.ndarray:
    """(n_mode + n_lift, n_ip, 6) on a piece."""
    operators = training.piece(piece)
    return operators.operator.strain(basis.fields(training, piece, operators.mesh.n_node))


def gather_statistics(
    training: TrainingSet, history: DualHistory, basis: DisplacementBasis, pieces: Pieces
) -> DualStatistics:
    """Gram matrices and generalised forces, summed over pieces."""
    def of_piece(piece: int) -> dict[str, np.ndarray]:
        operator, n, volumes, result = training.piece(piece).operator, training.n_snapshot, [], {}
        positive = operator.positive_weights[None, :, None]
        for field in history.fields:
            first = history.read(field, piece, slice(0, 1))[0]
            there = np.isfinite(first[:, 0])
            volumes.append(float(operator.positive_weights[there].sum()))
            result[field] = gram(
                partial(_read_where, history, field, piece, there), lambda f: f * positive, n, first.size * 8)
        n_all = n + history.n_extra(piece)
        result["all stress"] = result["stress"] if n_all == n else gram(
            partial(history.quadrature_stress, piece), lambda f: f * positive, n_all, operator.n_ip * 48)
        strains = strain_modes(training, basis, piece)
        weighted = (strains * operator.weights[None, :, None]).reshape(len(strains), -1)
        result["forces"] = np.concatenate([
            history.read("stress", piece, rows).reshape(-1, weighted.shape[1]) @ weighted.T
            for rows in blocks(n, operator.n_ip * 48)])
        return {**result, "sizes": np.array([operator.weights.sum(), operator.n_ip, *volumes])}

    total = pieces.sums(of_piece)
    volume, n_ip, *volumes = total["sizes"]
    return DualStatistics({field: total[field] for field in history.fields}, total["all stress"], total["forces"],
                          dict(zip(history.fields, volumes)), float(volume), int(n_ip))


def _read_where(history: DualHistory, field: str, piece: int, there: np.ndarray, rows: slice) -> np.ndarray:
    """A dual field with zeros instead of NaN where no material has it."""
    values = history.read(field, piece, rows)
    return values if there.all() else np.where(there[None, :, None], values, 0.0)


def reduce_field(statistics: DualStatistics, name: str, n_comp: int, tolerance: float) -> DualField:
    """POD of a dual field; one that is zero in all snapshots is an InputError."""
    decomposition = pod(statistics.grams[name], tolerance=tolerance, field=name)
    return DualField(
        name, n_comp, decomposition, statistics.grams[name] @ decomposition.combination,
        np.sqrt(np.maximum(np.diag(statistics.grams[name]), 0.0)), statistics.volumes[name])


def project_fields(
    training: TrainingSet, history: DualHistory, duals: list[DualField], stress: Pod, pieces: Pieces
) -> dict[str, dict[int, Candidates]]:
    """Modes of the dual fields and scaled stress modes of each piece, kept in the scratch file of the rank.

    Returns
    -------
    by field and piece, the Q-DEIM candidates: their points and modes there (n, n_dual n_comp).
    """
    def of_piece(piece: int) -> dict[str, Candidates]:
        operator, candidates = training.piece(piece).operator, {}
        scaled = stress.combination * stress.singular_values
        history.scratch.append(f"{piece}/quadrature", combine(
            partial(history.quadrature_stress, piece), scaled, operator.n_ip * 48))
        for dual in duals:
            modes = combine(partial(history.read, dual.name, piece), dual.decomposition.combination,
                            operator.n_ip * dual.n_comp * 8)
            history.scratch.append(f"{piece}/modes/{dual.name}", modes)
            there = np.flatnonzero(np.isfinite(modes[0, :, 0]))
            ips = there[interpolation_points(modes[:, there])]
            rows = modes[:, ips].transpose(1, 0, 2).reshape(len(ips), len(modes) * dual.n_comp)
            candidates[dual.name] = Candidates(ips, rows)
        return candidates

    own = pieces.each(of_piece)
    return {dual.name: {piece: one[dual.name] for piece, one in own.items()} for dual in duals}


def select_points(
    training: TrainingSet, history: DualHistory, basis: DisplacementBasis, stiffness: np.ndarray,
    statistics: DualStatistics, pieces: Pieces, options: OfflineOptions,
    progress: Callable[[str], None] | None = None,
) -> tuple[Selection, Reference]:
    """The points and weights of the reduced quadrature, and what their error is relative to.

    stiffness : as of `romlib.offline.energy.elastic_stiffness`. progress : called on rank 0 with a sentence, where the
    selection takes longer than seconds.
    """
    tolerance, scaling = options.cubature_tolerance, energy_scaling(stiffness, basis.n_mode)

    def integrands(piece: int) -> PieceIntegrands:
        operator = training.piece(piece).operator
        strains = np.tensordot(scaling, strain_modes(training, basis, piece), axes=1)
        return PieceIntegrands(history.scratch.read(f"{piece}/quadrature", slice(None)), strains, operator.weights,
                               operator.positive_weights)

    def integrals(piece: int) -> dict[str, np.ndarray]:
        here = integrands(piece)
        history.scratch.append(f"{piece}/gram", here.gram()[None])
        return {"target": here.integral(),
                "energy": np.array([_energy(here, virgin_tangent(training.piece(piece)))])}

    totals = pieces.sums(integrals)
    columns = _columns(history, pieces, tolerance * _FINER)
    target = totals["target"] @ columns
    reference = Reference(scaling, float(np.linalg.norm(target)), float(np.sqrt(totals["energy"][0])))
    if reference.size == 0.0:
        raise InputError("the stresses of the training snapshots are zero: nothing to integrate",
                         remedy="train with snapshots that carry stress")

    def candidates(piece: int) -> Candidates:
        here = integrands(piece)
        rows = here.compressed(columns)
        if pieces.n == 1:  # needs no first selection; with several the local errors add up
            return Candidates(np.arange(len(rows)), rows)
        return local_candidates(rows, here.signed, tolerance / pieces.n, reference.size,
                                in_words(progress, f"cubature of piece {piece}"))

    selection = select_over_pieces(
        pieces.each(candidates), target, statistics.volume, tolerance, pieces, scale=reference.size,
        n_max=options.cubature_points, progress=in_words(progress, "cubature"))
    return selection, reference


def _energy(integrands: PieceIntegrands, tangent: np.ndarray) -> float:
    """sum_m integral of sigma_m : C_0^-1 : sigma_m over a piece; tangent : (n_ip, 6, 6), C_0."""
    total = 0.0
    for rows in blocks(len(tangent), 48 * len(integrands.stress)):
        stress = integrands.stress[:, rows].transpose(1, 2, 0)
        stiffness = 0.5 * (tangent[rows] + tangent[rows].transpose(0, 2, 1))
        try:
            strain = np.linalg.solve(stiffness, stress)
        except np.linalg.LinAlgError:  # a law without stiffness in a direction
            strain = np.linalg.pinv(stiffness, hermitian=True) @ stress
        total += float(np.einsum("p,pcm,pcm->", integrands.positive[rows], stress, strain))
    return max(total, 0.0)


def _columns(history: DualHistory, pieces: Pieces, tolerance: float) -> np.ndarray:
    """V of the compression, from the pieces' Gram matrices, of which only the sum and one are in memory at a time."""
    total: list[np.ndarray] = []

    def add(piece: int, gram_of_piece: np.ndarray) -> None:
        total[:] = [total[0] + gram_of_piece] if total else [gram_of_piece]

    pieces.stream(lambda piece: history.scratch.read(f"{piece}/gram", slice(0, 1))[0], add)
    return pieces.comm.on_root(lambda: compression(total[0], tolerance))


def quadrature_pod(statistics: DualStatistics, tolerance: float) -> Pod:
    """Stress modes of the quadrature's training set, cut finer than the quadrature's tolerance."""
    return pod(statistics.stress_gram, tolerance=tolerance * _FINER, field="stress")
