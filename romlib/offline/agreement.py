"""Whether the training runs are runs of one model: mesh, materials, constraints, initial state, patterns of loads."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from romlib.errors import InputError
from romlib.identity.cases import model_differences, refusal
from romlib.identity.compare import Comparison, Difference, thermal
from romlib.identity.distributed import distributed_identity
from romlib.laws.portable import portable_model
from romlib.loads.amplitudes import scaled
from romlib.model import Amplitude, Identity, TrainedModel
from romlib.offline.training import TrainingSet
from romlib.parallel.pieces import Pieces


def agree(
    training: TrainingSet, pieces: Pieces, accept: tuple[str, ...] = (), *, call_libraries: bool = True,
) -> TrainedModel:
    """What all training runs were computed with, loads of all of them together. Collective.

    A load that is a multiple of the first run's gets the amplitude for it. call_libraries : False compares laws as they
    are stated, and asks no library for what a file would recognise it by.

    Raises
    ------
    InputError : a run differs from the first; names both files, the thing, and what either has.
    """
    first = training.runs[0]
    whole: Identity | None = None  # the first run's, with the loads of all runs so far
    for k, run in enumerate(training.runs):
        model = run.model or run.snapshots.model
        if run.model is None and k == 0:
            model = training.model
        if call_libraries:
            model = pieces.comm.on_root(partial(portable_model, model))
        own = distributed_identity(model, pieces, partial(training.mesh_of, k), run.snapshots.n_shared)
        whole = whole or own
        found = run_differences(whole, own)
        if found:
            pieces.each(partial(training.refuse_another_order, k))  # a cell, if it is one, can be named with its nodes
            others = str(first.snapshots.path) if k == 1 else f"{first.snapshots.path} and those after it"
            raise refusal("the training runs are not runs of one model", found, others, str(run.snapshots.path),
                          file=run.snapshots.path, remedy=(
                              "train a ROM on runs of one model, and other ROMs on the others; where one run fixes "
                              "what another one moves, name first in the study the one that moves it"))
        training.runs[k] = replace(run, amplitudes=sized(run.amplitudes, whole, own))
        whole = whole.model_copy(update={"loads": {**own.loads, **whole.loads}})
    assert whole is not None  # there is a run
    whole = whole.model_copy(update={"loads": {name: whole.loads[name] for name in training.model.loads}})
    _refuse_lost_temperature(training, whole)
    deck = first.snapshots.identity
    return TrainedModel(identity=whole, deck=None if deck == whole else deck, accepted=accept,
                        files=tuple(run.snapshots.path.name for run in training.runs))


def sized(amplitudes: dict[str, Amplitude], first: Identity, other: Identity) -> dict[str, Amplitude]:
    """Amplitudes of a run for the patterns of the first one, where some are multiples of these.

    Raises
    ------
    InputError : two of them are for one pattern of the first run.
    """
    comparison = Comparison(first, other)
    result: dict[str, Amplitude] = {}
    taken: set[str] = set()
    for name, amplitude in amplitudes.items():
        known = name if name in first.driven else _same_displacement(comparison, name)
        factor = comparison.factor(first.driven[known], other.driven[name]) if known and name in other.driven else None
        if name in other.driven and (known or name) in taken:
            raise InputError("a training run gives two amplitudes for one load of the first run",
                             place=f"amplitudes.{name}", expected="one", found=f"another one for {known or name!r}",
                             remedy="make one load of them")
        if name in other.driven:  # the others are zeros, for what this run lacks
            taken.add(known or name)
        result[known or name] = amplitude if factor in (None, 1.0) else scaled(amplitude, factor or 1.0)
    return result


def _same_displacement(comparison: Comparison, name: str) -> str | None:
    """The prescribed constraint of the first run that this one of the other is, under another name."""
    part = comparison.second.prescribed.get(name)
    return None if part is None else next((
        known for known, there in comparison.first.prescribed.items()
        if known not in comparison.second.prescribed and comparison.factor(there, part) is not None), None)


def run_differences(first: Identity, other: Identity) -> list[Difference]:
    """What two training runs may not differ in. Loads that only one of them has are no difference."""
    found = [one for differences in model_differences(first, other).values() for one in differences]
    if first.initial_time != other.initial_time:
        found.append(Difference("the initial time", f"{first.initial_time:.6g}", f"{other.initial_time:.6g}"))
    if found:
        return found
    comparison = Comparison(first, other)
    for name, part in other.driven.items():
        known = first.driven.get(name)
        if known is not None and comparison.factor(known, part) is None:
            found.append(comparison.pattern(name, known, part))
        elif known is None and part.kind == "prescribed" and _same_displacement(comparison, name) is None:
            found.append(comparison.stranger(name, part))
    return found


def _refuse_lost_temperature(training: TrainingSet, whole: Identity) -> None:
    """Without temperature loads the initial temperature holds, which is not what their amplitude zero means."""
    names = [name for name, load in training.model.loads.items() if load.kind == "temperature"]
    for run in training.runs:
        own = (run.model or training.model).loads.values()
        if names and thermal(whole) and not any(load.kind == "temperature" for load in own):
            raise InputError(
                "a training run has no temperature load, and another has", file=run.snapshots.path,
                expected=f"temperature loads {', '.join(names)}", found="the initial temperature throughout",
                remedy="give the run a temperature load with the initial temperature, or train a ROM of its own")
