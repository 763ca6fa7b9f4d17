import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from romlib.errors import LawError
from romlib.laws.check_law import check_law
from romlib.laws.law import Increment
from romlib.laws.mises import MisesLaw
from romlib.tensors import von_mises

E, NU = 200000.0, 0.3


def law_of(**changed):
    parameters = {"young": E, "poisson": NU, "yield": 200.0} | changed
    return MisesLaw.from_parameters(parameters)


def steps(law, strains, state=None, temperature=None):
    """Stresses and states after each of the strains (n_step, n_ip, 6)."""
    n = strains.shape[1]
    state = law.initial_state(n) if state is None else state
    strain, stress, out = np.zeros((n, 6)), np.zeros((n, 6)), []
    for k, new in enumerate(strains):
        result = law.integrate(Increment(
            strain, new, stress, temperature, temperature, float(k), 1.0, np.arange(n), np.zeros(n), np.zeros((n, 3))),
            state)
        assert result.ok
        strain, stress, state = new, result.stress, result.state
        out.append(result)
    return out


def uniaxial(stress, plastic):
    """Total strain of a bar with this stress and axial plastic strain, (n_step, 1, 6)."""
    axial = np.asarray(stress) / E + plastic
    lateral = -NU * np.asarray(stress) / E - 0.5 * np.asarray(plastic)
    zero = np.zeros_like(axial)
    return np.stack([axial, lateral, lateral, zero, zero, zero], axis=-1)[:, None, :]


@pytest.mark.parametrize("n_step", [1, 7])
def test_tension_follows_the_closed_form(n_step):
    H, Q, b, C = 1500.0, 80.0, 60.0, 4000.0
    law = law_of(linear_hardening=H, voce={"Q": Q, "b": b}, kinematic=C)
    plastic = np.linspace(0.0, 0.04, n_step + 1)[1:]
    stress = 200.0 + (H + C) * plastic + Q * (1 - np.exp(-b * plastic))
    for result, s, p in zip(steps(law, uniaxial(stress, plastic)), stress, plastic):
        assert np.allclose(result.stress[0], [s, 0, 0, 0, 0, 0], atol=1e-9 * E * 1e-3)
        assert np.allclose(result.state[0], [p, p, -p / 2, -p / 2, 0, 0, 0], atol=1e-14)


CURVE = {"p": [0.0, 0.002, 0.01, 0.03], "stress": [200.0, 260.0, 250.0, 300.0]}


def curve_of(**changed):
    parameters = {"young": E, "poisson": NU, "curve": CURVE} | changed
    return MisesLaw.from_parameters(parameters)


@pytest.mark.parametrize("plastic", [[0.05], [0.002, 0.02], [0.001, 0.0025, 0.01, 0.011, 0.03, 0.04, 0.041]],
                         ids=["one step over all", "two steps", "on the knots and between them"])
def test_tension_follows_the_curve_and_is_constant_beyond_its_end(plastic):
    C = 4000.0
    stress = np.interp(plastic, CURVE["p"], CURVE["stress"]) + C * np.array(plastic)
    for result, s, p in zip(steps(curve_of(kinematic=C), uniaxial(stress, np.array(plastic))), stress, plastic):
        assert np.allclose(result.stress[0], [s, 0, 0, 0, 0, 0], atol=1e-8)
        assert np.allclose(result.state[0], [p, p, -p / 2, -p / 2, 0, 0, 0], atol=1e-14)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**31), st.floats(-5, -1), st.floats(0, 1e4), st.integers(2, 5))
def test_a_curve_on_a_line_is_linear_hardening(seed, size, H, n_knot):
    """As far as the curve goes; also with knots in between."""
    knots = np.concatenate([[0.0], np.cumsum(np.random.default_rng(seed).uniform(0.1, 1.0, n_knot - 1))])
    knots *= 1e3 / knots[-1]
    curve = {"p": knots.tolist(), "stress": (200.0 + H * knots).tolist()}
    strains = np.cumsum(np.random.default_rng(seed).normal(size=(3, 20, 6)) * 10.0**size, axis=0)
    for found, expected in zip(steps(curve_of(curve=curve), strains), steps(law_of(linear_hardening=H), strains)):
        for name in ("stress", "state", "tangent"):
            a, b = getattr(found, name), getattr(expected, name)
            assert np.allclose(a, b, rtol=1e-9, atol=1e-10 * np.abs(b).max()), name


