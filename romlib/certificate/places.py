"""Where a residual and an estimated error are largest: nodes and cells by the solver's ids. All is collective."""

from __future__ import annotations

import numpy as np

from romlib.fullorder.problem import Problem

NOWHERE = -1
_ROUNDING = 1e-6  # values that differ by less, relative to the largest, are equal: a linear solver leaves as much


class Places:
    """The nodes and cells of all pieces, looked up by value."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    def worst_node(self, residual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Ids (n_step,) of the nodes with the largest residual (n_step, n_owned, d), -1 where it is zero everywhere;
        and its component of largest size there, (n_step,).
        """
        numbering, size = self._problem.numbering, np.linalg.norm(residual, axis=2)
        step, ids = np.arange(len(residual)), numbering.ids[numbering.owned]
        here = np.zeros(len(residual)), np.full(len(residual), NOWHERE), np.zeros(len(residual))
        if len(ids):
            at = first_largest(size.T, ids[:, None])
            vectors = residual[step, at]
            components = first_largest(np.abs(vectors).T, np.arange(vectors.shape[1])[:, None])
            here = size[step, at], ids[at], vectors[step, components]
        every = self._problem.comm.allgather(here)
        _, node, value = (np.stack(parts) for parts in zip(*every))
        best = first_largest(np.stack([part[0] for part in every]), node)
        found, where = every_row(node, best), np.stack([part[0] for part in every]).max(axis=0) > 0.0
        return np.where(where, found, NOWHERE), np.where(where, every_row(value, best), 0.0)

    def worst_cell(self, piece: int, stress: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of one piece: the largest mean square over a cell of a stress (n_step, n_ip, 6), and the cell's id."""
        operator = self._problem.pieces[piece].operator
        n_step = len(stress)
        if not operator.n_ip:
            return np.zeros(n_step), np.full(n_step, NOWHERE)
        starts = np.searchsorted(operator.cell, np.arange(operator.n_cell))
        counts = np.bincount(operator.cell, minlength=operator.n_cell)
        mean = np.add.reduceat(np.einsum("tnc,tnc->tn", stress, stress), starts, axis=1) / counts
        mean = np.where(np.isnan(mean), 0.0, mean)  # points without a stress, which no norm counts either
        at = first_largest(mean.T, operator.mesh.cell_ids[:, None])
        return mean[np.arange(n_step), at], operator.mesh.cell_ids[at]

    def worst_of_cells(self, of_pieces: dict[int, tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
        """Ids (n_step,) of the worst cells of all pieces, from `worst_cell` of each; -1 where all is zero."""
        every = [one for part in self._problem.comm.allgather(of_pieces) for one in part.values()]
        values, cells = np.stack([one[0] for one in every]), np.stack([one[1] for one in every])
        found = every_row(cells, first_largest(values, cells))
        return np.where(values.max(axis=0) > 0.0, found, NOWHERE)

    def cells_of(self, nodes: np.ndarray) -> tuple[tuple[int, ...], ...]:
        """Ids of the cells that have each of these nodes (n,), by id; none of -1."""
        found: dict[int, set[int]] = {int(node): set() for node in np.unique(nodes) if node != NOWHERE}
        for piece in self._problem.pieces.values():
            mesh = piece.mesh
            wanted = np.isin(mesh.node_ids, list(found))
            first = 0
            for block in mesh.blocks:
                cell, place = np.nonzero(wanted[block.connectivity])
                ids = mesh.cell_ids[first + cell]
                for node, of_cell in zip(mesh.node_ids[block.connectivity[cell, place]], ids):
                    found[int(node)].add(int(of_cell))
                first += block.n_cell
        every = self._problem.comm.allgather(found)
        return tuple(tuple(sorted(set().union(*(part[int(node)] for part in every)))) if node != NOWHERE else ()
                     for node in nodes)


def first_largest(values: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Rows (n_step,) of the largest values (n, n_step), none negative; of those that are equal but for rounding the one
    with the smallest id (n, n_step) or (n, 1). Parts that mirror each other have errors that only rounding tells apart,
    and it differs between machines, cuts of the mesh and numbers of ranks.
    """
    largest = values >= (1.0 - _ROUNDING) * values.max(axis=0)
    return np.where(largest, ids, np.iinfo(np.int64).max).argmin(axis=0)


def every_row(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """values[rows[k], k] (n_step,) of values (n, n_step)."""
    return values[rows, np.arange(values.shape[1])]
