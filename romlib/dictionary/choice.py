"""The choice of the basis that a case is solved in, before it is solved."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from romlib.archive.dictionary import Choice, Dictionary
from romlib.dictionary.nearest import novelty, probabilities_by_distance
from romlib.dictionary.stored import loaded
from romlib.errors import FileFormatError, InputError

_SLACK = 0.1  # of a feature's trained range: beyond it, the choice is said to extrapolate
_MOST_NAMED = 3


class Chooser:
    """Chooses among the bases of a dictionary; the classifier is loaded when it is first asked.

    path : of the ROM, for messages.
    """

    def __init__(self, dictionary: Dictionary, path: Path | None = None) -> None:
        self.dictionary, self._path = dictionary, path

    @cached_property
    def _classifier(self) -> Any:
        return loaded(self.dictionary, self._path)

    def probabilities(self, features: Mapping[str, float]) -> np.ndarray:
        """(n_class,), of each of `Dictionary.clusters`.

        Raises
        ------
        FileFormatError : the dictionary has other features, or a classifier that cannot be used. InputError : features
            or probabilities that are not finite; skops, which the classifier is kept with, is not installed.
        """
        known, choosing = self.dictionary, self.dictionary.choosing
        if tuple(features) != choosing.features:
            lacking = [name for name in choosing.features if name not in features]
            raise FileFormatError(
                "the dictionary of the ROM describes cases by other features than the ROM has", file=self._path,
                place="/dictionary", expected=", ".join(list(features)[:5]), found=", ".join(lacking[:5]) or
                "the same in another order", remedy="train the ROM again")
        bad = [name for name, value in features.items() if not np.isfinite(value)]
        if bad:
            raise InputError("a case cannot be described: a feature is not finite", file=self._path, place=bad[0],
                             remedy="correct the amplitudes, parameters or temperature of the case")
        asked = np.array([list(features.values())])
        if choosing.kind == "nearest case":
            found = probabilities_by_distance(known.values, known.labels, asked)[0]
        else:
            found = self._classifier.predict_proba(asked)[0]
        if not np.isfinite(found).all():
            raise InputError("the classifier of the ROM gives no probabilities for this case", file=self._path,
                             place="/dictionary/classifier", remedy="solve in a basis of your choice (cluster=...), or "
                             "train the ROM again")
        return found

    def choose(self, features: Mapping[str, float]) -> Choice:
        """The most probable cluster; the global basis, where the ROM has it, for a case that is not clearly of one.

        That is one whose probability is below the threshold, or that is like no training run. Raises as above.
        """
        known, choosing, found = self.dictionary, self.dictionary.choosing, self.probabilities(features)
        far = float(novelty(known.values, np.array([list(features.values())]))[0])
        cluster, proposed, probability = known.decide(found, far)
        said = f"by its input the case is of cluster {proposed}, with a probability of {probability:.2f}"
        doubts = [f"below {choosing.threshold:g}"] if probability < choosing.threshold else []
        if far > 1.0:
            doubts.append(f"and like no training run: the nearest is {far:.2g} times as far as they are from one "
                          "another at most")
        if doubts:
            said = ", ".join([said, *doubts])
            said += ": solved in the global basis" if choosing.fallback is not None else (
                ": solved in that basis all the same, because the ROM has no global one (keep_global = false)")
        else:
            said += ": solved in that basis"
        return Choice(cluster, proposed, probability, said + self._outside(features),
                      dict(zip(known.clusters.tolist(), found.tolist())), far)

    def _outside(self, features: Mapping[str, float]) -> str:
        """Which features are beyond those of the training cases, the farthest first."""
        values = np.array(list(features.values()))
        lowest, highest = self.dictionary.values.min(axis=0), self.dictionary.values.max(axis=0)
        size = np.maximum(highest - lowest, 1e-6 * np.maximum(np.abs(lowest), np.abs(highest)))
        beyond = np.maximum(lowest - values, values - highest) / np.where(size > 0.0, size, 1.0)
        far = [k for k in np.argsort(-beyond, kind="stable") if beyond[k] > _SLACK]
        if not far:
            return ""
        named = "; ".join(f"{self.dictionary.choosing.features[k]} is {values[k]:.4g}, in training {lowest[k]:.4g} to "
                          f"{highest[k]:.4g}" for k in far[:_MOST_NAMED])
        more = f"; and {len(far) - _MOST_NAMED} more" if len(far) > _MOST_NAMED else ""
        return f". The choice extrapolates: {named}{more}"


def forced(cluster: Any, n_cluster: int) -> Choice:
    """The cluster that the user wants, whatever the input says.

    Raises
    ------
    InputError : the ROM has no such cluster.
    """
    if isinstance(cluster, bool) or not isinstance(cluster, (int, np.integer)) or not 0 <= cluster < n_cluster:
        raise InputError("the ROM has no such cluster", place="cluster", expected=f"a number from 0 to {n_cluster - 1}",
                         found=repr(cluster)[:80])
    return Choice(int(cluster), None, None, f"solved in the basis of cluster {cluster}, as asked for")
