"""Linear isotropic elasticity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numba
import numpy as np
from pydantic import Field

from romlib.laws.law import NOT_FINITE, Increment, LawResult, check_shapes, result_of
from romlib.laws.parameters import ParameterSet, PoissonRatio, Positive, read_parameters
from romlib.model.base import Description


class ElasticParameters(Description):
    """young (stress), poisson: numbers or tables in temperature."""

    young: Positive = Field(description="Young's modulus (stress), also as a table in temperature")
    poisson: PoissonRatio = Field(description="Poisson's ratio, also as a table in temperature")


class ElasticLaw:
    """sigma = lambda tr(eps) I + 2 G eps, with the moduli at the temperature of the end of the increment."""

    name = "elastic"
    isotropic = True
    text_parameters: tuple[str, ...] = ()
    n_state = 0
    tensor_variables: tuple[str, ...] = ()

    def __init__(self, parameters: ElasticParameters) -> None:
        self.state_variables: Mapping[str, slice] = {}
        self.parameters = ParameterSet({"young": parameters.young, "poisson": parameters.poisson})

    @classmethod
    def from_parameters(cls, parameters: dict[str, Any]) -> ElasticLaw:
        """The law with parameters `young` and `poisson`; a wrong one is a LawError."""
        return cls(read_parameters(ElasticParameters, parameters, cls.name))

    def initial_state(self, n_ip: int) -> np.ndarray:
        """No state: (n_ip, 0)."""
        return np.zeros((n_ip, 0))

    def integrate(self, increment: Increment, state0: np.ndarray, tangent: bool = True) -> LawResult:
        """Stress at the end of the increment; see `romlib.laws.law.Law.integrate`."""
        strain = np.ascontiguousarray(increment.strain1, dtype=float)
        n_ip = len(strain)
        stress = np.empty((n_ip, 6))
        stiffness = np.empty((n_ip if tangent else 0, 6, 6))
        failure = np.zeros(n_ip, dtype=np.uint8)
        parameters = self.parameters.at(increment.temperature1)
        check_shapes(strain, state0, 0, parameters)
        n_failed = _integrate(strain, parameters, stress, stiffness, failure)
        return result_of(stress, stiffness if tangent else None, state0.copy(), failure, n_failed)


@numba.njit(cache=True, error_model="numpy")
def add_isotropic(tangent, bulk, shear):
    """Write K I (x) I + 2 G (identity - I (x) I / 3) into a (6, 6) array."""
    for a in range(6):
        for b in range(6):
            tangent[a, b] = 0.0
        tangent[a, a] = 2.0 * shear
    lame = bulk - 2.0 / 3.0 * shear
    for a in range(3):
        for b in range(3):
            tangent[a, b] += lame


@numba.njit(cache=True, error_model="numpy")
def _integrate(strain, parameters, stress, tangent, failure):
    stride = 0 if len(parameters) == 1 else 1
    n_failed = 0
    for i in range(len(strain)):
        young, poisson = parameters[i * stride, 0], parameters[i * stride, 1]
        shear = young / (2.0 * (1.0 + poisson))
        bulk = young / (3.0 * (1.0 - 2.0 * poisson))
        volumetric = (bulk - 2.0 / 3.0 * shear) * (strain[i, 0] + strain[i, 1] + strain[i, 2])
        total = 0.0
        for a in range(6):
            stress[i, a] = 2.0 * shear * strain[i, a]
            if a < 3:
                stress[i, a] += volumetric
            total += stress[i, a]
        if not np.isfinite(total):
            failure[i] = NOT_FINITE
            n_failed += 1
        if len(tangent) > 0:
            add_isotropic(tangent[i], bulk, shear)
    return n_failed
