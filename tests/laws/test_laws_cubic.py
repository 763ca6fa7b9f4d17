import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from romlib.errors import LawError
from romlib.laws.check_law import check_law
from romlib.laws.cubic import CubicLaw
from romlib.laws.law import Increment
from romlib.laws.orthotropic import OrthotropicLaw
from romlib.laws.points import MaterialPoints
from romlib.mesh.axes import axes_of_vectors
from romlib.model import Material, Orientation
from romlib.tensors import mandel_from_matrix

NICKEL = {"C11": 246.5e3, "C12": 147.3e3, "C44": 124.7e3}  # MPa; Simmons and Wang 1971
STRAIN = np.random.default_rng(3).normal(size=(5, 6))


def increment(strain, temperature=None):
    n = len(strain)
    return Increment(np.zeros((n, 6)), strain, np.zeros((n, 6)), temperature, temperature, 0.0, 1.0, np.arange(n),
                     np.ones(n, int), np.zeros((n, 3)))


def engineering(c11, c12, c44):
    young = (c11 - c12) * (c11 + 2 * c12) / (c11 + c12)
    return {"E": young, "nu": c12 / (c11 + c12), "G": c44}


def test_it_does_all_that_a_law_must_do():
    assert check_law(CubicLaw.from_parameters(NICKEL)).tangent_error < 1e-9
    warm = {**engineering(*NICKEL.values()), "E": {"temperature": [0.0, 900.0], "value": [135e3, 90e3]}}
    check_law(CubicLaw.from_parameters(warm), temperature=(-20.0, 1000.0))


def test_three_constants_of_either_kind_and_nine_say_the_same_material():
    named = engineering(*NICKEL.values())
    nine = {**{f"E{k}": named["E"] for k in "123"}, **{f"nu{k}": named["nu"] for k in ("12", "13", "23")},
            **{f"G{k}": named["G"] for k in ("12", "13", "23")}}
    one, two, three = (law.integrate(increment(STRAIN), np.zeros((5, 0))) for law in (
        CubicLaw.from_parameters(NICKEL), CubicLaw.from_parameters(named), OrthotropicLaw.from_parameters(nine)))
    for other in (two, three):
        np.testing.assert_allclose(other.stress, one.stress, rtol=1e-10)
        np.testing.assert_allclose(other.tangent, one.tangent, rtol=1e-10)


def modulus(parameters, direction):
    """Stress over strain in a uniaxial test along a direction of the crystal, by the law at a point with axes."""
    other = [0.0, 0.0, 1.0] if abs(direction[2]) < 0.9 * np.linalg.norm(direction) else [1.0, 0.0, 0.0]
    # the rows of `test` are the axes of the test in the crystal's frame: the crystal's axes in the test's are columns
    test = axes_of_vectors(np.array(direction, dtype=float), np.array(other))
    first, plane = test.T[0], test.T[1]
    material = Material(law="cubic", parameters=parameters, orientation=Orientation(first=first, plane=plane))
    one = np.zeros(1, int)
    points = MaterialPoints.from_arrays({"crystal": material}, one, one, one + 1, np.zeros((1, 3)),
                                        orientation=axes_of_vectors(first, plane)[None])
    stiffness = points.virgin_tangent(0.0)[0]
    return 1.0 / np.linalg.inv(stiffness)[0, 0]


@pytest.mark.parametrize(("direction", "anisotropy"), [((0, 0, 1), 0.0), ((1, 0, 0), 0.0), ((0, 1, 1), 0.25),
                                                       ((1, 1, 1), 1.0 / 3.0), ((1, 2, 3), 49.0 / 196.0)])
def test_the_modulus_along_a_direction_is_that_of_the_closed_form(direction, anisotropy):
    c11, c12, c44 = NICKEL.values()
    s11 = (c11 + c12) / ((c11 - c12) * (c11 + 2 * c12))
    s12 = -c12 / ((c11 - c12) * (c11 + 2 * c12))
    expected = 1.0 / (s11 - 2.0 * (s11 - s12 - 0.5 / c44) * anisotropy)
    assert modulus(NICKEL, direction) == pytest.approx(expected, rel=1e-12)


@settings(max_examples=20, deadline=None)
@given(direction=st.tuples(*[st.integers(-5, 5)] * 3).filter(any))
def test_an_isotropic_material_written_as_a_cubic_one_has_one_modulus(direction):
    c11, c12 = 280e3, 120e3
    isotropic = {"C11": c11, "C12": c12, "C44": 0.5 * (c11 - c12)}
    assert modulus(isotropic, direction) == pytest.approx(engineering(c11, c12, 0.0)["E"], rel=1e-11)


def test_points_with_axes_give_the_tangent_of_their_stress():
    axes = np.linalg.qr(np.random.default_rng(5).normal(size=(5, 3, 3)))[0]
    axes *= np.sign(np.linalg.det(axes))[:, None, None]
    material = Material(law="cubic", parameters=NICKEL, orientation=Orientation(first=(1, 0, 0), plane=(0, 1, 0)))
    n = np.arange(5)
    points = MaterialPoints.from_arrays({"c": material}, n * 0, n, n + 1, np.zeros((5, 3)), orientation=axes)
    result = points.integrate(points.virgin(0.0), 1.0, STRAIN, None)
    np.testing.assert_allclose(np.einsum("pij,pj->pi", result.tangent, STRAIN), result.state.stress, rtol=1e-9)
    pull = mandel_from_matrix(axes[:, 0, :, None] * axes[:, 0, None, :])  # along axis 1 of each point
    stress = points.integrate(points.virgin(0.0), 1.0, pull, None).state.stress
    along = np.einsum("pa,pa->p", pull, stress)
    np.testing.assert_allclose(along, NICKEL["C11"], rtol=1e-12)


@pytest.mark.parametrize(("parameters", "said"), [
    ({**NICKEL, "C12": 300e3}, "C11 > C12 does not hold"), ({**NICKEL, "C12": -130e3}, "C11 > -2 C12 does not hold"),
    ({**NICKEL, "C12": {"temperature": [0, 100], "value": [1e5, 3e5]}}, "C11 > C12 does not hold at temperature 100"),
    ({"E": 1e5, "nu": 0.5, "G": 1e5}, "nu"), ({"E": 1e5, "nu": 0.3}, "G is missing"), ({}, "give either C11"),
    ({**NICKEL, "E": 1.0}, "give either C11"), ({**NICKEL, "C13": 1.0}, "unknown key 'C13'")])
def test_constants_that_cannot_be_are_refused_by_name(parameters, said):
    with pytest.raises(LawError, match=said):
        CubicLaw.from_parameters(parameters)


def test_the_constants_are_those_of_the_temperature_at_the_end():
    table = {name: {"temperature": [0.0, 100.0], "value": [value, 0.5 * value]}
             for name, value in (("C11", 250e3), ("C12", 150e3), ("C44", 120e3))}
    one = Increment(np.zeros((1, 6)), np.eye(6)[:1], np.zeros((1, 6)), np.zeros(1), np.full(1, 100.0), 0.0, 1.0,
                    np.zeros(1, int), np.ones(1, int), np.zeros((1, 3)))
    result = CubicLaw.from_parameters(table).integrate(one, np.zeros((1, 0)))
    np.testing.assert_allclose(result.stress, [[125e3, 75e3, 75e3, 0.0, 0.0, 0.0]])
