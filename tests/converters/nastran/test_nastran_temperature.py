"""Temperatures of a Nastran deck at grid points and at nodes between them."""

from __future__ import annotations

import numpy as np
import pytest
from romlib_converters.nastran.case_control import Phase
from romlib_converters.nastran.temperature import temperatures_of

ROWS = np.array([[1, 11, 20.0], [1, 12, 20.0], [2, 11, 100.0], [2, 12, 300.0], [2, 13, 7.0]])
SOLID, MIDDLE = np.array([11, 12, 13, 90]), np.array([[90, 11, 12]])
PHASES = (Phase(1, 0, {"TEMPERATURE(INITIAL)": "1", "TEMPERATURE(LOAD)": "2"}),
          Phase(2, 0, {"TEMPERATURE(LOAD)": "1"}))


def read(default=((1, 25.0),), phases=PHASES, nonlinear=True):
    data = {"temperature": ROWS, "temperature_default": np.array(default, dtype=float).reshape(-1, 2)}
    return temperatures_of(data, phases, np.array([0.0, 1.0, 3.0]), nonlinear, SOLID, MIDDLE)


def test_an_invented_node_has_the_mean_of_its_corners_and_what_is_not_named_the_default():
    found = read()
    values = {name: dict(zip(one.ids.tolist(), one.values.tolist())) for name, one in found.node_arrays.items()}
    assert values == {"temperature_1": {11: 20.0, 12: 20.0, 13: 25.0, 90: 20.0},
                      "temperature_2": {11: 100.0, 12: 300.0, 13: 7.0, 90: 200.0}}
    assert found.initial.array == "temperature_1" and set(found.loads) == set(values)


def test_the_temperature_goes_straight_from_set_to_set():
    amplitudes = read().amplitudes
    assert amplitudes["temperature_1"].time == amplitudes["temperature_2"].time == (0.0, 1.0, 3.0)
    assert amplitudes["temperature_1"].value == (1.0, 0.0, 1.0) and amplitudes["temperature_2"].value == (0.0, 1.0, 0.0)


@pytest.mark.parametrize(("how", "why"), [
    ({"default": ()}, "set 1 has no temperature of grid point 13"), ({"nonlinear": False}, "of this kind of analysis"),
    ({"phases": (PHASES[0], Phase(2))}, "a subcase has no TEMPERATURE(LOAD)"),
    ({"phases": PHASES[1:]}, "there is no TEMPERATURE(INITIAL)")])
def test_what_is_not_whole_is_left_to_the_study(how, why):
    found = read(**how)
    assert not found.loads and not found.node_arrays and found.initial is None
    assert found.notes[0].does_work and why in found.notes[0].description


def test_nothing_is_said_where_no_temperature_acts():
    found = read(phases=(Phase(1), Phase(2)))
    assert not found.loads and not found.notes
