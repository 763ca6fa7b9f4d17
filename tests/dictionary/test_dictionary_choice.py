from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from romlib.archive.dictionary import Choosing, Dictionary
from romlib.dictionary.choice import Chooser, forced
from romlib.errors import FileFormatError, InputError

FEATURES = ("duration", "pull: largest")


def dictionary(threshold=0.6, fallback=2, labels=(0, 0, 1)):
    """Told apart by the second feature, 0 to 1, by the nearest case."""
    labels = np.array(labels)
    choosing = Choosing(kind="nearest case", features=FEATURES, cases=("a", "b", "c"), threshold=threshold,
                        fallback=fallback)
    values = np.array([[1.0, 0.0], [1.0, 0.2], [1.0, 1.0]])
    return Dictionary(choosing, np.zeros((0, 4)), values, labels, np.eye(2)[np.unique(labels, return_inverse=True)[1]],
                      np.zeros(0, np.uint8))


def features(pull, duration=1.0):
    return {"duration": duration, "pull: largest": pull}


def test_a_case_near_the_training_of_a_cluster_is_solved_in_it():
    found = Chooser(dictionary()).choose(features(0.97))
    assert (found.cluster, found.proposed) == (1, 1) and found.probability > 0.9
    assert f"cluster 1, with a probability of {found.probability:.2f}" in found.sentence


def test_below_the_threshold_the_global_basis_is_taken_and_said():
    found = Chooser(dictionary()).choose(features(0.6))
    assert (found.cluster, found.proposed) == (2, 0) or (found.cluster, found.proposed) == (2, 1)
    assert found.probability == pytest.approx(0.5)
    assert "below 0.6: solved in the global basis" in found.sentence


def test_a_case_that_is_like_no_training_run_is_solved_in_the_global_basis_however_probable_a_cluster():
    found = Chooser(dictionary(threshold=0.5)).choose(features(5.0))
    assert (found.cluster, found.proposed) == (2, 1) and found.probability > 0.5 and found.novelty == pytest.approx(5.0)
    assert "like no training run: the nearest is 5 times as far" in found.sentence
    assert "solved in the global basis" in found.sentence
    alone = Chooser(dictionary(threshold=0.5, fallback=None)).choose(features(5.0))
    assert alone.cluster == 1 and "like no training run" in alone.sentence and "keep_global = false" in alone.sentence


def test_without_a_global_basis_the_proposed_one_is_taken_and_said():
    found = Chooser(dictionary(fallback=None)).choose(features(0.6))
    assert found.cluster == found.proposed and "no global one (keep_global = false)" in found.sentence


def test_numbers_of_clusters_are_those_of_the_rom_where_some_have_no_case():
    assert Chooser(dictionary(labels=(1, 1, 4))).choose(features(1.0)).cluster == 4


def test_a_choice_that_extrapolates_names_the_features_with_both_ranges():
    assert "extrapolates" not in Chooser(dictionary()).choose(features(1.05)).sentence
    said = Chooser(dictionary()).choose(features(1.5)).sentence
    assert "The choice extrapolates: pull: largest is 1.5, in training 0 to 1" in said
    assert "duration" in Chooser(dictionary()).choose(features(1.0, duration=3.0)).sentence


def test_a_dictionary_of_other_features_is_refused():
    with pytest.raises(FileFormatError, match="other features"):
        Chooser(dictionary()).choose({"duration": 1.0, "push: largest": 1.0})


@pytest.mark.parametrize("pull, what", [(np.inf, "a feature is not finite"), (np.nan, "a feature is not finite"),
                                        (1e200, "no probabilities")])
def test_a_case_that_numbers_cannot_describe_is_refused(pull, what):
    with pytest.raises(InputError, match=what), np.errstate(all="ignore"):
        Chooser(dictionary()).choose(features(pull))


@pytest.mark.parametrize("cluster", [-1, 3, 1.0, True, "1", None])
def test_a_cluster_that_the_rom_does_not_have_is_refused(cluster):
    with pytest.raises(InputError, match="no such cluster") as caught:
        forced(cluster, 3)
    assert "0 to 2" in str(caught.value)


@pytest.mark.parametrize("change, place", [
    ({"values": np.zeros((3, 1))}, "features"), ({"labels": np.array([0, 0, 3])}, "labels"),
    ({"labels": np.array([0, 0, 0])}, "probabilities"), ({"thermal_modes": np.zeros((0, 5))}, "thermal_modes"),
    ({"classifier": np.ones(4, np.uint8)}, "classifier"), ({"probabilities": np.eye(3)}, "probabilities")])
def test_a_dictionary_that_does_not_fit_is_refused_by_its_place(change, place):
    dictionary().validate(3, 4)
    with pytest.raises(FileFormatError, match=f"/dictionary, {place}"):
        replace(dictionary(), **change).validate(3, 4)


def test_a_fallback_that_is_a_local_basis_or_none_of_the_rom_is_refused():
    for fallback in (0, 3):
        with pytest.raises(FileFormatError, match="fallback"):
            dictionary(fallback=fallback).validate(3, 4)
