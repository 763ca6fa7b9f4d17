"""The stiffness matrix: its pattern once, its values in compiled loops over the cells of each piece."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit

from romlib.fullorder import petsc
from romlib.fullorder.numbering import Numbering
from romlib.fullorder.relations import Relations
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator


class Assembly:
    """The PETSc matrix of the tangent, with ones (times a stiffness) for the constrained dofs. Collective.

    A rank sums the cells of its own pieces into a CSR matrix over its own nodes (rows and columns), whose pattern and
    places are made once. PETSc adds the rows of nodes that ranks share at their owners; its matrix is allocated for
    exactly the entries that arise. Rows and columns of constrained dofs are zero but for the diagonal, so that the
    matrix stays symmetric where the tangent is, with d dofs a node (three, or two), as multigrid likes it.

    With relations it is T^T K T: each block of two nodes is turned into the frames of their unknowns, and goes to the
    row and the column of the nodes that have these; a node without unknowns keeps its place on the diagonal.

    Parameters
    ----------
    constrained : (n_local, d) bool, the same on every rank that has the node; of the unknowns, where there are
        relations.
    """

    def __init__(
        self, pieces: Mapping[int, Mesh], operators: Mapping[int, StrainOperator], numbering: Numbering,
        constrained: np.ndarray, relations: Relations | None = None,
    ) -> None:
        self._operators, self._numbering, self._relations = operators, numbering, relations
        self._d = numbering.dimension
        with numbering.comm.agreement():
            self._build_pattern(pieces)
            self._mark_constrained(constrained)
        self.matrix = self._allocate()
        self._scale: float | None = None

    def _build_pattern(self, pieces: Mapping[int, Mesh]) -> None:
        """Pairs of nodes that a cell has both of: CSR over the rank's nodes, and each cell's places in it."""
        n = len(self._numbering.ids)
        keys = [np.arange(n, dtype=np.int64) * (n + 1)]  # the diagonal, also of a node without cells
        shapes, where = [], []
        for p, mesh in pieces.items():
            for block in mesh.blocks:
                nodes = self._numbering.positions[p][block.connectivity]
                pairs = nodes[:, :, None] * np.int64(n) + nodes[:, None, :]
                keys.append(pairs.ravel())
                shapes.append(pairs.shape)
                where.append(p)
        unique, inverse = np.unique(np.concatenate(keys), return_inverse=True)
        self._row, self._column = np.divmod(unique, n)
        self._starts = np.searchsorted(self._row, np.arange(n + 1))
        self._slots: dict[int, list[np.ndarray]] = {p: [] for p in pieces}
        first = n
        small = np.int32 if len(unique) < np.iinfo(np.int32).max else np.int64
        for p, shape in zip(where, shapes):
            size = int(np.prod(shape))
            self._slots[p].append(inverse[first:first + size].reshape(shape).astype(small))
            first += size
        slave = np.empty(0, dtype=np.int64) if self._relations is None else np.flatnonzero(
            self._relations.slave & self._numbering.owned)
        self._alone = self._numbering.number[slave]  # global nodes without unknowns: a block on the diagonal each
        self._values = np.zeros(self._d**2 * (len(unique) + len(slave)))
        self._n_block = len(unique)
        if self._relations is not None:
            turned = self._relations.tied
            touched = np.flatnonzero(turned[self._row] | turned[self._column])
            self._turned = self._entries(touched)
            self._turns = self._relations.turn[self._row[touched]], self._relations.turn[self._column[touched]]

    def _lengths(self, blocks: np.ndarray) -> np.ndarray:
        """Blocks in the row of each of some blocks."""
        return self._starts[self._row[blocks] + 1] - self._starts[self._row[blocks]]

    def _places(self, blocks: np.ndarray) -> np.ndarray:
        """Where the first entry of each of some blocks is among the values."""
        begin = self._starts[self._row[blocks]]
        return self._d**2 * begin + self._d * (blocks - begin)

    def _entries(self, blocks: np.ndarray) -> np.ndarray:
        """Where the entries of some blocks are among the values, (n, d, d)."""
        axis, length = np.arange(self._d), self._lengths(blocks)[:, None, None]
        return self._places(blocks)[:, None, None] + (self._d * length * axis[:, None] + axis)

    def _mark_constrained(self, constrained: np.ndarray) -> None:
        """Entries of constrained rows or columns, and the diagonal entries of the constrained dofs that we own."""
        relations = self._relations
        held = constrained if relations is None else relations.target_held | (constrained & ~relations.slave[:, None])
        touched = np.flatnonzero(held.any(axis=1)[self._row] | held.any(axis=1)[self._column])
        row, column = self._row[touched], self._column[touched]
        at = self._entries(touched)
        self._dropped = at[held[row][:, :, None] | held[column][:, None, :]]
        own = constrained & self._numbering.owned[:, None]
        if relations is not None:
            own &= ~relations.slave[:, None]
        node, axis = np.nonzero(own)
        diagonal = self._diagonal()
        self._ones, self._free = diagonal[node, axis], diagonal[~constrained]

    def _diagonal(self) -> np.ndarray:
        """Places (n_local, d) of the diagonal entries."""
        slot = np.flatnonzero(self._row == self._column)
        begin, length = self._starts[:-1], np.diff(self._starts)
        d = self._d
        return (d**2 * begin + d * (slot - begin))[:, None] + (d * length[:, None] + 1) * np.arange(d)

    def _allocate(self) -> Any:
        PETSc, numbering = petsc.load(), self._numbering
        number = numbering.number if self._relations is None else self._relations.target
        total, kind, alone, d = np.int64(numbering.n_total), PETSc.IntType, self._alone, self._d
        axes = np.arange(d)
        of_row = np.concatenate([number, alone])
        self._rowmap = (d * of_row[:, None] + axes).ravel().astype(kind)
        row, column = np.concatenate([number[self._row], alone]), np.concatenate([number[self._column], alone])
        starts = np.concatenate([self._starts, self._starts[-1] + 1 + np.arange(len(alone))])
        self._I, self._J = _scalar_rows(starts, (d * column[:, None] + axes).astype(kind), kind)
        keys = row * total + column
        low, high = numbering.first * total, (numbering.first + numbering.n_owned) * total
        foreign = (keys < low) | (keys >= high)
        received = numbering.comm.allgather(keys[foreign])
        every = np.unique(np.concatenate([keys[~foreign], *(k[(k >= low) & (k < high)] for k in received)]))
        owned_rows, owned_columns = np.divmod(every, total)
        starts = np.searchsorted(owned_rows - numbering.first, np.arange(numbering.n_owned + 1))
        indptr, indices = _scalar_rows(starts, (d * owned_columns[:, None] + axes).astype(kind), kind)
        size = (d * numbering.n_owned, d * numbering.n_total)
        matrix = PETSc.Mat().create(comm=petsc.communicator(numbering.comm))
        matrix.setSizes((size, size))
        matrix.setBlockSize(d)
        matrix.setType(PETSc.Mat.Type.AIJ)
        matrix.setPreallocationCSR((indptr, indices))
        matrix.setOption(PETSc.Mat.Option.NEW_NONZERO_LOCATION_ERR, True)
        matrix.setOption(PETSc.Mat.Option.KEEP_NONZERO_PATTERN, True)
        return matrix

    def update(self, tangents: Mapping[int, np.ndarray]) -> bool:
        """Put the tangents (n_ip, 6, 6) of each piece into the matrix; whether it is symmetric."""
        comm, values = self._numbering.comm, self._values
        with comm.agreement():
            values[:] = 0.0
            for p, operator in self._operators.items():
                operator.add_stiffness(tangents[p], self._numbering.positions[p], self._slots[p], self._starts, values)
            symmetric = all(_is_symmetric(np.ascontiguousarray(tangent)) for tangent in tangents.values())
            mean = float(np.abs(values[self._free]).mean()) if len(self._free) else 0.0
            if self._relations is not None:
                left, right = self._turns
                values[self._turned] = np.matmul(np.matmul(left.transpose(0, 2, 1), values[self._turned]), right)
        facts = comm.allgather((symmetric, mean))
        if self._scale is None:
            self._scale = max(mean for _, mean in facts) or 1.0
        values[self._dropped] = 0.0
        values[self._ones] = self._scale
        values[self._d**2 * self._n_block:] = np.tile((self._scale * np.eye(self._d)).ravel(), len(self._alone))
        self.matrix.zeroEntries()
        self.matrix.setValuesIJV(self._I, self._J, values, addv=True, rowmap=self._rowmap)
        self.matrix.assemble()
        return all(symmetric for symmetric, _ in facts)


def _scalar_rows(starts: np.ndarray, columns: np.ndarray, kind: type) -> tuple[np.ndarray, np.ndarray]:
    """Scalar CSR (indptr, indices) of a pattern of nodes; columns (n, d) are the scalar columns of each entry."""
    length, d = np.diff(starts), columns.shape[1]
    row = np.repeat(np.arange(len(length)), d)
    indptr = np.concatenate([[0], np.cumsum(d * length[row])])
    # row d r + i repeats the columns of row r
    count = d * length[row]
    within = np.arange(indptr[-1]) - np.repeat(indptr[:-1], count)
    indices = columns.ravel()[np.repeat(d * starts[:-1][row], count) + within]
    return indptr.astype(kind), indices


@njit(cache=True)
def _is_symmetric(tangent: np.ndarray) -> bool:
    """Whether all matrices (n, 6, 6) are symmetric to 1e-9 of their largest diagonal entry."""
    for n in range(tangent.shape[0]):
        C = tangent[n]
        scale = 0.0
        for i in range(6):
            scale = max(scale, abs(C[i, i]))
        for i in range(6):
            for j in range(i):
                if abs(C[i, j] - C[j, i]) > 1e-9 * scale:
                    return False
    return True
