"""Linear viscoelasticity: an elastic volume change and a Maxwell element for the deviator, implicit Euler."""

import numpy as np

from romlib.laws.law import Increment, LawResult
from romlib.laws.parameters import ParameterSet, PoissonRatio, Positive, read_parameters
from romlib.model.base import Description

IDENTITY = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])  # Kelvin-Mandel: 11, 22, 33, sqrt2 12, sqrt2 13, sqrt2 23
SPHERE = np.outer(IDENTITY, IDENTITY)
DEVIATOR = np.eye(6) - SPHERE / 3.0


class Parameters(Description):
    """What a study may write under `parameters`: numbers, or tables in temperature. All else is refused by name."""

    young: Positive
    poisson: PoissonRatio
    relaxation_time: Positive


class MaxwellLaw:
    """sigma = K tr(eps) I + 2 G (dev eps - v), with the viscous strain v' = (dev eps - v) / relaxation_time."""

    name = "maxwell"
    isotropic = True
    state_variables = {"viscous_strain": slice(0, 6)}  # noqa: RUF012
    tensor_variables = ("viscous_strain",)
    n_state = 6

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = ParameterSet(dict(parameters))

    @classmethod
    def from_parameters(cls, parameters: dict) -> "MaxwellLaw":
        """The law of a material of the study."""
        return cls(read_parameters(Parameters, parameters, cls.name))

    def initial_state(self, n_ip: int) -> np.ndarray:
        """Nothing has flowed yet."""
        return np.zeros((n_ip, self.n_state))

    def integrate(self, increment: Increment, state0: np.ndarray, tangent: bool = True) -> LawResult:
        """All points at once; inputs are left as they are, and a failure is returned, not raised."""
        strain = increment.strain1
        young, poisson, time = self.parameters.at(increment.temperature1).T[:, :, None]  # one row, or one a point
        bulk, shear, ratio = young / (3 - 6 * poisson), young / (2 + 2 * poisson), increment.dt / time
        deviator = strain @ DEVIATOR
        state = (state0 + ratio * deviator) / (1 + ratio)
        stress = bulk * (strain @ SPHERE) + 2 * shear * (deviator - state)
        stiffness = None
        if tangent:
            stiffness = np.empty((len(strain), 6, 6))
            stiffness[:] = bulk[:, :, None] * SPHERE + (2 * shear / (1 + ratio))[:, :, None] * DEVIATOR
        failed = np.flatnonzero(~np.isfinite(stress).all(axis=1))
        if len(failed):
            return LawResult(stress, stiffness, state, failed, dt_factor=0.25, message="the strain is not finite")
        return LawResult(stress, stiffness, state)
