"""What a ROM whose basis is chosen by the input of a case chooses it by: a dictionary of bases. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from romlib.errors import FileFormatError
from romlib.model.base import Description

Part = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Kind = Literal["logistic regression", "random forest", "neural network", "nearest case"]


class Choosing(Description):
    """How a dictionary chooses.

    kind : the classifier that did best in cross-validation, or "nearest case", without one, where the cases are too few
    for that. features : their names, in order. cases : names of the training runs. scores : by kind, the part of the
    training cases that it assigned rightly when they were left out; folds : into how many parts they were divided for
    that (0: one case after the other). nearest_temperature : the same of the nearest temperature at the points, one
    case left out after the other; None where no case has one. versions : of the packages that made the classifier.
    threshold : a probability below it is not trusted. fallback : the cluster of the global basis; None without one.
    """

    kind: Kind
    features: tuple[str, ...]
    cases: tuple[str, ...]
    scores: dict[Kind, Part] = Field(default_factory=dict)
    folds: Annotated[int, Field(ge=0)] = 0
    nearest_temperature: Part | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    threshold: Part = 0.5
    fallback: Annotated[int, Field(ge=0)] | None = None


@dataclass(eq=False)
class Dictionary:
    """The features of the training cases, the clusters that they belong to, and a classifier between them.

    choosing : how. thermal_modes : (n_reduced, n_point), orthonormal, over the selected points: a rise of temperature
    is described by its coordinates in them. values : (n_case, n_feature), of the training cases. labels : (n_case,),
    cluster of each; never that of the global basis. probabilities : (n_case, n_class), what the classifier gave the
    training cases when it was made, in the order of the clusters that occur: one that gives something else is refused.
    classifier : (n_byte,), of `skops`; empty for "nearest case".
    """

    choosing: Choosing
    thermal_modes: np.ndarray
    values: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    classifier: np.ndarray

    @property
    def clusters(self) -> np.ndarray:
        """The clusters that cases have, (n_class,), increasing."""
        return np.unique(self.labels)

    def decide(self, probabilities: np.ndarray, novelty: float = 0.0) -> tuple[int, int, float]:
        """The cluster to solve in, the most probable one, and its probability.

        They differ where the ROM has a global basis, and the probability is below the threshold or the case like none
        of the training. probabilities : (n_class,). novelty : see `Choice`.
        """
        best = int(probabilities.argmax())
        proposed, probability = int(self.clusters[best]), float(probabilities[best])
        trusted = (probability >= self.choosing.threshold and novelty <= 1.0) or self.choosing.fallback is None
        return proposed if trusted else int(self.choosing.fallback or 0), proposed, probability

    def of_case(self, name: str) -> int:
        """The cluster that a training run is solved in."""
        return self.decide(self.probabilities[self.choosing.cases.index(name)])[0]

    def validate(self, n_cluster: int, n_point: int, file: object = None) -> None:
        """Check that sizes and numbers of clusters fit each other and the ROM.

        Raises
        ------
        FileFormatError : the first that does not.
        """
        choosing, n_case, labels = self.choosing, len(self.labels), self.labels
        right: dict[str, tuple[object, object]] = {
            "features": ((n_case, len(choosing.features)), self.values.shape),
            "cases": (n_case, len(choosing.cases)),
            "thermal_modes": (n_point, self.thermal_modes.shape[-1]),
            "probabilities": ((n_case, len(self.clusters)), self.probabilities.shape),
            "labels": ("two clusters of the ROM at least", "two clusters of the ROM at least" if len(
                self.clusters) > 1 and 0 <= labels.min() <= labels.max() < n_cluster else labels.tolist()[:10]),
            "classifier": (choosing.kind != "nearest case", len(self.classifier) > 0)}
        if choosing.fallback is not None:
            others = [k for k in range(n_cluster) if k not in labels]
            right["fallback"] = True, choosing.fallback in others
        for place, (expected, found) in right.items():
            if expected != found:
                raise FileFormatError("the dictionary of a ROM does not fit it, or itself",
                                      file=str(file) if file else None, place=f"/dictionary, {place}",
                                      expected=expected, found=found)


@dataclass(frozen=True)
class Choice:
    """The basis that a run was given. cluster : its number. proposed : what the classifier proposed, None where the
    user said which. probability : of the proposed cluster. sentence : for the user. probabilities : of each cluster.
    novelty : distance to the nearest training run, over the largest from a training run to its nearest other: above one
    the case is like none of them; None where the user said which cluster.
    """

    cluster: int
    proposed: int | None
    probability: float | None
    sentence: str
    probabilities: dict[int, float] = field(default_factory=dict)
    novelty: float | None = None
