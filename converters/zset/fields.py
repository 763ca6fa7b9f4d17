"""Zset's variables as romlib's fields, read for a piece from wherever its nodes and elements are stored."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from romlib_converters.zset.elements import SOLIDS
from romlib_converters.zset.results import check_values
from romlib_converters.zset.source import Source

from romlib.errors import FileFormatError
from romlib.mesh.mesh import Mesh
from romlib.snapshots.schema import FieldSpec
from romlib.tensors import mandel_from_vtk
from romlib.words import plural

TENSOR = ("11", "22", "33", "12", "23", "31")  # VTK's order
VECTOR = ("1", "2", "3")
NAMES = {"U": "displacement", "RU": "internal_force", "eto": "strain", "sig": "stress", "temperature": "temperature"}
_ZSET_TYPES = {(kind.cell_type, kind.quadrature): name for name, kind in SOLIDS.items()}


@dataclass(frozen=True)
class Variable:
    """Columns of a record that make up a field. potential : of the materials that have it, None for all."""

    columns: tuple[int, ...]
    names: tuple[str, ...]
    potential: str | None = None


@dataclass(frozen=True)
class Field:
    """A field of the snapshots file, from one variable, or from one a potential."""

    spec: FieldSpec
    variables: tuple[Variable, ...]


def fields_of(node_variables: tuple[str, ...], ip_variables: tuple[str, ...], potentials: set[str]) -> dict[str, Field]:
    """Fields by romlib's names; a variable that has none keeps its own.

    potentials : names of the materials' potentials: NAMEcum is the cumulated plastic strain, NAMEi the plastic strain.
    """
    fields: dict[str, Field] = {}
    for place, variables, suffixes in (("node", node_variables, VECTOR), ("ip", ip_variables, TENSOR)):
        for stem, names in _grouped(variables, suffixes).items():
            name, potential = _meaning(stem, potentials)
            tensor = place == "ip" and len(names) == len(TENSOR)
            spec = FieldSpec(place, len(names), tensor, "float32", original_name=stem)
            variable = Variable(tuple(variables.index(n) for n in names), names, potential)
            known = fields.get(name)
            if known is None:
                fields[name] = Field(spec, (variable,))
            elif known.spec.place == place and known.spec.n_comp == len(names) and potential is not None:
                fields[name] = Field(known.spec, (*known.variables, variable))
            else:  # the name is taken by a field of another kind
                fields[f"{place}_{stem}"] = Field(spec, (variable,))
    return fields


def missing_components(
    node_variables: tuple[str, ...], ip_variables: tuple[str, ...], potentials: set[str]
) -> dict[str, list[str]]:
    """By variable of which some components are there: those that are not, so that it is no vector and no tensor."""
    found = {}
    for variables, stems, suffixes in ((node_variables, ("U", "RU"), VECTOR), (ip_variables, (
            "eto", "sig", *(f"{potential}i" for potential in sorted(potentials))), TENSOR)):
        for stem in stems:
            missing = [f"{stem}{suffix}" for suffix in suffixes if f"{stem}{suffix}" not in variables]
            if 0 < len(missing) < len(suffixes):
                found[stem] = missing
    return found


def _grouped(variables: tuple[str, ...], suffixes: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Stem to the names of its components, where all are there; a variable by itself otherwise."""
    pattern = re.compile(rf"(.+?)({'|'.join(suffixes)})")
    groups: dict[str, tuple[str, ...]] = {}
    for name in variables:
        match = pattern.fullmatch(name)
        whole = tuple(f"{match[1]}{suffix}" for suffix in suffixes) if match else ()
        if match and set(whole) <= set(variables):
            groups[match[1]] = whole
        else:
            groups[name] = (name,)
    return groups


def _meaning(stem: str, potentials: set[str]) -> tuple[str, str | None]:
    for potential in potentials:
        if stem == f"{potential}cum":
            return "p", potential
        if stem == f"{potential}i":
            return "plastic_strain", potential
    return NAMES.get(stem, stem), None


@dataclass(frozen=True)
class _NodePart:
    source: Source
    rows: np.ndarray  # in the piece
    positions: np.ndarray  # in the file


@dataclass(frozen=True)
class _CellPart:
    source: Source
    rows: np.ndarray  # (n_cell, n_point) integration points of the piece
    starts: np.ndarray  # (n_cell,) of the element's values of one variable, counted in integration points before it
    order: np.ndarray  # (n_point,) Zset's number of each point
    ids: np.ndarray  # (n_cell,)

    def place(self, point: int) -> str:
        """Element and point in words."""
        return f"element {self.ids[point // len(self.order)]}, point {self.order[point % len(self.order)] + 1}"


