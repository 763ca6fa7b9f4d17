"""A first look at every record of a time series: what it has, what changes, and whether it can be used."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from romlib_converters.common.records import check_finite
from romlib_converters.meshio.mesh import Grid
from romlib_converters.meshio.series import Series, StepData

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.snapshots.schema import FieldSpec
from romlib.words import plural, unknown

DISPLACEMENT_NAMES = ("displacement", "u", "disp")
NODE_FIELDS = {"displacement": 3, "internal_force": 3, "temperature": 1}
# What names of a displacement contain, in the languages of the solvers, and what says that it is none.
_DISPLACEMENTS = ("disp", "depl", "dépl", "verschieb", "spost", "despl", "desloc", "verplaats", "translation")
_OTHERS = ("veloc", "accel", "force", "react", "traction", "flux", "stress", "normal", "gradient", "rotation", "moment",
           "momentum", "coord", "spin", "mode", "eigen", "rate", "complex", "imag")
_AT_REST = 1e-12  # of the largest displacement
_ASUNDER = 1e-6  # of the largest displacement: points that move apart by less were at one place all the time
_ACROSS = 1e-9  # of the largest displacement: what rounding leaves of one across the plane
_FARTHEST = 1e4  # sizes of the structure: what moves farther was read wrongly


@dataclass(frozen=True, eq=False)
class Survey:
    """What the records of a series have.

    times : (n_step,). fields : description of each node field to write; `original_name` is the file's. sources : the
    file's array of each, or its components. node, cell : arrays that are the same in every record. varying :
    (place, name) of the arrays that are not, and are left out. at_rest : whether the displacement of the first record
    is zero. skipped : number of records without displacement, which are left out.
    """

    times: np.ndarray
    fields: dict[str, FieldSpec]
    sources: dict[str, tuple[str, ...]]
    node: dict[str, np.ndarray]
    cell: dict[str, np.ndarray]
    varying: tuple[tuple[str, str], ...]
    at_rest: bool
    skipped: int


def survey_series(
    series: Series, grid: Grid, names: Mapping[str, tuple[str, ...]], times: list[float] | None,
    progress: Callable[[int], None],
) -> Survey:
    """Read every record once, one at a time.

    Parameters
    ----------
    names : the file's array, or three of them, of each node field that the user named. times : in place of the file's.
    progress : called with the number of records read.

    Raises
    ------
    InputError : the displacement cannot be told, or an array named is not there. FileFormatError : a record without it,
    a value that is not finite, times that are missing or do not increase, merged points that move apart.
    """
    if not series.n_step:
        raise FileFormatError("the time series has no record", file=series.file,
                              expected="a temporal collection of grids, or files")
    dimension, sources = grid.mesh.dimension, dict(names)
    if "displacement" not in names:
        sources = {"displacement": _displacement_name(series, dimension), **names}
    fields = _fields(series.sample(), sources, series.file, dimension)
    n_record = series.n_step
    series.keep(sources["displacement"][0])
    if times is not None and len(times) != series.n_step:
        raise InputError("as many times as records are needed", file=series.file, place="option times",
                         expected=series.n_step, found=len(times))
    data = series.read(0)
    taken = {name for of_field in sources.values() for name in of_field}
    node = {name: values for name, values in data.node.items() if name not in taken}
    cell = dict(data.cell)
    changing: dict[tuple[str, str], None] = {}
    found, sizes, n_node = [], [], len(series.mesh()[0])
    nodes = grid.mesh.node_ids
    for step in range(series.n_step):
        if step:
            del data  # before another record is in memory
            data = series.read(step)
        for name, spec in fields.items():
            largest = _largest(field_values(data, name, spec, sources[name], nodes, series))
            if name == "displacement":
                sizes.append(largest)
        _check_twins(data, sources["displacement"], dimension, grid.twins, max(sizes), series)
        changing.update(dict.fromkeys(("node array", name) for name in _drop_changed(node, data.node)))
        changing.update(dict.fromkeys(("cell array", name) for name in _drop_changed(cell, data.cell)))
        found.append(data.time if times is None else times[step])
        progress(step + 1)
    _check_lengths(node, n_node, series.file)
    _check_proportion(sizes, grid, series.file)
    return Survey(_checked_times(found, series.file), fields, sources, node, cell, tuple(changing),
                  sizes[0] <= _AT_REST * max(sizes), n_record - series.n_step)


def _largest(values: np.ndarray) -> float:
    return float(max(values.max(initial=0.0), -values.min(initial=0.0)))


def field_values(
    data: StepData, name: str, spec: FieldSpec, source: tuple[str, ...], nodes: np.ndarray, series: Series
) -> np.ndarray:
    """Values of a node field in a record at nodes (n_node,) of the file: (n_node, n_comp), checked."""
    place = f"{data.place}, array {spec.original_name!r}"
    values = _whole(data, name, spec.n_comp, source, place, series)
    if len(nodes) < len(values):  # else they are all of them, in order
        values = values[nodes]
    check_finite(values, series.file, lambda row: f"{place}, node {nodes[row]}")
    return values


def _whole(
    data: StepData, name: str, n_comp: int, source: tuple[str, ...], place: str, series: Series
) -> np.ndarray:
    """(n_node of the file, n_comp)."""
    file, parts = series.file, []
    for array in source:
        values = data.node.get(array)
        if values is None:
            raise FileFormatError(f"a record lacks the {name.replace('_', ' ')}", file=file, place=place,
                                  expected=array, found=", ".join(data.node) or "no node array")
        parts.append(values.reshape(len(values), -1))
    if len(source) == 1 and n_comp == 2 and parts[0].shape[1] == 3:
        parts = [_in_plane(parts[0], name, place, file)]
    shape = (len(series.mesh()[0]), n_comp // len(source))
    wrong = [part.shape for part in parts if part.shape != shape]
    if wrong:
        raise FileFormatError("an array has the wrong shape", file=file, place=place, expected=shape, found=wrong[0])
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def _in_plane(values: np.ndarray, name: str, place: str, file: Path) -> np.ndarray:
    """Vectors (n, 3) of a plane or axisymmetric model as two components: the third is zero."""
    across, size = float(np.abs(values[:, 2]).max(initial=0.0)), float(np.abs(values).max(initial=0.0))
    if not across <= _ACROSS * size and np.isfinite(size):
        raise UnsupportedError(f"the {name.replace('_', ' ')} of a mesh of two dimensions leaves its plane", file=file,
                               place=place, expected="zero as the third component", found=f"{across:.6g}",
                               remedy="convert it as a solid; twist round the axis is not supported")
    return values[:, :2]


def _check_twins(
    data: StepData, source: tuple[str, ...], n_comp: int, twins: np.ndarray, largest: float, series: Series
) -> None:
    """Points that were merged have the same displacement."""
    if not len(twins):
        return
    values = _whole(data, "displacement", n_comp, source, data.place, series)
    apart = np.abs(values[twins[:, 0]] - values[twins[:, 1]]).max(axis=1)
    wrong = np.flatnonzero(~(apart <= _ASUNDER * largest))
    if len(wrong):
        raise FileFormatError(
            "points that were merged move apart", file=series.file, expected="the same displacement",
            place=f"{data.place}, nodes {twins[wrong[0], 1]} and {twins[wrong[0], 0]}",
            found=f"{apart[wrong[0]]:.3g} apart, at {plural(len(wrong), 'point')}",
            remedy="merge within a smaller distance, or not at all (merge=0): a crack or contact is between them")


def _check_proportion(sizes: list[float], grid: Grid, file: Path) -> None:
    """Values read in another byte order, or from another place, are finite and absurd."""
    step = int(np.argmax(sizes))
    size = float(np.max(np.ptp(grid.mesh.points, axis=0)))
    if sizes[step] > _FARTHEST * size:
        raise FileFormatError(
            "the displacement is out of all proportion to the structure", file=file, place=f"step {step}",
            expected=f"less than {_FARTHEST:g} times its size, {size:.6g}", found=f"{sizes[step]:.6g}",
            remedy="check the type, the byte order and the unit of the array")


def _fields(
    sample: StepData, sources: Mapping[str, tuple[str, ...]], file: Path, dimension: int
) -> dict[str, FieldSpec]:
    fields = {}
    for field, names in sources.items():
        missing = [name for name in names if name not in sample.node]
        if missing:
            raise InputError("the file has no such node array", file=file, place=f"option {field}",
                             **unknown(missing[0], sample.node))
        single = all(sample.node[name].dtype == np.float32 for name in names)
        n_comp = dimension if NODE_FIELDS[field] == 3 else NODE_FIELDS[field]
        fields[field] = FieldSpec("node", n_comp, dtype="float32" if single else "float64",
                                  original_name=", ".join(names))
    return fields


def _displacement_name(series: Series, dimension: int) -> tuple[str, ...]:
    """By name: a vector of unknown meaning, such as a velocity in another language, is not taken for one."""
    sample = series.sample()
    vectors = [name for name, values in sample.node.items() if values.ndim == 2 and values.shape[1] in (dimension, 3)]
    candidates = [name for name in sample.node if name.lower() in DISPLACEMENT_NAMES]
    possible = [name for name in vectors if sample.node[name].dtype.kind == "f" and not _is_another(name)]
    if not candidates:
        candidates = [name for name in possible if _says_displacement(name)]
    if len(candidates) == 1:
        return candidates[0],
    possible = candidates or possible
    listed = ", ".join(f"{name} {values.shape[1:] or ''}".strip() for name, values in sample.node.items())
    scalars = [name for name, values in sample.node.items() if values.ndim == 1 and values.dtype.kind == "f"]
    example = (possible or vectors)[0] if possible or vectors else (
        f"[{','.join(scalars[:dimension])}]" if len(scalars) >= dimension else "NAME")
    raise InputError("the displacement cannot be told from the other node arrays", file=series.file,
                     place=sample.place,
                     expected="an array named displacement, U or DISP, or one array of vectors whose name says it",
                     found=f"{', '.join(possible) or 'none'}; node arrays: {listed or 'none'}",
                     remedy=f"name the array, or its components, such as --option displacement={example}")


def _is_another(name: str) -> bool:
    """Whether an array's name says that it is no displacement."""
    return any(word in name.lower() for word in _OTHERS)


def _says_displacement(name: str) -> bool:
    """Whether an array's name says that it is a displacement, in words of its own: "Displacement (mm)", "u_h"."""
    lower = name.lower()
    return any(word in lower for word in _DISPLACEMENTS) or "u" in re.split(r"[^a-z]+", lower)


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
