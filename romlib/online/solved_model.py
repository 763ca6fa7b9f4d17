"""The model of a file that a solution is written to: with the loads, temperatures and initial state that were solved.

Whoever reads the file (`romlib check`, `romlib compare`, `romlib solve`) finds there what the run had, and not what the
training had.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from romlib.archive.rom import Rom
from romlib.errors import InputError
from romlib.loads.nodal_temperature import (
    LoadsOfHistory,
    NodalHistory,
    between,
    loads_of_history,
    without_temperature,
)
from romlib.loads.temperature import initial_temperature, temperature_at, temperature_terms
from romlib.mesh.mesh import Mesh
from romlib.model import Amplitude, ArrayReference, Model, TableAmplitude, Temperature
from romlib.model.model import Omission, started_from
from romlib.states.state import SavedState

SOLVED, START, INITIAL = "solved_temperature", "solved_temperature_start", "initial_temperature"
MeshOf = Callable[[Mesh], Mesh]


def solved_model(
    rom: Rom, parameters: Mapping[str, float], amplitudes: Mapping[str, Amplitude], times: np.ndarray,
    temperature: NodalHistory | None, start: SavedState | None = None,
) -> LoadsOfHistory:
    """What was solved, as a model.

    Amplitudes are those of the run, and the initial time is its first. Nodal temperatures become temperature loads:
    few patterns, linear between the instants. The strain-free temperature is the one that the ROM was trained with; a
    run that begins with another one is at rest at its initial time and jumps just after, which is one load more. A run
    that began with a state says so, as an omission: its initial time is that of the history behind the state.

    Parameters
    ----------
    parameters : of the run. amplitudes : of every load. times : (n_step,). temperature : given at the nodes, instead of
        the loads.
    """
    trained, times = rom.model, np.asarray(times, dtype=float)
    model = trained.model_copy(update={
        "amplitudes": dict(amplitudes), "parameters": dict(parameters), "initial_time": float(times[0])})
    with_solved: MeshOf = lambda mesh: mesh  # noqa: E731
    if temperature is not None:
        given = _given(model, rom, times, temperature)
        model, with_solved = given.model, given.with_arrays
    stated = trained.initial_temperature is not None or rom.temperature.initial is None
    has_fields = any(isinstance(load, Temperature) for load in model.loads.values())
    jumps = start is None and has_fields and _jumps(rom, amplitudes, times[:1], temperature)
    run = model  # before what follows is added
    if not stated:
        model = model.model_copy(update={"initial_temperature": ArrayReference(array=INITIAL)})
    if jumps:
        jump = TableAmplitude(time=(float(times[0]),) * 2, value=(1.0, 0.0))
        model = model.model_copy(update={
            "loads": {**model.loads, START: Temperature(field=ArrayReference(array=START))},
            "amplitudes": {**model.amplitudes, START: jump}})

    if start is not None:
        model = model.model_copy(update={
            "initial_time": start.initial_time,
            "omissions": (*model.omissions, started_from(start.what, float(times[0])))})

    def with_arrays(mesh: Mesh) -> Mesh:
        solved = with_solved(mesh)
        added = {} if stated else {INITIAL: _strain_free(trained, mesh)}
        if jumps:
            start = temperature_at(temperature_terms(run, solved), run.amplitudes, times[:1])
            assert start is not None  # there are temperature loads
            added[START] = _strain_free(trained, mesh) - start[0]
        return replace(solved, node_arrays={**solved.node_arrays, **added})

    return LoadsOfHistory(model, with_arrays)


def _strain_free(trained: Model, mesh: Mesh) -> np.ndarray:
    return np.asarray(initial_temperature(trained, mesh))


def _jumps(
    rom: Rom, amplitudes: Mapping[str, Amplitude], time: np.ndarray, temperature: NodalHistory | None
) -> bool:
    """Whether the run begins with another temperature than the strain-free one, at the selected points."""
    stored = rom.temperature
    if temperature is not None:
        values = between(time, temperature.times, temperature.at(stored.node_ids))
        first = stored.matrix @ values[0]
    else:
        found = temperature_at(stored.terms, amplitudes, time)
        if found is None:
            return False
        first = found[0]
    return stored.initial is not None and not np.allclose(first, stored.initial, rtol=1e-12, atol=1e-9)


def _given(model: Model, rom: Rom, times: np.ndarray, temperature: NodalHistory) -> LoadsOfHistory:
    """The model with temperature loads for given nodal temperatures, and what adds their fields to a mesh."""
    if not temperature.covers(rom.manifest.n_node):  # enough for the selected points, and no field of the whole mesh
        lacking = Omission(name=SOLVED, does_work=True, description=(
            "the temperature that was given online is known at some nodes only, and is not in this file: give "
            "NodalTemperature with the node_ids of the whole mesh"))
        bare = without_temperature(model)
        return LoadsOfHistory(bare.model_copy(update={"omissions": (*model.omissions, lacking)}), lambda mesh: mesh)
    given = loads_of_history(model, temperature, times, SOLVED)

    def with_arrays(mesh: Mesh) -> Mesh:
        try:
            return given.with_arrays(mesh)
        except InputError as error:
            raise InputError(
                "the temperature that was solved is not known at every node, and cannot be written", file=error.file,
                place=error.place, remedy="give the temperature of every node of the mesh") from error

    return LoadsOfHistory(given.model, with_arrays)
