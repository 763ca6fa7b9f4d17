"""How far the laws' own values at points are from the span of the training's fields there: arrays, step by step.

What `romlib.online.indicator` makes bounds of. A bound is asked for after every run, so that what does not depend on
the run is made once for a ROM (`Misfits.of`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from romlib.archive.rom import ControlPoints, GappyOperator, Rom

CONTROL = " at control points"


@dataclass(frozen=True, eq=False)
class Fit:
    """Least squares of the leading modes of a dual field at its points: no more than a third of the values there.

    A fit with nearly as many modes as values leaves no misfit. points : (m,). n_comp. basis, operator :
    (n, m * n_comp).
    """

    points: np.ndarray
    n_comp: int
    basis: np.ndarray
    operator: np.ndarray

    @classmethod
    def of(cls, gappy: GappyOperator) -> Fit:
        """The fit of a ROM's field."""
        n = max(1, min(gappy.n_dual, gappy.basis.shape[1] // 3))
        if n == gappy.n_dual:
            return cls(gappy.points, gappy.n_comp, gappy.basis, gappy.operator)
        basis = gappy.basis[:n]
        return cls(gappy.points, gappy.n_comp, basis, np.linalg.pinv(basis.T))

    def values(self, everywhere: np.ndarray) -> np.ndarray:
        """The values at the points of the field, (n_step, m * n_comp), of those at all selected points.

        everywhere : (n_step, n_point, n_comp). Not a copy where the field is at all of them.
        """
        if not (len(self.points) == everywhere.shape[1] and self._in_order):
            everywhere = everywhere.take(self.points, axis=1)
        return everywhere.reshape(len(everywhere), -1)

    def coordinates(self, here: np.ndarray) -> np.ndarray:
        """z of values at the points, (n_step, n)."""
        return here.dot(self._columns)

    def misfit(self, everywhere: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """|x^ - B^T z|_w and |x^|_w, each (n_step,).

        everywhere : (n_step, n_point, n_comp) at all selected points. weights : (n_point,) or (n_step, n_point).
        """
        here = self.values(everywhere)
        return self.misfit_here(here, self.coordinates(here), self.weights_here(weights))

    def weights_here(self, weights: np.ndarray) -> np.ndarray:
        """The weight of each value at the points of the field, (..., m * n_comp), of those of points (..., n_point)."""
        return np.repeat(weights.take(self.points, axis=-1), self.n_comp, axis=-1)

    def misfit_here(
        self, here: np.ndarray, coordinates: np.ndarray, weights: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `misfit`, of values at the points of the field and their weights (n_step, m * n_comp), or weights of all
        steps alike (m * n_comp,), and of the coordinates of the values (n_step, n).
        """
        aside = coordinates.dot(self.basis)
        np.subtract(here, aside, out=aside)
        misfit = _norms(aside, weights, aside)
        return misfit, _norms(here, weights, aside)  # in memory that is there: new pages cost more than the sums

    @cached_property
    def _in_order(self) -> bool:
        return np.array_equal(self.points, np.arange(len(self.points)))

    @cached_property
    def _columns(self) -> np.ndarray:
        """The operator transposed, (m * n_comp, n), so that its product with few steps runs along memory."""
        return np.ascontiguousarray(self.operator.T)


def _norms(values: np.ndarray, weights: np.ndarray, room: np.ndarray) -> np.ndarray:
    """|v|_w of each row (n_step,); weights : (n,) or (n_step, n). room : as `values`, overwritten."""
    squares = np.square(values, out=room)
    return np.sqrt(squares.dot(weights) if weights.ndim == 1 else np.einsum("ij,ij->i", squares, weights))


@dataclass(frozen=True, eq=False)
class Watch:
    """The control points that have a field. points : (n,), positions among the selected ones. basis :
    (n_dual, n * n_comp), its modes there. weights : (n * n_comp,), of the rule for the volume, of each value.
    """

    points: np.ndarray
    basis: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, control: ControlPoints, field: str) -> Watch:
        """Of a field of a ROM."""
        modes = control.bases[field]
        has = np.isfinite(modes).all(axis=(0, 2))
        return cls(control.points[has], np.ascontiguousarray(modes[:, has].reshape(len(modes), -1)),
                   np.repeat(control.weights[has], modes.shape[2]))

    def misfit(self, everywhere: np.ndarray, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """|B z - x^| over the volume by the rule of the control points, and |z|, the L2 norm of B z; each (n_step,).

        everywhere : (n_step, n_point, n_comp) at all selected points. coordinates : z, (n_step, n_dual).
        """
        there = everywhere.take(self.points, axis=1).reshape(len(everywhere), -1)
        aside = coordinates.dot(self.basis)
        np.subtract(aside, there, out=aside)
        return _norms(aside, self.weights, aside), np.sqrt(np.einsum("ij,ij->i", coordinates, coordinates))


@dataclass(frozen=True, eq=False)
class Misfits:
    """What measures the misfits of a ROM's runs.

    fits : by dual field. whole : by dual field, the ROM's own fit where that has more modes, else the same. watches :
    by dual field, of those that control points watch. weights : by dual field, (n_cluster, m * n_comp), that the
    cubature has for each value.
    """

    fits: Mapping[str, Fit]
    whole: Mapping[str, Fit]
    watches: Mapping[str, Watch]
    weights: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, rom: Rom) -> Misfits:
        """Of all dual fields of a ROM."""
        fits = {name: Fit.of(gappy) for name, gappy in rom.gappy.items()}
        whole = {name: fits[name] if len(fits[name].basis) == gappy.n_dual else Fit(
            gappy.points, gappy.n_comp, gappy.basis, gappy.operator) for name, gappy in rom.gappy.items()}
        watches = {} if rom.control is None else {name: Watch.of(rom.control, name) for name in rom.control.bases}
        weights = np.stack([basis.weights for basis in rom.clusters])
        return cls(fits, whole, watches, {name: fit.weights_here(weights) for name, fit in fits.items()})

    def found(
        self, values: Mapping[str, np.ndarray], clusters: np.ndarray
    ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """The misfit of each dual field and its size, each (n_step,); those at control points under
        "FIELD at control points".

        values : by field, (n_step, n_point, n_comp) at the selected points. clusters : (n_step,).
        """
        found = {}
        for field, everywhere in values.items():
            fit, whole, weights = self.fits[field], self.whole[field], self.weights[field]
            here = fit.values(everywhere)
            z = fit.coordinates(here)
            found[field] = fit.misfit_here(here, z, weights[0] if len(weights) == 1 else weights[clusters])
            if field in self.watches:
                found[field + CONTROL] = self.watches[field].misfit(
                    everywhere, z if whole is fit else whole.coordinates(here))
        return found
