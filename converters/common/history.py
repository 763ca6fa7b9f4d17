"""What a converter of a solver is, but for reading: a history of results goes in, a snapshots file comes out.

A format package reads its files into a `SolverHistory`: a mesh by ids, times, descriptions of fields, and one record
when it is asked for. `convert_history` does what is common to all of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from romlib_converters.common.build import build
from romlib_converters.common.elements import check_rule_option
from romlib_converters.common.sink import Values, write_snapshots
from romlib_converters.common.solver_fields import (
    ELEMENT,
    ELEMENT_NODE,
    IP,
    NODE,
    FieldValues,
    SolverField,
)
from romlib_converters.common.solver_mesh import IdValues, SolverCells, SolverMesh
from romlib_converters.common.streams import Given, Streams, check_displacement, names_of_option
from romlib_converters.common.times import distinct_times, initial_time

from romlib.errors import FileFormatError, InputError
from romlib.mesh.partition import partition, rows_in
from romlib.mesh.skin import add_skin
from romlib.model import Model, Omission
from romlib.snapshots.converter import Progress, checked_options, read_units

__all__ = ["ELEMENT", "ELEMENT_NODE", "HISTORY_OPTIONS", "IP", "NODE", "FieldValues", "IdValues", "SolverCells",
           "SolverField", "SolverHistory", "SolverMesh", "convert_history", "history_options"]

HISTORY_OPTIONS = ("initial_time", "leave_out", "quadrature")
_AT_REST = 1e-12  # of the size of the structure
_REPEATED = 1e-6  # of the size: two records at one time are the same


class SolverHistory(ABC):
    """Results of a computation, as a converter gives them: a class with these attributes, set when its files are open.

    solver : name and version. files : what was read, for the fingerprint. mesh : see `SolverMesh`.
    times : (n_record,), not falling; the first of two records at one time is taken. fields : by romlib's names:
        "displacement" (needed), "temperature", "internal_force" (at nodes), "stress", "strain", "plastic_strain", "p"
        (cumulated plastic strain), and what else there is. model : what the files say of materials, loads,
        constraints and so on; None where they say nothing. notes : what was left out in reading the results.
    """

    solver: str = "not stated"
    files: Sequence[Path] = ()
    mesh: SolverMesh
    times: np.ndarray
    fields: Mapping[str, SolverField]
    model: Model | None = None
    notes: Sequence[Omission] = ()

    @abstractmethod
    def read(self, step: int) -> Mapping[str, Given]:
        """A record: values of each of `fields`, in one or in several parts (of each element type, say).

        Asked for in increasing order, the first one twice; nothing of a record has to be kept, and the arrays of one
        may be filled again by the next.
        """

    def mesh_is_made(self) -> None:  # noqa: B027 (by default nothing is done)
        """Told before the first record is read: what only `mesh` was made of may be let go of. By default nothing is.

        `romlib_converters.common.solver_mesh.without_nodes` is what most histories do to their mesh.
        """


def history_options(converter: str, options: dict[str, Any] | None, own: tuple[str, ...] = ()) -> dict[str, Any]:
    """The options given: those of `convert_history`, and the converter's own; others are refused.

    initial_time : when the structure was at rest, before the first record. leave_out : fields not to carry along.
    quadrature : {cell type: rule}, where the files do not say which rule the solver has.
    """
    found = checked_options(converter, options, (*HISTORY_OPTIONS, *own))
    check_rule_option(found)
    return found


def convert_history(
    history: SolverHistory, target: Path, *, pieces: int | None = None, units: str | None = None,
    options: dict[str, Any] | None = None, progress: Progress | None = None,
) -> None:
    """Write the snapshots file of a history; see `romlib.snapshots.converter.Converter` for the arguments.

    Ids become positions. Nodes of no solid cell are left out and counted. Fields at a part of the nodes are refused
    (displacement), or left out with an omission; what is missing is never zero. Records at the time of another are left
    out, where they are equal. Values that the solver stored in single precision stay so, which the check then takes
    into account. One record is in memory.

    Parameters
    ----------
    options : as `history_options` has checked them; the converter's own go into the fingerprint alone.

    Raises
    ------
    InputError, FileFormatError, UnsupportedError : with file and place; nothing is left at `target`.
    """
    options = options or {}
    unit_system, file = read_units(units), history.mesh.file
    kept, repeated = distinct_times(history.times, file)
    built, midpoints = build(history.mesh, options.get("quadrature")), history.mesh.midpoints
    history.mesh_is_made()
    first = history.read(int(kept[0]))
    streams = Streams(file, history.fields, midpoints, built, first, names_of_option(options, "leave_out"))
    size = float(np.max(np.ptp(built.mesh.points, axis=0)))
    moved = streams.read(first, _place(history, 0))["displacement"]
    at_rest = max(moved.max(), -moved.min()) <= _AT_REST * size
    del first, moved
    model = history.model or Model(initial_time=initial_time(float(history.times[kept[0]]), at_rest, options, file))
    _check_stated_time(options, model, file)
    notes = (*model.omissions, *built.omissions, *streams.omissions, *history.notes, *filter(None, [repeated]))
    model = model.model_copy(update={"units": unit_system, "omissions": tuple(dict.fromkeys(notes))})
    cut = add_skin(partition(built.mesh, pieces or 1))
    places = [rows_in(built.mesh, piece) for piece in cut]

    def values(number: int) -> Values:
        whole = _record(history, streams, kept, number, size)
        for name, spec in streams.specs.items():
            for piece, (nodes, ips) in enumerate(places):
                yield name, piece, whole[name][nodes if spec.place == NODE else ips]

    write_snapshots(
        target, cut, model, np.asarray(history.times, dtype=float)[kept], streams.specs, values, solver=history.solver,
        files=list(history.files) or [file], options={"pieces": len(cut), **options}, progress=progress)


def _check_stated_time(options: dict[str, Any], model: Model, file: Path) -> None:
    """InputError where the option initial_time is another time than that of a model which the files have: loads and
    prescribed displacements begin at the latter."""
    stated = options.get("initial_time", model.initial_time)
    if stated != model.initial_time:
        raise InputError("the files have a model, and it begins at another time", file=file,
                         place="option initial_time", expected=f"{model.initial_time:g}", found=stated,
                         remedy="leave the option out")


def _record(
    history: SolverHistory, streams: Streams, kept: np.ndarray, number: int, size: float
) -> dict[str, np.ndarray]:
    """A record that is kept; those at its time have to be equal to it."""
    file, points = history.mesh.file, streams.points
    step = int(kept[number])
    place = _place(history, step)
    whole = streams.read(history.read(step), place)
    check_displacement(whole["displacement"], points, place, file, number == 0)
    for again in _between(kept, number, len(history.times)):
        other = streams.displacement(history.read(again), _place(history, again))
        apart = float(np.abs(other - whole["displacement"]).max())
        if not apart <= _REPEATED * max(size, float(np.abs(other).max())):
            raise FileFormatError("two records at one time differ", file=file, place=_place(history, again),
                                  expected=f"the displacement of record {step + 1}", found=f"{apart:.3g} apart",
                                  remedy="a history has one record at a time: write the results again, of one analysis")
    return whole


def _between(kept: np.ndarray, number: int, n_record: int) -> Iterator[int]:
    """Records after a kept one, at its time."""
    following = int(kept[number + 1]) if number + 1 < len(kept) else n_record
    yield from range(int(kept[number]) + 1, following)


def _place(history: SolverHistory, step: int) -> str:
    return f"record {step + 1} (time {float(history.times[step]):.6g})"
