"""The model of a file that a solution is written to: with the loads, temperatures and initial state that were solved.

Whoever reads the file (`romlib check`, `romlib compare`, `romlib solve`) finds there what the run had, and not what the
training had.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from romlib.archive.rom import Rom
from romlib.errors import InputError
from romlib.loads.temperature import initial_temperature, temperature_at, temperature_terms
from romlib.mesh.mesh import Mesh
from romlib.model import Amplitude, ArrayReference, Model, TableAmplitude, Temperature
from romlib.model.model import Omission, started_from
from romlib.online.reduced import NodalTemperature
from romlib.states.state import SavedState
from romlib.words import plural

SOLVED, START, INITIAL = "solved_temperature", "solved_temperature_start", "initial_temperature"
NodeField = Callable[[Mesh], np.ndarray]
MeshOf = Callable[[Mesh], Mesh]


@dataclass(frozen=True)
class SolvedModel:
    """model : of the file. with_arrays : the mesh of a piece -> the same with the node arrays that the model names."""

    model: Model
    with_arrays: MeshOf


def solved_model(
    rom: Rom, amplitudes: Mapping[str, Amplitude], times: np.ndarray, temperature: NodalTemperature | None,
    start: SavedState | None = None,
) -> SolvedModel:
    """What was solved, as a model.

    Amplitudes are those of the run, and the initial time is its first. Nodal temperatures become temperature loads, one
    an instant, that are linear in between. The strain-free temperature is the one that the ROM was trained with; a run
    that begins with another one is at rest at its initial time and jumps just after, which is one load more. A run that
    began with a state says so, as an omission: its initial time is that of the history behind the state.

    Parameters
    ----------
    amplitudes : of every load. times : (n_step,). temperature : given at the nodes, instead of the loads.
    """
    trained, times = rom.model, np.asarray(times, dtype=float)
    model = trained.model_copy(update={"amplitudes": dict(amplitudes), "initial_time": float(times[0])})
    at_start: NodeField = lambda mesh: _of_loads(trained, amplitudes, times[:1], mesh)  # noqa: E731
    arrays: list[Callable[[Mesh], dict[str, np.ndarray]]] = []
    if trained.initial_temperature is None and rom.temperature.initial is not None:
        model = model.model_copy(update={"initial_temperature": ArrayReference(array=INITIAL)})
        arrays.append(lambda mesh: {INITIAL: _strain_free(trained, mesh)})
    if temperature is not None:
        model, at_start, arrays_ = _given(model, rom, times, temperature)
        arrays += arrays_
    has_fields = any(isinstance(load, Temperature) for load in model.loads.values())
    if start is None and has_fields and rom.temperature.initial is not None and _jumps(
            rom, amplitudes, times[:1], temperature):
        jump = TableAmplitude(time=(float(times[0]),) * 2, value=(1.0, 0.0))
        model = model.model_copy(update={
            "loads": {**model.loads, START: Temperature(field=ArrayReference(array=START))},
            "amplitudes": {**model.amplitudes, START: jump}})
        arrays.append(lambda mesh: {START: _strain_free(trained, mesh) - at_start(mesh)})

    if start is not None:
        model = model.model_copy(update={
            "initial_time": start.initial_time,
            "omissions": (*model.omissions, started_from(start.what, float(times[0])))})

    def with_arrays(mesh: Mesh) -> Mesh:
        added = {name: values for array in arrays for name, values in array(mesh).items()}
        return replace(mesh, node_arrays={**mesh.node_arrays, **added}) if added else mesh

    return SolvedModel(model, with_arrays)


def _strain_free(trained: Model, mesh: Mesh) -> np.ndarray:
    return np.asarray(initial_temperature(trained, mesh))


def _of_loads(trained: Model, amplitudes: Mapping[str, Amplitude], time: np.ndarray, mesh: Mesh) -> np.ndarray:
    field = temperature_at(temperature_terms(trained, mesh), amplitudes, time)
    assert field is not None  # there are temperature loads
    return field[0]


def _jumps(
    rom: Rom, amplitudes: Mapping[str, Amplitude], time: np.ndarray, temperature: NodalTemperature | None
) -> bool:
    """Whether the run begins with another temperature than the strain-free one, at the selected points."""
    stored = rom.temperature
    if temperature is not None:
        values = _interpolated(time, temperature.times, temperature.at(stored.node_ids, stored.node_ids))
        first = stored.matrix @ values[0]
    else:
        found = temperature_at(stored.terms, amplitudes, time)
        if found is None:
            return False
        first = found[0]
    assert stored.initial is not None
    return not np.allclose(first, stored.initial, rtol=1e-12, atol=1e-9)


def _given(
    model: Model, rom: Rom, times: np.ndarray, temperature: NodalTemperature
) -> tuple[Model, NodeField, list[Callable[[Mesh], dict[str, np.ndarray]]]]:
    """Temperature loads for given nodal temperatures, the field that the run begins with, and all of their fields."""
    loads = {name: load for name, load in model.loads.items() if not isinstance(load, Temperature)}
    amplitudes = {name: value for name, value in model.amplitudes.items()
                  if not isinstance(model.loads.get(name), Temperature)}
    known = rom.temperature.node_ids if temperature.node_ids is None else temperature.node_ids
    if len(np.unique(known)) < rom.manifest.n_node:  # enough for the selected points, and no field of the whole mesh
        lacking = Omission(name=SOLVED, works=True, description=(
            "the temperature that was given online is known at some nodes only, and is not in this file: give "
            "NodalTemperature with the node_ids of the whole mesh"))
        return model.model_copy(update={
            "loads": loads, "amplitudes": amplitudes, "omissions": (*model.omissions, lacking)}), _unknown, []
    few = temperature.times if len(temperature.times) <= len(times) else times
    names = [f"{SOLVED}_{k}" for k in range(len(few))]
    model = model.model_copy(update={
        "loads": {**loads, **{name: Temperature(field=ArrayReference(array=name)) for name in names}},
        "amplitudes": {**amplitudes, **{name: _hat(few, k) for k, name in enumerate(names)}}})

    def at_nodes(mesh: Mesh) -> np.ndarray:
        try:
            return temperature.at(mesh.node_ids, rom.temperature.node_ids)
        except InputError as error:
            raise InputError(
                "the temperature that was solved is not known at every node, and cannot be written", place=error.place,
                remedy="give NodalTemperature the temperature of every node of the mesh") from error

    def fields(mesh: Mesh) -> dict[str, np.ndarray]:
        values = at_nodes(mesh)
        if few is times:
            values = _interpolated(times, temperature.times, values)
        return dict(zip(names, np.ascontiguousarray(values)))

    return model, lambda mesh: _interpolated(times[:1], temperature.times, at_nodes(mesh))[0], [fields]


def _unknown(mesh: Mesh) -> np.ndarray:
    raise InputError("the temperature that was solved is not known at every node", found=plural(mesh.n_node, "node"))


def _interpolated(times: np.ndarray, instants: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values (n_instant, n_node) at times (n,), linear between the instants and constant outside."""
    place = np.clip(np.searchsorted(instants, times, side="right") - 1, 0, max(len(instants) - 2, 0))
    after = np.minimum(place + 1, len(instants) - 1)
    length = np.where(after > place, instants[after] - instants[place], 1.0)
    share = np.clip((times - instants[place]) / length, 0.0, 1.0)[:, None]
    return (1.0 - share) * values[place] + share * values[after]


def _hat(instants: np.ndarray, k: int) -> TableAmplitude:
    """One at instant k, zero at its neighbours; constant outside of all instants."""
    near = range(max(k - 1, 0), min(k + 2, len(instants)))
    return TableAmplitude(time=tuple(float(instants[j]) for j in near), value=tuple(float(j == k) for j in near))