def test_the_temperature_moves_the_curve():
    """Each point by its own temperature; the value at a knot is a number or a table."""
    curve = {"p": [0.0, 0.01], "stress": [200.0, {"temperature": [0, 100], "value": [300, 220]}]}
    law, temperature, p = curve_of(curve=curve), np.array([-10.0, 50.0, 300.0]), 0.005
    stress = np.array([250.0, 230.0, 210.0])
    strain = np.concatenate([uniaxial([one], [p]) for one in stress], axis=1)
    assert np.allclose(steps(law, strain, temperature=temperature)[0].stress[:, 0], stress)


def test_a_curve_that_falls_more_steeply_than_the_elastic_stress_has_no_solution():
    law = curve_of(curve={"p": [0.0, 0.0002], "stress": [200.0, 100.0]})
    strain, zero = uniaxial([200.0], [0.01])[0], np.zeros((1, 6))
    result = law.integrate(Increment(
        zero, strain, zero, None, None, 0.0, 1.0, np.arange(1), np.zeros(1), np.zeros((1, 3))), law.initial_state(1))
    assert not result.ok and list(result.failed_points) == [0]


@pytest.mark.parametrize(("changed", "said"), [
    ({"curve": None}, "either yield .* or curve"), ({"yield": 200.0}, "either yield .* or curve"),
    ({"linear_hardening": 1.0}, "leave out"), ({"voce": {"Q": 1.0, "b": 1.0}}, "leave out"),
    ({"curve": {"p": [0.0, 0.1], "stress": [1.0]}}, "as many stresses"),
    ({"curve": {"p": [], "stress": []}}, "as many stresses"),
    ({"curve": {"p": [0.1, 0.2], "stress": [1.0, 2.0]}}, "begin with 0"),
    ({"curve": {"p": [0.0, 0.2, 0.2], "stress": [1.0, 2.0, 3.0]}}, "increase"),
    ({"curve": {"p": [0.0, float("nan")], "stress": [1.0, 2.0]}}, "increase|finite"),
    ({"curve": {"p": [0.0, 0.1], "stress": [1.0, -2.0]}}, r"curve\.stress\[1\]"),
    ({"curve": {"p": [0.0, 0.1], "stres": [1.0, 2.0]}}, "did you mean 'stress'"),
])
def test_a_wrong_curve_is_refused(changed, said):
    with pytest.raises(LawError, match=said):
        curve_of(**changed)


def test_elastoplastic_modulus_of_linear_hardening():
    H = 10000.0
    results = steps(law_of(linear_hardening=H), uniaxial([200 + H * 0.01, 200 + H * 0.02], [0.01, 0.02]))
    compliance = np.linalg.inv(results[1].tangent[0])
    assert 1 / compliance[0, 0] == pytest.approx(E * H / (E + H), rel=1e-3)  # exact in the rate form; here to O(1/p)


def test_reverse_yield_of_kinematic_and_isotropic_hardening():
    """After tension to 300, kinematic hardening yields again at 300 - 2 x 200, isotropic hardening at -300."""
    for kind, reverse in (("kinematic", -100.0), ("linear_hardening", -300.0)):
        law = law_of(**{kind: 10000.0})
        before, at, after = (uniaxial([300.0, s], [0.01, 0.01]) for s in (reverse + 0.01, reverse, reverse - 1.0))
        assert steps(law, before)[-1].state[0, 0] == pytest.approx(0.01, abs=1e-15)
        assert np.allclose(steps(law, at)[-1].stress[0, 0], reverse)
        assert steps(law, after)[-1].state[0, 0] > 0.01 + 1e-6


