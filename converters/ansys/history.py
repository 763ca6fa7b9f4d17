"""The results of one .rst, or of all parts of a distributed solution, as a history."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from romlib_converters.ansys.axes import CellAxes, cell_axes
from romlib_converters.ansys.cdb import read_cdb
from romlib_converters.ansys.cdb_materials import deck_materials
from romlib_converters.ansys.cells import solid_mesh
from romlib_converters.ansys.constraints import stored_constraints
from romlib_converters.ansys.database import distinct
from romlib_converters.ansys.materials import read_materials
from romlib_converters.ansys.records import item, pointer
from romlib_converters.ansys.results import (
    FORCES,
    NONLINEAR,
    PLASTIC_STRAIN,
    STRESS,
    ElementResults,
    SetReader,
    refuse_dead,
)
from romlib_converters.ansys.rst import ResultSet, RstFile
from romlib_converters.ansys.rst_materials import stored_materials
from romlib_converters.ansys.temperature import Thermal, is_thermal, temperature_loads
from romlib_converters.common.axes import axes_arrays
from romlib_converters.common.history import ELEMENT_NODE, IP, NODE, FieldValues, SolverField, SolverHistory
from romlib_converters.common.kinds import refuse_no_history
from romlib_converters.common.parts import join_meshes, numbered_parts
from romlib_converters.common.solver_mesh import without_nodes

from romlib.errors import FileFormatError, UnsupportedError
from romlib.model import Model, Omission
from romlib.model.material import Material
from romlib.snapshots.schema import FieldSpec
from romlib.words import plural

_KINDS = {1: "buckling", 2: "modal", 3: "harmonic", 5: "modal", 6: "harmonic", 7: "substructure", 8: "spectrum"}
_TRANSIENT = 4
_COMPONENTS = ("xx", "yy", "zz", "xy", "yz", "xz")


class AnsysHistory(SolverHistory):
    """Results in time; see `SolverHistory`."""

    def __init__(self, path: Path, *, accepted: bool = False, deck: Path | None = None) -> None:
        """Open the files.

        accepted : the user's word for formulations that are not reproduced. deck : a .cdb with the materials.

        Raises
        ------
        FileFormatError, UnsupportedError : with file and place.
        """
        self.parts = [SetReader(rst) for rst in _open(path)]
        first = self.parts[0].rst
        _refuse_kinds(first)
        self.solver = f"Ansys MAPDL {first.version}".strip()
        self.files = [part.rst.file for part in self.parts] + ([] if deck is None else [deck])
        self._deck = deck
        self.mesh = join_meshes([solid_mesh(part.rst.database, mesh_only=False, accepted=accepted, typed=part.typed)
                                 for part in self.parts], first.file)
        self._check_parts()
        self.times = np.array([result.time for result in first.sets])
        self.notes: list[Omission] = _notes(first, self.parts)
        self.fields = self._fields()
        held = stored_constraints(self.parts, lambda: self._solids, self.mesh.node_sets)
        axes = cell_axes(self.parts)
        self.notes += _unknown_axes(axes)
        materials, notes = self._materials(axes)
        thermal = Thermal()
        if is_thermal(materials) and "temperature" in self.fields:
            thermal = temperature_loads(lambda step: self._temperature(step, self._solids), self.times.tolist(),
                                        self._solids, self._reference_temperature)
        self.mesh = replace(self.mesh, node_sets={**self.mesh.node_sets, **held.node_sets}, node_arrays={
            **self.mesh.node_arrays, **held.node_arrays, **thermal.node_arrays}, cell_arrays={
            **self.mesh.cell_arrays, **({} if axes is None else axes_arrays(axes.ids, axes.frames))})
        self.model = Model(
            materials=materials, constraints=held.constraints, loads=thermal.loads, initial_time=0.0,
            amplitudes={**held.amplitudes, **thermal.amplitudes}, initial_temperature=self._reference_temperature,
            omissions=(*notes, *held.notes, *thermal.notes))

    def mesh_is_made(self) -> None:
        """See `SolverHistory.mesh_is_made`."""
        self.mesh = without_nodes(self.mesh)

    @cached_property
    def _solids(self) -> np.ndarray:
        """Ids of the nodes of solids, increasing."""
        return distinct(np.concatenate([one.nodes.ravel() for one in self.mesh.cells]))

    def read(self, step: int) -> Mapping[str, Any]:
        """A record: each field in one part a file, and element fields in one part an element type."""
        found: dict[str, list[FieldValues]] = {name: [] for name in self.fields}
        for part in self.parts:
            result = part.rst.sets[step]
            refuse_dead(result, part.rst)
            elements = ElementResults(part.rst, result)
            found["displacement"].append(part.displacement(result))
            if "temperature" in found:
                values = part.temperature(result, elements)
                if values is None:
                    raise FileFormatError("elements that meet at a node have different temperatures there",
                                          file=part.rst.file, place=result.place,
                                          remedy="leave the temperature out: option leave_out=temperature")
                found["temperature"].append(values)
            if "internal_force" in found:
                found["internal_force"].append(part.internal_force(elements))
            if "stress" in found:
                found["stress"] += (part.stress(result, elements) if self.fields["stress"].spec.place == IP
                                    else part.corner_stress(elements))
            if "plastic_strain" in found:
                found["plastic_strain"] += part.plastic_strain(elements)
            if "p" in found:
                found["p"] += part.cumulated(elements)
            part.rst.records.forget()
        if len(self.parts) > 1 and "internal_force" in found:
            found["internal_force"] = [_summed(found["internal_force"])]
        return found

    def _fields(self) -> dict[str, SolverField]:
        """What the first set has, and later ones are asked for."""
        part = self.parts[0]
        if not part.rst.sets:
            return {}
        result = part.rst.sets[0]
        elements = [ElementResults(one.rst, one.rst.sets[0]) for one in self.parts]
        single = part.is_single(result)
        fields = {"displacement": SolverField(FieldSpec(NODE, 3, dtype=_dtype(single), original_name="NSL"))}
        if all(one.temperature(one.rst.sets[0], results) is not None
               for one, results in zip(self.parts, elements, strict=True)):
            fields["temperature"] = SolverField(FieldSpec(NODE, 1, original_name="EPT"))
        if all(one.has_forces(one.rst.sets[0], results) for one, results in zip(self.parts, elements, strict=True)):
            fields["internal_force"] = SolverField(FieldSpec(NODE, 3, original_name="ENF"))
        elif any(results.has(FORCES) for results in elements):
            self.notes.append(Omission(name="internal_force", does_work=False, description=(
                "forces of elements are left out: nodes have axes of their own (NROTAT), or other degrees of freedom")))
        points = any(one.at_points for one in self.parts)
        if any(results.has(STRESS) for results in elements):
            place = IP if points and self._stress_is_known() else ELEMENT_NODE
            dtype = _dtype(any(results.is_single(STRESS) for results in elements))
            fields["stress"] = SolverField(FieldSpec.symmetric(place, dtype=dtype, original_name="ENS"), _COMPONENTS)
        last = [ElementResults(one.rst, one.rst.sets[-1]) for one in self.parts]
        if points and any(results.has(PLASTIC_STRAIN) for results in last):
            dtype = _dtype(any(results.is_single(PLASTIC_STRAIN) for results in last))
            fields["plastic_strain"] = SolverField(
                FieldSpec.symmetric(IP, dtype=dtype, original_name="EPL"), _COMPONENTS, engineering=True)
        if points and any(results.has(NONLINEAR) for results in last):
            dtype = _dtype(any(results.is_single(NONLINEAR) for results in last))
            fields["p"] = SolverField(FieldSpec(IP, 1, dtype=dtype, original_name="ENL"))
        return fields

    def _stress_is_known(self) -> bool:
        """Whether stress can be told at points: copied, or extrapolated from points where nothing is plastic."""
        sets = self.parts[0].rst.sets
        if all(result.extrapolation == 0 for result in sets):
            return True
        last = [ElementResults(one.rst, one.rst.sets[-1]) for one in self.parts]
        plastic = any(results.has(PLASTIC_STRAIN) for results in last)
        return not plastic or (all(result.extrapolation == 1 for result in sets)
                               and all(results.has(NONLINEAR) for results in last))

    @property
    def _reference_temperature(self) -> float:
        sets = self.parts[0].rst.sets
        return sets[0].reference_temperature if sets else 0.0

    def _temperature(self, step: int, ids: np.ndarray) -> np.ndarray:
        """Temperatures (n,) of some nodes, of those invented the mean of their edge's."""
        found = np.full(len(ids), np.nan)
        for part in self.parts:
            result = part.rst.sets[step]
            values = part.temperature(result, ElementResults(part.rst, result))
            if values is not None:
                at = np.searchsorted(ids, values.ids).clip(max=len(ids) - 1)
                known = ids[at] == values.ids
                found[at[known]] = values.values[known, 0]
        new, a, b = np.searchsorted(ids, self.mesh.midpoints).T
        found[new] = 0.5 * (found[a] + found[b])
        if np.isnan(found).any():
            raise FileFormatError("a node of a solid has no temperature", file=self.mesh.file,
                                  place=self.parts[0].rst.sets[step].place, found=f"node {ids[np.isnan(found)][0]}",
                                  remedy="OUTRES,ALL,ALL before SOLVE")
        return found

    def _materials(self, axes: CellAxes | None) -> tuple[dict[str, Material], list[Omission]]:
        rst = self.parts[0].rst
        materials, notes = stored_materials(rst) if self._deck is None else (deck_materials(read_cdb(self._deck)), [])
        if notes:
            return {}, notes
        used = distinct(np.concatenate([part.rst.database.elements.materials[group.positions]
                                        for part in self.parts for group in part.groups])).tolist()
        frames = None if axes is None else {one: axes.frames[axes.materials == one] for one in used}
        return read_materials(materials, used, self._reference_temperature, frames)

    def _check_parts(self) -> None:
        first = self.parts[0].rst
        for part in self.parts[1:]:
            same = len(part.rst.sets) == len(first.sets) and all(
                a.time == b.time and a.step == b.step for a, b in zip(part.rst.sets, first.sets, strict=True))
            if not same:
                raise FileFormatError("the parts have different result sets", file=part.rst.file,
                                      expected=f"those of {first.file.name}: {plural(len(first.sets), 'set')}",
                                      found=plural(len(part.rst.sets), "set"))
        if not first.n_global_node:
            return
        known = distinct(np.concatenate([part.rst.database.node_ids for part in self.parts]))
        if len(known) != first.n_global_node:
            raise FileFormatError("the part files do not have all nodes of the model", file=first.file,
                                  expected=plural(first.n_global_node, "node"),
                                  found=f"{plural(len(known), 'node')} in {plural(len(self.parts), 'file')}",
                                  remedy="put all of NAME0.rst, NAME1.rst, ... beside each other, or combine them in "
                                         "Ansys with RESCOMBINE")


