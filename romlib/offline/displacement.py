"""The displacement basis: liftings of prescribed displacements, and POD modes of what remains."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from romlib.errors import InputError
from romlib.loads.constraints import constrained_dofs
from romlib.loads.forces import force_terms, node_share, presence, term_materials, unit_force
from romlib.model import Model
from romlib.offline.pod import Pod, lifting_combination, orthonormalise, pod, worthwhile
from romlib.offline.rows import Rows
from romlib.offline.training import TrainingSet, blocks, combine
from romlib.parallel.pieces import Pieces


@dataclass(frozen=True)
class DisplacementBasis:
    """Modes and liftings as combinations of the training snapshots; coordinates of the snapshots in them.

    lifting_names : the prescribed constraints. liftings : (n_lift, n_snapshot). modes : (n_snapshot, n_mode), before
    `correction` (n_mode, n_mode), which makes them orthonormal to rounding.
    coordinates : (n_snapshot, n_mode) of the remainder u - sum_k a_k L_k; of all snapshots, also of those that the
    basis is not made of. remainders, norms : (n_snapshot,), L2 norms of the remainder and of u. decomposition : the
    POD. lifting_error : largest |u - sum_k a_k L_k| at the prescribed dofs over the largest |u| there; what rounding of
    the snapshots leaves. without_energy : numbers, from 1, of the modes of the POD that were dropped because they have
    no elastic energy; lost : their part of the snapshots, in L2.
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
        """(n_mode + n_lift, n_node, d) on a piece: the modes, then the liftings."""
        combination = np.concatenate([self.modes, self.liftings.T], axis=1)
        result = combine(partial(training.read, "displacement", piece), combination, n_node * 24)
        result[: self.n_mode] = np.tensordot(self.correction.T, result[: self.n_mode], axes=1)
        return result

    def strains(self, training: TrainingSet, piece: int) -> np.ndarray:
        """(n_mode + n_lift, n_ip, 6) on a piece."""
        operators = training.piece(piece)
        return operators.operator.strain(self.fields(training, piece, operators.mesh.n_node))


def prescribed_names(model: Model) -> list[str]:
    """Constraints that move."""
    return [name for name, constraint in model.constraints.items() if constraint.kind == "prescribed"]


def reduce_displacement(
    training: TrainingSet, pieces: Pieces, gram: np.ndarray, rows: Rows, *, tolerance: float | None = None,
    n_mode: int | None = None, norm: np.ndarray | None = None, liftings: np.ndarray | None = None,
    least: int | None = None,
) -> DisplacementBasis:
    """POD of the displacement of some snapshots, the same on every rank. Collective.

    Parameters
    ----------
    gram : (n_snapshot, n_snapshot) of all, in L2, in which the modes are made orthonormal. norm : the same in the
        product that they are the best in; by default in L2.
    rows : the snapshots that the basis is made of; the others have coordinates in it all the same, and what it leaves
        of them.
    tolerance, n_mode : one of them, see `romlib.offline.pod.pod`.
    liftings : (n_lift, n_snapshot) of another basis, to be shared; else those of the same snapshots.
    least : of a local basis, which has at least so many modes: see `romlib.offline.pod.pod`.
    """
    names = prescribed_names(training.model)
    amplitudes = training.amplitudes(names)
    if liftings is None:
        liftings = rows.spread(lifting_combination(rows.weighted(amplitudes), names).T).T
    remove = np.eye(len(gram)) - amplitudes @ liftings
    lifting_error = _lifting_error(training, pieces, names, remove, rows)
    remaining = remove @ gram @ remove.T
    best, left = (gram, remaining) if norm is None else (norm, remove @ norm @ remove.T)
    noise = _noise(rows.gram(best), lifting_error) if names else 0.0
    decomposition = pod(rows.gram(left), tolerance=tolerance, n_mode=n_mode, noise=noise,
                        local=least is not None, least=least or 1)
    combination = rows.spread(decomposition.combination)
    basis = DisplacementBasis(
        tuple(names), liftings, remove.T @ combination, np.eye(decomposition.n_mode), remaining @ combination,
        np.sqrt(np.maximum(np.diag(remaining), 0.0)), np.sqrt(np.maximum(np.diag(gram), 0.0)), decomposition,
        lifting_error)
    # Rounding in the Gram matrix leaves small modes a little oblique: once more, on the modes themselves.
    correction = orthonormalise(pieces.sum(partial(_gram_of_modes, training, basis)))
    return replace(basis, correction=correction, coordinates=basis.coordinates @ correction)


