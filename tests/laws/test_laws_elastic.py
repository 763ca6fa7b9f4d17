import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from romlib.errors import LawError
from romlib.laws.check_law import check_law
from romlib.laws.elastic import ElasticLaw
from romlib.laws.law import Increment
from romlib.tensors import IDENTITY, trace


def one(law, strain, temperature=None):
    strain = np.atleast_2d(strain)
    n = len(strain)
    zero = np.zeros((n, 6))
    return law.integrate(Increment(
        zero, strain, zero, temperature, temperature, 0.0, 1.0, np.arange(n), np.zeros(n), np.zeros((n, 3))),
        law.initial_state(n))


@given(st.floats(1e-3, 1e6), st.floats(-0.9, 0.49), st.lists(st.floats(-1, 1), min_size=6, max_size=6))
def test_stress_is_hookes(young, poisson, strain):
    strain = np.array(strain)
    law = ElasticLaw.from_parameters({"young": young, "poisson": poisson})
    lame = young * poisson / (1 + poisson) / (1 - 2 * poisson)
    expected = lame * trace(strain) * IDENTITY + young / (1 + poisson) * strain
    result = one(law, strain)
    scale = max(np.abs(result.tangent).max(), 1e-300)
    assert np.allclose(result.stress[0], expected, rtol=0, atol=1e-13 * scale)
    assert np.allclose(result.tangent[0] @ strain, expected, rtol=0, atol=1e-13 * scale)


def test_uniaxial_stress_gives_young():
    law = ElasticLaw.from_parameters({"young": 210.0, "poisson": 0.3})
    assert np.allclose(one(law, [1.0, -0.3, -0.3, 0, 0, 0]).stress[0], [210.0, 0, 0, 0, 0, 0], atol=1e-12)


def test_young_follows_temperature_and_is_constant_outside_its_table():
    law = ElasticLaw.from_parameters(
        {"young": {"temperature": [0, 100, 300], "value": [200, 100, 50]}, "poisson": 0.0})
    strain = np.tile([1.0, 0, 0, 0, 0, 0], (6, 1))
    stress = one(law, strain, np.array([-50.0, 0.0, 50.0, 100.0, 200.0, 900.0])).stress[:, 0]
    assert np.allclose(stress, [200, 200, 150, 100, 75, 50])


def test_parameters_that_depend_on_temperature_need_one():
    law = ElasticLaw.from_parameters({"young": {"temperature": [0, 1], "value": [1, 2]}, "poisson": 0.0})
    with pytest.raises(LawError, match="no temperature\n  place: parameters young\n"):
        one(law, np.zeros(6))


def test_a_table_of_equal_values_is_a_constant():
    law = ElasticLaw.from_parameters({"young": {"temperature": [0, 1], "value": [2, 2]}, "poisson": 0.0})
    assert one(law, [1.0, 0, 0, 0, 0, 0]).stress[0, 0] == pytest.approx(2.0)


def test_elasticity_does_what_a_law_must():
    report = check_law(ElasticLaw.from_parameters({"young": 2e5, "poisson": 0.3}))
    assert report.tangent_error < 1e-9 and report.n_skipped == 0
