"""Values at integration points averaged at nodes, material by material."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from romlib.mesh.mesh import Mesh
from romlib.mesh.quadrature import rule
from romlib.nodal.cells import NO_MATERIAL
from romlib.nodal.extrapolation import extrapolation

Size = Callable[[np.ndarray], np.ndarray]  # (..., n_comp) -> (...,)


def norm(values: np.ndarray) -> np.ndarray:
    """Euclidean norm (..., n_comp) -> (...,): of a Kelvin-Mandel vector the norm of the tensor."""
    return np.linalg.norm(values, axis=-1)


@dataclass(frozen=True, eq=False)
class Sums:
    """What cells have at places: total (n_step, n_place, n_comp), and how many cells are in it.

    count : (n_step, n_place, n_comp); one step and one component where all have as many.
    """

    total: np.ndarray
    count: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """(n_step, n_place, n_comp); NaN where no cell has a value."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.total / self.count


@dataclass(frozen=True, eq=False)
class _Part:
    """The chosen cells of a block. first : of their points among all that are chosen."""

    matrix: np.ndarray  # (n_node of the element, n_point)
    n_cell: int
    first: int


class Averaging:
    """How values at the integration points of a mesh become values at its nodes; built once, for any field and step.

    The values of a cell are taken to its nodes (`romlib.nodal.extrapolation`), and there the cells of one material are
    averaged; each counts as much, as in CalculiX and in most post-processors. A node between two materials has a value
    of each: a *place* is a node with one of its materials. A cell with NaN at one of its points lacks the component.

    Parameters
    ----------
    mesh : a whole mesh, or a piece. materials : (n_cell,), numbers of the materials, -1 without one; None: all one.
    cells : positions of those cells that matter; by default all.

    Attributes
    ----------
    node, material : (n_place,), sorted by node, then by material. n_node : of the mesh.
    ips : (n_ip,), the integration points of the cells, increasing: those that values are wanted of.
    """

    def __init__(self, mesh: Mesh, materials: np.ndarray | None = None, cells: np.ndarray | None = None) -> None:
        self.n_node = mesh.n_node
        numbers = np.full(mesh.n_cell, NO_MATERIAL) if materials is None else np.asarray(materials, dtype=np.int64)
        chosen = np.ones(mesh.n_cell, dtype=bool)
        if cells is not None:
            chosen[:] = False
            chosen[cells] = True
        lowest = int(numbers.min(initial=0))
        n_material = int(numbers.max(initial=0)) - lowest + 1
        keys, ips, self._parts = [np.empty(0, np.int64)], [np.empty(0, np.int64)], list[_Part]()
        first_cell = first_ip = first = 0
        for block in mesh.blocks:
            here = np.flatnonzero(chosen[first_cell:first_cell + block.n_cell])
            n_point = rule(block.quadrature).n_point
            material = numbers[first_cell + here, None] - lowest
            keys.append((np.asarray(block.connectivity, np.int64)[here] * n_material + material).ravel())
            ips.append((first_ip + here[:, None] * n_point + np.arange(n_point)).ravel())
            self._parts.append(_Part(extrapolation(block.cell_type, block.quadrature), len(here), first))
            first_cell, first_ip, first = (first_cell + block.n_cell, first_ip + block.n_cell * n_point,
                                           first + len(here) * n_point)
        self.ips = np.concatenate(ips)
        key = np.concatenate(keys)
        there = np.zeros(mesh.n_node * n_material, dtype=bool)  # sorting would take longer
        there[key] = True
        places, n = np.flatnonzero(there), len(key)
        self.node, self.material = places // n_material, places % n_material + lowest
        place = (np.cumsum(there) - 1)[key]
        self._gather = sparse.csr_matrix((np.ones(n), (place, np.arange(n))), shape=(len(places), n))

    def sums(self, values: np.ndarray) -> Sums:
        """Sums over the cells at the places, of values (n_step, n_ip, n_comp) at `ips`."""
        n_step, _, n_comp = values.shape
        total = np.empty((n_step, len(self.node), n_comp))
        everywhere = (self._gather @ np.ones(self._gather.shape[1]))[:, None]
        count = everywhere[None]
        for step in range(n_step):  # each step is as large as the mesh
            at_nodes = self._extrapolated(values[step])
            total[step] = self._gather @ at_nodes
            if np.isnan(total[step]).any():
                absent = np.isnan(at_nodes)
                at_nodes[absent] = 0.0
                total[step] = self._gather @ at_nodes
                if count.shape != total.shape:
                    count = np.tile(everywhere, (n_step, 1, n_comp))
                count[step] = self._gather @ (~absent).astype(float)
        return Sums(total, count)

    def places(self, values: np.ndarray) -> np.ndarray:
        """Averages at the places, (n_step, n_place, n_comp); NaN where the material lacks the field."""
        return self.sums(values).mean

    def nodes(self, values: np.ndarray, size: Size = norm) -> np.ndarray:
        """One value a node, (n_step, n_node, n_comp), of values (n_step, n_ip, n_comp).

        Between materials the larger one, so that no maximum is hidden. size : what is compared. NaN at a node of which
        no cell has the field.
        """
        return one_value(self.places(values), self.node, self.n_node, size)

    def _extrapolated(self, values: np.ndarray) -> np.ndarray:
        """Values (n_ip, n_comp) at the nodes of every cell, one below the other; NaN at one point is NaN at all."""
        n_comp = values.shape[1]
        parts = []
        for part in self._parts:
            n_node, n_point = part.matrix.shape
            of_part = values[part.first:part.first + part.n_cell * n_point].reshape(part.n_cell, n_point, n_comp)
            parts.append(np.matmul(part.matrix, of_part).reshape(part.n_cell * n_node, n_comp))
        return parts[0] if len(parts) == 1 else np.concatenate([np.empty((0, n_comp)), *parts])


def one_value(at_places: np.ndarray, node: np.ndarray, n_node: int, size: Size = norm) -> np.ndarray:
    """(n_step, n_node, n_comp) of values at places (n_step, n_place, n_comp): of several at a node the largest.

    node : (n_place,), sorted. size : what is compared, without the components that are NaN. NaN at nodes without a
    place.
    """
    out = np.full((len(at_places), n_node, at_places.shape[2]), np.nan)
    first = np.flatnonzero(np.diff(node, prepend=-1))
    out[:, node[first]] = at_places[:, first]
    number = np.arange(len(node)) - np.repeat(first, np.diff(np.append(first, len(node))))  # which of those of its node
    for k in range(1, int(number.max(initial=0)) + 1):  # as often as there are materials at one node
        here = np.flatnonzero(number == k)
        held, other = out[:, node[here]], at_places[:, here]
        larger = _comparable(other, size) > _comparable(held, size)
        out[:, node[here]] = np.where(larger[..., None], other, held)
    return out


def _comparable(values: np.ndarray, size: Size) -> np.ndarray:
    absent = np.isnan(values)
    return np.where(absent.all(axis=-1), -1.0, size(np.where(absent, 0.0, values)))
