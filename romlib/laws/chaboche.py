"""Norton viscoplasticity with isotropic and several Armstrong-Frederick kinematic terms, implicit Euler.

Law: J. L. Chaboche, Constitutive equations for cyclic plasticity and cyclic viscoplasticity, Int. J. Plasticity 5
(1989) 247-302. The implicit step reduces to one scalar equation a point because the flow direction is that of
xi*(dp) = s_trial - sum_k 2/3 C_k alpha_k / (1 + D_k dp), as in S. Hartmann, P. Haupt, Int. J. Numer. Methods Eng. 36
(1993) 3801-3814, here with several terms and a rate-dependent flow rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numba
import numpy as np
from pydantic import Field, model_validator

from romlib.laws.elastic import add_isotropic
from romlib.laws.law import NOT_CONVERGED, NOT_FINITE, Increment, LawResult, check_shapes, result_of
from romlib.laws.mises import NO_VOCE, VoceHardening
from romlib.laws.parameters import (
    ZERO,
    NonNegative,
    ParameterSet,
    PoissonRatio,
    Positive,
    lowest_sum,
    read_parameters,
)
from romlib.model.base import Description

MOST_TERMS = 100  # six state variables each; a file must not ask for more memory than a material needs


class KinematicTerm(Description):
    """X = 2/3 C alpha, alpha' = plastic strain' - D alpha p': C a stress, D without unit."""

    C: NonNegative = Field(description="modulus of a term (stress)")
    D: NonNegative = Field(default=ZERO, description="recall of a term, per cumulated plastic strain")


class ChabocheParameters(Description):
    """young, poisson; flow K, n; yield R0; linear_hardening, isotropic {Q, b}; kinematic, a list of {C, D}.

    p' = <(J(s - X) - R) / K>^n per unit of time, R = R0 + linear_hardening p + Q (1 - exp(-b p)).
    """

    young: Positive = Field(description="Young's modulus (stress), also as a table in temperature")
    poisson: PoissonRatio = Field(description="Poisson's ratio, also as a table in temperature")
    K: Positive = Field(description="viscous resistance, stress x time^(1/n)")
    n: Positive = Field(description="Norton's exponent")
    R0: NonNegative = Field(description="threshold (stress)")
    linear_hardening: NonNegative = Field(default=ZERO, description=(
        "slope of stress against cumulated plastic strain (stress)"))
    isotropic: VoceHardening = Field(default=NO_VOCE, description="saturating isotropic hardening; by default none")
    kinematic: Annotated[tuple[KinematicTerm, ...], Field(max_length=MOST_TERMS)] = Field(default=(), description=(
        "terms X = 2/3 C alpha, alpha' = plastic strain' - D alpha p', such as `[{ C = 50000, D = 300 }]`"))

    @model_validator(mode="after")
    def _radius_is_not_negative(self) -> ChabocheParameters:
        if lowest_sum(self.R0, self.isotropic.Q) < 0:
            raise ValueError("R0 + isotropic.Q must stay >= 0 at every temperature")
        return self


