"""Isotropic thermal expansion."""

from __future__ import annotations

import numba
import numpy as np

from romlib.errors import LawError
from romlib.laws.parameters import interpolate_table
from romlib.model.material import ParameterTable, ThermalExpansion


class Expansion:
    """A `ThermalExpansion` ready for evaluation, with its strain-free temperatures.

    Parameters
    ----------
    expansion : coefficient alpha (secant, from the reference temperature) and reference temperature T_ref.
    strain_free : (n_ip,) or scalar, T_0.
    """

    def __init__(self, expansion: ThermalExpansion, strain_free: np.ndarray | float) -> None:
        coefficient = expansion.coefficient
        if not isinstance(coefficient, ParameterTable):
            coefficient = ParameterTable(temperature=(0.0,), value=(float(coefficient),))
        self._knots, self._values = np.array(coefficient.temperature), np.array(coefficient.value)
        self._reference = float(expansion.reference_temperature)
        self._offset = np.ascontiguousarray(self._secant(np.asarray(strain_free, dtype=float)))

    def _secant(self, temperature: np.ndarray) -> np.ndarray:
        return np.interp(temperature, self._knots, self._values) * (temperature - self._reference)

    def strain(self, temperature: np.ndarray) -> np.ndarray:
        """alpha(T)(T - T_ref) - alpha(T_0)(T_0 - T_ref), the shape of `temperature` (its last axis the points)."""
        return self._secant(np.asarray(temperature, dtype=float)) - self._offset

    def mechanical(self, strain: np.ndarray, temperature: np.ndarray) -> np.ndarray:
        """Total strain (n_ip, 6) less the thermal strain at `temperature` (n_ip,), a new array."""
        if strain.shape != (len(temperature), 6) or np.size(self._offset) not in (1, len(temperature)):
            raise LawError("strain and temperature do not fit each other",
                           expected=f"strain (n, 6) and n temperatures, n = {np.size(self._offset)}",
                           found=f"strain {strain.shape}, temperature {temperature.shape}")
        out = np.empty((len(strain), 6))
        _subtract(np.ascontiguousarray(strain, dtype=float), np.ascontiguousarray(temperature, dtype=float),
                  self._knots, self._values, self._reference, np.atleast_1d(self._offset), out)
        return out


def thermal_strain(
    expansion: ThermalExpansion, temperature: np.ndarray, strain_free: np.ndarray | float
) -> np.ndarray:
    """Thermal strain, the same on 11, 22 and 33: alpha(T)(T - T_ref) - alpha(T_0)(T_0 - T_ref).

    Parameters
    ----------
    temperature : (..., n_ip), T. strain_free : (n_ip,) or scalar, T_0, the temperature at which the strain is zero.

    Returns
    -------
    (..., n_ip)
    """
    return Expansion(expansion, strain_free).strain(temperature)


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
