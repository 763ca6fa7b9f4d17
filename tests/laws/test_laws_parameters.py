import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from romlib.errors import LawError
from romlib.laws.chaboche import ChabocheLaw
from romlib.laws.mises import MisesLaw
from romlib.laws.parameters import ParameterSet, lowest_sum
from romlib.model import ParameterTable

GOOD = {"young": 2e5, "poisson": 0.3, "yield": 200.0}
CHABOCHE = {"young": 2e5, "poisson": 0.3, "K": 300.0, "n": 30.0, "R0": 10.0}


@pytest.mark.parametrize("change, key, found, allowed", [
    ({"yuong": 2e5}, "yuong", "2", "did you mean 'young'"),
    ({"poisson": 0.5}, "poisson", "0.5", "between -1 and 0.5"),
    ({"young": 0.0}, "young", "0.0", "> 0"),
    ({"young": True}, "young", "True", "number or a table"),
    ({"young": float("nan")}, "young", "nan", "finite"),
    ({"yield": "200"}, "yield", "'200'", "number or a table"),
    ({"yield": {"temperature": [0, 1], "value": [100.0, -1.0]}}, "yield", "-1", "> 0"),
    ({"yield": {"temperature": [0, 1], "value": [100.0]}}, "yield", "100", "as many values"),
    ({"yield": {"temperature": [1, 0], "value": [100.0, 90.0]}}, "yield", "90", "increase"),
    ({"voce": {"Q": 1.0, "B": 1.0}}, "voce.B", "1.0", "one of Q, b"),
    ({"voce": {"Q": 1.0, "b": -1.0}}, "voce.b", "-1.0", ">= 0"),
    ({"voce": {"Q": -200.0, "b": 1.0}}, "as a whole", "-200", "yield \\+ voce.Q"),
    ({"linear_hardening": -1}, "linear_hardening", "-1", ">= 0"),
])
def test_a_wrong_parameter_is_named_with_its_value_and_what_is_allowed(change, key, found, allowed):
    with pytest.raises(LawError, match="law 'mises'") as error:
        MisesLaw.from_parameters(GOOD | change)
    assert key in str(error.value) and found in str(error.value.found)
    assert error.match(allowed)


@pytest.mark.parametrize("change, key", [
    ({"K": 0.0}, "K"), ({"n": -1.0}, "n"),
    ({"kinematic": [{"C": 1.0, "D": 1.0}, {"C": 1.0, "d": 1.0}]}, "kinematic[1].d"),
    ({"kinematic": [{"D": 1.0}]}, "kinematic[0].C"), ({"kinematic": {"C": 1.0}}, "kinematic"),
    ({"isotropic": {"Q": -11.0, "b": 1.0}}, "R0 + isotropic.Q"),
])
def test_wrong_parameters_of_chaboche_are_named(change, key):
    with pytest.raises(LawError) as error:
        ChabocheLaw.from_parameters(CHABOCHE | change)
    assert key in str(error.value)


def test_a_missing_parameter_is_named():
    with pytest.raises(LawError, match="poisson"):
        MisesLaw.from_parameters({"young": 1.0, "yield": 1.0})


def test_all_the_wrong_parameters_are_listed_at_once():
    with pytest.raises(LawError) as error:
        MisesLaw.from_parameters({"young": -1.0, "poisson": 0.7, "yeild": 3.0})
    assert all(word in str(error.value) for word in ("young", "poisson", "yeild", "yield"))


temperatures = st.floats(-1e3, 1e3).map(lambda t: round(t, 3))  # numpy's slope overflows between closer ones
tables = st.lists(temperatures, min_size=1, max_size=5, unique=True).map(sorted).flatmap(
    lambda knots: st.builds(
        ParameterTable, temperature=st.just(tuple(knots)),
        value=st.tuples(*[st.floats(-1e3, 1e3)] * len(knots))))


@given(st.lists(tables, min_size=1, max_size=4), st.lists(st.floats(-2e3, 2e3), min_size=1, max_size=8))
def test_tables_are_linear_between_rows_and_constant_outside(given_tables, temperature):
    parameters = ParameterSet({str(k): table for k, table in enumerate(given_tables)})
    rows = np.broadcast_to(parameters.at(np.array(temperature)), (len(temperature), len(given_tables)))
    expected = np.stack([np.interp(temperature, t.temperature, t.value) for t in given_tables], axis=1)
    assert np.allclose(rows, expected, rtol=1e-9, atol=1e-9)


def test_constant_parameters_are_one_row_for_all_points_and_are_not_evaluated_again():
    parameters = ParameterSet({"a": ParameterTable(temperature=(0.0, 1.0), value=(2.0, 2.0))})
    assert parameters.at(np.zeros(100)).shape == (1, 1)
    assert parameters.at(None) is parameters.at(np.zeros(3))


def test_a_temperature_that_is_not_a_number_stays_one():
    parameters = ParameterSet({"a": ParameterTable(temperature=(0.0, 1.0), value=(1.0, 2.0))})
    assert np.isnan(parameters.at(np.array([np.nan]))[0, 0])


def test_lowest_sum_looks_between_the_rows_of_either_table():
    a = ParameterTable(temperature=(0.0, 2.0), value=(0.0, 2.0))
    b = ParameterTable(temperature=(0.0, 1.0, 2.0), value=(5.0, -3.0, 5.0))
    assert lowest_sum(a, b) == pytest.approx(-2.0)
