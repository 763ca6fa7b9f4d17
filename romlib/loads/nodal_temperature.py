"""Temperature histories given at nodes: values at instants, linear in between, constant outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from romlib.errors import InputError
from romlib.mesh.ids import IdIndex
from romlib.mesh.mesh import Mesh
from romlib.model import Amplitude, ArrayReference, Model, TableAmplitude, Temperature
from romlib.words import plural, shortlist


class NodalHistory(Protocol):
    """A temperature history that is known at nodes; times : (n_time,), increasing."""

    times: np.ndarray

    def at(self, node_ids: np.ndarray, points: np.ndarray | None = None) -> np.ndarray:
        """Values (n_time, n) at the nodes with these ids (n,), which are at points (n, 3) where that is known.

        Raises
        ------
        InputError : nodes whose temperature is not known, with their number and the first of them.
        """
        ...

    def covers(self, n_node: int) -> bool:
        """Whether it can be known at all nodes of a mesh of so many."""
        ...


@dataclass(eq=False)
class NodalTemperature:
    """A temperature history given by arrays.

    times : (n_time,), increasing. values : (n_time, k). node_ids : (k,), the solver's ids; None: those that the ROM
    needs, in its order (`Rom.temperature.node_ids`).
    """

    times: np.ndarray
    values: np.ndarray
    node_ids: np.ndarray | None = None

    def __post_init__(self) -> None:
        try:
            self.times = np.asarray(self.times, dtype=float)
            self.values = np.asarray(self.values, dtype=float)
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError("a nodal temperature is made of numbers", found=error) from None
        rows = self.times.ndim == 1 and self.values.ndim == 2 and len(self.values) == len(self.times) > 0
        if not (rows and (np.diff(self.times) > 0).all()):
            raise InputError("a nodal temperature needs increasing times and one row of values for each",
                             expected="times of shape (n_time,), values of shape (n_time, n_node)",
                             found=f"{self.times.shape} and {self.values.shape}")
        if not (np.isfinite(self.values).all() and np.isfinite(self.times).all()):
            raise InputError("a nodal temperature is not finite", remedy="correct the values")

    def of_nodes(self, node_ids: np.ndarray) -> NodalTemperature:
        """The same, whose columns are those of these nodes where it does not say itself of which.

        Raises
        ------
        InputError : another number of columns.
        """
        known = np.asarray(node_ids if self.node_ids is None else self.node_ids)
        if known.shape != self.values.shape[1:]:
            raise InputError("a nodal temperature has the wrong number of nodes", expected=plural(len(known), "column"),
                             found=self.values.shape[1], remedy="give node_ids, or one column a stored node id")
        return replace(self, node_ids=known)

    def at(self, node_ids: np.ndarray, points: np.ndarray | None = None) -> np.ndarray:
        """See `NodalHistory.at`."""
        given = self.of_nodes(node_ids).node_ids
        assert given is not None
        return self.values[:, positions_of(node_ids, given)]

    def covers(self, n_node: int) -> bool:
        """See `NodalHistory.covers`."""
        return self.node_ids is not None and len(np.unique(self.node_ids)) >= n_node


def positions_of(node_ids: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Where each id (n,) is in those that are given.

    Raises
    ------
    InputError : ids that are not among them.
    """
    position = IdIndex(given).find(node_ids)
    missing = node_ids[position < 0]
    if len(missing):
        raise InputError(f"the temperature of {plural(len(missing), 'node')} is not given",
                         place=shortlist("node", missing),
                         remedy="give the temperature of every node of the mesh; or say that it is to be interpolated "
                                "where it is of another mesh")
    return position


def between(times: np.ndarray, instants: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values (n_instant, n_node) at times (n,), linear between the instants and constant outside."""
    place = np.clip(np.searchsorted(instants, times, side="right") - 1, 0, max(len(instants) - 2, 0))
    after = np.minimum(place + 1, len(instants) - 1)
    length = np.where(after > place, instants[after] - instants[place], 1.0)
    fraction = np.clip((times - instants[place]) / length, 0.0, 1.0)[:, None]
    return (1.0 - fraction) * values[place] + fraction * values[after]


@dataclass(frozen=True)
class LoadsAtInstants:
    """A nodal history as temperature loads. model : with them. with_arrays : a mesh -> the same with their fields."""

    model: Model
    with_arrays: Callable[[Mesh], Mesh]


def loads_at_instants(model: Model, history: NodalHistory, times: np.ndarray, name: str) -> LoadsAtInstants:
    """The model with the history in place of its temperature loads: one load an instant, linear in between.

    times : (n_step,), of the run. A history of more instants is taken at these times, between which it is then linear
    as everything is that a solver steps through. name : the loads are called name_0, name_1, ...
    """
    instants = history.times if len(history.times) <= len(times) else np.asarray(times, dtype=float)
    names = [f"{name}_{k}" for k in range(len(instants))]

    def with_arrays(mesh: Mesh) -> Mesh:
        values = history.at(mesh.node_ids, mesh.points)
        if instants is not history.times:
            values = between(instants, history.times, values)
        return replace(mesh, node_arrays={**mesh.node_arrays, **dict(zip(names, np.ascontiguousarray(values)))})

    bare = without_temperature(model)
    return LoadsAtInstants(bare.model_copy(update={
        "loads": {**bare.loads, **{one: Temperature(field=ArrayReference(array=one)) for one in names}},
        "amplitudes": {**bare.amplitudes, **{one: _hat(instants, k) for k, one in enumerate(names)}}}), with_arrays)


def without_temperature(model: Model) -> Model:
    """The model without its temperature loads and their amplitudes."""
    return model.model_copy(update={
        "loads": {name: load for name, load in model.loads.items() if not isinstance(load, Temperature)},
        "amplitudes": without_temperature_of(model, model.amplitudes)})


def without_temperature_of(model: Model, amplitudes: Mapping[str, Amplitude]) -> dict[str, Amplitude]:
    """The amplitudes but those of the model's temperature loads."""
    return {name: one for name, one in amplitudes.items() if not isinstance(model.loads.get(name), Temperature)}


def _hat(instants: np.ndarray, k: int) -> TableAmplitude:
    """One at instant k, zero at its neighbours; constant outside of all instants."""
    near = range(max(k - 1, 0), min(k + 2, len(instants)))
    return TableAmplitude(time=tuple(float(instants[j]) for j in near), value=tuple(float(j == k) for j in near))
