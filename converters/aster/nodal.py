"""One scalar at nodes of a MED file, such as the temperature of a thermal computation."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
from romlib_converters.aster.mesh import solids_of, solver_mesh
from romlib_converters.aster.names import SYMBOLS, symbol_of
from romlib_converters.common.build import mesh_of
from romlib_converters.common.records import check_finite
from romlib_converters.common.times import distinct_times
from romlib_converters.med.fields import NODES, MedField, Support, read_fields, read_values
from romlib_converters.med.file import open_med
from romlib_converters.med.mesh import read_med_mesh

from romlib.errors import InputError
from romlib.mesh.ids import IdIndex
from romlib.snapshots.nodal_fields import TEMPERATURE, NodalField
from romlib.words import one_of

_AT_NODES = Support(NODES, "", "", 1)


def nodal_field(path: Path, name: str) -> NodalField:
    """The scalar field at nodes of that name, or "temperature" (Code_Aster's TEMP).

    Raises
    ------
    InputError : no such field. FileFormatError : a damaged file, values that are missing or not finite.
    """
    with ExitStack() as stack:
        content = stack.enter_context(open_med(path))
        field = _field(read_fields(content, path), name, path)
        raw = read_med_mesh(content, path, field.mesh or None)
        solids, _ = solids_of(content, raw, [], {}, path)
        mesh = mesh_of(solver_mesh(raw, solids, set(), None, "standard", path), quiet=True)
        steps = field.times()
        kept, _ = distinct_times(np.array([time for time, _ in steps]), path)
        rows = IdIndex(raw.node_ids).find(mesh.node_ids)

        def read(_: int, records: slice) -> np.ndarray:
            found = []
            for record in kept[records]:
                values = np.full(len(raw.points), np.nan)
                for where, part in read_values(content, field, steps[record][1], _AT_NODES, len(raw.points), path):
                    values[where] = part[:, 0, 0]
                place = f"field {field.name}, time {steps[record][0]:g}"
                check_finite(values[rows][:, None], path, lambda row, place=place: (  # type: ignore[misc]
                    f"{place}, node {mesh.node_ids[row]}"))
                found.append(values[rows])
            return np.array(found)

        times = np.array([steps[record][0] for record in kept])
        close = stack.pop_all().close
    return NodalField(times, 1, lambda _: mesh.node_ids, read, lambda _: mesh, close)


def _field(fields: dict[str, MedField], name: str, path: Path) -> MedField:
    scalars = {one: field for one, field in fields.items()
               if len(field.components) == 1 and _AT_NODES in field.supports}
    if name in scalars:
        return scalars[name]
    alike = [one for one in scalars if name == TEMPERATURE and (parsed := symbol_of(one)) is not None
             and parsed[1] in SYMBOLS["temperature"]]
    if len(alike) != 1:
        raise InputError("the file has no scalar field at nodes of this name", file=path, place=f"field {name!r}",
                         expected=one_of(scalars), found=name, remedy="name the field: field = \"...\"")
    return scalars[alike[0]]
