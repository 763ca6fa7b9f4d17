"""Formulas of parameters in materials."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from romlib.errors import InputError
from romlib.laws.registry import build_law
from romlib.laws.symbols import evaluated_model, parameters_of, refuse_missing, refuse_unused
from romlib.model import Model

EVERYWHERE = {
    "a": {"law": "mises", "density": "rho", "parameters": {
        "young": {"temperature": [20, 600], "value": ["E", "0.7*E"]}, "poisson": 0.3,
        "curve": {"p": [0.0, 0.1], "stress": ["Y", {"temperature": [20, 600], "value": ["2*Y", 300]}]}},
        "thermal_expansion": {"coefficient": "alpha*1e-6", "reference_temperature": 20}},
    "b": {"law": "chaboche", "cells": "rest", "parameters": {
        "young": "E", "poisson": 0.3, "K": 10, "n": "n", "R0": "max(Y - 10, 0)",
        "kinematic": [{"C": "1e3*n", "D": 5}]}}}
VALUES = {"E": 2e5, "Y": 100.0, "rho": 8e-9, "alpha": 11.0, "n": 4.0}


def model(materials=EVERYWHERE, **parameters):
    return Model.model_validate({"materials": materials, "parameters": parameters})


def test_formulas_are_evaluated_in_tables_lists_density_and_expansion():
    found = evaluated_model(model(**VALUES)).materials
    assert found["a"].parameters["young"]["value"] == [2e5, pytest.approx(1.4e5)]
    assert found["a"].parameters["curve"]["stress"] == [100.0, {"temperature": [20, 600], "value": [200.0, 300]}]
    assert found["a"].density == 8e-9 and found["a"].thermal_expansion.coefficient == pytest.approx(11e-6)
    assert found["b"].parameters["kinematic"] == [{"C": 4000.0, "D": 5}] and found["b"].parameters["R0"] == 90.0
    for material in found.values():
        build_law(material)


def test_a_model_of_numbers_stays_the_object_that_it_is():
    numbers = model({"a": {"law": "elastic", "parameters": {"young": 1.0, "poisson": 0.3}}})
    assert evaluated_model(numbers) is numbers
    once = evaluated_model(model(**VALUES))
    assert evaluated_model(once) is once


def test_parameters_are_listed_in_order_wherever_they_stand():
    assert set(parameters_of(model().materials)) == set(VALUES)


@given(st.sampled_from(sorted(VALUES)))
def test_each_parameter_without_a_value_is_named_with_its_place(name):
    stated = {key: value for key, value in VALUES.items() if key != name}
    with pytest.raises(InputError, match=f"the parameter '{name}' has no value") as caught:
        evaluated_model(model(**stated))
    assert caught.value.place.startswith("materials.")
    with pytest.raises(InputError, match=f"the parameter '{name}' has no value"):
        refuse_missing(stated, model().materials, "here")


@pytest.mark.parametrize("young, words", [
    ("Ee", "did you mean 'E'"), ("E +", "cannot be read"), ("E.x", "not allowed"), ("1/(E-E)", "no finite value"),
    ("E(2)", "not known"), ("-E", "must be > 0"), ("t", "'t' has no value"), ("sin", "needs an argument")])
def test_a_wrong_formula_is_refused_for_its_true_cause(young, words):
    with pytest.raises(InputError, match=words):
        build_law(evaluated_model(model(
            {"a": {"law": "elastic", "parameters": {"young": young, "poisson": 0.3}}}, E=2e5)).materials["a"])


def test_a_negative_density_is_refused():
    material = {"law": "elastic", "density": "rho - 1", "parameters": {"young": 1.0, "poisson": 0.3}}
    with pytest.raises(InputError, match="density is negative"):
        evaluated_model(model({"a": material}, rho=0.5))


def test_texts_of_a_law_are_no_formulas_even_where_a_parameter_has_their_name():
    umat = {"law": "umat", "parameters": {"library": "E", "symbol": "E", "name": "E", "props": ["E", 0.3],
                                          "variables": {"E": 1}, "depvar": 1}}
    found = evaluated_model(model({"a": umat}, E=5.0)).materials["a"].parameters
    assert found == {**umat["parameters"], "props": [5.0, 0.3]}


def test_of_a_law_that_is_not_installed_only_known_names_are_formulas():
    other = {"law": "elsewhere", "parameters": {"mode": "fast", "modulus": "2*E"}}
    assert evaluated_model(model({"a": other}, E=5.0)).materials["a"].parameters == {"mode": "fast", "modulus": 10.0}


@pytest.mark.parametrize("name", ["t", "e", "pi", "sin", "max", "2E", "E-1", "", "E mod", "\u00e9"])
def test_a_name_that_a_formula_would_not_take_for_a_parameter_is_refused(name):
    with pytest.raises(ValidationError, match="cannot be the name of a parameter"):
        Model(parameters={name: 1.0})


def test_a_value_that_no_material_uses_is_refused_with_the_closest_name():
    with pytest.raises(InputError, match="no material has a parameter 'Rho'") as caught:
        refuse_unused({"Rho": 1.0}, model().materials, "[parameters]")
    assert caught.value.remedy == "did you mean 'rho'?"
