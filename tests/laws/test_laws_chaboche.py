import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from romlib.laws.chaboche import ChabocheLaw
from romlib.laws.check_law import check_law
from romlib.laws.law import Increment
from romlib.laws.mises import MisesLaw
from romlib.tensors import deviator, trace, von_mises

E, NU = 200000.0, 0.3
G = E / (2 * (1 + NU))


def law_of(**changed):
    parameters = {"young": E, "poisson": NU, "K": 300.0, "n": 30.0, "R0": 10.0, "kinematic": [{"C": 1e5, "D": 1000.0}]}
    return ChabocheLaw.from_parameters(parameters | changed)


def steps(law, times, strains, temperatures=None):
    """Results after each of the strains (n_step, n_ip, 6), from zero strain at times[0]."""
    n = strains.shape[1]
    state, strain, stress, out = law.initial_state(n), np.zeros((n, 6)), np.zeros((n, 6)), []
    for k, new in enumerate(strains):
        t0, t1 = (None, None) if temperatures is None else (temperatures[k], temperatures[k + 1])
        result = law.integrate(Increment(
            strain, new, stress, t0, t1, times[k], times[k + 1] - times[k], np.arange(n), np.zeros(n),
            np.zeros((n, 3))), state)
        assert result.ok, result.message
        strain, stress, state = new, result.stress, result.state
        out.append(result)
    return out


A, B = np.array([1.0, -0.4, -0.3, 0.5, 0.2, 0.0]), np.array([0.0, 0.6, -0.5, 0.3, -0.7, 0.8])


def path(t):
    """A strain history whose direction turns."""
    return 0.006 * (np.sin(2.0 * np.multiply.outer(t, A * 0 + 1.0)) * A + 0.7 * np.multiply.outer(t, B))


def heat(t):
    return 20.0 + 500.0 * np.asarray(t)


PARAMETERS = dict(K=150.0, n=4.0, R0=50.0, linear_hardening=500.0, isotropic={"Q": 60.0, "b": 40.0})


def reference(moduli, at=lambda t, value: value):
    """State at t = 1 of the rate equations, with C_k given by `at(t, C_k)`."""
    def rate(t, y):
        p, plastic, alpha = y[0], y[1:7], y[7:].reshape(-1, 6)
        strain = path(np.array(t))
        stress = 2 * G * (deviator(strain) - plastic)
        xi = stress - sum(2 / 3 * at(t, C) * a for (C, _), a in zip(moduli, alpha))
        equivalent = von_mises(xi)
        radius = 50.0 + 500.0 * p + 60.0 * (1 - np.exp(-40.0 * p))
        speed = (max(equivalent - radius, 0.0) / 150.0) ** 4
        flow = 1.5 * xi / max(equivalent, 1e-30)
        return np.concatenate([[speed], speed * flow] + [speed * (flow - D * a) for (_, D), a in zip(moduli, alpha)])

    return solve_ivp(rate, (0.0, 1.0), np.zeros(7 + 6 * len(moduli)), method="LSODA", rtol=1e-10, atol=1e-13).y[:, -1]


def error_of(n_step, expected, law, hot=False):
    times = np.linspace(0.0, 1.0, n_step + 1)
    temperatures = heat(times)[:, None] if hot else None
    state = steps(law, times, path(times[1:])[:, None, :], temperatures)[-1].state[0]
    return np.linalg.norm(state - expected) / np.linalg.norm(expected)


def test_implicit_euler_converges_to_the_rate_equations_with_first_order():
    moduli = [(60000.0, 600.0), (8000.0, 50.0), (1000.0, 0.0)]
    law = law_of(**PARAMETERS, kinematic=[{"C": C, "D": D} for C, D in moduli])
    expected = reference(moduli)
    assert expected[0] > 0.005
    coarse, fine = (error_of(n, expected, law) for n in (200, 400))
    assert fine < 5e-3 and coarse / fine == pytest.approx(2.0, abs=0.1)


def test_a_modulus_that_changes_with_temperature_changes_the_backstress():
    moduli = [(60000.0, 600.0), (8000.0, 50.0)]
    law = law_of(**PARAMETERS, kinematic=[
        {"C": {"temperature": [20, 520], "value": [C, 0.4 * C]}, "D": D} for C, D in moduli])
    expected = reference(moduli, at=lambda t, C: C * (1 - 0.6 * t))
    coarse, fine = (error_of(n, expected, law, hot=True) for n in (200, 400))
    assert fine < 5e-3 and coarse / fine == pytest.approx(2.0, abs=0.1)


def test_relaxation_follows_the_closed_form_of_norton():
    """Shear held constant, no hardening: q' = -3 G (q / K)^n, so q^(1-n) grows linearly."""
    n, K = 3.0, 5000.0
    law = law_of(n=n, K=K, R0=0.0, kinematic=[])
    strain = np.zeros((1, 6))
    strain[0, 3] = 1e-3 * np.sqrt(2)
    q0 = np.sqrt(3) * 2 * G * 1e-3
    times = np.concatenate([[0.0, 0.0], np.linspace(0, 1.0, 4001)[1:]])
    results = steps(law, times, np.repeat(strain[None], 4001, axis=0))
    assert von_mises(results[0].stress)[0] == pytest.approx(q0)  # an increment of zero duration is elastic
    expected = (q0 ** (1 - n) + (n - 1) * 3 * G / K**n) ** (1 / (1 - n))
    assert expected < 0.95 * q0
    assert von_mises(results[-1].stress)[0] == pytest.approx(expected, rel=1e-4)


