"""Cases that come from decks, fitted to what was trained."""

from __future__ import annotations

import pytest
from identity_example import MODEL, box, model

from romlib.errors import InputError
from romlib.identity.cases import fit_case
from romlib.identity.contents import identity_of
from romlib.model import Case, Omission, TrainedModel

BOX = box()
AMPLITUDES = {name: f"{k}*t" for k, name in enumerate([*MODEL["loads"], "end"], 1)}
TRAINED = TrainedModel(identity=identity_of([BOX], model()), files=("run.vtkhdf",))


def case(loads: dict | None = None, **changes: object) -> Case:
    """A case of a deck with these loads."""
    described = model(**({} if loads is None else {"loads": loads}), **changes)
    driven = [*described.loads, *(name for name, one in described.constraints.items() if one.kind == "prescribed")]
    sources = {f"loads.{name}": "a.inp, line 3" for name in described.loads}
    return Case(times=[0, 1], amplitudes={name: AMPLITUDES.get(name, "7*t") for name in driven},
                identity=identity_of([BOX], described, sources=sources))


def load(name: str, **changes: object) -> dict:
    return {**MODEL["loads"], name: {**MODEL["loads"][name], **changes}}


def test_the_case_of_the_same_deck_is_taken_as_it_is():
    fitted = fit_case(TRAINED, case())
    assert fitted.amplitudes == case().amplitudes and fitted.notes == ()


def test_a_load_of_another_pattern_is_refused_with_its_line_and_what_was_trained():
    with pytest.raises(InputError, match=r"run.vtkhdf.*the load 'point' \(a.inp, line 3\) \(by about 1") as caught:
        fit_case(TRAINED, case(load("point", direction=[0, 1, 0])))
    assert caught.value.expected == "nodal_force, resultant (0, 0, -3) on 3 nodes (trained)"
    assert caught.value.found == "nodal_force, resultant (0, 3, 0) on 3 nodes (the case)"


def test_a_load_that_was_not_trained_is_refused():
    with pytest.raises(InputError, match="the load 'other'") as caught:
        fit_case(TRAINED, case({**MODEL["loads"], "other": {**MODEL["loads"]["weight"], "cells": "right"}}))
    assert "none of this pattern" in str(caught.value.expected)


def test_a_trained_load_that_the_deck_lacks_is_zero_and_said_to_be():
    loads = {name: entry for name, entry in MODEL["loads"].items() if name != "pull"}
    fitted = fit_case(TRAINED, case(loads))
    assert fitted.amplitudes["pull"].value == (0.0,) and "'pull': it is zero" in fitted.notes[0]


def test_loads_are_known_by_their_pattern_even_where_names_are_swapped():
    loads = {**MODEL["loads"], "pull": MODEL["loads"]["push"], "push": MODEL["loads"]["pull"]}
    fitted = fit_case(TRAINED, case(loads))
    assert fitted.amplitudes["pull"] == case().amplitudes["push"]
    assert fitted.amplitudes["push"] == case().amplitudes["pull"] and len(fitted.notes) == 2


def test_a_multiple_of_a_pattern_goes_into_the_amplitude():
    fitted = fit_case(TRAINED, case(load("spin", speed=6.0)))
    assert fitted.amplitudes["spin"].expression == "(2.0)*(5*t)" and "2 times 'spin'" in fitted.notes[0]


def test_several_differences_are_all_named():
    materials = {**MODEL["materials"], "left": {**MODEL["materials"]["left"], "law": "elastic"}}
    with pytest.raises(InputError, match="in 2 things") as caught:
        fit_case(TRAINED, case(materials=materials, initial_temperature=3.0))
    assert "law: mises (trained) / elastic (the case)" in caught.value.what
    assert "the initial temperature" in caught.value.what


def test_what_the_study_put_over_the_deck_is_compared_with_the_deck():
    materials = {**MODEL["materials"], "left": {**MODEL["materials"]["left"], "law": "chaboche"}}
    own = TRAINED.model_copy(update={"deck": identity_of([BOX], model(materials=materials))})
    assert fit_case(own, case(materials=materials)).notes == ()
    assert fit_case(own, case()).notes == ()
    with pytest.raises(InputError, match="initial temperature"):
        fit_case(own, case(materials=materials, initial_temperature=3.0))
    third = {**materials, "left": {**materials["left"], "law": "elastic"}}
    with pytest.raises(InputError, match="'left', law"):
        fit_case(own, case(materials=third))


def test_a_case_without_temperature_loads_is_no_case_of_temperature_zero():
    loads = {name: entry for name, entry in MODEL["loads"].items() if name != "heat"}
    with pytest.raises(InputError, match="the temperature") as caught:
        fit_case(TRAINED, case(loads))
    assert "the initial temperature holds" in str(caught.value.found)
    assert "heat" not in fit_case(TRAINED, case(loads), with_temperature=False).amplitudes