class PieceReader:
    """Reads the fields of one piece, one record at a time.

    piece : nodes and cells carry Zset's ids. potentials : name to mask (n_ip,) of the points whose material has it.
    point_orders : by element type, see `points`.
    """

    def __init__(
        self, piece: Mesh, sources: list[Source], potentials: dict[str, np.ndarray],
        point_orders: dict[str, tuple[int, ...]],
    ) -> None:
        self._piece, self._potentials = piece, potentials
        self._nodes = [_node_part(piece, source) for source in sources]
        self._cells = [part for source in sources for part in _cell_parts(piece, source, point_orders)]
        self._n_ip = sum(part.rows.size for part in self._cells)
        n_expected = sum(block.n_cell * SOLIDS[_ZSET_TYPES[block.cell_type, block.quadrature]].n_point
                         for block in piece.blocks)
        if self._n_ip != n_expected:
            raise FileFormatError("the results lack elements of the mesh", file=sources[0].header.file,
                                  expected=plural(n_expected, "integration point"), found=self._n_ip)

    def read(self, field: Field, record: int) -> np.ndarray:
        """(n, n_comp) float64, tensors in Kelvin-Mandel form, NaN where the material lacks the field.

        Raises
        ------
        FileFormatError : a value that is not finite or is absurd, with record, variable, and node or element.
        """
        if field.spec.place == "node":
            return self._node_values(field.variables[0], record)
        first = field.variables[0]
        if first.potential is None:
            values = self._ip_values(first, record)
        else:
            values = np.full((self._n_ip, field.spec.n_comp), np.nan)
            for variable in field.variables:
                mask = self._potentials[str(variable.potential)]
                values[mask] = self._ip_values(variable, record)[mask]
        return mandel_from_vtk(values) if field.spec.tensor else values

    def _node_values(self, variable: Variable, record: int) -> np.ndarray:
        """Values by node; what several sources hold of a node is the same, but for forces, whose parts add up."""
        values = np.zeros((self._piece.n_node, len(variable.columns)))
        forces = variable.names[0].startswith("R")
        for part in self._nodes:
            n_node = len(part.source.mesh.node_ids)
            index = part.positions[:, None] + n_node * np.array(variable.columns)
            found = part.source.node_map[record][index].astype(float)
            self._check(found, part.source.node_path, record, variable, partial(self._node_place, part))
            if forces:
                values[part.rows] += found
            else:
                values[part.rows] = found
        return values

    def _ip_values(self, variable: Variable, record: int) -> np.ndarray:
        values = np.empty((self._n_ip, len(variable.columns)))
        for part in self._cells:
            n_point, n_variable = len(part.order), len(part.source.header.ip_variables)
            assert part.source.ip_map is not None  # a source without points has no field at points
            data = part.source.ip_map[record]
            for component, column in enumerate(variable.columns):
                index = (part.starts * n_variable)[:, None] + column * n_point + part.order
                values[part.rows, component] = data[index]
            self._check(values[part.rows.ravel()], part.source.ip_path, record, variable, part.place)
        return values

    def _node_place(self, part: _NodePart, row: int) -> str:
        return f"node {self._piece.node_ids[part.rows[row]]}"

    @staticmethod
    def _check(values: np.ndarray, path: Path, record: int, variable: Variable, where: Callable[[int], str]) -> None:
        n_comp = len(variable.names)
        check_values(values, path, lambda k: f"record {record + 1}, variable {variable.names[k % n_comp]}, "
                                             f"{where(k // n_comp)}")


def _node_part(piece: Mesh, source: Source) -> _NodePart:
    positions = source.nodes.find(piece.node_ids)
    rows = np.flatnonzero(positions >= 0)
    return _NodePart(source, rows, positions[rows])


def element_starts(source: Source) -> np.ndarray:
    """(n_element,) number of integration points stored before each element, in file order."""
    counts = np.zeros(len(source.mesh.element_ids), np.int64)
    for name, (positions, _) in source.mesh.connectivity.items():
        counts[positions] = SOLIDS[name].n_point
    return np.cumsum(counts) - counts


def _cell_parts(piece: Mesh, source: Source, orders: dict[str, tuple[int, ...]]) -> list[_CellPart]:
    starts, parts, first = element_starts(source), [], 0
    for block in piece.blocks:
        name = _ZSET_TYPES[block.cell_type, block.quadrature]
        n_point = SOLIDS[name].n_point
        positions = source.elements.find(block.cell_ids)
        rows = np.flatnonzero(positions >= 0)
        if len(rows):
            ips = first + rows[:, None] * n_point + np.arange(n_point)
            order = np.array(orders.get(name, SOLIDS[name].point_order))
            parts.append(_CellPart(source, ips, starts[positions[rows]], order, block.cell_ids[rows]))
        first += block.n_cell * n_point
    return parts
