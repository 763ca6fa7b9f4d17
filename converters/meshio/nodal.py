"""One scalar at nodes of a time series, such as the temperature of a thermal computation."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
from romlib_converters.meshio.kinds import SOLIDS
from romlib_converters.meshio.mesh import build_grid
from romlib_converters.meshio.open import open_series
from romlib_converters.meshio.series import Series

from romlib.errors import FileFormatError, InputError
from romlib.mesh.kinematics import PLANE_STRAIN, SOLID
from romlib.snapshots.nodal_fields import TEMPERATURE, NodalField

_NAMES = ("temperature", "temp", "t", "nt", "nt11")  # what a temperature is called, in any case


def nodal_field(path: Path, name: str) -> NodalField:
    """The scalar of that name, or "temperature"; node ids are positions in the file, from 0.

    Raises
    ------
    InputError : no such array, or one of several components. FileFormatError : a damaged file, no times.
    """
    with ExitStack() as stack:
        series = stack.enter_context(open_series(path))
        sample = series.sample().node
        array = _array(sample, name, path)
        if sample[array].ndim != 1:
            raise InputError("the array is not a scalar", file=path, place=f"array {array!r}",
                             expected="one number a node", found=f"{sample[array].shape[1]} components")
        series.keep(array)
        times = [series.read(step).time for step in range(series.n_step)]
        known = [time for time in times if time is not None]
        if len(known) < len(times) or not known:
            if len(times) != 1:
                raise FileFormatError("a record has no time", file=path, place=f"record {times.index(None) + 1}",
                                      remedy="name the .pvd or .xdmf file that has the times")
            known = [0.0]  # one field holds throughout
        points, cells = series.mesh()
        solid = any(kind in SOLIDS for kind, _ in cells)
        grid = build_grid(points, cells, {}, series.file, None, SOLID if solid else PLANE_STRAIN)

        def read(_: int, records: slice) -> np.ndarray:
            return np.stack([_values(series, step, array, path)[grid.mesh.node_ids]
                             for step in range(*records.indices(series.n_step))])

        close = stack.pop_all().close
    return NodalField(np.array(known, dtype=float), 1, lambda _: grid.mesh.node_ids, read, lambda _: grid.mesh, close)


def _array(arrays: dict[str, np.ndarray], name: str, path: Path) -> str:
    if name in arrays:
        return name
    alike = [array for array in arrays if array.lower() in _NAMES] if name == TEMPERATURE else []
    if len(alike) != 1:
        scalars = [array for array, values in arrays.items() if values.ndim == 1]
        raise InputError("the file has no array of this name", file=path, place=f"field {name!r}",
                         expected=", ".join(scalars) or "an array of scalars at nodes", found=name,
                         remedy="name the array: field = \"...\"")
    return alike[0]


def _values(series: Series, step: int, array: str, path: Path) -> np.ndarray:
    data = series.read(step)
    if array not in data.node:
        raise FileFormatError("a record lacks the array", file=path, place=data.place, expected=array,
                              found=", ".join(data.node) or "no array")
    return np.asarray(data.node[array], dtype=float)
