"""Classifiers as bytes: skops' format, of which only what romlib itself writes is accepted. No pickle.

Before anything is built, the list of contents is compared with the classes that our pipelines are made of; afterwards
what compiled code would follow without looking (the nodes of trees) is checked, and the classifier has to give the
training cases the probabilities that were stored with it: a damaged one, or one of a scikit-learn that computes
something else, is refused and never used.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from romlib.archive.dictionary import Dictionary
from romlib.dictionary.installed import learning, storing, versions
from romlib.errors import FileFormatError, InputError

TREE = "sklearn.tree._tree.Tree"
# How each class of a stored classifier is rebuilt: our pipelines have these and no others.
TRUSTED = {
    "builtins.dict": "DictNode", "builtins.list": "ListNode", "builtins.tuple": "TupleNode",
    "builtins.str": ("JsonNode", "TypeNode"), "builtins.float": ("JsonNode", "TypeNode"),
    "builtins.int": ("JsonNode", "TypeNode"), "builtins.bool": "JsonNode", "builtins.NoneType": "JsonNode",
    "numpy.ndarray": "NdArrayNode", "numpy.float64": "NdArrayNode", "numpy.int64": "NdArrayNode",
    "numpy.int32": "NdArrayNode",
    "sklearn.pipeline.Pipeline": "ObjectNode", "sklearn.preprocessing._data.StandardScaler": "ObjectNode",
    "sklearn.decomposition._pca.PCA": "ObjectNode",
    "sklearn.linear_model._logistic.LogisticRegression": "ObjectNode",
    "sklearn.ensemble._forest.RandomForestClassifier": "ObjectNode",
    "sklearn.tree._classes.DecisionTreeClassifier": "ObjectNode", TREE: "TreeNode",
    "sklearn.neural_network._multilayer_perceptron.MLPClassifier": "ObjectNode",
    "sklearn.preprocessing._label.LabelBinarizer": "ObjectNode",
}
_LIST = "schema.json"  # of the contents, in skops' format
_SAME = 1e-6  # of probabilities: what processors and versions may differ by
_PLACE = "/dictionary/classifier"
_REMEDY = "train the ROM again, or get the file anew from where it was made"


def dumped(pipeline: Any) -> np.ndarray:
    """The bytes of a fitted pipeline, (n,) uint8.

    Raises
    ------
    InputError : skops is not installed.
    """
    return np.frombuffer(storing().dumps(pipeline), dtype=np.uint8)


def loaded(stored: Dictionary, path: Path | None = None) -> Any:
    """The classifier of a dictionary, whatever its bytes are. path : of the ROM, for messages.

    Raises
    ------
    InputError : skops is not installed. FileFormatError : bytes that are no classifier of ours, are damaged, or give
        other probabilities than when they were written.
    """
    storing_io = storing()
    data = stored.classifier.tobytes()
    _refuse_others(data, path)
    try:
        pipeline = storing_io.loads(data, trusted=[TREE])
        _refuse_other_shape(pipeline, stored)
        found = pipeline.predict_proba(stored.values)
        difference = float(np.abs(found - stored.probabilities).max())
    except Exception as error:  # whatever damage makes of it: nothing of it is used
        raise _refusal(f"it cannot be used: {type(error).__name__}: {error}", stored, path) from None
    if not difference <= _SAME:
        raise _refusal(f"probabilities of the training cases that differ by {difference:.1e}", stored, path)
    return pipeline


def _refusal(found: str, stored: Dictionary, path: Path | None) -> InputError:
    made, here = stored.choosing.versions, versions()
    other = [f"{name} {made[name]}" for name in made if made[name] != here.get(name)]
    said = f"; it was made with {', '.join(other)}, and here are {', '.join(f'{k} {v}' for k, v in here.items())}"
    remedy = f"install {' and '.join(other)}, or train the ROM again" if other else _REMEDY
    return FileFormatError("the classifier of the ROM is not what it was when it was written", file=path, place=_PLACE,
                           expected="the classifier that the training cases were assigned with",
                           found=found + (said if other else ""), remedy=remedy)


def _refuse_others(data: bytes, path: Path | None) -> None:
    """FileFormatError where the bytes have, or could become, anything but the classes of our pipelines."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            # Packed entries could unpack to any size; ours are not packed, and then none is larger than the file.
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries) or sum(
                    entry.file_size for entry in entries) > len(data):
                raise ValueError("packed entries, or some that are larger than the whole")
            contents = json.loads(archive.read(_LIST))
        named = sorted(set(_classes(contents)))
    except Exception as error:  # a zip file and a JSON text of others can go wrong in any way
        raise FileFormatError("the classifier of the ROM is damaged", file=path, place=_PLACE,
                              expected="a classifier in the format of skops",
                              found=f"{type(error).__name__}: {error}", remedy=_REMEDY) from None
    strange = [name for name, loader in named if name not in TRUSTED or loader not in np.atleast_1d(TRUSTED[name])]
    if strange:
        raise FileFormatError("the classifier of the ROM has a class that romlib does not write, and is not loaded",
                              file=path, place=_PLACE, found=", ".join(strange[:5]),
                              expected="a pipeline of three known classes of scikit-learn, arrays and numbers",
                              remedy="train the ROM again; do not use this file")


def _classes(node: Any) -> Iterator[tuple[str, str]]:
    """Class and loader of each object in the list of contents; without recursion, which a file could make deep."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "__loader__" in one or "__class__" in one or "__module__" in one:
                yield f"{one.get('__module__')}.{one.get('__class__')}", str(one.get("__loader__"))
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _refuse_other_shape(pipeline: Any, stored: Dictionary) -> None:
    """ValueError where a pipeline is not like ours, or its trees lead outside of themselves."""
    library = learning()
    if type(pipeline) is not library.Pipeline or [name for name, _ in pipeline.steps] != [
            "standardise", "components", "classifier"]:
        raise ValueError("no pipeline like romlib's")
    if pipeline.n_features_in_ != stored.values.shape[1] or not np.array_equal(pipeline.classes_, stored.clusters):
        raise ValueError("a classifier of other features or clusters")
    last = pipeline[-1]
    if type(last) is library.RandomForestClassifier:
        last.n_jobs = None
        for tree in last.estimators_:
            _refuse_bad_tree(tree.tree_, int(pipeline[1].n_components_), len(stored.clusters))


def _refuse_bad_tree(tree: Any, n_component: int, n_class: int) -> None:
    """Compiled code follows the nodes without looking: children come after their parents, features exist."""
    if tree.n_features != n_component or tree.n_outputs != 1 or tree.value.shape != (tree.node_count, 1, n_class):
        raise ValueError("a tree of other features or classes")
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    own = np.arange(tree.node_count)
    leaf = left == -1
    inner = (left > own) & (right > own) & (left < tree.node_count) & (right < tree.node_count)
    if not (leaf == (right == -1)).all() or not (leaf | inner).all():
        raise ValueError("a tree whose nodes lead outside of it")
    if not (leaf | ((feature >= 0) & (feature < n_component))).all() or tree.node_count < 1:
        raise ValueError("a tree of features that there are not")
