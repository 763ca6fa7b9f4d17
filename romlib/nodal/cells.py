"""Cells of a mesh and the values at their integration points: materials, mean, largest value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from romlib.mesh.mesh import Mesh
from romlib.mesh.quadrature import rule

NO_MATERIAL = -1


def materials_of_cells(mesh: Mesh, tags: Iterable[str]) -> np.ndarray:
    """Number of the material of each cell, (n_cell,): the position of its tag in `tags`, -1 where none has the cell.

    tags : of the cells of each material. "all" always exists; what the mesh does not know has no cell of it.
    """
    out = np.full(mesh.n_cell, NO_MATERIAL, dtype=np.int64)
    for number, tag in enumerate(tags):
        if tag in mesh.cell_tags:
            out[np.asarray(mesh.cell_tags[tag], dtype=np.int64)] = number
        elif tag == "all":
            out[:] = number
    return out


def cell_means(mesh: Mesh, values: np.ndarray) -> np.ndarray:
    """Mean over the points of each cell, (n_step, n_cell, n_comp), of values (n_step, n_ip, n_comp).

    Every point counts as much (the weights of a rule may be negative). NaN in a cell that lacks the field.
    """
    out = np.empty((len(values), mesh.n_cell, values.shape[2]))
    for cells, of_block in by_cell(mesh, values):
        n_step, n_cell, n_point, n_comp = of_block.shape
        mean = np.tile(np.eye(n_comp) / n_point, (n_point, 1))  # a product is much faster than sums of so few
        out[:, cells] = (of_block.reshape(-1, n_point * n_comp) @ mean).reshape(n_step, n_cell, n_comp)
        if n_comp > 1 and np.isnan(out[:, cells]).any():  # in the product, NaN of one component is one of all
            np.mean(of_block, axis=2, out=out[:, cells])
    return out


def cell_maxima(mesh: Mesh, values: np.ndarray) -> np.ndarray:
    """Largest value at the points of each cell, (n_step, n_cell, n_comp), of values (n_step, n_ip, n_comp).

    Signed: the largest of -2 and -1 is -1. NaN in a cell that lacks the field.
    """
    out = np.empty((len(values), mesh.n_cell, values.shape[2]))
    for cells, of_block in by_cell(mesh, values):
        largest = out[:, cells]
        largest[:] = of_block[:, :, 0]
        for point in range(1, of_block.shape[2]):
            np.maximum(largest, of_block[:, :, point], out=largest)
    return out


def by_cell(mesh: Mesh, values: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Block by block: which cells, and their values (n_step, n_cell of the block, n_point, n_comp)."""
    cell = ip = 0
    for block in mesh.blocks:
        n_point = rule(block.quadrature).n_point
        end = ip + block.n_cell * n_point
        yield (slice(cell, cell + block.n_cell),
               values[:, ip:end].reshape(len(values), block.n_cell, n_point, values.shape[2]))
        cell, ip = cell + block.n_cell, end
