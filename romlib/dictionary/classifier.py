"""Which cluster a case belongs to, learnt from the features of training cases: the best of three in cross-validation.

Standardised features, their principal components, then logistic regression, a random forest, or a small neural network
(scikit-learn; after T. Daniel et al., AMSES 7:16, 2020, whose network reads temperature fields). Seeds are fixed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from romlib.archive.dictionary import Kind
from romlib.dictionary.installed import learning
from romlib.dictionary.nearest import probabilities_by_distance
from romlib.errors import InputError
from romlib.words import plural

VARIANCE = 0.999  # that the principal components keep
MOST_FOLDS = 5
NEAREST: Kind = "nearest case"
PLACE = '[clusters] choose = "input"'


@dataclass(frozen=True, eq=False)
class Fitted:
    """kind : which did best. pipeline : of scikit-learn; None for the nearest case. scores : by kind, mean accuracy on
    cases that were left out. folds : of the cross-validation; 0: one case left out after the other.
    """

    kind: Kind
    pipeline: Any
    scores: dict[Kind, float]
    folds: int


def fit(values: np.ndarray, labels: np.ndarray, names: Sequence[str], seed: int = 0) -> Fitted:
    """A classifier of training cases.

    Where a cluster has one case only there is nothing to validate with: then the nearest case decides, and its score is
    that of leaving one case out after the other.

    Parameters
    ----------
    values : (n_case, n_feature). labels : (n_case,). names : (n_case), of the cases, for messages.

    Raises
    ------
    InputError : one case, one cluster only, or cases of different clusters that no feature tells apart.
    """
    _, counts = np.unique(labels, return_counts=True)
    _refuse_too_few(values, labels, counts)
    _refuse_alike(values, labels, names)
    folds = int(min(MOST_FOLDS, counts.min()))
    if folds < 2:
        return Fitted(NEAREST, None, {NEAREST: _leave_one_out(values, labels)}, 0)
    library = learning()
    parts = list(library.StratifiedKFold(folds, shuffle=True, random_state=seed).split(values, labels))
    makers = candidates(seed)
    scores = {kind: _score(make, values, labels, parts) for kind, make in makers.items()}
    best = max(scores, key=lambda kind: scores[kind])  # the first, which is the simplest, where several are best
    return Fitted(best, _fitted(makers[best](), values, labels), scores, folds)


def refuse_one_case(n_case: int) -> None:
    """InputError where there are not several training runs."""
    if n_case < 2:
        raise InputError("a basis can be chosen by the input of a case only where there are several training runs",
                         place=PLACE, expected="training runs of at least two clusters",
                         found=plural(n_case, "training run"),
                         remedy='add training runs, or choose = "state", which needs one run only')


def _refuse_too_few(values: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> None:
    expected = "training runs of at least two clusters"
    refuse_one_case(len(values))
    if len(counts) < 2:
        raise InputError("all training runs are of one cluster: there is nothing to choose", place=PLACE,
                         expected=expected, found=f"{plural(len(values), 'training run')}, one cluster",
                         remedy="number = 1, or training runs that differ more")


def _refuse_alike(values: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> None:
    _, first, inverse = np.unique(values, axis=0, return_index=True, return_inverse=True)
    like = first[inverse.ravel()]
    other = np.flatnonzero(labels[like] != labels)
    if len(other):
        raise InputError("two training runs of different clusters have the same input: nothing tells them apart before "
                         "they are solved", place=PLACE, found=f"{names[like[other[0]]]} and {names[other[0]]}",
                         remedy='leave out one of them, or choose = "state"')


def _leave_one_out(values: np.ndarray, labels: np.ndarray) -> float:
    right, classes = 0, np.unique(labels)
    for case in range(len(values)):
        others = np.arange(len(values)) != case
        known = np.unique(labels[others])
        found = known[probabilities_by_distance(values[others], labels[others], values[case:case + 1])[0].argmax()]
        right += int(found == labels[case]) if len(known) == len(classes) else 0  # its own cluster is not known
    return right / len(values)


def candidates(seed: int) -> dict[Kind, Callable[[], Any]]:
    """Unfitted pipelines by name, the simplest first."""
    library = learning()

    def pipeline(classifier: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: library.Pipeline([
            ("standardise", library.StandardScaler()), ("components", library.PCA(VARIANCE, svd_solver="full")),
            ("classifier", classifier())])

    return {
        "logistic regression": pipeline(lambda: library.LogisticRegression(max_iter=2000)),
        "random forest": pipeline(lambda: library.RandomForestClassifier(50, min_samples_leaf=2, random_state=seed)),
        "neural network": pipeline(lambda: library.MLPClassifier(
            (16,), solver="lbfgs", alpha=0.1, max_iter=1000, random_state=seed))}


def _fitted(pipeline: Any, values: np.ndarray, labels: np.ndarray) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence: the scores say what it is good for
        pipeline.fit(values, labels)
    if hasattr(pipeline[-1], "_random_state"):  # of the training, which is over
        del pipeline[-1]._random_state
    return pipeline


def _score(
    make: Callable[[], Any], values: np.ndarray, labels: np.ndarray, parts: list[tuple[np.ndarray, np.ndarray]]
) -> float:
    """Part of the cases that are assigned rightly when they are left out."""
    right = sum(int((_fitted(make(), values[train], labels[train]).predict(values[test]) == labels[test]).sum())
                for train, test in parts)
    return right / len(values)