def test_shear_yields_at_yield_over_root_three():
    shear = np.zeros((1, 1, 6))
    shear[0, 0, 3] = np.sqrt(2) * 0.01
    stress = steps(law_of(), shear)[0].stress[0]
    assert stress[3] / np.sqrt(2) == pytest.approx(200.0 / np.sqrt(3))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**31), st.floats(-6, 0), st.floats(0, 1e5), st.floats(-150, 500), st.floats(0, 500),
       st.floats(0, 1e5))
def test_stress_lies_on_the_yield_surface_where_plastic_strain_grows(seed, size, H, Q, b, C):
    law = law_of(linear_hardening=H, voce={"Q": Q, "b": b}, kinematic=C)
    strains = np.cumsum(np.random.default_rng(seed).normal(size=(3, 20, 6)) * 10.0**size, axis=0)
    old = law.initial_state(20)
    for result in steps(law, strains):
        p, plastic = result.state[:, 0], result.state[:, 1:]
        radius = 200.0 + H * p + Q * (1 - np.exp(-b * p))
        f = von_mises(result.stress - 2 / 3 * C * plastic) - radius
        scale = 1e-12 * (radius + E * 10.0**size)
        grows = p > old[:, 0]
        assert np.all(p >= old[:, 0]) and np.all(f <= scale) and np.all(np.abs(f[grows]) <= scale[grows])
        assert np.allclose(plastic[:, :3].sum(axis=1), 0, atol=1e-14 * (1 + 10.0**size))
        old = result.state


@pytest.mark.parametrize("parameters, temperature", [
    (dict(), None),
    (dict(linear_hardening=2000.0), None),
    (dict(linear_hardening=500.0, voce={"Q": 100.0, "b": 200.0}, kinematic=20000.0), None),
    (dict(voce={"Q": -80.0, "b": 20.0}), None),
    ({"yield": {"temperature": [0, 500], "value": [250, 100]}, "voce": {
        "Q": 100.0, "b": {"temperature": [0, 500], "value": [100, 10]}}}, (-100.0, 600.0)),
    ({"yield": None, "curve": CURVE, "kinematic": 20000.0}, None),
    ({"yield": None, "curve": {"p": [0.0, 0.002, 0.01], "stress": [
        {"temperature": [0, 500], "value": [250, 100]}, 260.0, {"temperature": [0, 500], "value": [300, 280]}]}},
     (-100.0, 600.0)),
])
def test_the_law_does_what_a_law_must(parameters, temperature):
    report = check_law(law_of(**parameters), temperature=temperature)
    assert report.tangent_error < 1e-8 and report.isotropy_error < 1e-12


def test_the_temperature_at_the_end_of_the_increment_sets_the_yield_stress():
    law = law_of(**{"yield": {"temperature": [0, 100], "value": [200, 100]}})
    shear = np.zeros((1, 3, 6))
    shear[..., 3] = 0.02
    result = steps(law, shear, temperature=np.array([-10.0, 50.0, 300.0]))[0]
    assert np.allclose(von_mises(result.stress), [200, 150, 100])


def test_points_with_bad_strain_are_reported_and_ask_for_a_shorter_step():
    strains = np.full((4, 6), 1e-3)
    strains[2, 4], strains[3, 0] = np.nan, np.inf
    law, zero = law_of(), np.zeros((4, 6))
    result = law.integrate(Increment(
        zero, strains, zero, None, None, 0.0, 1.0, np.arange(4), np.zeros(4), np.zeros((4, 3))), law.initial_state(4))
    assert not result.ok and list(result.failed_points) == [2, 3] and result.dt_factor == 0.25
    assert "not finite" in result.message


def test_read_only_and_strided_inputs_are_accepted():
    law = law_of()
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(5, 12)) * 1e-2
    zero = np.zeros((5, 6))
    zero.setflags(write=False)
    state = law.initial_state(5)
    state.setflags(write=False)
    results = [law.integrate(Increment(
        zero, strain, zero, None, None, 0.0, 1.0, np.arange(5), np.zeros(5), np.zeros((5, 3))), state)
        for strain in (wide[:, ::2], wide[:, ::2].copy())]
    assert np.array_equal(results[0].stress, results[1].stress)
