"""One scalar at nodes of an Exodus file, such as the temperature of a thermal computation."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
from romlib_converters.common.build import mesh_of
from romlib_converters.common.records import check_finite
from romlib_converters.common.times import distinct_times
from romlib_converters.exodus.content import ExodusContent
from romlib_converters.exodus.fields import scalar
from romlib_converters.exodus.mesh import solid_blocks, solver_mesh
from romlib_converters.exodus.netcdf import open_netcdf

from romlib.errors import FileFormatError, InputError
from romlib.mesh.ids import IdIndex
from romlib.snapshots.nodal_fields import TEMPERATURE, NodalField


def nodal_field(path: Path, name: str) -> NodalField:
    """The variable at nodes of that name, or "temperature".

    Raises
    ------
    InputError : no such variable. FileFormatError : a damaged file, no times, values that are not finite.
    """
    with ExitStack() as stack:
        content = ExodusContent(stack.enter_context(open_netcdf(path)))
        names = content.node_variables
        found = name if name in names else scalar(names, None, path) if name == TEMPERATURE else None
        if found is None:
            raise InputError("the file has no variable at nodes of this name", file=path, place=f"field {name!r}",
                             expected=", ".join(names) or "a variable at nodes", found=name,
                             remedy="name the variable: field = \"...\"")
        if not len(content.times):
            raise FileFormatError("the Exodus file has no time step", file=path, expected="results in time")
        kept, _ = distinct_times(content.times, path)
        mesh = mesh_of(solver_mesh(content, *solid_blocks(content, {}, None)), quiet=True)
        rows = IdIndex(content.node_ids).find(mesh.node_ids)
        variable: str = found

        def read(_: int, records: slice) -> np.ndarray:
            values = np.array([content.node_values([variable], int(record))[rows, 0] for record in kept[records]])
            check_finite(values, path, lambda row: f"variable {variable}, record {kept[records][row] + 1}")
            return values

        close = stack.pop_all().close
    return NodalField(content.times[kept], 1, lambda _: mesh.node_ids, read, lambda _: mesh, close)
