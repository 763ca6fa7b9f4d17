"""One scalar at nodes of a .frd, such as the temperature of a thermal computation, which has no displacement."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from romlib_converters.calculix.bare import SOLID_TYPES, bare_mesh
from romlib_converters.calculix.frd import Block, FrdFile, read_frd
from romlib_converters.calculix.source import record_times
from romlib_converters.calculix.sta import read_sta

from romlib.errors import FileFormatError, InputError
from romlib.loads.nodal_temperature import positions_of
from romlib.mesh.mesh import Mesh
from romlib.snapshots.nodal_fields import TEMPERATURE, NodalField

_NAMES = {TEMPERATURE: "NDTEMP"}
# Neither the rule of hexahedra nor the kinematics of plane elements matter to a field at nodes: a .frd lacks both.
_ANY_RULE = {"he8": "C3D8", "he20": "C3D20"}
_ANY_PLANE = {"tr3": "CPE3", "tr6": "CPE6", "qu4": "CPE4", "qu8": "CPE8"}


def nodal_field(path: Path, name: str) -> NodalField:
    """The scalar of that name, as the .frd has it, or "temperature".

    Raises
    ------
    InputError : no such block, or one of several components. FileFormatError : a damaged file, a record without it.
    """
    wanted = _NAMES.get(name, name.upper())
    frd = read_frd(path, wanted)
    if not frd.records:
        raise InputError("the results have no field of this name", file=path, place=f"field {name!r}",
                         expected=", ".join(frd.names) or "a result", found=wanted,
                         remedy="ask for NT in *NODE FILE, and run the solver again" if name in _NAMES else None)
    if frd.truncated:
        raise FileFormatError("the result file is truncated", file=path, place=frd.truncated,
                              expected="a last line ' 9999'",
                              found=f"the last complete increment is {frd.records[-1].place}",
                              remedy="compute again, or copy the file again")
    blocks = [record.blocks[wanted] for record in frd.records]
    if len(blocks[0].components) != 1:
        raise InputError("the field has several components", file=path, place=blocks[0].place, expected="one",
                         found=", ".join(blocks[0].components))
    times, _ = record_times(frd.records, [], read_sta(path.with_suffix(".sta")))

    def read(_: int, records: slice) -> np.ndarray:
        return np.stack([_values(frd, block) for block in blocks[records]])

    return NodalField(times, 1, lambda _: frd.node_ids, read, lambda _: _mesh(frd))


def _values(frd: FrdFile, block: Block) -> np.ndarray:
    return frd.read(block)[:, 0]


def _mesh(frd: FrdFile) -> Mesh:
    """The solids, or else the plane elements, on all nodes of the file."""
    mesh = bare_mesh(frd, _ANY_RULE if SOLID_TYPES & set(frd.elements.by_type) else _ANY_PLANE)
    rows = positions_of(mesh.node_ids, frd.node_ids)
    return Mesh(frd.points[:, :mesh.dimension], tuple(
        replace(block, connectivity=rows[block.connectivity]) for block in mesh.blocks), frd.node_ids,
        kinematics=mesh.kinematics)
