"""Temperature histories given at nodes: values at instants, linear in between, constant outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from romlib.errors import InputError
from romlib.loads.patterns import EXACT, FEW, patterns, triangular_factor
from romlib.mesh.ids import IdIndex
from romlib.mesh.mesh import Mesh
from romlib.model import Amplitude, ArrayReference, Model, TableAmplitude, Temperature
from romlib.model.model import Omission
from romlib.words import plural, shortlist


class NodalHistory(Protocol):
    """A temperature history that is known at nodes; times : (n_time,), increasing."""

    times: np.ndarray

    def at(
        self, node_ids: np.ndarray, points: np.ndarray | None = None, records: np.ndarray | None = None
    ) -> np.ndarray:
        """Values (n_time, n) at the nodes with these ids (n,), which are at points (n, 3) where that is known.

        records : positions of some times (n_time,), increasing; None: all.

        Raises
        ------
        InputError : nodes whose temperature is not known, with their number and the first of them.
        """
        ...

    def blocks(self) -> Iterator[np.ndarray]:
        """Values (n_time, n) at all nodes where it is known, some nodes after the others; a node may come twice."""
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

    def at(
        self, node_ids: np.ndarray, points: np.ndarray | None = None, records: np.ndarray | None = None
    ) -> np.ndarray:
        """See `NodalHistory.at`."""
        given = self.of_nodes(node_ids).node_ids
        assert given is not None
        values = self.values if records is None else self.values[records]
        return values[:, positions_of(node_ids, given)]

    def blocks(self) -> Iterator[np.ndarray]:
        """See `NodalHistory.blocks`."""
        yield self.values

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
    place, after = _around(times, instants)
    length = np.where(after > place, instants[after] - instants[place], 1.0)
    fraction = np.clip((times - instants[place]) / length, 0.0, 1.0)[:, None]
    return (1.0 - fraction) * values[place] + fraction * values[after]


def _around(times: np.ndarray, instants: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the instants between which each time lies; beyond the first and the last, of those nearest."""
    place = np.clip(np.searchsorted(instants, times, side="right") - 1, 0, max(len(instants) - 2, 0))
    return place, np.minimum(place + 1, len(instants) - 1)


@dataclass(frozen=True)
class LoadsOfHistory:
    """A nodal history as temperature loads.

    model : with them. with_arrays : a mesh -> the same with their fields. note : where they are the history to less
    than rounding, what was kept of it.
    """

    model: Model
    with_arrays: Callable[[Mesh], Mesh]
    note: str = ""


def loads_of_history(model: Model, history: NodalHistory, times: np.ndarray, name: str) -> LoadsOfHistory:
    """The model with the history in place of its temperature loads: few patterns, amplitudes linear between instants.

    A pattern is the field of an instant of which others are made, see `romlib.loads.patterns`; it depends on the
    history alone, and not on the pieces or ranks of the mesh.

    times : (n_step,), of the run. A history of more instants is taken at these times, between which it is then linear
    as everything is that a solver steps through. name : the loads are called name_K, with K the number of the instant.
    """
    instants = history.times if len(history.times) <= len(times) else np.asarray(times, dtype=float)

    kept = patterns(triangular_factor(
        (between(instants, history.times, block) for block in history.blocks()), len(instants)))
    names = [f"{name}_{k}" for k in kept.instants]
    tables = {one: TableAmplitude(time=tuple(instants.tolist()), value=tuple(column.tolist()))
              for one, column in zip(names, kept.amplitudes.T)}
    note = "" if kept.tolerance == EXACT else (
        f"a temperature of {plural(len(instants), 'instant')} is kept as {plural(len(names), 'field')} times "
        f"amplitudes, to {kept.tolerance:g} of its size; to rounding it would take more than {FEW}")

    def with_arrays(mesh: Mesh) -> Mesh:
        times = instants[kept.instants]
        records = np.unique(_around(times, history.times))
        values = between(times, history.times[records], history.at(mesh.node_ids, mesh.points, records))
        return replace(mesh, node_arrays={**mesh.node_arrays, **dict(zip(names, np.ascontiguousarray(values)))})

    bare = without_temperature(model)
    omission = (Omission(name="temperature_patterns", does_work=False, description=note),) if note else ()
    return LoadsOfHistory(bare.model_copy(update={
        "loads": {**bare.loads, **{one: Temperature(field=ArrayReference(array=one)) for one in names}},
        "amplitudes": {**bare.amplitudes, **tables}, "omissions": (*bare.omissions, *omission)}), with_arrays, note)


def without_temperature(model: Model) -> Model:
    """The model without its temperature loads and their amplitudes."""
    return model.model_copy(update={
        "loads": {name: load for name, load in model.loads.items() if not isinstance(load, Temperature)},
        "amplitudes": without_temperature_of(model, model.amplitudes)})


def without_temperature_of(model: Model, amplitudes: Mapping[str, Amplitude]) -> dict[str, Amplitude]:
    """The amplitudes but those of the model's temperature loads."""
    return {name: one for name, one in amplitudes.items() if not isinstance(model.loads.get(name), Temperature)}

