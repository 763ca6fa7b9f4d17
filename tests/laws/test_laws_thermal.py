import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from romlib.laws.thermal import Expansion
from romlib.model import ThermalExpansion

GROWING = {"temperature": (0.0, 100.0, 500.0), "value": (1e-5, 2e-5, 3e-5)}


def test_closed_form_with_strain_free_temperature_away_from_the_reference_and_alpha_not_constant():
    """T_ref = 20, T_0 = 60, T = 300: alpha(300) = 2.5e-5, alpha(60) = 1.6e-5."""
    expansion = ThermalExpansion(coefficient=GROWING, reference_temperature=20.0)
    found = Expansion(expansion, 60.0).strain(np.array([300.0]))[0]
    assert found == pytest.approx(2.5e-5 * 280.0 - 1.6e-5 * 40.0, rel=1e-14)


@given(st.floats(-100, 900), st.floats(-100, 900))
def test_no_strain_at_the_strain_free_temperature(free, reference):
    expansion = ThermalExpansion(coefficient=GROWING, reference_temperature=reference)
    assert Expansion(expansion, free).strain(np.array([free]))[0] == 0.0


def test_a_constant_coefficient_does_not_see_the_reference_temperature():
    expansion = ThermalExpansion(coefficient=2e-5, reference_temperature=77.0)
    temperature = np.array([[0.0, 50.0], [100.0, 10.0]])
    found = Expansion(expansion, np.array([20.0, 30.0])).strain(temperature)
    assert np.allclose(found, 2e-5 * (temperature - [20, 30]))


def test_a_secant_coefficient_depends_on_its_reference_temperature():
    """Moving T_ref from 20 to 0 adds 20 (alpha(T) - alpha(T_0))."""
    one, other = (
        Expansion(ThermalExpansion(coefficient=GROWING, reference_temperature=ref), 60.0).strain(np.array([300.0]))[0]
        for ref in (20.0, 0.0))
    assert other - one == pytest.approx(20.0 * (2.5e-5 - 1.6e-5), rel=1e-12)


@pytest.mark.parametrize("free", [60.0, np.array([60.0, 20.0, 400.0])])
def test_mechanical_strain_is_total_less_thermal_on_the_diagonal(free):
    expansion = ThermalExpansion(coefficient=GROWING, reference_temperature=20.0)
    strain = np.random.default_rng(0).normal(size=(3, 6))
    before, temperature = strain.copy(), np.array([-50.0, 250.0, 700.0])
    mechanical = Expansion(expansion, free).mechanical(strain, temperature)
    expected = Expansion(expansion, free).strain(temperature)
    assert np.allclose((strain - mechanical)[:, :3], expected[:, None], rtol=1e-12)
    assert np.array_equal(mechanical[:, 3:], strain[:, 3:]) and np.array_equal(strain, before)
