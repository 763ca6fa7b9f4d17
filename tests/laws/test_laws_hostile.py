"""Parameters and arrays as a damaged or hostile file may have them: refused by name, or integrated."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from romlib.errors import LawError
from romlib.laws.law import Increment
from romlib.laws.registry import build_law
from romlib.laws.thermal import Expansion
from romlib.model import Material
from romlib.model.material import ThermalExpansion

ROW = {"temperature": [0.0, 100.0], "value": [2.0, 3.0]}
GOOD = {
    "elastic": {"young": 2e5, "poisson": 0.3},
    "mises": {"young": 2e5, "poisson": 0.3, "yield": 100.0, "linear_hardening": 1.0, "voce": {"Q": 10.0, "b": 3.0},
              "kinematic": ROW},
    "chaboche": {"young": ROW, "poisson": 0.3, "K": 100.0, "n": 5.0, "R0": 100.0, "linear_hardening": 1.0,
                 "isotropic": {"Q": 1.0, "b": 2.0}, "kinematic": [{"C": 1e3, "D": 5.0}, {"C": 1e3}]},
}
CURVE = {"young": 2e5, "poisson": 0.3, "curve": {"p": [0.0, 0.01, 0.1], "stress": [100.0, 120.0, ROW]}}
STRAIN = 2e-3 * np.random.default_rng(0).normal(size=(4, 6))


def increment(**changed) -> Increment:
    n = np.ones(4, dtype=np.int64)
    return Increment(**{"strain0": np.zeros((4, 6)), "strain1": STRAIN, "stress0": np.zeros((4, 6)),
                        "temperature0": np.full(4, 20.0), "temperature1": np.full(4, 50.0), "time": 0.0, "dt": 1.0,
                        "cells": n, "points": n, "coordinates": np.zeros((4, 3)), **changed})


numbers = st.one_of(st.floats(), st.sampled_from([0, -1, 1e308, 5e-324, 10**400, -10**6000, 0.5, True]), st.integers())
lists = st.lists(numbers, max_size=4)
anything = st.one_of(
    numbers, lists, st.text(max_size=3), st.none(), st.fixed_dictionaries({"temperature": lists, "value": lists}),
    st.fixed_dictionaries({"p": lists, "stress": st.lists(st.one_of(numbers, st.just(ROW)), max_size=4)}),
    st.lists(st.dictionaries(st.sampled_from(["C", "D", "E"]), numbers, max_size=3), max_size=3))


def places(value, path=()):
    """Paths to everything inside nested dictionaries and lists."""
    for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        if isinstance(entry, (dict, list)):
            yield from places(entry, (*path, key))


@pytest.mark.parametrize("law, parameters", [*GOOD.items(), ("mises", CURVE)])
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_value_in_any_place_is_refused_by_name_or_gives_finite_numbers(law, parameters, data):
    changed = copy.deepcopy(parameters)
    for _ in range(data.draw(st.integers(1, 2))):
        *path, last = data.draw(st.sampled_from(list(places(changed))))
        place = changed
        for key in path:
            place = place[key]
        place[last] = copy.deepcopy(data.draw(anything))
    try:
        one = build_law(Material(law=law, parameters=changed))
        result = one.integrate(increment(), one.initial_state(4))
    except LawError as error:
        assert len(str(error)) < 20_000
        return
    good = np.setdiff1d(np.arange(4), result.failed_points)
    assert np.isfinite(result.stress[good]).all() and np.isfinite(result.state[good]).all()
    assert np.isfinite(result.tangent[good]).all()


@pytest.mark.parametrize("law, changed, word", [
    ("chaboche", {"kinematic": [{"C": 1.0}] * 5000}, "kinematic"),
    ("elastic", {"young": {"temperature": list(range(20_000)), "value": [1.0] * 20_000}}, "young"),
    ("mises", {"yield": None, "curve": {"p": list(range(20_000)), "stress": [1.0] * 20_000}}, "curve"),
])
def test_sizes_are_capped(law, changed, word):
    with pytest.raises(LawError) as error:
        build_law(Material(law=law, parameters={**GOOD[law], **changed}))
    assert word in str(error.value) and len(str(error.value)) < 10_000


@pytest.mark.parametrize("law", GOOD)
def test_arrays_that_do_not_fit_never_reach_the_compiled_loop(law):
    parameters = {**GOOD[law], "young": ROW}
    one = build_law(Material(law=law, parameters=parameters))
    state = one.initial_state(4)
    for wrong in (increment(strain1=STRAIN[:3]), increment(strain1=STRAIN[:, :5]), increment(strain1=STRAIN.ravel()),
                  increment(temperature1=np.full(3, 20.0)), increment(temperature1=np.full(0, 20.0))):
        with pytest.raises(LawError, match="do not fit"):
            one.integrate(wrong, state)
    for shape in ((3, one.n_state), (4, one.n_state + 1), (0, one.n_state)):
        with pytest.raises(LawError, match="do not fit"):
            one.integrate(increment(), np.zeros(shape))


def test_thermal_strain_is_subtracted_of_arrays_that_fit():
    expansion = Expansion(ThermalExpansion(coefficient=1e-5, reference_temperature=20.0), np.zeros(4))
    assert expansion.mechanical(STRAIN, np.zeros(4)).shape == (4, 6)
    for strain, temperature in ((STRAIN, np.zeros(3)), (STRAIN[:, :5], np.zeros(4)), (STRAIN[:3], np.zeros(3))):
        with pytest.raises(LawError, match="do not fit"):
            expansion.mechanical(strain, temperature)
