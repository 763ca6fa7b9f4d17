"""Residual of equilibrium, external minus internal force: inside the pieces at once, at shared nodes after a sum.

A node in one piece only is judged where it is. At a node that pieces share, the forces of all of them must be added
first: each piece leaves its part of those nodes in a temporary file, and `shared_norms` adds them block by block. So
are stored internal forces compared there (`shared_forces`): whether a file has each piece's part of them, or a sum in
one of the pieces and zero in the others, as a solver's sums are stored after a cut, they add up to the same.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from romlib.blocks import blocks
from romlib.check.deviation import Deviation
from romlib.loads.amplitudes import amplitude_of, evaluate
from romlib.loads.constraints import constrained_dofs
from romlib.loads.forces import force_factor, force_names, unit_force
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Model
from romlib.parallel.pieces import Pieces
from romlib.snapshots.space import writing

SUM_BYTES = 32 * 2**20  # of the forces of shared nodes that a rank holds at a time
EXTERNAL, INTERNAL = 0, 1


class ResidualFile:
    """Forces of the shared nodes of this rank's pieces, (n_step, n, k, d) a piece, on disk; a context manager.

    k : so many kinds of forces; two by default, external and internal. d : components of a force.
    """

    def __init__(self, k: int = 2, d: int = 3) -> None:
        self._width, self.d = d * k, d
        # Without a buffer: closing a full one tries to write once more, and fails in the place of the first error.
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (closed by __exit__)
        self._parts: dict[int, tuple[np.ndarray, int]] = {}
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def open_piece(self, piece: int, shared: np.ndarray, n_step: int) -> None:
        """Make room for a piece whose shared nodes have these numbers (n,)."""
        self._parts[piece] = shared, self._end
        self._end += 8 * self._width * len(shared) * n_step

    def write(self, piece: int, step: int, forces: np.ndarray) -> None:
        """Keep forces (n_step, n, k, d) from this step on; a full disk is a DiskFullError."""
        shared, start = self._parts[piece]
        with writing(Path(tempfile.gettempdir()) / "temporary file of the check", self._end):
            left = memoryview(np.ascontiguousarray(forces, dtype=float).tobytes())
            self._file.seek(start + 8 * self._width * len(shared) * step)
            while len(left):
                left = left[self._file.write(left):]

    def read(self, piece: int, steps: slice, n_shared: int) -> np.ndarray:
        """Forces of a block of steps, placed among all shared nodes: (n_step, n_shared, k, d)."""
        shared, start = self._parts[piece]
        n, width, shape = steps.stop - steps.start, self._width, (self._width // self.d, self.d)
        self._file.seek(start + 8 * width * len(shared) * steps.start)
        forces = np.fromfile(self._file, count=width * len(shared) * n).reshape(n, len(shared), *shape)
        placed = np.zeros((n, n_shared, *shape))
        placed[:, shared] = forces
        return placed


class ResidualNorms:
    """Per step: largest free residual, where, largest internal force, and sums of squares of residual and load."""

    def __init__(self, n_step: int) -> None:
        self.residual_max = np.zeros(n_step)
        self.node = np.full(n_step, -1)
        self.internal_max = np.zeros(n_step)
        self.squares = np.zeros((2, n_step))  # free residual, load

    def add(self, steps: slice, forces: np.ndarray, free: np.ndarray, node_ids: np.ndarray) -> None:
        """Take nodes into account: forces (n_step, n, 2, d), free (n, d) bool, node_ids (n,)."""
        if forces.shape[1] == 0:
            return
        residual = (forces[:, :, EXTERNAL] - forces[:, :, INTERNAL]) * free
        size = np.abs(residual).max(axis=2)
        worst = size.argmax(axis=1)
        largest = size[np.arange(len(size)), worst]
        larger = (largest > self.residual_max[steps]) | np.isnan(largest)
        self.node[steps] = np.where(larger, node_ids[worst], self.node[steps])
        self.residual_max[steps] = np.where(larger, largest, self.residual_max[steps])
        self.internal_max[steps] = np.maximum(self.internal_max[steps], np.abs(forces[:, :, INTERNAL]).max(axis=(1, 2)))
        self.squares[0, steps] += np.einsum("tni,tni->t", residual, residual)
        self.squares[1, steps] += np.einsum("tni,tni->t", forces[:, :, EXTERNAL], forces[:, :, EXTERNAL])

    def merge(self, other: ResidualNorms) -> None:
        """Take into account what another has seen of other nodes."""
        larger = (other.residual_max > self.residual_max) | np.isnan(other.residual_max)
        self.node = np.where(larger, other.node, self.node)
        self.residual_max = np.where(larger, other.residual_max, self.residual_max)
        self.internal_max = np.maximum(self.internal_max, other.internal_max)
        self.squares = self.squares + other.squares


class PieceResidual:
    """The residual of one piece: norms over its own nodes, and the forces of its shared nodes in `scratch`.

    Parameters
    ----------
    node_share : (n_node,), see `romlib.loads.forces.node_share`.

    Raises
    ------
    InputError : a load without an amplitude, or one that the mesh or the materials do not support.
    """

    def __init__(
        self, piece: int, mesh: Mesh, model: Model, operator: StrainOperator, times: np.ndarray,
        node_share: np.ndarray, scratch: ResidualFile,
    ) -> None:
        names = force_names(model)
        self.piece, self.scratch, self.norms = piece, scratch, ResidualNorms(len(times))
        self._patterns = np.zeros((len(names), mesh.n_node * mesh.dimension))
        self._factors = np.zeros((len(times), len(names)))
        for k, name in enumerate(names):
            load = model.loads[name]
            self._patterns[k] = unit_force(
                load, mesh, model.materials, operator, name=name, node_share=node_share).ravel()
            self._factors[:, k] = force_factor(load, evaluate(amplitude_of(model, name), times))
        shared = np.full(mesh.n_node, -1) if mesh.shared_index is None else mesh.shared_index
        self._own, self._shared = np.flatnonzero(shared < 0), np.flatnonzero(shared >= 0)
        self._free, self._node_ids = ~constrained(mesh, model), mesh.node_ids
        scratch.open_piece(piece, shared[self._shared], len(times))

    def add(self, steps: slice, internal: np.ndarray) -> None:
        """Take a block of internal forces (n_step, n_node, d) into account."""
        external = (self._factors[steps] @ self._patterns).reshape(internal.shape)
        forces = np.stack([external, internal], axis=2)
        self.norms.add(steps, forces[:, self._own], self._free[self._own], self._node_ids[self._own])
        self.scratch.write(self.piece, steps.start, forces[:, self._shared])


def constrained(mesh: Mesh, model: Model) -> np.ndarray:
    """The dofs (n_node, d) that a constraint of any kind holds; a node tag that the mesh lacks is an InputError."""
    mask = np.zeros((mesh.n_node, mesh.dimension), dtype=bool)
    for name, constraint in model.constraints.items():
        nodes, axes = constrained_dofs(name, constraint, mesh)
        mask[nodes[:, None], axes] = True
    return mask


def shared_norms(
    scratch: ResidualFile, n_shared: int, n_step: int, free: np.ndarray, node_ids: np.ndarray, pieces: Pieces
) -> ResidualNorms:
    """Norms over the shared nodes, their forces summed over pieces. Collective; the same on every rank.

    Parameters
    ----------
    free : (n_shared, d) bool. node_ids : (n_shared,).
    """
    norms = ResidualNorms(n_step)
    if n_shared == 0:
        return norms
    most = -(-pieces.n // pieces.comm.size)  # of any rank, so that all ranks use equal blocks
    for steps in blocks(n_step, 8 * 6 * n_shared * most, SUM_BYTES):
        total = pieces.sum(partial(scratch.read, steps=steps, n_shared=n_shared))
        norms.add(steps, total, free, node_ids)
    return norms


STORED, COMPUTED, REPLAYED = 0, 1, 2  # kinds of internal forces that are compared


def shared_forces(
    scratch: ResidualFile, n_shared: int, times: np.ndarray, node_ids: np.ndarray, kinds: Mapping[str, int],
    pieces: Pieces,
) -> dict[str, Deviation]:
    """Deviations of internal forces from the stored ones over the shared nodes, all summed over pieces. Collective.

    Parameters
    ----------
    kinds : by the name of the measurement, COMPUTED or REPLAYED. node_ids : (n_shared,).
    """
    found = {name: Deviation() for name in kinds}
    most = -(-pieces.n // pieces.comm.size)
    for steps in blocks(len(times), 8 * 9 * max(n_shared, 1) * most, SUM_BYTES):
        total = pieces.sum(partial(scratch.read, steps=steps, n_shared=n_shared))
        now = times[steps]
        for name, kind in kinds.items():
            found[name].add(total[:, :, kind], total[:, :, STORED], lambda step, k, now=now:  # type: ignore[misc]
                            f"node {node_ids[k]}, t = {now[step]:.6g}")
    return found
