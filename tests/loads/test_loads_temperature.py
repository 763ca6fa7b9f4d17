"""The temperature is the sum of its terms times their amplitudes."""

import numpy as np
import pytest

from romlib.errors import InputError
from romlib.loads.temperature import initial_temperature, temperature_at, temperature_terms
from romlib.mesh.mesh import Mesh
from romlib.model import ArrayReference, Model, Pressure, TableAmplitude, Temperature

X = np.array([1.0, 2.0, 4.0])
MESH = Mesh(np.zeros((3, 3)), (), np.array([10, 20, 30]), node_arrays={"hot": X, "bad": np.array([1.0, np.nan, 1.0])})
RAMP = TableAmplitude(time=(0.0, 1.0), value=(0.0, 100.0))
ONE = TableAmplitude(time=(0.0,), value=(1.0,))
FLOW = Temperature(field=ArrayReference(array="hot"))
LOADS = {"base": Temperature(field=20.0), "p": Pressure(faces="skin"), "flow": FLOW}
MODEL = Model(loads=LOADS, amplitudes={"base": ONE, "flow": RAMP, "p": RAMP})


def test_terms_add_up():
    terms = temperature_terms(MODEL, MESH)
    assert list(terms) == ["base", "flow"]
    result = temperature_at(terms, MODEL.amplitudes, np.array([0.0, 0.5]))
    np.testing.assert_allclose(result, [[20, 20, 20], 20 + 50 * X])


def test_without_terms_there_is_no_temperature():
    empty = Model()
    assert temperature_at(temperature_terms(empty, MESH), {}, np.array([0.0])) is None
    assert initial_temperature(empty, MESH) is None


def test_the_initial_temperature_is_the_model_s_else_that_of_the_loads():
    later = Model(loads=LOADS, amplitudes=MODEL.amplitudes, initial_time=1.0)
    np.testing.assert_allclose(initial_temperature(later, MESH), 20 + 100 * X)
    given = Model(loads=LOADS, amplitudes=MODEL.amplitudes, initial_temperature=7.0)
    np.testing.assert_allclose(initial_temperature(given, MESH), 7.0)
    field = Model(initial_temperature=ArrayReference(array="hot"))
    np.testing.assert_allclose(initial_temperature(field, MESH), X)


def test_a_missing_amplitude_names_the_load():
    with pytest.raises(InputError, match="'flow'"):
        temperature_at(temperature_terms(MODEL, MESH), {"base": ONE}, np.array([0.0]))


@pytest.mark.parametrize(("array", "said"), [("cold", "'cold' does not exist"), ("bad", "node 20")])
def test_a_field_that_cannot_be_used_is_named(array, said):
    with pytest.raises(InputError, match=said):
        temperature_terms(Model(loads={"T": Temperature(field=ArrayReference(array=array))}), MESH)
