from dataclasses import replace

import numpy as np
import pytest

from romlib.errors import LawError
from romlib.laws import build_law
from romlib.laws.check_law import check_law
from romlib.laws.law import Increment
from romlib.laws.orthotropic import OrthotropicLaw
from romlib.laws.symbols import evaluated_model
from romlib.model import Material, Model

NAMES = ("E1", "E2", "E3", "nu12", "nu13", "nu23", "G12", "G13", "G23")
WOOD = dict(zip(NAMES, (12000.0, 800.0, 500.0, 0.37, 0.42, 0.47, 700.0, 600.0, 60.0)))
OF_C = ("C11", "C22", "C33", "C12", "C13", "C23", "C44", "C55", "C66")


def compliance(e1, e2, e3, nu12, nu13, nu23, g12, g13, g23):
    """Kelvin-Mandel."""
    s = np.zeros((6, 6))
    s[:3, :3] = [[1 / e1, -nu12 / e1, -nu13 / e1], [-nu12 / e1, 1 / e2, -nu23 / e2], [-nu13 / e1, -nu23 / e2, 1 / e3]]
    s[3, 3], s[4, 4], s[5, 5] = 0.5 / g12, 0.5 / g13, 0.5 / g23
    return s


def stiffness_of(parameters):
    c = np.linalg.inv(compliance(*(parameters[name] for name in NAMES)))
    return dict(zip(OF_C, (c[0, 0], c[1, 1], c[2, 2], c[0, 1], c[0, 2], c[1, 2], c[5, 5] / 2, c[4, 4] / 2,
                           c[3, 3] / 2)))


def increment(strain, temperature=None):
    n = len(strain)
    return Increment(np.zeros((n, 6)), strain, np.zeros((n, 6)), temperature, temperature, 0.0, 1.0, np.arange(n),
                     np.ones(n, int), np.zeros((n, 3)))


STRAIN = np.random.default_rng(3).normal(size=(5, 6))


def test_the_stress_is_the_inverse_of_the_compliance_times_the_strain():
    law = OrthotropicLaw.from_parameters(WOOD)
    result = law.integrate(increment(STRAIN), law.initial_state(5))
    expected = np.linalg.inv(compliance(*WOOD.values()))
    np.testing.assert_allclose(result.tangent, np.broadcast_to(expected, (5, 6, 6)), rtol=1e-12)
    np.testing.assert_allclose(result.stress, STRAIN @ expected, rtol=1e-11)


def test_stiffnesses_and_engineering_constants_say_the_same_material():
    one, two = (OrthotropicLaw.from_parameters(p).integrate(increment(STRAIN), np.zeros((5, 0)))
                for p in (WOOD, stiffness_of(WOOD)))
    np.testing.assert_allclose(one.stress, two.stress, rtol=1e-12)


def test_it_does_all_that_a_law_must_do():
    report = check_law(OrthotropicLaw.from_parameters(WOOD))
    assert report.tangent_error < 1e-9 and report.isotropy_error is None
    table = {**WOOD, "E1": {"temperature": [0.0, 100.0], "value": [12000.0, 9000.0]}}
    check_law(OrthotropicLaw.from_parameters(table), temperature=(-20.0, 120.0))


def test_constants_depend_on_temperature_as_they_are_given():
    hot = {**WOOD, "E1": 6000.0}
    table = {**WOOD, "E1": {"temperature": [0.0, 100.0], "value": [12000.0, 6000.0]}}
    law = OrthotropicLaw.from_parameters(table)
    found = law.integrate(increment(STRAIN, np.array([0.0, 100.0, 50.0, -9.0, 300.0])), np.zeros((5, 0))).tangent
    for k, parameters in enumerate((WOOD, hot, {**WOOD, "E1": 9000.0}, WOOD, hot)):
        np.testing.assert_allclose(found[k], np.linalg.inv(compliance(*parameters.values())), rtol=1e-12)


def test_a_formula_of_a_parameter_is_a_constant_like_any():
    material = Material(law="orthotropic", parameters={**WOOD, "E1": "10*E"})
    model = evaluated_model(Model(materials={"wood": material}, parameters={"E": 1200.0}))
    law = build_law(model.materials["wood"])
    found, expected = (one.integrate(increment(STRAIN), np.zeros((5, 0)))
                       for one in (law, OrthotropicLaw.from_parameters(WOOD)))
    np.testing.assert_allclose(found.stress, expected.stress, rtol=1e-12)


@pytest.mark.parametrize(("change", "said"), [
    ({"nu12": 4.0}, r"nu12\^2 < E1 / E2 does not hold"), ({"nu13": -5.0}, r"nu13\^2 < E1 / E3"),
    ({"nu23": 1.3}, r"nu23\^2 < E2 / E3"), ({"nu12": 3.5, "nu13": 4.0, "nu23": 0.9}, "2 nu21 nu32 nu13 > 0"),
    ({"E2": -1.0}, "E2"), ({"G13": 0.0}, "G13"), ({"C11": 5.0}, "give either E1"),
    ({"E4": 5.0}, "unknown key 'E4'"),
    ({"nu12": {"temperature": [0.0, 80.0], "value": [0.3, 4.0]}}, "does not hold at temperature 70.58"),
    ({"nu13": {"temperature": [0.0, 80.0], "value": [-4.0, 4.0]}, "nu12": 2.0}, "at temperature")])
def test_constants_that_give_work_for_nothing_are_refused_by_the_condition_that_fails(change, said):
    with pytest.raises(LawError, match=said):
        OrthotropicLaw.from_parameters({**WOOD, **change})


@pytest.mark.parametrize(("change", "said"), [
    ({"C12": 1e6}, r"C12\^2 < C11 C22"), ({"C13": 1e6}, r"C13\^2 < C11 C33"), ({"C23": -1e6}, r"C23\^2 < C22 C33"),
    ({"C12": 2900.0, "C13": -2000.0, "C23": 700.0}, "determinant"), ({"C44": -1.0}, "C44"), ({"C44": None}, "missing")])
def test_a_stiffness_that_is_not_positive_definite_is_refused(change, said):
    parameters = {name: value for name, value in {**stiffness_of(WOOD), **change}.items() if value is not None}
    with pytest.raises(LawError, match=said):
        OrthotropicLaw.from_parameters(parameters)


def test_nothing_at_all_is_refused_with_what_is_needed():
    with pytest.raises(LawError, match="give either E1, E2, E3"):
        OrthotropicLaw.from_parameters({})


def test_the_constants_are_those_of_the_temperature_at_the_end():
    halved = {name: {"temperature": [0.0, 100.0], "value": [value, value if name[0] == "n" else 0.5 * value]}
              for name, value in WOOD.items()}
    one = increment(STRAIN)
    one = replace(one, temperature0=np.zeros(5), temperature1=np.full(5, 100.0))
    result = OrthotropicLaw.from_parameters(halved).integrate(one, np.zeros((5, 0)))
    np.testing.assert_allclose(result.stress, 0.5 * STRAIN @ np.linalg.inv(compliance(*WOOD.values())), rtol=1e-11)
