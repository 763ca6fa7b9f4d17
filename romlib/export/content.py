"""What is exported of a result: the whole mesh, and fields at its nodes, cells and points, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from romlib.blocks import blocks
from romlib.errors import InputError
from romlib.export.arrays import Array
from romlib.export.split import Split, split_by_material
from romlib.mesh.kinematics import padded
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.nodal.average import norm, one_value
from romlib.nodal.cells import NO_MATERIAL, cell_maxima, cell_means, materials_of_cells
from romlib.results.access import FieldAccess
from romlib.snapshots.schema import FieldSpec
from romlib.tensors import von_mises
from romlib.words import names_of, unknown

STRESS, MISES = "stress", "von_mises"
_BLOCK_BYTES = 128 * 2**20


@dataclass(frozen=True, eq=False)
class Step:
    """One time. number : of the step in the source. nodes, cells, points : arrays at each of these."""

    number: int
    time: float
    nodes: list[Array]
    cells: list[Array]
    points: list[Array]


class Content:
    """A result as it is exported.

    Parameters
    ----------
    access : a solution, or a file. fields : names; None: all that are stored, and the von Mises stress.
    rows : (n_row,), numbers of the steps. at : which of "nodes", "cells", "points" are wanted.
    split : a node between several materials is there once for each.

    Raises
    ------
    InputError : no such field.
    """

    def __init__(
        self, access: FieldAccess, fields: str | Sequence[str] | None, rows: np.ndarray,
        at: Sequence[str] = ("nodes", "cells"), split: bool = False,
    ) -> None:
        self.access, self.rows, self._at, self._divided = access, rows, frozenset(at), split
        self.fields = names_of_fields(access, fields)

    @property
    def model(self) -> object:
        """Of the source."""
        return self.access.source.model

    @property
    def times(self) -> np.ndarray:
        """(n_row,)."""
        return np.asarray(self.access.source.times)[self.rows]

    @property
    def length(self) -> str:
        """The unit of coordinates."""
        return str(self.access.units.length)

    @property
    def time_unit(self) -> str:
        """The unit of times."""
        return str(self.access.units.time)

    @property
    def title(self) -> str:
        """What is exported, for readers of the file."""
        return self.access.source.title

    @property
    def mesh(self) -> Mesh:
        """The whole mesh as it is exported, nodes between materials once for each where they are split."""
        return self._split.mesh if self._divided else self.access.mesh

    @cached_property
    def materials(self) -> np.ndarray:
        """(n_cell,), numbers of the materials of the model, -1 without one."""
        return materials_of_cells(self.access.mesh, self._tags)

    @property
    def material_names(self) -> list[str]:
        """By number."""
        return list(self.access.source.model.materials)

    @cached_property
    def point_names(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of the integration points: id of the cell (n_ip,), number in it from 1 (n_ip,), coordinates (n_ip, 3)."""
        operator = StrainOperator(self.access.mesh)
        return operator.cell_ids, operator.point_numbers, padded(operator.coordinates)

    def steps(self) -> Iterator[Step]:
        """The steps in order; read in blocks, held one block at a time."""
        source = self.access.source
        with source.opened():
            for part in blocks(len(self.rows), self._bytes_of_step(), _BLOCK_BYTES):
                made: dict[str, list[tuple[Array, ...]]] = {"nodes": [], "cells": [], "points": []}
                rows = self.rows[part]
                for name in self.fields:
                    for place, arrays in self._of_field(name, rows):
                        made[place].append(arrays)
                for k, row in enumerate(rows):
                    yield Step(int(row), float(source.times[row]),
                               *([arrays[k] for arrays in made[place]] for place in ("nodes", "cells", "points")))

    def _of_field(self, name: str, rows: np.ndarray) -> Iterator[tuple[str, tuple[Array, ...]]]:
        """Place, and an array for each of the rows."""
        spec, unit = self.access.source.spec(name), self.access.units.of(name)
        values = self.access.field(name, rows)

        def arrays(of_rows: np.ndarray, label: str = name, kind: FieldSpec = spec) -> tuple[Array, ...]:
            return tuple(Array.of_field(label, one, kind, unit) for one in of_rows)

        if spec.place == "node":
            if "nodes" in self._at:
                yield "nodes", arrays(self._split.at_nodes(values) if self._divided else values)
            return
        if "nodes" in self._at:
            yield "nodes", arrays(self._at_nodes(name, values, rows))
        if "cells" in self._at:
            yield "cells", arrays(cell_means(self.access.mesh, values))
            if spec.n_comp == 1:
                yield "cells", arrays(cell_maxima(self.access.mesh, values), f"{name}_max")
        if "points" in self._at:
            yield "points", arrays(values)

    def _at_nodes(self, name: str, values: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """(n_row, n_node, n_comp), see `romlib.nodal`; the von Mises stress is that of the averaged stress."""
        access = self.access
        if name == MISES and STRESS in access.fields:
            return von_mises(self._at_nodes(STRESS, access.field(STRESS, rows), rows))[..., None]
        averaging = access.source.places.averaging(access.source, self._tags)
        places = averaging.places(values)
        if self._divided:
            return self._split.at_places(places)
        return one_value(places, averaging.node, averaging.n_node, von_mises if name == STRESS else norm)

    @cached_property
    def _split(self) -> Split:
        averaging = self.access.source.places.averaging(self.access.source, self._tags)
        return split_by_material(self.access.mesh, averaging, self.materials)

    @cached_property
    def _tags(self) -> list[str]:
        return [material.cells for material in self.access.source.model.materials.values()]

    @property
    def has_materials(self) -> bool:
        """Whether any cell has a material of the model."""
        return bool((self.materials != NO_MATERIAL).any())

    def _bytes_of_step(self) -> int:
        mesh, fields = self.access.mesh, self.access.fields
        n = {"node": mesh.n_node, "ip": int(mesh.points_of_cells.sum())}
        return sum(8 * fields[name].n_comp * n[fields[name].place] for name in self.fields)


def names_of_fields(access: FieldAccess, fields: str | Sequence[str] | None) -> list[str]:
    """The fields that are asked for, each once; InputError, with the closest match, for one that does not exist."""
    known = access.fields
    if fields is None:
        return list(dict.fromkeys([*access.stored_fields, *([MISES] if MISES in known else [])]))
    names = names_of(fields)
    for name in names:
        if name not in known:
            raise InputError("there is no such field", file=access.source.path, place="--field",
                             **unknown(name, known))
    return list(dict.fromkeys(names))
