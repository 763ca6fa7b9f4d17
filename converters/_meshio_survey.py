"""A first look at every record of a time series: what it has, what changes, and whether it can be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from romlib_converters._meshio_series import Series, StepData

from romlib.errors import FileFormatError, InputError
from romlib.snapshots.schema import FieldSpec

DISPLACEMENT_NAMES = ("displacement", "u", "disp")
NODE_FIELDS = {"displacement": 3, "internal_force": 3, "temperature": 1}
_AT_REST = 1e-12  # of the largest displacement


@dataclass(frozen=True, eq=False)
class Survey:
    """What the records of a series have.

    times : (n_step,). fields : description of each node field to write; `original_name` is the file's. node, cell :
    arrays that are the same in every record. varying : (place, name) of the arrays that are not, and are left out.
    at_rest : whether the displacement of the first record is zero.
    """

    times: np.ndarray
    fields: dict[str, FieldSpec]
    node: dict[str, np.ndarray]
    cell: dict[str, np.ndarray]
    varying: tuple[tuple[str, str], ...]
    at_rest: bool


def survey_series(
    series: Series, nodes: np.ndarray, names: Mapping[str, str], times: list[float] | None,
    progress: Callable[[int], None],
) -> Survey:
    """Read every record once, one at a time.

    Parameters
    ----------
    nodes : (n_node,), the nodes to use, positions in the file. names : the file's array of each node field that the
        user named. times : in place of the file's. progress : called with the number of records read.

    Raises
    ------
    InputError : the displacement cannot be told, or an array named is not there. FileFormatError : a record without it,
    a value that is not finite, times that are missing or do not increase.
    """
    if not series.n_step:
        raise FileFormatError("the time series has no record", file=series.file)
    if times is not None and len(times) != series.n_step:
        raise InputError("as many times as records are needed", file=series.file, place="option times",
                         expected=series.n_step, found=len(times))
    first = series.read(0)
    fields = _fields(first, names, series.file)
    taken = {spec.original_name for spec in fields.values()}
    node = {name: values for name, values in first.node.items() if name not in taken}
    cell = dict(first.cell)
    changing: dict[tuple[str, str], None] = {}
    found, largest, start, n_node = [], 0.0, 0.0, len(series.mesh()[0])
    for step in range(series.n_step):
        data = first if step == 0 else series.read(step)
        for name, spec in fields.items():
            values = field_values(data, name, spec, nodes, series)
            if name == "displacement":
                size = float(np.abs(values).max(initial=0.0))
                largest, start = max(largest, size), size if step == 0 else start
        changing.update(dict.fromkeys(("node array", name) for name in _drop_changed(node, data.node)))
        changing.update(dict.fromkeys(("cell array", name) for name in _drop_changed(cell, data.cell)))
        found.append(data.time if times is None else times[step])
        progress(step + 1)
    _check_lengths(node, n_node, series.file)
    return Survey(_checked_times(found, series.file), fields, node, cell, tuple(changing), start <= _AT_REST * largest)


def field_values(data: StepData, name: str, spec: FieldSpec, nodes: np.ndarray, series: Series) -> np.ndarray:
    """Values of a node field in a record at nodes (n_node,) of the file: (n_node, n_comp), checked."""
    file, shape = series.file, (len(series.mesh()[0]), spec.n_comp)
    place = f"{data.place}, array {spec.original_name!r}"
    values = data.node.get(spec.original_name)
    if values is None:
        raise FileFormatError(f"a record lacks the {name.replace('_', ' ')}", file=file, place=place,
                              expected=spec.original_name, found=", ".join(data.node) or "no node array")
    values = values.reshape(len(values), -1)
    if values.shape != shape:
        raise FileFormatError("an array has the wrong shape", file=file, place=place, expected=shape,
                              found=values.shape)
    values = values[nodes]
    wrong = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(wrong):
        raise FileFormatError("a value is not a finite number", file=file, place=f"{place}, node {nodes[wrong[0]]}",
                              expected="finite numbers", found=values[wrong[0]])
    return values


def _fields(first: StepData, names: Mapping[str, str], file: Path) -> dict[str, FieldSpec]:
    names = {"displacement": _displacement_name(first, file), **names} if "displacement" not in names else names
    fields = {}
    for field, name in names.items():
        values = first.node.get(name)
        if values is None:
            raise InputError("the file has no such node array", file=file, place=f"option {field}",
                             expected=", ".join(first.node) or "no node array", found=name)
        dtype = "float32" if values.dtype == np.float32 else "float64"
        fields[field] = FieldSpec("node", NODE_FIELDS[field], dtype=dtype, original_name=name)
    return fields


def _displacement_name(first: StepData, file: Path) -> str:
    """By name, else the only array of vectors."""
    candidates = [name for name in first.node if name.lower() in DISPLACEMENT_NAMES]
    if not candidates:
        candidates = [name for name, values in first.node.items()
                      if values.ndim == 2 and values.shape[1] == 3 and values.dtype.kind == "f"]
    if len(candidates) == 1:
        return candidates[0]
    listed = ", ".join(f"{name} {values.shape[1:] or ''}".strip() for name, values in first.node.items())
    raise InputError("the displacement cannot be told from the other node arrays", file=file, place=first.place,
                     expected="an array named displacement, U or DISP, or a single array of vectors",
                     found=f"{', '.join(candidates) or 'none'}; node arrays: {listed or 'none'}",
                     remedy="name it with the option displacement")


def _drop_changed(static: dict[str, np.ndarray], arrays: Mapping[str, np.ndarray]) -> list[str]:
    """Remove from `static` the arrays that differ in this record, and name them and those that are new."""
    changed = [name for name, values in static.items() if not _same(values, arrays.get(name))]
    for name in changed:
        del static[name]
    return changed


def _same(a: np.ndarray, b: np.ndarray | None) -> bool:
    return b is not None and a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def _check_lengths(node: Mapping[str, np.ndarray], n_node: int, file: Path) -> None:
    for name, values in node.items():
        if len(values) != n_node:
            raise FileFormatError("an array has the wrong length", file=file, place=f"node array {name!r}",
                                  expected=n_node, found=len(values))


def _checked_times(found: list[float | None], file: Path) -> np.ndarray:
    for step, time in enumerate(found):
        if time is None:
            raise FileFormatError("a record has no time", file=file, place=f"step {step}",
                                  remedy="give a PVD file, or the option times")
        if not np.isfinite(time):
            raise FileFormatError("a time is not a finite number", file=file, place=f"step {step}", found=time)
    times = np.array(found, dtype=float)
    falls = np.flatnonzero(np.diff(times) <= 0)
    if len(falls):
        step = int(falls[0]) + 1
        raise FileFormatError("the times do not increase", file=file, place=f"step {step}",
                              expected=f"more than {times[step - 1]:.6g}", found=f"{times[step]:.6g}",
                              remedy="give the files in the order of time")
    return times


def initial_time(survey: Survey, stated: float | None, file: Path) -> float:
    """When the structure was at rest: as stated, else the first record if it is at rest, else zero before it.

    Raises
    ------
    FileFormatError : the first record is at time zero or before and has a displacement: increments are missing.
    """
    first = float(survey.times[0])
    if stated is not None:
        if stated > first or (stated == first and not survey.at_rest):
            raise InputError("the initial time is not before the first displacement", file=file,
                             place="option initial_time", expected=f"less than {first:.6g}", found=stated)
        return stated
    if survey.at_rest:
        return first
    if first <= 0.0:
        raise FileFormatError("increments are missing: the first record already has a displacement", file=file,
                              place=f"step 0 (time {first:.6g})", expected="the initial state, at rest",
                              remedy="write every increment from the initial state on; or state when the structure was "
                                     "at rest with the option initial_time")
    return 0.0