class ChabocheLaw:
    """Norton flow with threshold R0, isotropic and kinematic hardening; parameters may depend on temperature.

    The state holds the tensors alpha_k ("backstrain_1", ...) and not the backstresses X_k = 2/3 C_k alpha_k, so that
    a modulus C_k(T) that changes with temperature changes the backstress. The moduli are those at the end of the
    increment.
    """

    name = "chaboche"
    isotropic = True
    text_parameters: tuple[str, ...] = ()

    def __init__(self, parameters: ChabocheParameters) -> None:
        terms = range(len(parameters.kinematic))
        variables = {"p": slice(0, 1), "plastic_strain": slice(1, 7)}
        variables |= {f"backstrain_{k + 1}": slice(7 + 6 * k, 13 + 6 * k) for k in terms}
        self.state_variables: Mapping[str, slice] = variables
        self.tensor_variables = tuple(name for name in variables if name != "p")
        self.n_state = 7 + 6 * len(terms)
        tables = {
            "young": parameters.young, "poisson": parameters.poisson, "K": parameters.K, "n": parameters.n,
            "R0": parameters.R0, "linear_hardening": parameters.linear_hardening,
            "isotropic.Q": parameters.isotropic.Q, "isotropic.b": parameters.isotropic.b}
        for k, term in enumerate(parameters.kinematic):
            tables |= {f"kinematic[{k}].C": term.C, f"kinematic[{k}].D": term.D}
        self.parameters = ParameterSet(tables)

    @classmethod
    def from_parameters(cls, parameters: dict[str, Any]) -> ChabocheLaw:
        """The law with the keys of `ChabocheParameters`; a wrong one is a LawError."""
        return cls(read_parameters(ChabocheParameters, parameters, cls.name))

    def initial_state(self, n_ip: int) -> np.ndarray:
        """Zero: (n_ip, 7 + 6 kinematic terms)."""
        return np.zeros((n_ip, self.n_state))

    def integrate(self, increment: Increment, state0: np.ndarray, tangent: bool = True) -> LawResult:
        """Stress, tangent and state at the end of the increment; see `romlib.laws.law.Law.integrate`.

        An increment of zero duration is elastic.
        """
        strain = np.ascontiguousarray(increment.strain1, dtype=float)
        n_ip = len(strain)
        stress, state = np.empty((n_ip, 6)), np.empty((n_ip, self.n_state))
        stiffness = np.empty((n_ip if tangent else 0, 6, 6))
        failure = np.zeros(n_ip, dtype=np.uint8)
        parameters = self.parameters.at(increment.temperature1)
        check_shapes(strain, state0, self.n_state, parameters)
        n_failed = _integrate(strain, np.ascontiguousarray(state0, dtype=float), float(increment.dt), parameters,
                              stress, stiffness, state, failure)
        return result_of(stress, stiffness if tangent else None, state, failure, n_failed)


# One row of parameters in the compiled loops: young, poisson, K, n, R0, linear_hardening, Q, b, C_1, D_1, C_2, D_2, ...


