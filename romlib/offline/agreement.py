"""Whether the training runs are runs of one model: mesh, materials, constraints, initial state, patterns of loads."""

from __future__ import annotations

from functools import partial

import numpy as np

from romlib.errors import InputError
from romlib.identity.cases import model_differences, refusal
from romlib.identity.compare import Comparison, Difference, thermal
from romlib.identity.distributed import distributed_identity
from romlib.identity.sketch import N_SKETCH
from romlib.laws.portable import portable_model
from romlib.loads.amplitudes import scaled
from romlib.loads.temperature import initial_temperature
from romlib.model import Amplitude, Identity, TrainedModel
from romlib.model.identity import Part
from romlib.offline.training import TrainingSet
from romlib.parallel.pieces import Pieces

_ALONG = 0.999  # cosine between multiples of one pattern, with much room
_SAME_START = 1e-6  # of the temperature, in the mean of squares; at least of one degree


def agree(
    training: TrainingSet, pieces: Pieces, accept: tuple[str, ...] = (), *, call_libraries: bool = True,
) -> TrainedModel:
    """What all training runs were computed with, loads of all of them together. Collective.

    A load that is a multiple of the first run's gets the amplitude for it. A temperature belongs to its run: where two
    runs have other fields under one name, the training has both, under names of their own. call_libraries : False
    compares laws as they are stated, and asks no library for what a file would recognise it by.

    Raises
    ------
    InputError : a run differs from the first; names both files, the thing, and what either has.
    """
    first = training.runs[0]
    whole: Identity | None = None  # the first run's, with the loads of all runs so far
    for k, run in enumerate(training.runs):
        model = run.model
        if call_libraries:
            model = pieces.comm.on_root(partial(portable_model, model))
        own = distributed_identity(model, pieces, partial(training.mesh_of, k), run.snapshots.n_shared)
        whole = whole or own
        names = own_names(whole, own, run.name)
        if names:
            training.rename(k, names)
            run = training.runs[k]
            own = own.model_copy(update={"loads": {names.get(name, name): part for name, part in own.loads.items()}})
        found = run_differences(whole, own)
        if found:
            pieces.each(partial(training.refuse_another_order, k))  # a cell, if it is one, can be named with its nodes
            others = str(first.snapshots.path) if k == 1 else f"{first.snapshots.path} and those after it"
            raise refusal("the training runs are not runs of one model", found, others, str(run.snapshots.path),
                          file=run.snapshots.path, remedy=(
                              "train a ROM on runs of one model, and other ROMs on the others; where one run fixes "
                              "what another one moves, name first in the study the one that moves it"))
        training.runs[k] = run.with_amplitudes(sized(run.amplitudes, whole, own))
        whole = whole.model_copy(update={"loads": {**own.loads, **whole.loads}})
    assert whole is not None  # there is a run
    whole = whole.model_copy(update={"loads": {name: whole.loads[name] for name in training.model.loads}})
    _refuse_lost_temperature(training, whole)
    _refuse_other_start(training, pieces)
    deck, trained = first.snapshots.identity, [run for run in training.runs if run.role != "validation"]
    return TrainedModel(identity=whole, deck=None if deck == whole else deck, accepted=accept,
                        files=tuple(run.path.name for run in trained),
                        parameters=tuple(run.parameters for run in trained))


def own_names(first: Identity, other: Identity, run: str) -> dict[str, str]:
    """Names for the temperature loads of another run: of the first's of the same pattern, else names of their own."""
    comparison = Comparison(first, other)
    mine = {name: part for name, part in other.loads.items() if part.kind == "temperature"}
    theirs = {name: part for name, part in first.loads.items() if part.kind == "temperature"}
    same = {name for name, part in mine.items() if name in theirs and comparison.factor(theirs[name], part) is not None}
    taken, result, found = {*same, *first.driven, *other.driven}, dict[str, str](), set(same)
    names, near = list(theirs), _near(list(theirs.values()), list(mine.values()))
    for (name, part), candidates in zip(mine.items(), near):
        if name in same:
            continue
        known = [names[k] for k in candidates]
        alike = next((one for one in known if one not in found and comparison.factor(theirs[one], part) is not None),
                     None)
        new = alike or name
        while alike is None and name in first.driven and new in taken:
            new = f"{name}_{run}" if new == name else new + "_"
        taken.add(new)
        found.add(new)
        if new != name:
            result[name] = new
    return result


def _near(theirs: list[Part], mine: list[Part]) -> list[np.ndarray]:
    """For each of mine, positions of those of theirs that may be a multiple: the others point elsewhere.

    A run has hundreds of temperature fields where a deck gives one a step: one product tells most of them apart.
    """
    def directions(parts: list[Part]) -> np.ndarray:
        rows = np.zeros((len(parts), N_SKETCH))
        for row, part in zip(rows, parts):
            if len(part.sketch) == N_SKETCH and not part.unknown:
                row[:] = part.sketch
        size = np.linalg.norm(rows, axis=1, keepdims=True)
        return rows / np.where(size > 0.0, size, 1.0)

    here, there = directions(mine), directions(theirs)
    unclear = ~here.any(axis=1)[:, None] | ~there.any(axis=1)
    return [np.flatnonzero(row) for row in (np.abs(here @ there.T) > _ALONG) | unclear]


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
        own = run.model.loads.values()
        if names and thermal(whole) and not any(load.kind == "temperature" for load in own):
            raise InputError(
                "a training run has no temperature load, and another has", file=run.snapshots.path,
                expected=f"temperature loads {', '.join(names)}", found="the initial temperature throughout",
                remedy="give the run a temperature load with the initial temperature, or train a ROM of its own")


def _refuse_other_start(training: TrainingSet, pieces: Pieces) -> None:
    """Where no model states the strain-free temperature, it is that of the loads at the initial time. Collective."""
    if training.model.initial_temperature is not None or not any(
            one.thermal_expansion is not None and one.thermal_expansion.strain_free_temperature is None
            for one in training.model.materials.values()):
        return
    for k, run in enumerate(training.runs[1:], 1):
        difference, size, count = pieces.sum(partial(_squares_of_start, training, k))
        if difference > _SAME_START**2 * max(size, count):
            raise InputError(
                "two training runs begin at other temperatures, and no material or study says which is free of strain",
                file=run.path, place=f"time {run.model.initial_time:g}",
                expected=f"the temperature of {training.runs[0].path.name}",
                found=f"{np.sqrt(difference / count):.4g} away from it, in the mean of squares",
                remedy="state it: [initial] temperature = ... in the study, or strain_free_temperature of materials")


def _squares_of_start(training: TrainingSet, run: int, piece: int) -> np.ndarray:
    """Sums over a piece: of the squared difference of a run's first temperature, of the first run's squared, nodes."""
    first = initial_temperature(training.runs[0].model, training.mesh_of(0, piece))
    other = initial_temperature(training.runs[run].model, training.mesh_of(run, piece))
    if first is None or other is None:
        return np.zeros(3)
    return np.array([((other - first)**2).sum(), (first**2).sum(), first.size])
