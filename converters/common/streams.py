"""A solver's fields as arrays over romlib's mesh, one record at a time; what is missing is NaN, refused or left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from romlib_converters.common.build import Built
from romlib_converters.common.nodal_means import NodalMeans
from romlib_converters.common.solver_fields import ELEMENT, ELEMENT_NODE, IP, NODE, FieldValues, SolverField

from romlib.errors import FileFormatError, InputError
from romlib.mesh.ids import IdIndex
from romlib.mesh.quadrature import rule
from romlib.model import Omission
from romlib.snapshots.schema import FieldSpec
from romlib.words import plural, unknown

Given: TypeAlias = "FieldValues | Sequence[FieldValues]"
_FARTHEST = 1e4  # sizes of the structure: what moves farther was read wrongly
_PLANE = 1e-9  # of the largest component: what plane and axisymmetric bodies do not have
VECTORS = ("displacement", "internal_force", "reaction_force")  # which have as many components as the mesh dimensions
_AT_ONCE = 1 << 12  # cells whose values at points are put into romlib's form together: a core's cache has them
_SAME = 1e-6  # of the size: a displacement that equals the coordinates is a position
FORCES = ("internal_force", "reaction_force")


@dataclass(eq=False)
class _Rows:
    """Where the ids of the last record were; results mostly have the same ids in every record."""

    ids: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    at: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))


class Streams:
    """The fields of a history on a mesh.

    specs : description of each field that is written. omissions : what is left out, or kept for looking at only.
    """

    def __init__(
        self, file: Path, fields: Mapping[str, SolverField], midpoints: np.ndarray, built: Built,
        first: Mapping[str, Given], leave_out: Sequence[str] = (),
    ) -> None:
        """Of a plane or axisymmetric mesh, vectors lose a third component, which has to be zero.

        midpoints : see `SolverMesh`. first : the first record: which fields are complete, and in which precision they
        come, is judged by it.

        Raises
        ------
        InputError, FileFormatError : no displacement, or not at all nodes; a field named that does not exist.
        """
        self.file, self._fields, self._midpoints, self._built = file, dict(fields), midpoints, built
        self.specs: dict[str, FieldSpec] = {}
        self.omissions: list[Omission] = []
        self._rows: dict[tuple[str, int], _Rows] = {}
        self._means: NodalMeans | None = None
        self._sources: dict[str, str] = {}
        self._check_names(leave_out)
        for name, one in self._fields.items():
            if name in leave_out:
                self._note(name, "as the user wants it")
            else:
                self._declare(name, one, first)

    def read(self, given: Mapping[str, Given], place: str) -> dict[str, np.ndarray]:
        """Values (n_node or n_ip, n_comp) of each field of `specs`. place : of the record, in words.

        Raises
        ------
        FileFormatError : a field, a node or a value is missing or not finite, or an id is unknown or there twice.
        """
        found = {}
        for name, source in self._sources.items():
            values = self._values(source, given, place)
            self._refuse_missing(name, values, place)
            found[name] = values
        return found

    @property
    def points(self) -> np.ndarray:
        """Coordinates (n_node, 3) of the mesh."""
        return self._built.mesh.points

    def displacement(self, given: Mapping[str, Given], place: str) -> np.ndarray:
        """The displacement (n_node, 3) of a record alone."""
        return self._values("displacement", given, place)

    def _check_names(self, leave_out: Sequence[str]) -> None:
        plane = self._built.mesh.dimension == 2
        for name, one in self._fields.items():
            one.validate(name)
            if one.spec.tensor and one.width < 6 and not plane:
                raise InputError("a tensor of a solid has six components", place=f"field {name!r}", file=self.file,
                                 found=", ".join(one.components))
            if name in VECTORS and one.spec.n_comp not in ((2, 3) if plane else (3,)):
                raise InputError("a vector has the wrong number of components", place=f"field {name!r}", file=self.file,
                                 expected=self._built.mesh.dimension, found=one.spec.n_comp)
        strange = [name for name in leave_out if name not in self._fields]
        if strange:
            raise InputError("the results have no such field", file=self.file, place="option leave_out",
                             **unknown(strange[0], self._fields))
        shape = self._fields.get("displacement")
        if shape is None or shape.spec.place != NODE or "displacement" in leave_out:
            raise InputError("the results have no displacement at nodes", file=self.file, expected="displacement",
                             found=", ".join(name for name in self._fields if name not in leave_out) or "no field",
                             remedy="let the solver write the displacement of every increment")

    def _declare(self, name: str, one: SolverField, first: Mapping[str, Given]) -> None:
        if one.spec.place == ELEMENT:
            self._note(name, "it has one value an element, a mean, and no value at integration points")
            return
        values = self._values(name, first, "the first record")
        label, place = name, one.spec.place
        if place == ELEMENT_NODE:
            label, place = f"nodal_{name}", NODE
        lacking = np.isnan(values).any(axis=1)
        if name != "displacement" and place == NODE and lacking.any():
            self._note(name, f"{plural(int(lacking.sum()), 'node')} of {len(lacking)} without a value")
            return
        if name in FORCES and len(self._midpoints):
            self._note(name, "mid-side nodes were put into the mesh, at which the solver has no force")
            return
        if lacking.all() and name != "displacement":  # which is refused when it is read
            self._note(name, "it has no value at the points of any solid cell")
            return
        if place == IP and lacking.any():
            self._note(name, f"{plural(int(lacking.sum()), 'integration point')} of {len(lacking)} without a value; "
                       "kept at the others", f"{name}_in_part")
        if one.spec.place == ELEMENT_NODE:
            self._note(name, "the solver has it at the nodes of each element, extrapolated; means at nodes are kept "
                       f"for looking at, as {label}, and romlib check compares no stress with them", f"{name}_at_nodes")
        single = one.spec.dtype == "float32" or all(part.values.dtype == np.float32 for part in _parts(first[name]))
        self.specs[label] = replace(one.spec, place=place, dtype="float32" if single else "float64",
                                    n_comp=values.shape[1])
        self._sources[label] = name

    def _note(self, name: str, why: str, label: str | None = None) -> None:
        self.omissions.append(Omission(name=label or f"field_{name}", does_work=False, description=(
            f"{name}{' is left out' if label is None else ''}: {why}")))

    def _values(self, name: str, given: Mapping[str, Given], place: str) -> np.ndarray:
        one = self._fields[name]
        if name not in given:
            raise FileFormatError("a record lacks a field", file=self.file, place=place, expected=name,
                                  found=", ".join(given) or "no field",
                                  remedy=None if name == "displacement" else f"leave it out: option leave_out={name}")
        parts = _parts(given[name])
        for part in parts:
            self._check_shape(name, one, part, place)
        where = f"{place}, {one.spec.original_name or name}"
        if one.spec.place == NODE:
            return self._at_nodes(name, one, parts, where)
        if one.spec.place == IP:
            return self._at_points(name, one, parts, where)
        if self._means is None:
            self._means = NodalMeans(self._built)
        return self._means.of([(self._cell_rows(name, number, part, where), one.in_memory(part.values))
                               for number, part in enumerate(parts)], where, self.file)

    def _check_shape(self, name: str, one: SolverField, part: FieldValues, place: str) -> None:
        n_axis = 2 if one.spec.place in (NODE, ELEMENT) else 3
        if part.values.ndim != n_axis or part.values.shape[-1] != one.width or len(part.ids) != len(part.values):
            raise FileFormatError("values of a field have the wrong shape", file=self.file, place=f"{place}, {name}",
                                  expected=f"{n_axis} axes, {len(part.ids)} rows, {one.width} components",
                                  found=part.values.shape)
        with np.errstate(invalid="ignore"):
            wrong = np.isinf(part.values)
        if wrong.any():
            raise FileFormatError("a value is not a finite number", file=self.file,
                                  place=f"{place}, {name}, id {part.ids[int(np.argwhere(wrong)[0][0])]}")

    def _at_nodes(self, name: str, one: SolverField, parts: Sequence[FieldValues], where: str) -> np.ndarray:
        found = np.full((self._built.mesh.n_node, one.spec.n_comp), np.nan)
        for number, part in enumerate(parts):
            at = self._node_rows(name, number, part.ids, where)
            keep = at >= 0
            if keep.all():  # without copies of both
                found[at] = one.in_memory(part.values)
            else:
                found[at[keep]] = one.in_memory(part.values[keep])
        if len(self._midpoints):
            new, a, b = self._built.positions(self._midpoints).T
            found[new] = 0.5 * (found[a] + found[b])
        return self._in_the_plane(found, where) if name in VECTORS else found

    def _in_the_plane(self, values: np.ndarray, where: str) -> np.ndarray:
        """Vectors (n_node, dimension)."""
        mesh = self._built.mesh
        across = np.abs(values[:, mesh.dimension:])
        if across.size and np.nanmax(across, initial=0.0) > _PLANE * np.nanmax(np.abs(values), initial=0.0):
            row = int(np.nanargmax(across[:, 0]))
            raise FileFormatError(f"a {mesh.kinematics} body has a component across its plane", file=self.file,
                                  place=f"{where}, node {mesh.node_ids[row]}", expected=0, found=values[row, 2])
        return values[:, :mesh.dimension]

    def _at_points(self, name: str, one: SolverField, parts: Sequence[FieldValues], where: str) -> np.ndarray:
        mesh = self._built.mesh
        n_point = [rule(block.quadrature).n_point for block in mesh.blocks]
        cells = np.cumsum([0, *(block.n_cell for block in mesh.blocks)])
        first = np.cumsum([0, *(block.n_cell * n for block, n in zip(mesh.blocks, n_point))])
        found = np.full((int(first[-1]), one.spec.n_comp), np.nan)
        for number, part in enumerate(parts):
            at = self._cell_rows(name, number, part, where)
            for k, kind in enumerate(self._built.elements):
                mine = np.flatnonzero((at >= cells[k]) & (at < cells[k + 1]))
                if not len(mine):
                    continue
                if part.values.shape[1] != n_point[k]:
                    raise FileFormatError(
                        "cells have another number of integration points than their rule", file=self.file,
                        place=f"{where}, cell {part.ids[mine[0]]}", found=part.values.shape[1],
                        expected=f"{n_point[k]} ({kind.cell_type}, {mesh.blocks[k].quadrature})",
                        remedy=f"state the solver's rule, or leave the field out: option leave_out={name}")
                for some in np.split(mine, range(_AT_ONCE, len(mine), _AT_ONCE)):
                    rows = first[k] + (at[some] - cells[k])[:, None] * n_point[k] + np.arange(n_point[k])
                    found[rows] = one.in_memory(part.values[some][:, kind.point_order])
        return found

    def _node_rows(self, name: str, number: int, ids: np.ndarray, where: str) -> np.ndarray:
        rows = self._rows.setdefault((name, number), _Rows())
        if not np.array_equal(rows.ids, ids) or not len(rows.ids):
            at = self._built.positions(ids)
            if (at == -2).any():
                raise FileFormatError("results at a node that the mesh does not have", file=self.file, place=where,
                                      found=f"node {ids[at == -2][0]}")
            self._refuse_twice(ids, where, "node")
            rows.ids, rows.at = np.array(ids), at
        return rows.at

    def _cell_rows(self, name: str, number: int, part: FieldValues, where: str) -> np.ndarray:
        rows = self._rows.setdefault((name, number), _Rows())
        if not np.array_equal(rows.ids, part.ids) or not len(rows.ids):
            self._refuse_twice(part.ids, where, "cell")
            rows.ids, rows.at = np.array(part.ids), self._built.cells.find(part.ids)
        return rows.at

    def _refuse_twice(self, ids: np.ndarray, where: str, what: str) -> None:
        twice = IdIndex(ids).twice
        if len(twice):
            raise FileFormatError(f"a {what} has two results", file=self.file, place=where,
                                  found=f"{what} {twice[0]}, and {plural(len(twice) - 1, 'other')}")

    def _refuse_missing(self, name: str, values: np.ndarray, place: str) -> None:
        spec = self.specs[name]
        if spec.dtype == "float32" and np.nanmax(np.abs(values), initial=0.0) > np.finfo(np.float32).max:
            raise FileFormatError("a value is larger than single precision has", file=self.file,
                                  place=f"{place}, {name}")
        if spec.place != NODE:
            return
        lacking = np.flatnonzero(np.isnan(values).any(axis=1))
        if len(lacking):
            raise FileFormatError(
                "results at a part of the nodes only", file=self.file,
                place=f"{place}, {spec.original_name or name}, node {self._built.mesh.node_ids[lacking[0]]}",
                expected=f"a value at all {len(values)} nodes of solid cells",
                found=f"none at {plural(len(lacking), 'node')}",
                remedy="let the solver write it for all nodes" if name == "displacement" else
                f"let the solver write it for all nodes, or leave it out: option leave_out={name}")


def check_displacement(values: np.ndarray, points: np.ndarray, place: str, file: Path, first: bool = True) -> None:
    """Values that are positions, or were read in another byte order, are finite and no displacement.

    Parameters
    ----------
    values, points : (n_node, dimension). first : whether the record is the first one, whose positions are known.

    Raises
    ------
    FileFormatError : values equal the coordinates, or are far larger than the structure.
    """
    size = float(np.max(np.ptp(points, axis=0)))
    largest = float(max(values.max(initial=0.0), -values.min(initial=0.0)))
    if first and largest > _SAME * size and np.abs(values - points).max() <= _SAME * size:
        raise FileFormatError("the displacement is the position of the nodes", file=file, place=place)
    if largest > _FARTHEST * size:
        raise FileFormatError("the displacement is out of all proportion to the structure", file=file, place=place,
                              expected=f"less than {_FARTHEST:g} times its size, {size:.6g}", found=f"{largest:.6g}")


def names_of_option(options: Mapping[str, Any], option: str) -> tuple[str, ...]:
    """Names that an option has: a list, or a text such as "stress,strain"."""
    given = options.get(option, ())
    if isinstance(given, str):
        given = [word.strip() for word in given.strip("[]").split(",")]
    if not isinstance(given, (list, tuple)) or not all(isinstance(word, str) for word in given):
        raise InputError("names are needed", place=f"option {option}", found=given, expected="NAME,NAME")
    return tuple(word for word in given if word)


def _parts(given: Given) -> Sequence[FieldValues]:
    return [given] if isinstance(given, FieldValues) else given
