"""The temperature of a .rst or .rth at nodes, such as that of a thermal analysis, which has no displacement."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from romlib_converters.ansys.cells import solid_mesh
from romlib_converters.ansys.results import ElementResults, SetReader
from romlib_converters.ansys.rst import RstFile
from romlib_converters.common.build import mesh_of
from romlib_converters.common.times import distinct_times

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.ids import IdIndex
from romlib.mesh.mesh import Mesh
from romlib.snapshots.nodal_fields import TEMPERATURE, NodalField
from romlib.words import plural

_NAMES = (TEMPERATURE, "temp", "bfe", "ept")


def nodal_field(path: Path, name: str) -> NodalField:
    """The temperature: the degree of freedom TEMP, or that of the elements.

    Raises
    ------
    InputError : another name, or no temperature. FileFormatError, UnsupportedError : with file and place.
    """
    if name.lower() not in _NAMES:
        raise InputError("results of Ansys have one scalar at nodes", file=path, place=f"field {name!r}",
                         expected=TEMPERATURE, found=name)
    rst = RstFile(path)
    if rst.n_global_node:
        raise UnsupportedError("a temperature in the parts of a distributed solution is not read", file=path,
                               remedy="combine them in Ansys with RESCOMBINE, or convert the solution")
    reader = SetReader(rst)
    kept, _ = distinct_times(np.array([result.time for result in rst.sets]), path)
    mesh = mesh_of(solid_mesh(rst.database, mesh_only=True), quiet=True)
    index = IdIndex(mesh.node_ids)

    def one(number: int) -> np.ndarray:
        result = rst.sets[kept[number]]
        found = reader.temperature(result, ElementResults(rst, result))
        if found is None:
            raise FileFormatError("the result set has no temperature, or one that differs by element", file=path,
                                  place=result.place, remedy="OUTRES,ALL,ALL before SOLVE")
        values = np.full(len(mesh.node_ids), np.nan)
        at = index.find(found.ids)
        values[at[at >= 0]] = found.values[at >= 0, 0]
        if np.isnan(values).any():
            raise FileFormatError("the temperature is at a part of the nodes only", file=path, place=result.place,
                                  expected=plural(len(values), "node"), found=int(np.isfinite(values).sum()))
        return values

    def read(_: int, records: slice) -> np.ndarray:
        return np.stack([one(number) for number in range(len(kept))[records]])

    def whole(_: int) -> Mesh:
        return mesh

    return NodalField(np.array([rst.sets[k].time for k in kept]), 1, lambda _: mesh.node_ids, read, whole)
