"""Thermal expansion: isotropic, or with a coefficient along each of the material axes."""

from __future__ import annotations

import numba
import numpy as np

from romlib.errors import LawError
from romlib.laws.parameters import interpolate_table
from romlib.laws.rotation import directions_of
from romlib.model.material import ParameterTable, ThermalExpansion


class Expansion:
    """A `ThermalExpansion` ready for evaluation, with its strain-free temperatures.

    Parameters
    ----------
    expansion : coefficient alpha (secant, from the reference temperature) and reference temperature T_ref.
    strain_free : (n_ip,) or scalar, T_0.
    axes : (n_ip, 3, 3), rows, of the material; None for those of the coordinates. Isotropic expansion needs none.
    """

    def __init__(
        self, expansion: ThermalExpansion, strain_free: np.ndarray | float, axes: np.ndarray | None = None
    ) -> None:
        tables = [one if isinstance(one, ParameterTable) else ParameterTable(temperature=(0.0,), value=(float(one),))
                  for one in expansion.coefficients]  # type: ignore[arg-type]  # no formula: the model is evaluated
        self._tables = [(np.array(table.temperature), np.array(table.value)) for table in tables]
        self._reference = float(expansion.reference_temperature)
        free = np.asarray(strain_free, dtype=float)
        self._offsets = [np.ascontiguousarray(self._secant(k, free)) for k in range(len(tables))]
        self._directions = None
        if len(tables) == 3:
            self._directions = directions_of(np.eye(3)[None] if axes is None else axes)

    def _secant(self, k: int, temperature: np.ndarray) -> np.ndarray:
        return np.interp(temperature, *self._tables[k]) * (temperature - self._reference)

    def strain(self, temperature: np.ndarray) -> np.ndarray:
        """Isotropic thermal strain, the same on 11, 22 and 33: alpha(T)(T - T_ref) - alpha(T_0)(T_0 - T_ref).

        The shape of `temperature`, whose last axis is the points; of an expansion along axes with that of 1, 2, 3
        before: (3, ..., n_ip).
        """
        temperature = np.asarray(temperature, dtype=float)
        found = [self._secant(k, temperature) - offset for k, offset in enumerate(self._offsets)]
        return found[0] if len(found) == 1 else np.stack(found)

    def mechanical(self, strain: np.ndarray, temperature: np.ndarray) -> np.ndarray:
        """Total strain (n_ip, 6) less the thermal strain at `temperature` (n_ip,), a new array; global components."""
        sizes = {np.size(offset) for offset in self._offsets} | {
            1 if self._directions is None else len(self._directions)}
        if strain.shape != (len(temperature), 6) or not sizes <= {1, len(temperature)}:
            raise LawError("strain and temperature do not fit each other",
                           expected=f"strain (n, 6) and n temperatures, n = {max(sizes)}",
                           found=f"strain {strain.shape}, temperature {temperature.shape}")
        strain, temperature = (np.ascontiguousarray(values, dtype=float) for values in (strain, temperature))
        out = np.empty((len(strain), 6))
        if self._directions is None:
            knots, values = self._tables[0]
            _subtract(strain, temperature, knots, values, self._reference, np.atleast_1d(self._offsets[0]), out)
        else:
            _subtract_along(strain, np.ascontiguousarray(self.strain(temperature)), self._directions, out)
        return out


@numba.njit(cache=True)
def _subtract(strain, temperature, knots, values, reference, offset, out):
    stride = 0 if len(offset) == 1 else 1
    for i in range(len(strain)):
        t = temperature[i]
        secant = interpolate_table(t, knots, values, 0, len(knots)) * (t - reference)
        thermal = secant - offset[i * stride]
        for a in range(3):
            out[i, a] = strain[i, a] - thermal
            out[i, a + 3] = strain[i, a + 3]


@numba.njit(cache=True)
def _subtract_along(strain, thermal, directions, out):
    stride = 0 if len(directions) == 1 else 1
    for i in range(len(strain)):
        dyads = directions[i * stride]
        for a in range(6):
            out[i, a] = (strain[i, a] - thermal[0, i] * dyads[0, a] - thermal[1, i] * dyads[1, a]
                         - thermal[2, i] * dyads[2, a])
