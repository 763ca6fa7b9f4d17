"""The dictionary of a ROM whose basis is chosen by the input of a case: learnt from the training runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from romlib.archive.dictionary import Choosing, Dictionary
from romlib.archive.rom import Rom
from romlib.clusters.partition import refuse_more_than
from romlib.dictionary.classifier import NEAREST, fit, refuse_one_case
from romlib.dictionary.features import CaseInput, drivers_of, features_of, input_of, nearest_accuracy, thermal_modes
from romlib.dictionary.installed import storing, versions
from romlib.dictionary.nearest import probabilities_by_distance
from romlib.dictionary.stored import dumped
from romlib.model.clusters import ClusterOptions
from romlib.offline.bases import Bases
from romlib.offline.collect import Collection
from romlib.offline.roles import serves
from romlib.snapshots.prepared import PreparedSnapshots, Role


def learn_dictionary(collection: Collection, bases: Bases, rom: Rom) -> Dictionary:
    """The dictionary of an assembled ROM whose clusters are of training runs. Collective: one rank learns, all get it.

    Raises
    ------
    InputError : see `romlib.dictionary.classifier.fit`.
    """
    training, options, found = collection.training, collection.options.clusters, bases.switching
    assert found is not None
    by_name = {found.run_names[run]: int(label) for run, label in zip(found.runs, found.labels)}
    runs = [run for run in training.runs if serves(run.role, "cases") and run.name in by_name]
    labels = np.array([by_name[run.name] for run in runs])
    with collection.stages.stage("dictionary"):
        learnt = collection.pieces.comm.on_root(
            lambda: dictionary_of(rom, runs, labels, found.fallback, options.threshold, options.seed))
        collection.stages.say("dictionary", in_words(learnt))
    return learnt


def refuse_what_cannot_be_learnt(roles: Sequence[Role], options: ClusterOptions) -> None:
    """InputError before any work: a dictionary of one run, or of fewer runs than clusters, or without the package that
    keeps classifiers. roles : of the training files."""
    if options.number == 1 or options.choose != "input":
        return
    n_case = sum(serves(role, "cases") for role in roles)
    refuse_one_case(n_case)
    if options.number != "auto":
        refuse_more_than(options.number, n_case, "training run")
    storing()


def dictionary_of(
    rom: Rom, runs: Sequence[PreparedSnapshots], labels: np.ndarray, fallback: int | None, threshold: float, seed: int
) -> Dictionary:
    """Features of the training runs, and the classifier that tells their clusters by them. For one rank to call.

    Parameters
    ----------
    rom : assembled. labels : (n_run,), the cluster of each. fallback : of the global basis, if it was kept.
    threshold : see `ClusterOptions`.

    Raises
    ------
    InputError : see `romlib.dictionary.classifier.fit`; skops is not installed.
    """
    inputs, names = [_input(rom, run) for run in runs], tuple(run.name for run in runs)
    modes = thermal_modes(inputs, rom.points.n_point)
    described = [features_of(one, modes) for one in inputs]
    values = np.array([list(one.values()) for one in described])
    fitted = fit(values, labels, names, seed)
    if fitted.pipeline is None:
        probabilities, stored, made = probabilities_by_distance(values, labels, values), np.zeros(0, np.uint8), {}
    else:
        probabilities, stored = fitted.pipeline.predict_proba(values), dumped(fitted.pipeline)
        made = versions()
    choosing = Choosing(
        kind=fitted.kind, features=tuple(described[0]), cases=names, scores=fitted.scores, folds=fitted.folds,
        nearest_temperature=_nearest_temperature(inputs, labels), versions=made, threshold=threshold, fallback=fallback)
    return Dictionary(choosing, modes, values, labels, probabilities, stored)


def in_words(dictionary: Dictionary) -> str:
    """Which classifier, and how well it assigns cases that it has not seen."""
    choosing = dictionary.choosing
    how = f"{choosing.folds} folds" if choosing.folds else "one case left out after the other"
    said = f"{choosing.kind}; right in cross-validation ({how}): " + ", ".join(
        f"{name} {100 * score:.0f} %" for name, score in choosing.scores.items())
    if choosing.kind == NEAREST:
        said += "; a cluster has one training run only, which leaves nothing to learn from"
    if choosing.nearest_temperature is not None:
        said += f"; by the nearest temperature {100 * choosing.nearest_temperature:.0f} %"
    return said


def _input(rom: Rom, run: PreparedSnapshots) -> CaseInput:
    parameters = {name: run.parameters[name] for name in rom.manifest.trained_parameters}
    return input_of(drivers_of(rom.force_terms, rom.lifting.names), run.amplitudes, parameters, run.case_times,
                    rom.temperature)


def _nearest_temperature(inputs: Sequence[CaseInput], labels: np.ndarray) -> float | None:
    """The rival: each case in turn assigned to the cluster of the nearest of the others, by its largest rise."""
    rises = [one.peak for one in inputs if one.peak is not None]
    return nearest_accuracy(np.stack(rises), labels) if len(rises) == len(inputs) and np.any(rises) else None
