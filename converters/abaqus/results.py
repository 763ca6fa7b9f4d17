"""The history that a results file .fil holds, for `romlib_converters.common.history.convert_history`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
from romlib_converters.abaqus.elements import FORMULATIONS, SOLIDS, STANDARD, solid
from romlib_converters.abaqus.fil import FilFile, FilModel, Increment, PointRows, active_columns
from romlib_converters.abaqus.points import PointMap, at_other_places, check_points, frames_of, plain_tensors
from romlib_converters.common.frames import global_tensors
from romlib_converters.common.history import IP, NODE, FieldValues, SolverCells, SolverField, SolverHistory, SolverMesh
from romlib_converters.common.kinds import refuse_no_history
from romlib_converters.common.omissions import missing_increments
from romlib_converters.common.solver_mesh import without_nodes
from romlib_converters.common.streams import Given
from romlib_converters.keyword.cards import Card
from romlib_converters.keyword.plane import PLANE, kinematics_of

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.ids import IdIndex
from romlib.mesh.kinematics import PLANE_STRAIN, kinematics
from romlib.model import Model, Omission
from romlib.snapshots.schema import FieldSpec

U, RF, NT = 101, 104, 201
SDV, COORD, S, E, PE, PEEQ, DIRECTIONS, MODAL = 5, 8, 11, 21, 22, 73, 85, 1980
# romlib's field, and whether shear components are engineering strains
_TENSORS = {S: ("stress", False), E: ("strain", True), PE: ("plastic_strain", True)}
_STATIC = (1, 2, 21, 22)  # procedures: static and quasi-static (*VISCO), with automatic and fixed increments
_NAMES = {U: "U", RF: "RF", NT: "NT", SDV: "SDV", S: "S", E: "E", PE: "PE", PEEQ: "PEEQ"}
_SAME_TIME = 1e-6  # of an increment's length: what lies between two increments of a step is one that is missing
DIGITS = "digits"


def solver_mesh(model: FilModel, file: Path) -> SolverMesh:
    """The mesh of the model records, with the sets that they have.

    Raises
    ------
    UnsupportedError : an element that cannot be reproduced, by its name and why; or no solids at all.
    """
    cells: list[SolverCells] = []
    models: dict[str, str] = {}
    others: dict[str, int] = {}
    for part in model.elements:
        kind = solid(part.kind, file, f"record 1900, element {part.ids[0]}")
        if kind is None:
            others[part.kind] = others.get(part.kind, 0) + len(part.ids)
            continue
        if part.nodes.shape[1] != kind.n_node:
            raise FileFormatError("an element has another number of nodes than its type", file=file,
                                  place=f"element {part.ids[0]}, {part.kind}", expected=kind.n_node,
                                  found=part.nodes.shape[1])
        models.setdefault(kinematics_of(part.kind), part.kind)
        cells.append(SolverCells(kind, part.ids, part.nodes, FORMULATIONS.get(part.kind, STANDARD)))
    if not cells:
        raise UnsupportedError("the results have no solid elements", file=file, expected=", ".join((*SOLIDS, *PLANE)),
                               found=", ".join(f"{count} {kind}" for kind, count in others.items()) or "no element")
    if len(models) > 1:
        raise UnsupportedError("elements of different models stand beside each other", file=file, expected="one model",
                               found=", ".join(f"{kind} ({name})" for name, kind in models.items()))
    names = [set_names(list(sets)) for sets in (model.node_sets, model.element_sets)]
    node_sets, cell_sets = ({names[k][name]: ids for name, ids in sets.items()}
                            for k, sets in enumerate((model.node_sets, model.element_sets)))
    return SolverMesh(file, model.node_ids, model.points, tuple(cells), others, node_sets, cell_sets,
                      kinematics=next(iter(models)))


class FilHistory(SolverHistory):
    """Displacement, reaction, temperature, and what there is at integration points, of each increment.

    Raises
    ------
    FileFormatError : no displacement, or a damaged file. UnsupportedError : results that are no history, by name.
    """

    def __init__(self, fil: FilFile, mesh: SolverMesh, *, incomplete: bool = False, model: Model | None = None,
                 files: Sequence[Path] = (), small_strain: bool = True, axes: Card | None = None,
                 notes: Sequence[Omission] = ()) -> None:
        """mesh : of the file's ids. incomplete : take a truncated file. small_strain : what the deck says of it. axes :
        a section with axes of its own, in which tensors are then written."""
        self.fil, self.mesh, self.model = fil, mesh, model
        self.solver = f"Abaqus {fil.model.release}".strip()
        self.files = (fil.path, *files)
        self._check_end(incomplete)
        self.increments = fil.increments
        for increment in self.increments:
            check_procedure(increment, fil.path)
        if not self.increments or any(U not in one.stretch.keys for one in self.increments):
            without = next((one.place for one in self.increments if U not in one.stretch.keys), "no increment")
            raise FileFormatError("the results have no displacement", file=fil.path, expected="records 101 (U)",
                                  found=without, remedy="ask for U of all nodes: *NODE FILE, FREQUENCY=1")
        self.times = np.array([one.total_time for one in self.increments])
        self._map = PointMap(mesh.cells, fil.path)
        self._dimension = kinematics(mesh.kinematics).dimension
        self._columns = active_columns(fil.model.dofs, range(1, self._dimension + 1))
        if -1 in self._columns:
            raise UnsupportedError("the nodes do not have all displacements", file=fil.path, place="record 1902",
                                   expected=f"degrees of freedom 1 to {self._dimension}",
                                   found=fil.model.dofs[:6].tolist())
        self._left_out: dict[str, str] = {}
        self._single: dict[int, np.ndarray] = {}  # nodes of a key that are there once each
        self._axes = axes
        self._p_of_pe = False  # whether PEEQ comes from the records of PE
        self.fields = self._describe(small_strain)
        self.notes = (*notes, *self._notes())

    def mesh_is_made(self) -> None:
        """See `SolverHistory.mesh_is_made`."""
        self.mesh = without_nodes(self.mesh)
        self.fil.model = replace(self.fil.model, elements=())

    def _check_end(self, incomplete: bool) -> None:
        if self.fil.words.truncated and not incomplete:
            found, also = "no increment is complete", ""
            if self.fil.increments:
                found = f"the last complete increment is {self.fil.increments[-1].place}"
                also = "; or take what is there with --option incomplete=true"
            raise FileFormatError("the results file is truncated", file=self.fil.path, place=self.fil.words.truncated,
                                  expected="record 2001 at the end of the last increment",
                                  found=found, remedy=f"compute again{also}")

    def _describe(self, small_strain: bool) -> dict[str, SolverField]:
        """The fields that all increments have; what is not at integration points, or not of use, is left out."""
        keys = set.intersection(*(set(one.stretch.keys) for one in self.increments))
        some = set.union(*(set(one.stretch.keys) for one in self.increments)) - keys
        found = {"displacement": SolverField(FieldSpec(NODE, self._dimension, original_name="U"))}
        if RF in keys:
            found["reaction_force"] = SolverField(FieldSpec(NODE, self._dimension, original_name="RF"))
        if NT in keys:
            found["temperature"] = SolverField(FieldSpec(NODE, 1, original_name="NT"))
        first = self.increments[0]
        for key in sorted(keys & {*_TENSORS, SDV, PEEQ}):
            rows = self.fil.at_elements(key, first)
            if not ((rows.locations == 0) & np.isin(rows.elements, self._solid_ids())).any():
                where = at_other_places(rows)
                self._left_out[_NAMES[key]] = (f"it is at {where}, not at integration points" if where else
                                               "it has no value of a solid element")
            elif key in _TENSORS and not small_strain and key != S:
                self._left_out[_NAMES[key]] = "with NLGEOM it is a strain of finite kinematics"
            elif key in _TENSORS and DIRECTIONS in some | keys and self._dimension == 2:
                self._left_out[_NAMES[key]] = "it is in local axes, which are not read in two dimensions"
            elif key in _TENSORS and self._axes is not None and DIRECTIONS not in keys:
                self._left_out[_NAMES[key]] = (
                    f"*{self._axes.title} (line {self._axes.line} of {self._axes.file.name}) has an ORIENTATION: it is "
                    "written in those axes; write them too: *EL FILE, DIRECTIONS=YES")
            elif key in _TENSORS:
                found[_TENSORS[key][0]] = SolverField(FieldSpec.symmetric(IP, original_name=_NAMES[key]))
                if key == PE and rows.values.shape[1] > (6 if self._dimension == 3 else 4) and PEEQ not in keys:
                    found["p"] = SolverField(FieldSpec(IP, 1, original_name="PEEQ"))
                    self._p_of_pe = True
            elif key == SDV:
                found["statev"] = SolverField(FieldSpec(IP, rows.values.shape[1], original_name="SDV"))
            else:
                found["p"] = SolverField(FieldSpec(IP, 1, original_name="PEEQ"))
        for key in sorted(some & set(_NAMES)):
            self._left_out[_NAMES[key]] = "it is not in every increment"
        if COORD in first.stretch.keys and small_strain:
            self._check_order(first)
        return found

    def _solid_ids(self) -> np.ndarray:
        return np.concatenate([one.ids for one in self.mesh.cells])

    def _check_order(self, increment: Increment) -> None:
        """Compare COORD at integration points with the rules; those of a deformed structure are close enough."""
        rows = self.fil.at_elements(COORD, increment)
        if rows.values.shape[1] < self._dimension:
            return
        written = self._map.parts(self._map.spread(rows, rows.values[:, :self._dimension], "COORD", increment.place))
        at = IdIndex(self.mesh.node_ids)
        check_points(self.mesh.cells, [self.mesh.points[at.find(one.nodes)][..., :self._dimension]
                                      for one in self.mesh.cells],
                     [part.values for part in written], self.fil.path)

    def _notes(self) -> list[Omission]:
        notes = [Omission(name=f"fil_{name}", does_work=False, description=(
            f"{name} of {self.fil.path.name} is left out: {why}")) for name, why in self._left_out.items()]
        missing = _missing(self.increments)
        if missing:
            notes.append(missing_increments(
                missing[0], f" ({missing[1]})", "Write every increment: FREQUENCY=1 on *NODE FILE and *EL FILE",
                does_work=False))
        if self.mesh.kinematics == PLANE_STRAIN and self.model is None and self.mesh.thickness == 1.0:
            notes.append(Omission(name="thickness", does_work=False, description=(
                "the thickness of plane elements is in no results file, but in the deck: without it 1 is taken, and "
                "forces are of that; state it by --option thickness=...")))
        if self.fil.words.truncated:
            notes.append(Omission(name="truncated", does_work=False, description=(
                f"{self.fil.path.name} is truncated: {self.fil.words.truncated}; the last increment taken is "
                f"{self.increments[-1].place}")))
        return notes

    def read(self, step: int) -> Mapping[str, Given]:
        """The fields of an increment; see `SolverHistory.read`."""
        increment = self.increments[step]
        found: dict[str, Given] = {"displacement": self._nodal(U, self._columns, increment)}
        if "reaction_force" in self.fields:
            found["reaction_force"] = self._nodal(RF, self._columns, increment)
        if "temperature" in self.fields:
            found["temperature"] = self._nodal(NT, [0], increment)
        frames = self._frames(increment)
        for key, (name, engineering) in _TENSORS.items():
            if name in self.fields:
                self._tensors(key, name, engineering, frames, increment, found)
        for key, name in ((SDV, "statev"), (PEEQ, "p")):
            if name in self.fields and name not in found:
                rows = self.fil.at_elements(key, increment)
                width = self.fields[name].spec.n_comp
                if rows.values.shape[1] != width:
                    raise FileFormatError("the number of values at a point changes", file=self.fil.path,
                                          place=f"{increment.place}, {_NAMES[key]}", expected=width,
                                          found=rows.values.shape[1])
                found[name] = self._map.parts(self._map.spread(rows, rows.values, _NAMES[key], increment.place))
        return found

    def _nodal(self, key: int, columns: Sequence[int], increment: Increment) -> FieldValues:
        """Columns of the values at nodes, each node once: two requests of sets that overlap write it twice."""
        ids, values = self.fil.nodal(key, increment, columns)
        if self._single.get(key) is not ids:
            if len(IdIndex(ids).twice):
                unique, first, back = np.unique(ids, return_index=True, return_inverse=True)
                differ = np.flatnonzero((values != values[first[back.ravel()]]).any(axis=1))
                if len(differ):
                    raise FileFormatError("a node has two values that differ", file=self.fil.path,
                                          place=f"{increment.place}, {_NAMES[key]}", found=f"node {ids[differ[0]]}")
                return FieldValues(unique, values[first])
            self._single[key] = ids
        return FieldValues(ids, values)

    def _frames(self, increment: Increment) -> np.ndarray | None:
        """Local axes (n_point, 3, 3) of all points, NaN where values are in the global ones; None without records."""
        if DIRECTIONS not in increment.stretch.keys:
            return None
        rows = self.fil.at_elements(DIRECTIONS, increment)
        spread = self._map.spread(rows, rows.values, "local directions", increment.place)
        return frames_of(spread, self.fil.path, increment.place)

    def _tensors(self, key: int, name: str, engineering: bool, frames: np.ndarray | None, increment: Increment,
                 found: dict[str, Given]) -> None:
        rows = self.fil.at_elements(key, increment)
        rows = _of(rows, np.isin(rows.elements, self._solid_ids()) & (rows.locations == 0))
        plain = plain_tensors(rows, engineering=engineering, file=self.fil.path, place=increment.place,
                              n_shear=3 if self._dimension == 3 else 1)
        values = self._map.spread(rows, plain, _NAMES[key], increment.place)
        if frames is not None:
            turned = ~np.isnan(frames).any(axis=(1, 2))
            values[turned] = global_tensors(values[turned], frames[turned])
        found[name] = self._map.parts(values)
        if key == PE and self._p_of_pe:
            width = 6 if self._dimension == 3 else 4
            found["p"] = self._map.parts(self._map.spread(rows, rows.values[:, width:width + 1], "PEEQ",
                                                          increment.place))


def _of(rows: PointRows, mask: np.ndarray) -> PointRows:
    if mask.all():
        return rows
    return PointRows(*(getattr(rows, name)[mask] for name in (
        "elements", "points", "sections", "locations", "direct", "shear", "values")))


def check_procedure(increment: Increment, file: Path) -> None:
    """Refuse increments that are no part of a quasi-static history, by what they are.

    Raises
    ------
    UnsupportedError : always for those.
    """
    found = f"procedure key {increment.procedure} in record 2000"
    if MODAL in increment.stretch.keys or increment.procedure == 41:
        refuse_no_history("modal", file, place=increment.place, found=found)
    if increment.frequency:
        refuse_no_history("harmonic", file, place=increment.place, found=f"frequency {increment.frequency:g}")
    if increment.perturbation:
        _refuse("a linear perturbation step is no part of the history", file, increment, "the flag in record 2000",
                "leave PERTURBATION out of *STEP")
    if increment.load_factor:
        _refuse("loads follow an arc length (RIKS), not the time", file, increment,
                f"load proportionality factor {increment.load_factor:g}", "compute without RIKS, as far as that goes")
    if increment.procedure not in _STATIC:
        _refuse("this kind of computation is not reduced", file, increment, found, "compute with *STATIC or *VISCO")


def _refuse(what: str, file: Path, increment: Increment, found: str, remedy: str) -> NoReturn:
    raise UnsupportedError(what, file=file, place=increment.place, expected="*STATIC or *VISCO, general steps",
                           found=found, remedy=remedy)


def _missing(increments: Sequence[Increment]) -> tuple[int, str] | None:
    """How many increments at least were computed and are not there, and where the first is missing, in words.

    An increment begins where the one before it ends: record 2000 has its length.
    """
    count, first, time, step, number = 0, "", 0.0, 0, 0
    for one in increments:
        begin = one.total_time - one.length
        if one.step != step:
            number = 0
        lacking = max(one.number - number - 1, 0)
        if one.number > 0 and begin > time + _SAME_TIME * max(one.length, 1e-9 * abs(one.total_time)):
            lacking = max(lacking, 1)
        if lacking:
            first = first or (f"before {one.place}" if not step else f"between step {step}, increment {number}, and "
                              f"{one.place}" if one.step != step else f"step {step}, between increments {number} and "
                              f"{one.number}")
            count += lacking
        time, step, number = one.total_time, one.step, one.number
    return (count, first) if count else None


def set_names(names: Sequence[str]) -> Mapping[str, str]:
    """Names of sets as the deck has them, by those of the file: `ASSEMBLY_` goes, where that leaves them apart."""
    short = {name: re.sub(r"^ASSEMBLY_", "", name) for name in names}
    return short if len(set(short.values())) == len(short) else {name: name for name in names}
