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
from romlib.offline.energy import energy_scaling
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
from romlib.parallel.comm import Comm

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
    training: TrainingSet, history: DualHistory, basis: DisplacementBasis, pieces: range, comm: Comm
) -> DualStatistics:
    """Gram matrices and generalised forces, summed over pieces."""
    n = training.n_snapshot
    grams: dict[str, dict[int, np.ndarray]] = {field: {} for field in (*history.fields, "all stress")}
    forces, sizes = {}, {}
    with comm.agreement():
        for piece in pieces:
            operator = training.piece(piece).operator
            positive = operator.positive_weights[None, :, None]
            volumes = []
            for field in history.fields:
                first = history.read(field, piece, slice(0, 1))[0]
                there = np.isfinite(first[:, 0])
                volumes.append(float(operator.positive_weights[there].sum()))
                grams[field][piece] = gram(
                    partial(_read_where, history, field, piece, there), lambda f: f * positive,  # noqa: B023
                    n, first.size * 8)
            n_all = n + history.n_extra(piece)
            grams["all stress"][piece] = grams["stress"][piece] if n_all == n else gram(
                lambda rows: history.quadrature_stress(piece, rows), lambda f: f * positive,  # noqa: B023
                n_all, operator.n_ip * 48)
            strains = strain_modes(training, basis, piece)
            weighted = (strains * operator.weights[None, :, None]).reshape(len(strains), -1)
            forces[piece] = np.concatenate([
                history.read("stress", piece, rows).reshape(-1, weighted.shape[1]) @ weighted.T
                for rows in blocks(n, operator.n_ip * 48)])
            sizes[piece] = np.array([operator.weights.sum(), operator.n_ip, *volumes])
    total = comm.sum_pieces(sizes)
    return DualStatistics(
        {field: comm.sum_pieces(grams[field]) for field in history.fields}, comm.sum_pieces(grams["all stress"]),
        comm.sum_pieces(forces), dict(zip(history.fields, total[2:])), float(total[0]), int(total[1]))


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
    training: TrainingSet, history: DualHistory, duals: list[DualField], stress: Pod, pieces: range, comm: Comm
) -> dict[str, dict[int, Candidates]]:
    """Modes of the dual fields and scaled stress modes of each piece, kept in the scratch file of the rank.

    Returns
    -------
    by field and piece, the Q-DEIM candidates: their points and modes there (n, n_dual n_comp).
    """
    candidates: dict[str, dict[int, Candidates]] = {dual.name: {} for dual in duals}
    with comm.agreement():
        for piece in pieces:
            operator = training.piece(piece).operator
            scaled = stress.combination * stress.singular_values
            history.scratch.append(f"{piece}/quadrature", combine(
                lambda rows: history.quadrature_stress(piece, rows), scaled, operator.n_ip * 48))  # noqa: B023
            for dual in duals:
                modes = combine(lambda rows: history.read(dual.name, piece, rows),  # noqa: B023
                                dual.decomposition.combination, operator.n_ip * dual.n_comp * 8)
                history.scratch.append(f"{piece}/modes/{dual.name}", modes)
                there = np.flatnonzero(np.isfinite(modes[0, :, 0]))
                ips = there[interpolation_points(modes[:, there])]
                rows = modes[:, ips].transpose(1, 0, 2).reshape(len(ips), len(modes) * dual.n_comp)
                candidates[dual.name][piece] = Candidates(ips, rows)
    return candidates


def select_points(
    training: TrainingSet, history: DualHistory, basis: DisplacementBasis, stiffness: np.ndarray,
    statistics: DualStatistics, pieces: range, options: OfflineOptions, comm: Comm,
    progress: Callable[[str], None] | None = None,
) -> tuple[Selection, Reference]:
    """The points and weights of the reduced quadrature, and what their error is relative to.

    stiffness : as of `romlib.offline.energy.elastic_stiffness`. progress : called on rank 0 with a sentence, where the
    selection takes longer than seconds.
    """
    targets, energies, tolerance = {}, {}, options.cubature_tolerance
    scaling = energy_scaling(stiffness, basis.n_mode)

    def integrands(piece: int) -> PieceIntegrands:
        operator = training.piece(piece).operator
        strains = np.tensordot(scaling, strain_modes(training, basis, piece), axes=1)
        return PieceIntegrands(history.scratch.read(f"{piece}/quadrature", slice(None)), strains, operator.weights,
                               operator.positive_weights)

    with comm.agreement():
        for piece in pieces:
            here = integrands(piece)
            history.scratch.append(f"{piece}/gram", here.gram()[None])
            targets[piece] = here.integral()
            energies[piece] = np.array([_energy(here, training.piece(piece).virgin_tangent())])
    columns = _columns(history, pieces, tolerance * _FINER, comm)
    target = comm.sum_pieces(targets) @ columns
    reference = Reference(scaling, float(np.linalg.norm(target)), float(np.sqrt(comm.sum_pieces(energies)[0])))
    if reference.size == 0.0:
        raise InputError("the stresses of the training snapshots are zero: nothing to integrate",
                         remedy="train with snapshots that carry stress")
    kept = {}
    with comm.agreement():
        for piece in pieces:
            here = integrands(piece)
            rows = here.compressed(columns)
            # One piece needs no first selection; with several the local errors add up.
            kept[piece] = Candidates(np.arange(len(rows)), rows) if training.n_piece == 1 else local_candidates(
                rows, here.signed, tolerance / training.n_piece, reference.size,
                in_words(progress, f"cubature of piece {piece}"))
    selection = select_over_pieces(
        kept, target, statistics.volume, tolerance, comm, scale=reference.size, n_max=options.cubature_points,
        progress=in_words(progress, "cubature"))
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


def _columns(history: DualHistory, pieces: range, tolerance: float, comm: Comm) -> np.ndarray:
    """V of the compression, from the pieces' Gram matrices, of which only the sum and one are in memory at a time."""
    total: list[np.ndarray] = []

    def add(piece: int, gram_of_piece: np.ndarray) -> None:
        total[:] = [total[0] + gram_of_piece] if total else [gram_of_piece]

    comm.stream_pieces(pieces, lambda piece: history.scratch.read(f"{piece}/gram", slice(0, 1))[0], add)
    return comm.on_root(lambda: compression(total[0], tolerance))


def quadrature_pod(statistics: DualStatistics, tolerance: float) -> Pod:
    """Stress modes of the quadrature's training set, cut finer than the quadrature's tolerance."""
    return pod(statistics.stress_gram, tolerance=tolerance * _FINER, field="stress")
