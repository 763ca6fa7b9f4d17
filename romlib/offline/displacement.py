"""The displacement basis: liftings of prescribed displacements, and POD modes of what remains."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from romlib.errors import InputError
from romlib.loads.constraints import constrained_dofs
from romlib.loads.forces import force_terms, node_share, presence, term_materials, unit_force
from romlib.model import Model
from romlib.offline.pod import Pod, lifting_combination, orthonormalise, pod
from romlib.offline.training import TrainingSet, blocks, combine, gram
from romlib.parallel.comm import Comm


@dataclass(frozen=True)
class DisplacementBasis:
    """Modes and liftings as combinations of the training snapshots; coordinates of the snapshots in them.

    lifting_names : the prescribed constraints. liftings : (n_lift, n_snapshot). modes : (n_snapshot, n_mode), before
    `correction` (n_mode, n_mode), which makes them orthonormal to rounding.
    coordinates : (n_snapshot, n_mode) of the remainder u - sum_k a_k L_k. remainders, norms : (n_snapshot,), L2 norms
    of the remainder and of u. decomposition : the POD. lifting_error : largest |u - sum_k a_k L_k| at the prescribed
    dofs over the largest |u| there; what rounding of the snapshots leaves. without_energy : numbers, from 1, of the
    modes of the POD that were dropped because they have no elastic energy; lost : their part of the snapshots, in L2.
    """

    lifting_names: tuple[str, ...]
    liftings: np.ndarray
    modes: np.ndarray
    correction: np.ndarray
    coordinates: np.ndarray
    remainders: np.ndarray
    norms: np.ndarray
    decomposition: Pod
    lifting_error: float = 0.0
    without_energy: tuple[int, ...] = ()
    lost: float = 0.0

    @property
    def n_mode(self) -> int:
        """Number of displacement modes."""
        return self.modes.shape[1]

    @property
    def n_lift(self) -> int:
        """Number of lifting fields."""
        return len(self.liftings)

    def fields(self, training: TrainingSet, piece: int, n_node: int) -> np.ndarray:
        """(n_mode + n_lift, n_node, 3) on a piece: the modes, then the liftings."""
        combination = np.concatenate([self.modes, self.liftings.T], axis=1)
        result = combine(partial(training.read, "displacement", piece), combination, n_node * 24)
        result[: self.n_mode] = np.tensordot(self.correction.T, result[: self.n_mode], axes=1)
        return result


def prescribed_names(model: Model) -> list[str]:
    """Constraints that move."""
    return [name for name, constraint in model.constraints.items() if constraint.kind == "prescribed"]


def reduce_displacement(
    training: TrainingSet, pieces: range, comm: Comm, *, tolerance: float | None, n_mode: int | None
) -> DisplacementBasis:
    """POD of the displacement of all training snapshots in L2, the same on every rank."""
    n = training.n_snapshot
    grams = {}
    with comm.agreement():
        for piece in pieces:
            operators = training.piece(piece)
            grams[piece] = gram(partial(training.read, "displacement", piece), operators.apply_mass, n,
                                operators.mesh.n_node * 24)
            _require_finite(grams[piece], training, piece)
    total = comm.sum_pieces(grams)
    names = prescribed_names(training.model)
    amplitudes = training.amplitudes(names)
    liftings = lifting_combination(amplitudes, names)
    remove = np.eye(n) - amplitudes @ liftings
    lifting_error = _lifting_error(training, pieces, comm, names, remove)
    remaining = remove @ total @ remove.T
    noise = _noise(total, lifting_error) if names else 0.0
    decomposition = pod(remaining, tolerance=tolerance, n_mode=n_mode, noise=noise)
    basis = DisplacementBasis(
        tuple(names), liftings, remove.T @ decomposition.combination, np.eye(decomposition.n_mode),
        remaining @ decomposition.combination, np.sqrt(np.maximum(np.diag(remaining), 0.0)),
        np.sqrt(np.maximum(np.diag(total), 0.0)), decomposition, lifting_error)
    # Rounding in the Gram matrix leaves small modes a little oblique: once more, on the modes themselves.
    grams = {}
    with comm.agreement():
        for piece in pieces:
            operators = training.piece(piece)
            modes = basis.fields(training, piece, operators.mesh.n_node)[: basis.n_mode]
            flat = basis.n_mode, 3 * operators.mesh.n_node
            grams[piece] = operators.apply_mass(modes).reshape(flat) @ modes.reshape(flat).T
    correction = orthonormalise(comm.sum_pieces(grams))
    return replace(basis, correction=correction, coordinates=basis.coordinates @ correction)


def _noise(total: np.ndarray, lifting_error: float) -> float:
    """Eigenvalues of what the liftings leave that are rounding, of the Gram matrix or of the digits of the snapshots.

    A mode of noise is not zero where displacement is prescribed, and would take part in what holds the structure. One
    of size s (of the displacement) keeps its constraints to lifting_error / s, which has to be small.
    """
    largest = float(np.linalg.eigvalsh(0.5 * (total + total.T))[-1])
    return largest * max(len(total) * float(np.finfo(float).eps), (_CLEAR_OF_NOISE * lifting_error) ** 2)


def reduce_loads(
    training: TrainingSet, basis: DisplacementBasis, pieces: range, n_shared: int, comm: Comm
) -> np.ndarray:
    """(n_force, n_mode + n_lift): each part of the forces, `force_terms`, against the modes and liftings."""
    model, terms = training.model, force_terms(training.model)
    parts: dict[int, np.ndarray] = {}
    with comm.agreement():
        meshes = {piece: presence(training.piece(piece).mesh, n_shared) for piece in pieces}
    multiplicity = comm.sum_pieces(meshes)
    with comm.agreement():
        for piece in pieces:
            operators = training.piece(piece)
            fields = basis.fields(training, piece, operators.mesh.n_node).reshape(basis.n_mode + basis.n_lift, -1)
            share = node_share(operators.mesh, multiplicity)
            parts[piece] = np.zeros((len(terms), len(fields)))
            for row, term in enumerate(terms):
                force = unit_force(model.loads[term.load], operators.mesh, term_materials(term, model.materials),
                                   operators.operator, name=term.load, node_share=share)
                parts[piece][row] = fields @ force.ravel()
    return comm.sum_pieces(parts)


def _lifting_error(
    training: TrainingSet, pieces: range, comm: Comm, names: list[str], remove: np.ndarray
) -> float:
    """See `DisplacementBasis.lifting_error`. Collective.

    remove : (n_snapshot, n_snapshot), takes the liftings out of the snapshots.

    Raises
    ------
    InputError : the boundary does not move as the amplitudes say; names the constraint.
    """
    parts: dict[int, np.ndarray] = {}
    with comm.agreement():
        for piece in pieces:
            mesh = training.piece(piece).mesh
            parts[piece] = np.zeros((len(names), 2))
            for k, name in enumerate(names):
                nodes, axes = constrained_dofs(name, training.model.constraints[name], mesh)
                values = np.concatenate([
                    training.read("displacement", piece, rows)[:, nodes][:, :, axes].reshape(rows.stop - rows.start, -1)
                    for rows in blocks(training.n_snapshot, mesh.n_node * 24)])
                parts[piece][k] = [np.abs(part).max(initial=0.0) for part in (remove @ values, values)]
    gathered = [part for of_rank in comm.allgather(parts) for part in of_rank.values()]
    left, size = np.max(gathered, axis=0).T if names else np.zeros((2, 0))
    errors = np.divide(left, size, out=np.zeros_like(left), where=size > 0)
    if len(names) and errors.max() > _WORST_LIFTING:
        raise InputError(
            "the boundary does not move as the amplitudes of the training runs say",
            place=f"constraint {names[int(errors.argmax())]!r}",
            expected=f"combinations of the amplitudes to {_WORST_LIFTING:.0e} of the largest displacement there",
            found=f"{errors.max():.1e}", remedy="correct the amplitudes in the training entries, or the node tag")
    return float(errors.max(initial=0.0))


_CLEAR_OF_NOISE = 10.0
_WORST_LIFTING = 1e-4  # more than six digits leave; what is less is reported


def _require_finite(gram_of_piece: np.ndarray, training: TrainingSet, piece: int) -> None:
    bad = np.flatnonzero(~np.isfinite(np.diag(gram_of_piece)))
    if len(bad):
        run = int(np.searchsorted(training.offsets, bad[0], side="right")) - 1
        raise InputError("a displacement snapshot has a value that is not finite",
                         file=training.runs[run].snapshots.path,
                         place=f"piece {piece}, step {bad[0] - training.offsets[run]}",
                         remedy="repair the solver's file and convert it again")
