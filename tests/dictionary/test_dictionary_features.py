from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from romlib.archive.rom import TemperatureAtPoints
from romlib.dictionary.features import MEAN, PEAK, CaseInput, features_of, input_of, nearest_accuracy, thermal_modes
from romlib.loads.nodal_temperature import NodalTemperature
from romlib.model import ExpressionAmplitude, TableAmplitude

WARM = TableAmplitude(time=(0.0, 1.0, 2.0), value=(20.0, 120.0, 20.0))


@pytest.fixture
def stored():
    """Two points, whose temperature is that of two nodes; one temperature load."""
    return TemperatureAtPoints({"heat": np.array([1.0, 0.5])}, np.array([20.0, 10.0]), np.array([7, 9]),
                               csr_matrix(np.eye(2)))


def of(stored, amplitudes, times=(0.0, 2.0), nodal=None):
    return input_of(sorted(set(amplitudes) - {"heat"}), amplitudes, {}, np.array(times), stored, nodal)


def test_an_amplitude_has_its_extremes_mean_and_quarters(stored):
    one = of(stored, {"pull": ExpressionAmplitude(expression="t"), "heat": WARM})
    found = features_of(one, np.zeros((0, 2)))
    expected = {"duration": 2.0, "pull: largest": 2.0, "pull: smallest": 0.0, "pull: mean": 1.0,
                "pull: at 25 % of the time": 0.5, "pull: at 50 % of the time": 1.0, "pull: at 75 % of the time": 1.5}
    assert list(found) == list(expected)
    assert found == pytest.approx(expected)


def test_features_do_not_depend_on_the_output_times(stored):
    amplitudes = {"pull": ExpressionAmplitude(expression="sin(3*t)"), "heat": WARM}
    coarse, fine = (features_of(of(stored, amplitudes, times), np.eye(2)) for times in (
        (0.0, 2.0), np.linspace(0.0, 2.0, 41)))
    assert coarse == fine


def test_the_rise_is_over_the_initial_temperature_when_it_is_largest(stored):
    one = of(stored, {"heat": WARM})
    np.testing.assert_allclose(one.peak, [100.0, 50.0])
    found = features_of(one, np.eye(2))
    assert found[f"{PEAK}: coordinate 1"] == pytest.approx(100.0)
    assert found[f"{MEAN}: coordinate 2"] == pytest.approx(25.0)


def test_nodal_temperatures_give_what_the_same_temperature_loads_give(stored):
    values = np.outer([20.0, 120.0, 20.0], [1.0, 0.5])
    given = of(stored, {}, nodal=NodalTemperature(np.array([0.0, 1.0, 2.0]), values, np.array([7, 9])))
    loads = of(stored, {"heat": WARM})
    np.testing.assert_allclose(given.peak, loads.peak)
    np.testing.assert_allclose(given.mean, loads.mean)


def test_thermal_modes_are_orthonormal_few_and_describe_the_rises():
    rng = np.random.default_rng(0)
    shapes = rng.normal(size=(3, 50))
    inputs = [of_rise(rise) for rise in rng.normal(size=(12, 3)) @ shapes + 1e-5 * rng.normal(size=(12, 50))]
    modes = thermal_modes(inputs, 50)
    assert modes.shape == (3, 50)
    np.testing.assert_allclose(modes @ modes.T, np.eye(3), atol=1e-12)
    rises = np.stack([one.peak for one in inputs])
    assert np.linalg.norm(rises - rises @ modes.T @ modes) < 1e-2 * np.linalg.norm(rises)


def of_rise(rise):
    return CaseInput(1.0, {}, {}, rise, 0.5 * rise)


@pytest.mark.parametrize("one", [CaseInput(1.0, {}, {}), CaseInput(1.0, {}, {}, np.zeros(4), np.zeros(4))])
def test_cases_without_a_rise_have_no_thermal_features(one):
    modes = thermal_modes([one], 4)
    assert modes.shape == (0, 4)
    assert list(features_of(one, modes)) == ["duration"]


def test_the_nearest_other_case_counts_and_never_the_case_itself():
    vectors = np.array([[0.0], [0.1], [5.0], [5.1], [4.9]])
    assert nearest_accuracy(vectors, np.array([0, 0, 1, 1, 1])) == 1.0
    assert nearest_accuracy(vectors, np.array([0, 1, 1, 1, 1])) == pytest.approx(0.6)


def test_the_nearest_other_case_is_the_one_that_scikit_learn_finds():
    draw = np.random.default_rng(3)
    vectors, labels = draw.normal(size=(40, 6)), draw.integers(0, 3, 40)
    right = cross_val_score(KNeighborsClassifier(1), vectors, labels, cv=LeaveOneOut())
    assert nearest_accuracy(vectors, labels) == pytest.approx(right.mean())
