"""Least squares on some of the columns of a matrix, updated as they come and go (J. W. Daniel et al., 1976)."""

from __future__ import annotations

import numpy as np
from scipy import linalg

_DEPENDENT = 2e-15  # of a column's length: what rounding leaves of one in the span of the others
_WIDE = 1500  # rows from which on the part of Q that no column needs is not kept: updating it takes their square


def active_set(matrix: np.ndarray, target: np.ndarray) -> ActiveSet:
    """Of no column yet. matrix : (n_row, n_column). target : (n_row,)."""
    return WideActiveSet(matrix, target) if len(target) > _WIDE else ActiveSet(matrix, target)


class ActiveSet:
    """Least squares on the selected columns; its QR factorisation is updated column by column."""

    def __init__(self, matrix: np.ndarray, target: np.ndarray) -> None:
        self.matrix, self.target = matrix, target
        self.columns: list[int] = []
        self._length = np.einsum("ij,ij->j", matrix, matrix)
        self._restart()

    def _restart(self) -> None:
        self.q, self.r = np.eye(len(self.target)), np.zeros((len(self.target), 0))
        self._orthogonal = self._length.copy()

    def insert(self, index: int) -> bool:
        """Append a column; False, and nothing changed, where it is in the span of those that are there."""
        column = self.matrix[:, index]
        if self.columns:
            n = len(self.columns)
            if n == len(column):
                return False
            q, r = linalg.qr_insert(self.q, self.r, column, n, which="col", check_finite=False)
            if abs(r[n, n]) <= _DEPENDENT * np.sqrt(self._length[index]):
                return False
            self.q, self.r = q, r
        else:
            self.q, self.r = linalg.qr(column[:, None])
        self.columns.append(index)
        self._orthogonal -= (self.q[:, len(self.columns) - 1] @ self.matrix) ** 2
        return True

    def delete(self, positions: np.ndarray) -> None:
        """Take the columns at these positions out, which increase."""
        for position in positions[::-1]:
            self.q, self.r = linalg.qr_delete(self.q, self.r, int(position), which="col", check_finite=False)
            del self.columns[int(position)]
            # The rotations leave the direction that is no longer spanned behind the ones that still are.
            self._orthogonal += (self.q[:, len(self.columns)] @ self.matrix) ** 2
        if not self.columns:
            self._restart()

    def orthogonal_lengths(self) -> np.ndarray:
        """Norm of the part of each column that is orthogonal to the selected ones, (n_candidate,)."""
        return np.sqrt(np.maximum(self._orthogonal, 1e-12 * self._length))

    def solve(self) -> np.ndarray:
        """The weights of the columns with the least squares, (n,)."""
        n = len(self.columns)
        return linalg.solve_triangular(self.r[:n], self.q[:, :n].T @ self.target, check_finite=False)


class WideActiveSet(ActiveSet):
    """The same with as many columns of Q as there are selected ones, made by Gram and Schmidt's method, twice."""

    def _restart(self) -> None:
        self.q, self.r = np.zeros((len(self.target), 0), order="F"), np.zeros((0, 0))
        self._orthogonal = self._length.copy()

    def insert(self, index: int) -> bool:
        """Append a column; False, and nothing changed, where it is in the span of those that are there."""
        column, n = self.matrix[:, index], len(self.columns)
        if n == len(column):
            return False
        inside = self.q.T @ column
        rest = column - self.q @ inside
        more = self.q.T @ rest
        rest -= self.q @ more
        size = float(np.linalg.norm(rest))
        if size <= _DEPENDENT * np.sqrt(self._length[index]):
            return False
        self.q = np.asfortranarray(np.concatenate([self.q, rest[:, None] / size], axis=1))
        wider = np.zeros((n + 1, n + 1))
        wider[:n, :n], wider[:n, n], wider[n, n] = self.r, inside + more, size
        self.r = wider
        self.columns.append(index)
        self._orthogonal -= (self.q[:, n] @ self.matrix) ** 2
        return True

    def delete(self, positions: np.ndarray) -> None:
        """Take the columns at these positions out, which increase."""
        for position in positions[::-1]:
            column = self.matrix[:, self.columns[int(position)]]
            q, r = linalg.qr_delete(self.q, self.r, int(position), which="col", check_finite=False)
            self.q, self.r = np.asfortranarray(q), r[:q.shape[1]]
            del self.columns[int(position)]
            for _ in range(2):
                column = column - self.q @ (self.q.T @ column)
            # The direction that is no longer spanned.
            self._orthogonal += (column / np.linalg.norm(column) @ self.matrix) ** 2
        if not self.columns:
            self._restart()