def test_without_viscosity_it_is_plasticity():
    viscous = law_of(K=1e-6, n=1.0, R0=200.0, linear_hardening=1000.0, isotropic={"Q": 50.0, "b": 30.0},
                     kinematic=[{"C": 20000.0, "D": 0.0}])
    plastic = MisesLaw.from_parameters({
        "young": E, "poisson": NU, "yield": 200.0, "linear_hardening": 1000.0, "voce": {"Q": 50.0, "b": 30.0},
        "kinematic": 20000.0})
    rng = np.random.default_rng(0)
    strains = np.cumsum(rng.normal(size=(4, 30, 6)) * 4e-3, axis=0)
    times = np.arange(5.0)
    for a, b in zip(steps(viscous, times, strains), steps(plastic, times, strains)):
        assert np.allclose(a.stress, b.stress, rtol=0, atol=1e-6)
        assert np.allclose(a.state[:, :7], b.state, rtol=0, atol=1e-10)
        assert np.allclose(a.tangent, b.tangent, rtol=0, atol=1e-6 * E)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**31), st.floats(1, 200), st.floats(-3, 5), st.floats(0, 500), st.floats(-9, 0),
       st.floats(-9, 6), st.floats(0, 1e6), st.floats(0, 1e4), st.floats(-1, 3))
def test_every_step_satisfies_the_implicit_equations(seed, n, log_K, R0, size, log_dt, C, D, q_factor):
    """Whatever the parameters, also where the overstress ratio to the power n underflows."""
    K, dt, Q = 10.0**log_K, 10.0**log_dt, q_factor * R0
    law = law_of(n=n, K=K, R0=R0, isotropic={"Q": Q, "b": 25.0}, kinematic=[{"C": C, "D": D}, {"C": 1e4, "D": 100.0}])
    strains = np.cumsum(np.random.default_rng(seed).normal(size=(3, 12, 6)) * 10.0**size, axis=0)
    old = law.initial_state(12)
    for strain, result in zip(strains, steps(law, dt * np.arange(4.0), strains)):
        state = result.state
        p, plastic, alpha = state[:, 0], state[:, 1:7], state[:, 7:].reshape(-1, 2, 6)
        dp = p - old[:, 0]
        xi = deviator(result.stress) - 2 / 3 * (C * alpha[:, 0] + 1e4 * alpha[:, 1])
        f = von_mises(xi) - R0 - Q * (1 - np.exp(-25.0 * p))
        scale = R0 + abs(Q) + K + E * 10.0**size + C * min(1 / max(D, 1e-9), p.max())
        unseen = 1e-6 * p + 1e-290  # a smaller dp has lost its digits, or is below the range of numbers
        seen = dp > unseen
        viscous = K * (np.maximum(dp, 0) / dt) ** (1 / n)
        assert np.all(dp >= 0) and np.all(np.abs(f - viscous)[seen] <= 1e-9 * scale)
        assert np.all(f[~seen] <= K * (unseen[~seen] / dt) ** (1 / n) + 1e-9 * scale)
        assert np.allclose(trace(plastic), 0, atol=1e-13 * 10.0**size + 1e-16)
        elastic = 2 * G * (deviator(strain) - plastic)
        assert np.allclose(deviator(result.stress), elastic, rtol=0, atol=1e-11 * scale)
        increment = plastic - old[:, 1:7]
        for k, limit in enumerate((D, 100.0)):
            evolution = alpha[:, k] * (1 + limit * dp[:, None]) - old[:, 7 + 6 * k:13 + 6 * k] - increment
            assert np.abs(evolution).max() <= 1e-12 * (1 + limit) * (10.0**size + 1e-9)
        old = state


@pytest.mark.parametrize("parameters, temperature, dt", [
    (dict(), None, 0.2),
    (dict(kinematic=[]), None, 1.0),
    (dict(n=1.0, K=1e5), None, 1.0),
    (dict(R0=100.0, isotropic={"Q": -60.0, "b": 30.0}, kinematic=[{"C": 1e5, "D": 1e3}, {"C": 2e4}]), None, 1e-3),
    (dict(young={"temperature": [0, 900], "value": [2e5, 1e5]}, n={"temperature": [0, 900], "value": [30, 3]},
          kinematic=[{"C": {"temperature": [0, 900], "value": [1e5, 1e4]}, "D": 500.0}]), (0.0, 1000.0), 1.0),
])
def test_the_law_does_what_a_law_must(parameters, temperature, dt):
    report = check_law(law_of(**parameters), temperature=temperature, dt=dt)
    assert report.tangent_error < 1e-8 and report.isotropy_error < 1e-10


def test_a_strain_that_is_not_a_number_is_reported_by_point():
    law, zero, strain = law_of(), np.zeros((3, 6)), np.full((3, 6), 1e-3)
    strain[1, 5] = np.nan
    result = law.integrate(Increment(
        zero, strain, zero, None, None, 0.0, 1.0, np.arange(3), np.zeros(3), np.zeros((3, 3))), law.initial_state(3))
    assert list(result.failed_points) == [1] and result.dt_factor < 1 and np.isfinite(result.stress[[0, 2]]).all()