def _open(path: Path) -> list[RstFile]:
    """The file, or all parts of the solution that it is a part of."""
    rst = RstFile(path)
    if not rst.n_global_node:
        return [rst]
    match = re.fullmatch(r"(.*?)(\d+)(\.\w+)", rst.file.name)
    if match is None:
        raise FileFormatError("a part of a distributed solution whose others cannot be found", file=rst.file,
                              expected="NAME0.rst, NAME1.rst, ...", remedy="keep the names that Ansys gives, or "
                              "combine the files in Ansys with RESCOMBINE")
    pattern = rf"{re.escape(match[1])}(?P<number>\d+){re.escape(match[3])}"
    files = [RstFile(part) for part in numbered_parts(rst.file, pattern)]
    for one in files:
        if one.n_global_node != rst.n_global_node:
            raise FileFormatError("this file is no part of the same solution", file=one.file,
                                  expected=f"a part of {plural(rst.n_global_node, 'node')}, as {rst.file.name}",
                                  found=plural(one.n_global_node, "node") if one.n_global_node else "a whole model")
    return files


def _refuse_kinds(rst: RstFile) -> None:
    """Refuse what is no history in time."""
    kind = item(rst.header, 7)
    if item(rst.header, 20) > 1 or pointer(rst.header, 16, 43):
        refuse_no_history("cyclic-symmetric", rst.file, found=f"{item(rst.header, 20)} sectors")
    if kind in _KINDS:
        refuse_no_history(_KINDS[kind], rst.file, found=f"ANTYPE {kind}")
    if item(rst.header, 17):
        refuse_no_history("substructure", rst.file, found="CMS")
    if not rst.sets:
        raise FileFormatError("the file has no results", file=rst.file, expected="one result set or more", found="none",
                              remedy="OUTRES,ALL,ALL before SOLVE; the mesh alone is read from a .cdb (CDWRITE,DB)")
    for result in rst.sets:
        if item(result.header, 18):
            refuse_no_history("complex", rst.file, place=result.place)
        at = pointer(result.header, 149, 150) if len(result.header) > 150 else 0
        if at and at != rst.geometry_at:
            raise UnsupportedError("the mesh changes during the solution", file=rst.file, place=result.place,
                                   remedy="solve without rezoning and without nonlinear adaptivity")


