"""Nodal temperature histories, and what they are as temperature loads."""

from __future__ import annotations

import numpy as np
import pytest

from romlib.errors import InputError
from romlib.loads.nodal_temperature import NodalTemperature, between, loads_of_history
from romlib.loads.temperature import temperature_at, temperature_terms
from romlib.mesh.box import box_mesh
from romlib.model import Amplitude, Model, TableAmplitude, Temperature, Traction

MESH = box_mesh("hex8", (2, 1, 1))
ONE: Amplitude = TableAmplitude(time=(0.0,), value=(1.0,))
MODEL = Model(loads={"room": Temperature(field=20.0), "pull": Traction(faces="xmax", direction=(1, 0, 0))},
              amplitudes={"room": ONE, "pull": ONE})


def history(n_instant: int) -> NodalTemperature:
    values = np.random.default_rng(n_instant).uniform(20.0, 300.0, (n_instant, MESH.n_node))
    return NodalTemperature(np.linspace(0.0, 1.0, n_instant), values, MESH.node_ids)


@pytest.mark.parametrize("n_instant", [1, 2, 7])
def test_a_history_is_temperature_loads_that_give_it_again_and_no_other_temperature(n_instant):
    given, times = history(n_instant), np.linspace(-0.5, 1.5, 21)
    loads = loads_of_history(MODEL, given, times, "given")
    assert set(loads.model.loads) == {"pull", *(f"given_{k}" for k in range(n_instant))} and not loads.note
    found = temperature_at(temperature_terms(loads.model, loads.with_arrays(MESH)), loads.model.amplitudes, times)
    inside = np.clip(times, 0.0, 1.0)
    expected = [np.interp(inside, given.times, column) for column in given.values.T]
    np.testing.assert_allclose(found, np.transpose(expected), rtol=1e-12)
    np.testing.assert_allclose(between(times, given.times, given.values), found, rtol=1e-12)


def test_of_more_instants_than_the_run_has_times_there_are_the_times():
    given, times = history(40), np.array([0.0, 0.33, 1.0])
    loads = loads_of_history(MODEL, given, times, "given")
    found = temperature_at(temperature_terms(loads.model, loads.with_arrays(MESH)), loads.model.amplitudes, times)
    assert len(loads.model.loads) == 4
    np.testing.assert_allclose(found, between(times, given.times, given.values), rtol=1e-12)


def test_a_history_of_many_instants_is_as_many_loads_as_there_are_fields_in_it():
    fields = np.random.default_rng(0).uniform(20.0, 300.0, (3, MESH.n_node))
    times = np.linspace(0.0, 1.0, 101)
    given = NodalTemperature(times, np.stack([np.ones(101), times, np.sin(9.0 * times)], 1) @ fields, MESH.node_ids)
    loads = loads_of_history(MODEL, given, times, "given")
    found = temperature_at(temperature_terms(loads.model, loads.with_arrays(MESH)), loads.model.amplitudes, times)
    assert len(loads.model.loads) == 4 and loads.model.omissions == ()
    np.testing.assert_allclose(found, given.values, atol=1e-12 * given.values.max())


def test_what_is_left_out_of_a_history_is_in_the_model_as_an_omission_without_work():
    rng, times = np.random.default_rng(0), np.linspace(0.0, 1.0, 101)
    mesh = box_mesh("hex8", (7, 6, 5))
    values = 300.0 * times[:, None] * rng.uniform(size=mesh.n_node) + 1e-5 * rng.normal(size=(101, mesh.n_node))
    loads = loads_of_history(MODEL, NodalTemperature(times, values, mesh.node_ids), times, "given")
    (omission,) = loads.model.omissions
    assert "101 instants is kept as 1 field" in loads.note == omission.description and not omission.does_work
    found = temperature_at(temperature_terms(loads.model, loads.with_arrays(mesh)), loads.model.amplitudes, times)
    np.testing.assert_allclose(found, values, atol=1e-6 * values.max())


def test_nodes_whose_temperature_is_not_given_are_counted_and_the_first_ones_named():
    given = NodalTemperature([0.0], np.ones((1, MESH.n_node - 2)), MESH.node_ids[2:])
    with pytest.raises(InputError, match="temperature of 2 nodes is not given") as caught:
        given.at(MESH.node_ids)
    assert str(MESH.node_ids[0]) in str(caught.value.place)
    assert given.covers(MESH.n_node - 2) and not given.covers(MESH.n_node)
