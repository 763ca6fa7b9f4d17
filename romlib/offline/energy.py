"""Elastic energy of the displacement modes: modes that have none (hourglass motions of a reduced rule) are dropped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import linalg

from romlib.errors import InputError
from romlib.mesh.kinematics import padded
from romlib.offline.displacement import DisplacementBasis
from romlib.offline.training import TrainingSet
from romlib.parallel.pieces import Pieces

_NONE = 1e-16  # of the largest energy of a mode: what rounding of the snapshots leaves of no strain at all
_REPEATED = 1e-12  # of its own energy: a mode with less of its own differs from the others by a motion without strain


def elastic_stiffness(
    training: TrainingSet, basis: DisplacementBasis, pieces: Pieces
) -> tuple[np.ndarray, float]:
    """K of the virgin state between the modes and liftings, (n_mode + n_lift, n_mode + n_lift). Collective.

    By the solver's points with their positive weights. The number beside it is the energy of a mode that strains the
    structure evenly by its own size over that of the structure: what rounding leaves of no strain is far below it.
    Raises what `MaterialPoints.virgin_tangent` does.
    """
    def of_piece(piece: int) -> dict[str, np.ndarray]:
        operators = training.piece(piece)
        operator = operators.operator
        strains = basis.strains(training, piece)
        weighted = operator.positive_weights[None, :, None] * strains
        tangent, n = operators.virgin_tangent(), len(strains)
        stress = np.matmul(tangent, strains[..., None])[..., 0]
        x, weights = padded(operators.mesh.points), operator.positive_weights
        return {"stiffness": weighted.reshape(n, -1) @ stress.reshape(n, -1).T,
                "size": np.array([weights.sum(), weights @ np.linalg.norm(tangent, axis=(1, 2)), len(x),
                                  *x.sum(axis=0), (x * x).sum()])}

    stiffness, size = pieces.sums(of_piece).values()
    gyration = size[6] / size[2] - ((size[3:6] / size[2]) ** 2).sum()
    even = float(size[1] / size[0] / gyration) if gyration > 0.0 else 0.0
    return 0.5 * (stiffness + stiffness.T), even


def with_energy(
    basis: DisplacementBasis, stiffness: np.ndarray, even: float
) -> tuple[DisplacementBasis, np.ndarray]:
    """The basis without the modes that have no elastic energy, and what is left of the stiffness.

    A reduced rule does not see the hourglass motions of its element: they may be in the snapshots, at no cost for the
    solver that wrote them, and as modes they would make every stiffness of the ROM singular. What they carry of the
    displacement is lost, and counted in the errors of the report. stiffness, even : of `elastic_stiffness`.

    Raises
    ------
    InputError : no mode has energy: the training runs move rigidly.
    """
    keep = energetic_modes(stiffness[:basis.n_mode, :basis.n_mode], even)
    if len(keep) == basis.n_mode:
        return basis, stiffness
    if not len(keep):
        raise InputError("no displacement mode of the training runs has elastic energy", expected="strain",
                         found="rigid motions, or hourglass motions of a reduced rule, alone",
                         remedy="train with runs that strain the structure, or correct the quadrature of the cells")
    gone = np.setdiff1d(np.arange(basis.n_mode), keep)
    decomposition, n = basis.decomposition, basis.n_mode
    order = np.concatenate([keep, gone, np.arange(n, len(decomposition.eigenvalues))])
    size = float(np.sqrt(decomposition.eigenvalues[gone].sum() / decomposition.eigenvalues.sum()))
    reduced = replace(
        basis, modes=basis.modes @ basis.correction[:, keep], correction=np.eye(len(keep)),
        coordinates=basis.coordinates[:, keep], without_energy=tuple(int(k) + 1 for k in gone), lost=size,
        decomposition=replace(decomposition, combination=decomposition.combination[:, keep],
                              eigenvalues=decomposition.eigenvalues[order]))
    rows = np.concatenate([keep, np.arange(n, n + basis.n_lift)])
    return reduced, stiffness[np.ix_(rows, rows)]


def energetic_modes(stiffness: np.ndarray, even: float = 0.0) -> np.ndarray:
    """Modes to keep, in order: those with energy of their own.

    By Cholesky's method with pivots on modes of unit energy: what a pivot has left is the energy that none of the modes
    before it has. The largest comes next, the first of equal ones, so that rounding of a small pivot is not multiplied.

    stiffness : (n_mode, n_mode). even : the energy of a mode that strains the structure evenly.
    """
    energy = np.diag(stiffness)
    there = np.flatnonzero(energy > _NONE * max(float(energy.max(initial=0.0)), even))
    if not len(there):
        return there
    size = np.sqrt(energy[there])
    scaled = stiffness[np.ix_(there, there)] / np.outer(size, size)
    _, pivots, rank, _ = linalg.lapack.dpstrf(scaled, _REPEATED, lower=1)
    return np.sort(there[pivots[:rank] - 1])


def energy_scaling(stiffness: np.ndarray, n_mode: int) -> np.ndarray:
    """The matrix S, (n_mode + n_lift, n_mode + n_lift), for which the fields S^T have unit elastic energy.

    With K the stiffness, S K S^T is the identity on the modes; each lifting is divided by its own energy, and left out
    (zero) where it has none, as a rigid motion has. A residual against scaled modes is one in the norm of K^-1: its
    size is then the error of the displacement in the energy norm, however stiff or soft each mode is.
    """
    energy = np.diag(stiffness)
    there = energy > _NONE * float(energy.max(initial=0.0))
    scaling = np.diag(np.where(there, 1.0 / np.sqrt(np.where(there, energy, 1.0)), 0.0))
    factor = linalg.cholesky(stiffness[:n_mode, :n_mode], lower=True)
    scaling[:n_mode, :n_mode] = linalg.solve_triangular(factor, np.eye(n_mode), lower=True)
    return scaling
