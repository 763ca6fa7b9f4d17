"""One scalar at nodes of Zset's results, such as the temperature of a thermal computation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from romlib_converters.zset.geof import ZsetMesh
from romlib_converters.zset.pieces import build_mesh
from romlib_converters.zset.results import ResultHeader, check_values, map_records, read_ut
from romlib_converters.zset.source import find_mesh, locate, read_mesh

from romlib.errors import InputError
from romlib.snapshots.nodal_fields import TEMPERATURE, NodalField

_NAMES = ("temperature", "tp", "t")  # what a temperature is called, in any case


@dataclass(frozen=True, eq=False)
class _Part:
    """The results of a subdomain, or of the whole: one variable after the other, each by node."""

    header: ResultHeader
    mesh: ZsetMesh
    path: Path
    values: np.ndarray


def nodal_field(path: Path, name: str) -> NodalField:
    """The node variable of that name, or "temperature".

    Raises
    ------
    InputError : no such variable. FileFormatError : results that do not fit the mesh, values that are not finite.
    """
    computation = locate(path)
    parts = [_part(header, computation.folder) for header in computation.headers]
    variables = parts[0].header.node_variables
    alike = [one for one in variables if one.lower() in _NAMES] if name == TEMPERATURE else []
    column = variables.index(name) if name in variables else variables.index(alike[0]) if len(alike) == 1 else None
    if column is None:
        raise InputError("the results have no node variable of this name", file=parts[0].header.file,
                         place=f"field {name!r}", expected=" ".join(variables) or "a node variable", found=name)

    def read(piece: int, records: slice) -> np.ndarray:
        part = parts[piece]
        ids = part.mesh.node_ids
        rows = slice(column * len(ids), (column + 1) * len(ids))
        values = np.array([part.values[record][rows] for record in range(*records.indices(part.header.n_record))],
                          dtype=float)
        for record, found in enumerate(values, records.start + 1):
            check_values(found, part.path, lambda k, record=record: (  # type: ignore[misc]
                f"record {record}, variable {variables[column]}, node {ids[k]}"))
        return values

    return NodalField(parts[0].header.times, len(parts), lambda piece: parts[piece].mesh.node_ids, read,
                      lambda piece: build_mesh(parts[piece].mesh, "shape", []))


def _part(path: Path, folder: Path) -> _Part:
    header = read_ut(path)
    mesh = read_mesh(find_mesh(folder, header.mesh_file))
    n_node, n_variable = len(mesh.node_ids), len(header.node_variables)
    file = path.with_suffix(".node")
    return _Part(header, mesh, file, map_records(file, header, n_node * n_variable,
                                                 f"{n_variable} variables of {n_node} nodes"))