def _notes(rst: RstFile, parts: Sequence[SetReader]) -> list[Omission]:
    found = []
    if item(rst.header, 34):
        found.append(Omission(name="nlgeom", does_work=True, description=(
            "small strain does not hold: NLGEOM,ON makes Ansys compute with finite strain and equilibrium on the "
            "deformed shape, and romlib has neither; the disagreement grows with the square of the displacement")))
    if item(rst.header, 7) == _TRANSIENT:
        found.append(Omission(name="inertia", does_work=True, description=(
            "a transient analysis: unless TIMINT,OFF was given, inertia takes part in the balance of forces, and "
            "romlib has none")))
    skipped = _skipped_substeps(rst.sets)
    if skipped:
        found.append(Omission(name="missing_increments", does_work=True, description=(
            f"{plural(skipped, 'substep')} computed and not written: the law is integrated over longer increments than "
            "the solver's, and replayed stress differs by per cents. Let OUTRES,ALL,ALL write every substep")))
    if not any(part.at_points for part in parts):
        found.append(Omission(name="points_without_corners", does_work=False, description=(
            "no cell has one integration point near each corner: results of elements are not compared")))
    return found


def _unknown_axes(axes: CellAxes | None) -> list[Omission]:
    lost = 0 if axes is None else int(np.isnan(axes.frames).any(axis=(1, 2)).sum())
    if not lost:
        return []
    return [Omission(name="element_axes", does_work=False, description=(
        f"the axes of {plural(lost, 'element')} cannot be told: stress and plastic strain, which the file has along "
        "them, are left out there"))]


def _summed(parts: Sequence[FieldValues]) -> FieldValues:
    """The sum over part files, which share nodes."""
    ids, number = np.unique(np.concatenate([part.ids for part in parts]), return_inverse=True)
    values = np.concatenate([part.values for part in parts])
    return FieldValues(ids, np.stack([np.bincount(number, column, len(ids)) for column in values.T], axis=1))


def _skipped_substeps(sets: Sequence[ResultSet]) -> int:
    """Substeps between the sets that are not in the file, as far as their numbers tell."""
    skipped, before = 0, (0, 0)
    for result in sets:
        load, substep = result.step[:2]
        skipped += max(substep - (before[1] if load == before[0] else 0) - 1, 0)
        before = load, substep
    return skipped


def _dtype(single: bool) -> str:
    return "float32" if single else "float64"
