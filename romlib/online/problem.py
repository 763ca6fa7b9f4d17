"""The reduced problem that Newton's method solves: blocks of integration points, reduced loads, and how blocks add up.

    u(t)  = sum_k a_k(t) L_k + Phi gamma(t)
    f_int = sum_l w_l eps_l^T sigma_l,   K = sum_l w_l eps_l^T C_l eps_l,   f_ext = sum_f c_f(t) Phi^T f_f

One block with the selected points is the hyper-reduced problem; a block a piece with all integration points is the
problem with full integration, serial or shared out over ranks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from romlib.errors import InputError
from romlib.laws.subset import Rows, rows_of
from romlib.model import Material

if TYPE_CHECKING:
    from romlib.laws.points import MaterialPoints
    from romlib.online.local import LocalProblem
    from romlib.online.switching import Switcher

FEWEST_APART = 50  # points without weight: fewer cost less in every iteration than a call of their own once a step
Combine = Callable[[dict[int, np.ndarray]], np.ndarray]


@dataclass(eq=False)
class BlockBasis:
    """The modes of one cluster at the points of a block, stored for BLAS.

    modes : (n_mode, n_point, 6), their strains. weights : (n_point,), signed or not. weighted : modes times weights.
    by_point : (n_point, 6, n_mode), the modes again, for sums over points.
    Measured: strain and force take two thirds of the time when a mode is contiguous in memory, and not a point.
    """

    modes: np.ndarray
    weights: np.ndarray
    weighted: np.ndarray = field(init=False)
    by_point: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        if self.weights.shape != self.modes.shape[1:2]:
            raise InputError("the weights do not fit the points of the modes", expected=self.modes.shape[1:2],
                             found=self.weights.shape)
        self.modes = np.ascontiguousarray(self.modes, dtype=float)
        self.weighted = self.modes * self.weights[:, None]
        self.by_point = np.ascontiguousarray(self.modes.transpose(1, 2, 0))
        self.n_mode, self.n_point = self.modes.shape[:2]
        self._modes, self._weighted = (a.reshape(self.n_mode, 6 * self.n_point) for a in (self.modes, self.weighted))

    def strain(self, gamma: np.ndarray) -> np.ndarray:
        """Strain of Phi gamma, (n_point * 6,)."""
        return gamma.dot(self._modes)

    def force(self, stress: np.ndarray) -> np.ndarray:
        """sum_l w_l eps_l^T sigma_l, (n_mode,), of stress (n_point, 6)."""
        return self._weighted.dot(stress.reshape(-1))

    def rough_force(self, stress: np.ndarray) -> np.ndarray:
        """`force` in single precision, where memory is what takes the time: for choices, not for equilibrium."""
        return self._rough.dot(stress.reshape(-1).astype(np.float32)).astype(float)

    @cached_property
    def _rough(self) -> np.ndarray:
        return self._weighted.astype(np.float32)

    @cached_property
    def sizes(self) -> np.ndarray:
        """(n_mode, n_point), |w_l| |eps_l|: the force that a stress of norm one at a point does at most."""
        return np.linalg.norm(self.weighted, axis=2)

    @cached_property
    def parts(self) -> tuple[BasisPart, BasisPart] | None:
        """The points that it weighs, and the others; None where these are few."""
        weighed = self.weights != 0.0
        if np.count_nonzero(~weighed) < FEWEST_APART or not weighed.any():
            return None
        return self._part(weighed), self._part(~weighed)

    def _part(self, chosen: np.ndarray) -> BasisPart:
        rows = rows_of(chosen)
        return BasisPart(rows, BlockBasis(self.modes[:, rows], self.weights[rows]))


class BasisPart(NamedTuple):
    """A basis at some of its points. rows : their positions, increasing."""

    rows: Rows
    basis: BlockBasis


@dataclass(eq=False)
class PointBlock:
    """Integration points that are integrated together.

    bases : one a cluster. points : their laws. lifting_strains : (n_lift, n_point, 6).
    temperature_terms : (n_term, n_point); the temperature is coefficients(t) @ terms; None: the laws get none.
    piece : number of the piece, by which `ReducedProblem.combine` sums.
    """

    bases: list[BlockBasis]
    points: MaterialPoints
    lifting_strains: np.ndarray
    temperature_terms: np.ndarray | None = None
    piece: int = 0

    def __post_init__(self) -> None:
        self.n_point = self.bases[0].n_point
        self._liftings = np.ascontiguousarray(self.lifting_strains.reshape(len(self.lifting_strains), 6 * self.n_point))

    def strain(self, cluster: int, gamma: np.ndarray, lifting: np.ndarray) -> np.ndarray:
        """Total strain of sum_k a_k L_k + Phi gamma, (n_point, 6)."""
        strain = self.bases[cluster].strain(gamma)
        if lifting.size:
            strain += lifting.dot(self._liftings)
        return strain.reshape(-1, 6)

    def at(self, part: BasisPart, points: MaterialPoints) -> PointBlock:
        """Some of the points, with one basis. points : those of the part."""
        terms = None if self.temperature_terms is None else np.ascontiguousarray(self.temperature_terms[:, part.rows])
        return PointBlock([part.basis], points, self.lifting_strains[:, part.rows], terms, self.piece)

    def temperature(self, coefficients: np.ndarray | None) -> np.ndarray | None:
        """Temperature at the points, (n_point,), or None."""
        if coefficients is None or self.temperature_terms is None:
            return None
        return coefficients @ self.temperature_terms


@dataclass(eq=False)
class ReducedProblem:
    """All that Newton's method needs but the histories.

    blocks : of this process; one a piece where there are several. loads : one (n_force, n_mode) a cluster, rows in
    the order of force_names; already summed over the whole model. lifting_names : the prescribed constraints.
    temperature_names : the temperature loads, in the order of the blocks' temperature terms (empty where the terms
    are the instants of a table, see `Histories`).
    n_piece : over all processes. combine : sum over the pieces of all processes, given the contributions of this
    process by piece, in piece order and identical on every process; None: there are no other processes.
    switcher : what chooses a cluster in time; None: a run stays in one. locals : by cluster, made when first needed.
    """

    blocks: list[PointBlock]
    loads: list[np.ndarray]
    force_names: tuple[str, ...] = ()
    lifting_names: tuple[str, ...] = ()
    temperature_names: tuple[str, ...] = ()
    n_piece: int = 1
    combine: Combine | None = field(default=None)
    switcher: Switcher | None = None
    locals: dict[int, LocalProblem] = field(init=False, repr=False, default_factory=dict)

    def with_materials(self, materials: Mapping[str, Material]) -> ReducedProblem:
        """The same problem with other parameters of its materials."""
        if all(block.points.materials == materials for block in self.blocks):
            return self
        return replace(self, blocks=[replace(block, points=block.points.with_materials(materials))
                                     for block in self.blocks])

    def n_mode(self, cluster: int) -> int:
        """Number of modes of a cluster."""
        return self.loads[cluster].shape[1]

    def total(self, contributions: list[np.ndarray]) -> np.ndarray:
        """Sum of one contribution a block over the whole model."""
        if self.combine is not None:
            return self.combine({block.piece: part for block, part in zip(self.blocks, contributions)})
        total = contributions[0]
        for part in contributions[1:]:
            total = total + part
        return total

    def by_piece(self, rows: list[np.ndarray]) -> np.ndarray:
        """Rows (k,), one a block of this process, put together over all pieces: (n_piece, k). k is the same for all."""
        if self.combine is None:
            return np.array(rows)
        scattered = {}
        for block, row in zip(self.blocks, rows):
            scattered[block.piece] = np.zeros((self.n_piece, len(row)))
            scattered[block.piece][block.piece] = row
        return self.combine(scattered)