@numba.njit(cache=True, error_model="numpy")
def _overstress(dp, trial, state, shear, row, xi, drift):
    """g(dp) = J(xi*) - (3 G + sum_k C_k theta_k) dp - R(p + dp), its derivative, J(xi*) and n : d xi* / d dp.

    Fills xi (6,) with xi*(dp) and drift (6,) with d xi* / d dp; theta_k = 1 / (1 + D_k dp), n = 3/2 xi* / J(xi*).
    """
    p = state[0]
    voce = row[6] * np.exp(-row[7] * (p + dp)) if row[6] != 0.0 else 0.0
    value = -3.0 * shear * dp - (row[4] + row[5] * (p + dp) + row[6] - voce)
    slope = -3.0 * shear - row[5] - row[7] * voce
    for a in range(6):
        xi[a], drift[a] = trial[a], 0.0
    for k in range((len(row) - 8) // 2):
        C, D = row[8 + 2 * k], row[9 + 2 * k]
        theta = 1.0 / (1.0 + D * dp)
        value -= C * theta * dp
        slope -= C * theta * theta
        for a in range(6):
            backstress = 2.0 / 3.0 * C * theta * state[7 + 6 * k + a]
            xi[a] -= backstress
            drift[a] += D * theta * backstress
    square, work = 0.0, 0.0
    for a in range(6):
        square += xi[a] * xi[a]
        work += xi[a] * drift[a]
    equivalent = np.sqrt(1.5 * square)
    along = 1.5 * work / equivalent if equivalent > 0.0 else 0.0
    return value + equivalent, slope + along, equivalent, along


@numba.njit(cache=True, error_model="numpy")
def _viscous_stress(start, slope, dt, trial, state, shear, row, xi, drift):
    """y > 0 with g(dt (y / K)^n) = y: the viscous stress, a smooth unknown even where dp is far below 1e-30.

    Newton kept inside a bracket. J(xi*) is at most J(s_trial) + sum_k J(X_k), and R falls by at most its Voce part at
    infinity; so g(dp) <= bound - 3 G dp, which gives the upper end. NaN: no convergence.

    start, slope : g(0) > 0 and g'(0).
    """
    K, n = row[2], row[3]
    square, bound = 0.0, 0.0
    for a in range(6):
        square += trial[a] * trial[a]
    for k in range((len(row) - 8) // 2):
        part = 0.0
        for a in range(6):
            part += state[7 + 6 * k + a] ** 2
        bound += row[8 + 2 * k] * np.sqrt(part * 2.0 / 3.0)
    scale = bound + np.sqrt(1.5 * square)
    voce = row[6] * np.exp(-row[7] * state[0])
    bound = scale - (row[4] + row[5] * state[0] + row[6] - voce) - min(0.0, voce)
    low, high = 0.0, min(bound, K * (bound / (3.0 * shear * dt)) ** (1.0 / n))
    y = min(high, start)
    if slope < 0.0:
        y = min(y, K * (start / (-slope * dt)) ** (1.0 / n))
    for _ in range(200):
        dp = dt * (y / K) ** n
        value, derivative, _, _ = _overstress(dp, trial, state, shear, row, xi, drift)
        residual = value - y
        if not np.isfinite(residual):
            return np.nan
        if residual > 0.0:
            low = y
        else:
            high = y
        new = y - residual / (derivative * n * dp / y - 1.0)
        if not low <= new <= high:
            new = 0.5 * (low + high)
        if abs(residual) <= 2e-15 * scale or abs(new - y) <= 1e-15 * y:
            return new
        y = new
    return np.nan


@numba.njit(cache=True, error_model="numpy")
def _add_viscoplastic(tangent, bulk, shear, multiplier, ratio, along, flow, drift):
    """Write the consistent tangent; multiplier = d dp / d (n : d strain), ratio = dp / J(xi*)."""
    add_isotropic(tangent, bulk, shear * (1.0 - 3.0 * shear * ratio))
    radial = -2.0 * shear * (multiplier - ratio * (2.0 * shear + multiplier * along))
    turning = -3.0 * shear * multiplier * ratio
    for a in range(6):
        left = radial * flow[a] + turning * drift[a]
        for b in range(6):
            tangent[a, b] += left * flow[b]


@numba.njit(cache=True, error_model="numpy")
def _integrate(strain, state0, dt, parameters, stress, tangent, state, failure):
    stride = 0 if len(parameters) == 1 else 1
    trial, xi, drift, n_failed = np.empty(6), np.empty(6), np.empty(6), 0
    n_state = state0.shape[1]
    for i in range(len(strain)):
        row, old = parameters[i * stride], state0[i]
        shear = row[0] / (2.0 * (1.0 + row[1]))
        bulk = row[0] / (3.0 * (1.0 - 2.0 * row[1]))
        mean = (strain[i, 0] + strain[i, 1] + strain[i, 2]) / 3.0
        for a in range(6):
            trial[a] = 2.0 * shear * (strain[i, a] - (mean if a < 3 else 0.0) - old[a + 1])
            stress[i, a] = trial[a] + (3.0 * bulk * mean if a < 3 else 0.0)
        for j in range(n_state):
            state[i, j] = old[j]
        value, slope, equivalent, along = _overstress(0.0, trial, old, shear, row, xi, drift)
        dp, y, multiplier = 0.0, 0.0, 0.0
        if value > 0.0 and dt > 0.0:
            y = _viscous_stress(value, slope, dt, trial, old, shear, row, xi, drift)
            dp = dt * (y / row[2]) ** row[3]
            _, slope, equivalent, along = _overstress(dp, trial, old, shear, row, xi, drift)
            gain = row[3] * dp / y  # d dp / d y: zero, and the point elastic, where dp underflows
            multiplier = 2.0 * shear * gain / (1.0 - slope * gain)
            for a in range(6):
                xi[a] *= 1.5 / equivalent
                stress[i, a] -= 2.0 * shear * dp * xi[a]
                state[i, a + 1] += dp * xi[a]
            for j in range(7, n_state):
                state[i, j] = (old[j] + dp * xi[(j - 7) % 6]) / (1.0 + row[9 + 2 * ((j - 7) // 6)] * dp)
            state[i, 0] += dp
        if not (np.isfinite(value) and np.isfinite(mean)):
            failure[i] = NOT_FINITE
        elif not (np.isfinite(dp) and np.isfinite(multiplier)):
            failure[i] = NOT_CONVERGED
        n_failed += failure[i] != 0
        if len(tangent) > 0:
            ratio = dp / equivalent if dp > 0.0 else 0.0
            _add_viscoplastic(tangent[i], bulk, shear, multiplier, ratio, along, xi, drift)
    return n_failed