def test_temperatures_from_elsewhere_go_before_those_of_the_deck():
    other = case(load("heat", field=5.0))
    with pytest.raises(InputError, match="the load 'heat'"):
        fit_case(TRAINED, other)
    assert "heat" not in fit_case(TRAINED, other, with_temperature=False).amplitudes


def test_a_case_by_hand_uses_names_knowingly():
    by_hand = Case(times=[0, 1], amplitudes={"pull": 3.0})
    assert fit_case(TRAINED, by_hand).amplitudes == by_hand.amplitudes == fit_case(None, by_hand).amplitudes


def test_a_rom_that_does_not_know_its_training_says_so():
    fitted = fit_case(None, case())
    assert fitted.amplitudes == case().amplitudes and "could not be compared" in fitted.notes[0]


def test_an_omission_that_works_is_refused_unless_case_or_training_accept_it():
    with_spring = case().model_copy(update={"omissions": (
        Omission(name="spring", description="*SPRING (line 7)", does_work=True),)})
    with pytest.raises(InputError, match=r"virtual work.*spring") as caught:
        fit_case(TRAINED, with_spring)
    assert caught.value.found == "*SPRING (line 7)" and "--accept spring" in str(caught.value.remedy)
    for trained, accepting in ((TRAINED, with_spring.model_copy(update={"accepted": ("spring",)})),
                               (TRAINED.model_copy(update={"accepted": ("spring",)}), with_spring)):
        assert "has spring, which is left out" in fit_case(trained, accepting).notes[0]


def test_two_amplitudes_of_one_trained_load_are_refused():
    """A load that is known by its pattern, and another entry that somebody has added under the trained name."""
    given = case({"renamed" if name == "pull" else name: one for name, one in MODEL["loads"].items()})
    assert "pull" not in given.amplitudes
    twice = given.model_copy(update={"amplitudes": {**given.amplitudes, "pull": given.amplitudes["renamed"]}})
    with pytest.raises(InputError, match=r"two amplitudes for one load[\s\S]*'pull'"):
        fit_case(TRAINED, twice)


def test_an_amplitude_that_was_taken_out_of_a_case_is_named_and_not_taken_for_zero():
    whole = case()
    cut = whole.model_copy(update={"amplitudes": {name: a for name, a in whole.amplitudes.items() if name != "pull"}})
    with pytest.raises(InputError, match="lacks an amplitude") as caught:
        fit_case(TRAINED, cut)
    assert caught.value.place == "amplitudes.pull" and "romlib convert --case" in caught.value.remedy


def soft(young: float | str) -> dict:
    """The materials with this modulus on the left."""
    left = MODEL["materials"]["left"]
    return {**MODEL["materials"], "left": {**left, "parameters": {**left["parameters"], "young": young}}}


SYMBOLIC = TrainedModel(identity=identity_of([BOX], model(materials=soft("2*E"))), files=("run.vtkhdf",),
                        parameters=({"E": 100.0}, {"E": 300.0}))


def of_modulus(young: float) -> Case:
    return case(materials=soft(young))


@pytest.mark.parametrize("young", [100.0, 300.0])
def test_a_deck_with_the_numbers_of_a_training_run_has_its_parameters(young):
    assert fit_case(SYMBOLIC, of_modulus(2.0 * young)).parameters == {"E": young}


def test_a_deck_with_other_numbers_is_refused_and_taken_where_the_case_states_them():
    with pytest.raises(InputError, match=r"material 'left'.* young") as caught:
        fit_case(SYMBOLIC, of_modulus(400.0))
    assert "[parameters] E = " in caught.value.remedy and "--parameter E=" in caught.value.remedy
    stated = of_modulus(400.0).model_copy(update={"parameters": {"E": 200.0}})
    assert fit_case(SYMBOLIC, stated).parameters == {"E": 200.0}
    with pytest.raises(InputError, match="young"):  # the values stated are compared too
        fit_case(SYMBOLIC, stated.model_copy(update={"parameters": {"E": 100.0}}))


def test_the_deck_of_the_first_run_does_not_excuse_the_numbers_of_another():
    deck = TrainedModel(identity=SYMBOLIC.identity, deck=of_modulus(200.0).identity, parameters=SYMBOLIC.parameters)
    assert fit_case(deck, of_modulus(600.0)).parameters == {"E": 300.0}
    assert fit_case(deck, of_modulus(200.0)).parameters == {"E": 100.0}
    with pytest.raises(InputError, match="young"):
        fit_case(deck, of_modulus(400.0))
