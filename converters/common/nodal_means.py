"""Values that a solver has at the nodes of each element, averaged at the nodes: for looking at, not for checks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from romlib_converters.common.build import Built

from romlib.errors import FileFormatError
from romlib.mesh.elements import element


class NodalMeans:
    """Means over the elements of each node; a mid-side node without values gets the mean of its edge's corners."""

    def __init__(self, built: Built) -> None:
        self._mesh, self._elements = built.mesh, built.elements
        self._bounds = np.cumsum([0, *(block.n_cell for block in built.mesh.blocks)])

    def of(self, parts: Sequence[tuple[np.ndarray, np.ndarray]], place: str, file: Path) -> np.ndarray:
        """Means (n_node, n_comp); NaN at nodes that no element has a value of.

        Parameters
        ----------
        parts : positions of cells (n,), -1 for those left out, and values (n, k, n_comp) at their first k nodes in the
            solver's order, NaN where there is none.

        Raises
        ------
        FileFormatError : values at more nodes than the cell has, or at some of its mid-side nodes only by number.
        """
        n_comp = parts[0][1].shape[2] if parts else 1
        total, count = np.zeros((self._mesh.n_node, n_comp)), np.zeros(self._mesh.n_node)
        for cells, values in parts:
            for k, kind in enumerate(self._elements):
                mine = (cells >= self._bounds[k]) & (cells < self._bounds[k + 1])
                if not mine.any():
                    continue
                n, width = kind.n_node, values.shape[1]
                if width not in (n, element(kind.cell_type).n_corner):
                    raise FileFormatError("a cell has values at another number of nodes than its own", file=file,
                                          place=place, expected=f"{element(kind.cell_type).n_corner} or {n}",
                                          found=width)
                order = np.arange(width) if kind.nodes is None else np.array(kind.nodes)[:width]
                if (order >= width).any():
                    raise FileFormatError("the corners of a cell are not its first nodes", file=file, place=place)
                nodes = self._mesh.blocks[k].connectivity[cells[mine] - self._bounds[k]][:, :width]
                given = values[mine][:, order].reshape(-1, n_comp)
                known = ~np.isnan(given).any(axis=1)
                at = nodes.ravel()[known]
                count += np.bincount(at, minlength=len(count))
                for component in range(n_comp):
                    total[:, component] += np.bincount(at, given[known, component], minlength=len(count))
        with np.errstate(invalid="ignore", divide="ignore"):
            means = total / np.where(count > 0, count, np.nan)[:, None]
        return self._with_midsides(means)

    def _with_midsides(self, means: np.ndarray) -> np.ndarray:
        for block in self._mesh.blocks:
            kind = element(block.cell_type)
            edges = np.array(kind.edges)
            if kind.n_node < kind.n_corner + len(edges):
                continue
            middle = block.connectivity[:, kind.n_corner:kind.n_corner + len(edges)].ravel()
            ends = block.connectivity[:, edges].reshape(-1, 2)
            lacking = np.isnan(means[middle]).any(axis=1)
            means[middle[lacking]] = means[ends[lacking]].mean(axis=1)
        return means
