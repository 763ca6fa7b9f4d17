from __future__ import annotations

import numpy as np
import pytest

from romlib.dictionary.classifier import NEAREST, candidates, fit
from romlib.dictionary.nearest import novelty, probabilities_by_distance
from romlib.errors import InputError


def cases(n_class, n_each, seed=0, spread=0.3):
    """Features around a centre for each class; the last feature says nothing."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(n_class), n_each)
    centres = 4.0 * np.eye(n_class, 6)
    return centres[labels] + spread * rng.normal(size=(len(labels), 6)), labels


def names(values):
    return [f"run_{k}" for k in range(len(values))]


def test_clusters_that_features_tell_apart_are_learnt_and_new_cases_assigned():
    values, labels = cases(3, 8)
    fitted = fit(values, labels, names(values))
    assert set(fitted.scores) == set(candidates(0)) and fitted.folds == 5
    assert fitted.scores[fitted.kind] == max(fitted.scores.values()) == 1.0
    new, right = cases(3, 5, seed=1)
    np.testing.assert_array_equal(fitted.pipeline.predict(new), right)


def test_the_same_cases_give_the_same_classifier():
    values, labels = cases(3, 6, spread=2.0)
    first, second = (fit(values, labels, names(values)) for _ in range(2))
    assert (first.kind, first.scores) == (second.kind, second.scores)
    np.testing.assert_array_equal(first.pipeline.predict_proba(values), second.pipeline.predict_proba(values))


def test_a_cluster_of_two_cases_makes_two_folds():
    values, labels = cases(2, 6)
    assert fit(values[:8], labels[:8], names(values[:8])).folds == 2


def test_a_cluster_of_one_case_leaves_the_nearest_case():
    values, labels = cases(2, 4)
    fitted = fit(values[:5], labels[:5], names(values[:5]))
    assert fitted.kind == NEAREST and fitted.pipeline is None and fitted.folds == 0
    assert fitted.scores == {NEAREST: 0.8}  # the one whose cluster is not known without it is assigned wrongly


def test_one_training_run_is_refused():
    with pytest.raises(InputError, match="several training runs") as caught:
        fit(np.zeros((1, 3)), np.zeros(1, dtype=int), ["only"])
    assert "1 training run" in str(caught.value)


def test_one_cluster_is_refused():
    with pytest.raises(InputError, match="one cluster"):
        fit(np.arange(6.0).reshape(3, 2), np.zeros(3, dtype=int), list("abc"))


def test_runs_of_different_clusters_with_the_same_input_are_refused_by_name():
    values, labels = cases(2, 4)
    values[5] = values[1]
    with pytest.raises(InputError, match="the same input") as caught:
        fit(values, labels, names(values))
    assert "run_1 and run_5" in str(caught.value)


def test_features_that_never_vary_do_no_harm():
    values, labels = cases(2, 4)
    values[:, -1] = 17.0
    fitted = fit(values, labels, names(values))
    assert np.isfinite(fitted.pipeline.predict_proba(values)).all()
    assert np.isfinite(probabilities_by_distance(values, labels, values + 1.0)).all()


def test_a_case_is_new_where_it_is_farther_from_the_training_than_that_is_from_itself():
    values = np.array([[0.0, 5.0], [1.0, 5.0], [3.0, 5.0]])  # nearest others at 1, 1 and 2; the second never varies
    found = novelty(values, np.array([[0.0, 5.0], [4.0, 5.0], [5.0, 9.0], [9.0, 5.0]]))
    np.testing.assert_allclose(found, [0.0, 0.5, 1.0, 3.0])
    np.testing.assert_array_equal(novelty(values[[0, 0, 1, 1]], values), np.zeros(3))  # all have a twin


def test_distances_give_probabilities_that_fall_with_them():
    values, labels = np.array([[0.0], [1.0], [4.0]]), np.array([0, 0, 1])
    found = probabilities_by_distance(values, labels, np.array([[0.0], [2.5], [3.9]]))
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert found[0, 0] > 0.999 and found[1, 0] == pytest.approx(0.5) and found[2, 1] > 0.99