def _gram_of_modes(training: TrainingSet, basis: DisplacementBasis, piece: int) -> np.ndarray:
    operators = training.piece(piece)
    modes = basis.fields(training, piece, operators.mesh.n_node)[: basis.n_mode]
    flat = basis.n_mode, operators.mesh.dimension * operators.mesh.n_node
    return operators.apply_mass(modes).reshape(flat) @ modes.reshape(flat).T


def _noise(total: np.ndarray, lifting_error: float) -> float:
    """Eigenvalues of what the liftings leave that are rounding, of the Gram matrix or of the digits of the snapshots.

    A mode of noise is not zero where displacement is prescribed, and would take part in what holds the structure. One
    of size s (of the displacement) keeps its constraints to lifting_error / s, which has to be small.
    """
    largest = float(np.linalg.eigvalsh(0.5 * (total + total.T))[-1])
    return largest * max(len(total) * float(np.finfo(float).eps), (_CLEAR_OF_NOISE * lifting_error) ** 2)


def n_worthwhile(
    gram: np.ndarray, amplitudes: np.ndarray, basis: DisplacementBasis, numbers: np.ndarray, tolerance: float | None
) -> int:
    """Number of `worthwhile` modes of what the liftings of a basis leave of some snapshots.

    gram : (n_snapshot, n_snapshot). amplitudes : (n_snapshot, n_lift). numbers : (n,), of the snapshots.
    """
    if not len(numbers):
        return 0
    remove = np.eye(len(gram))[numbers] - amplitudes[numbers] @ basis.liftings
    remaining, own = remove @ gram @ remove.T, gram[np.ix_(numbers, numbers)]
    noise = _noise(own, basis.lifting_error) if basis.n_lift else 0.0
    eigenvalues = np.linalg.eigvalsh(0.5 * (remaining + remaining.T))
    return worthwhile(np.where(eigenvalues > noise, eigenvalues, 0.0), tolerance)


def reduce_loads(training: TrainingSet, basis: DisplacementBasis, pieces: Pieces) -> np.ndarray:
    """(n_force, n_mode + n_lift): each part of the forces, `force_terms`, against the modes and liftings."""
    model, terms, n_shared = training.model, force_terms(training.model), training.runs[0].snapshots.n_shared
    multiplicity = pieces.sum(lambda piece: presence(training.piece(piece).mesh, n_shared))

    def of_piece(piece: int) -> np.ndarray:
        operators = training.piece(piece)
        fields = basis.fields(training, piece, operators.mesh.n_node).reshape(basis.n_mode + basis.n_lift, -1)
        share = node_share(operators.mesh, multiplicity)
        return np.array([
            fields @ unit_force(model.loads[term.load], operators.mesh, term_materials(term, model.materials),
                                operators.operator, name=term.load, node_share=share).ravel()
            for term in terms]).reshape(-1, len(fields))

    return pieces.sum(of_piece)


def _lifting_error(
    training: TrainingSet, pieces: Pieces, names: list[str], remove: np.ndarray, rows: Rows
) -> float:
    """See `DisplacementBasis.lifting_error`. Collective.

    remove : (n_snapshot, n_snapshot), takes the liftings out of the snapshots. rows : those that are looked at.

    Raises
    ------
    InputError : the boundary does not move as the amplitudes say; names the constraint.
    """
    def of_piece(piece: int) -> np.ndarray:
        mesh, result = training.piece(piece).mesh, np.zeros((len(names), 2))
        for k, name in enumerate(names):
            nodes, axes = constrained_dofs(name, training.model.constraints[name], mesh)
            values = np.concatenate([
                training.read("displacement", piece, here)[:, nodes][:, :, axes].reshape(here.stop - here.start, -1)
                for here in blocks(training.n_snapshot, mesh.n_node * 24)])
            result[k] = [np.abs(part[rows.kept]).max(initial=0.0) for part in (remove @ values, values)]
        return result

    left, size = np.max(list(pieces.collect(of_piece).values()), axis=0).T
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
