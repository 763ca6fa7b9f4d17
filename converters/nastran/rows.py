"""Values at grid points of the results of an .op2, record after record."""

from __future__ import annotations

import numpy as np
from romlib_converters.nastran.op2 import Op2File
from romlib_converters.nastran.results import GRID, Stored

from romlib.errors import FileFormatError

_WIDTH = 8  # words of a row: number and device, kind of point, six reals


class PointRows:
    """The rows of results, of which the first `n_comp` values are taken.

    Records mostly have the same points: their numbers are compared with those of the record before, and looked at only
    where they differ. others : rows of the last record at scalar points, which are left out.
    """

    def __init__(self, op2: Op2File, n_comp: int) -> None:
        self.others = 0
        self._op2, self._n_comp = op2, n_comp
        self._heads = np.empty((2, 0), op2.layout.integers)  # first and second word of each row
        self._ids, self._points = np.empty(0, np.int64), np.empty(0, bool)

    def read(self, one: Stored) -> tuple[np.ndarray, np.ndarray]:
        """Ids (n,) of grid points, the same array while the points are the same, and values (n, n_comp), as stored.

        Raises
        ------
        FileFormatError : rows of another length than the ident says, or a number of a point below one.
        """
        n_row = self._count(one)
        same = self._heads.shape[1] == n_row
        heads = self._heads if same else np.zeros((2, n_row), self._heads.dtype)
        values = np.empty((n_row, self._n_comp), self._op2.layout.reals.newbyteorder("="))
        for part, rows in self._op2.rows(one.rows, _WIDTH):
            for k in (0, 1):
                if (rows[:, k] != heads[k, part]).any():
                    heads, same = heads.copy() if same else heads, False
                    heads[k, part] = rows[:, k]
            reals = rows.view(self._op2.layout.reals)
            for k in range(self._n_comp):  # a column at a time, which is faster than rows of three
                values[part, k] = reals[:, 2 + k]
        if not same:
            self._take(heads, one)
        return self._ids, values[self._points] if self.others else values

    def _count(self, one: Stored) -> int:
        n_word = self._op2.n_word(one.rows)
        if one.ident.width != _WIDTH or n_word % _WIDTH:
            raise FileFormatError("rows of displacements are not as the format has them", file=self._op2.path,
                                  place=one.ident.place, expected="a multiple of 8 words",
                                  found=f"{n_word} words in rows of {one.ident.width}")
        return n_word // _WIDTH

    def _take(self, heads: np.ndarray, one: Stored) -> None:
        """The points of rows that are not those of the record before."""
        ids, points = heads[0].astype(np.int64), heads[1] == GRID
        ids //= 10
        if len(ids) and ids.min() < 1:
            raise FileFormatError("a point has no number", file=self._op2.path, place=one.ident.place,
                                  expected="1 or more", found=int(ids.min()))
        self._heads, self._points, self.others = heads, points, int(len(points) - points.sum())
        self._ids = ids[points] if self.others else ids
