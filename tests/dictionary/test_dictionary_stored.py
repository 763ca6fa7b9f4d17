"""Stored classifiers: what was written comes back; what others write is refused before anything of it is built."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import Pipeline
from skops import io as skops

from romlib.archive.dictionary import Choosing, Dictionary
from romlib.dictionary.classifier import candidates
from romlib.dictionary.installed import versions
from romlib.dictionary.stored import dumped, loaded
from romlib.errors import FileFormatError, InputError

RNG = np.random.default_rng(3)
LABELS = np.arange(24) % 3
VALUES = RNG.normal(size=(24, 5)) + 3.0 * np.eye(3, 5)[LABELS]


def made(kind="logistic regression"):
    pipeline = candidates(0)[kind]().fit(VALUES, LABELS)
    if kind == "neural network":
        del pipeline[-1]._random_state
    choosing = Choosing(kind=kind, features=tuple("abcde"), cases=tuple(map(str, range(24))), versions=versions())
    return Dictionary(choosing, np.zeros((0, 4)), VALUES, LABELS, pipeline.predict_proba(VALUES), dumped(pipeline))


def with_bytes(dictionary, data):
    return replace(dictionary, classifier=np.frombuffer(data, dtype=np.uint8))


def repacked(dictionary, change=lambda name, data: data, packing=zipfile.ZIP_STORED):
    """The stored classifier with its parts changed by a function of name and content."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(dictionary.classifier.tobytes())) as old, zipfile.ZipFile(
            result, "w", packing) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, change(entry.filename, old.read(entry.filename)))
    return with_bytes(dictionary, result.getvalue())


@pytest.mark.parametrize("kind", candidates(0))
def test_each_kind_of_classifier_comes_back(kind):
    dictionary, new = made(kind), RNG.normal(size=(7, 5))
    pipeline = candidates(0)[kind]().fit(VALUES, LABELS)
    np.testing.assert_allclose(loaded(dictionary).predict_proba(new), pipeline.predict_proba(new), atol=1e-12)


def test_a_class_that_romlib_does_not_write_is_refused_though_skops_would_take_it():
    strange = Pipeline([("classifier", SGDClassifier(loss="log_loss").fit(VALUES, LABELS))])
    assert not skops.get_untrusted_types(data=skops.dumps(strange))
    with pytest.raises(FileFormatError, match="SGDClassifier"):
        loaded(with_bytes(made(), skops.dumps(strange)))


@pytest.mark.parametrize("node", [
    {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode"},
    {"__class__": "PCA", "__module__": "sklearn.decomposition._pca", "__loader__": "MethodNode"},
    {"__class__": "partial", "__module__": "functools", "__loader__": "PartialNode"}])
def test_a_stored_function_is_never_loaded(node, monkeypatch):
    def change(name, data):
        if name != "schema.json":
            return data
        schema = json.loads(data)
        schema["content"]["content"]["memory"] = {**node, "__id__": 1, "content": {}}
        return json.dumps(schema).encode()

    hostile = repacked(made(), change)
    monkeypatch.setattr(skops, "loads", lambda *_, **__: pytest.fail("it was loaded"))
    with pytest.raises(FileFormatError, match="a class that romlib does not write"):
        loaded(hostile)


@pytest.mark.parametrize("data", [b"", b"no zip file at all", b"PK\x03\x04" + bytes(50)])
def test_bytes_that_are_no_classifier_are_refused(data):
    with pytest.raises(FileFormatError, match="damaged"):
        loaded(with_bytes(made(), data))


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_classifier_is_refused(part):
    whole = made().classifier
    with pytest.raises(FileFormatError, match="classifier of the ROM"):
        loaded(replace(made(), classifier=whole[:int(part * len(whole))]))


def test_a_packed_classifier_that_would_unpack_to_any_size_is_refused():
    with pytest.raises(FileFormatError, match="packed entries"):
        loaded(repacked(made(), packing=zipfile.ZIP_DEFLATED))


def test_numbers_that_were_changed_show_in_the_probabilities_of_the_training_cases():
    pipeline = candidates(0)["logistic regression"]().fit(VALUES, LABELS)
    pipeline[-1].coef_ = 1.01 * pipeline[-1].coef_
    with pytest.raises(FileFormatError, match="probabilities of the training cases that differ"):
        loaded(replace(made(), classifier=dumped(pipeline)))


def test_a_classifier_of_another_version_says_which_to_install():
    dictionary = made()
    other = dictionary.choosing.model_copy(update={"versions": {**versions(), "scikit-learn": "0.1"}})
    loaded(replace(dictionary, choosing=other))  # another version that computes the same is as good
    with pytest.raises(FileFormatError, match=r"scikit-learn 0\.1") as caught:
        loaded(replace(dictionary, choosing=other, probabilities=dictionary.probabilities[:, ::-1]))
    assert "install scikit-learn 0.1, or train the ROM again" in str(caught.value)


def changed_tree(field, value):
    """A forest whose first tree has another value in its first node, as the file of somebody else might."""
    def change(name, data):
        if not name.endswith(".npy"):
            return data
        array = np.load(io.BytesIO(data))
        if array.dtype.names is None or field not in array.dtype.names or done:
            return data
        done.append(name)
        array[field][0] = value
        result = io.BytesIO()
        np.save(result, array)
        return result.getvalue()

    done: list[str] = []
    changed = repacked(made("random forest"), change)
    assert done
    return changed


@pytest.mark.parametrize("field, value", [("left_child", 10**6), ("right_child", 0), ("feature", 10**6),
                                          ("feature", -1), ("left_child", -5)])
def test_a_tree_that_leads_outside_of_itself_is_refused_before_it_is_followed(field, value):
    with pytest.raises(FileFormatError, match="a tree"):
        loaded(changed_tree(field, value))


def test_a_pipeline_of_other_features_or_clusters_is_refused():
    dictionary = made()
    with pytest.raises(FileFormatError, match="other features or clusters"):
        loaded(replace(dictionary, values=dictionary.values[:, :4]))
    with pytest.raises(FileFormatError, match="no pipeline like romlib's"):
        loaded(with_bytes(dictionary, skops.dumps(LogisticRegression().fit(VALUES, LABELS))))


def test_without_skops_the_message_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "skops", None)
    monkeypatch.setitem(sys.modules, "skops.io", None)
    with pytest.raises(InputError, match=r"pip install 'romlib-mechanics\[dictionary\]'"):
        loaded(made_before())


def made_before():
    return Dictionary(Choosing(kind="neural network", features=("a",), cases=("x", "y")), np.zeros((0, 1)),
                      np.zeros((2, 1)), np.array([0, 1]), np.eye(2), np.ones(3, np.uint8))
