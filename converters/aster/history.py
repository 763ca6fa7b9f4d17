"""Code_Aster's results in a MED file, one record at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from romlib_converters.aster.mesh import Solids, plane_mesh, solids_of, solver_mesh
from romlib_converters.aster.names import (
    ACCELERATION,
    choose,
    formulation_of,
    has_contact,
    symbol_of,
    tensor_columns,
    vector_columns,
)
from romlib_converters.common.history import (
    ELEMENT_NODE,
    IP,
    NODE,
    FieldValues,
    SolverField,
    SolverHistory,
)
from romlib_converters.common.plane import with_thickness
from romlib_converters.common.solver_mesh import without_nodes
from romlib_converters.common.streams import Given
from romlib_converters.med.fields import CELLS, NODES, MedField, Support, read_fields, read_values
from romlib_converters.med.file import MESHES, text
from romlib_converters.med.mesh import MedMesh, mesh_names, read_med_mesh

from romlib.errors import InputError
from romlib.mesh.kinematics import AXISYMMETRIC
from romlib.model import Omission
from romlib.snapshots.schema import FieldSpec
from romlib.words import plural, shortlist, unknown

_AT_POINTS = ("stress", "strain", "plastic_strain", "state_variables")
Step = tuple[int, int]


class AsterHistory(SolverHistory):
    """content : the MED file, open.

    Forces of axisymmetric models are those of one radian in Code_Aster; they become those of the circumference.

    Raises
    ------
    InputError, FileFormatError, UnsupportedError : with file and place.
    """

    def __init__(self, content: h5py.File, file: Path, options: Mapping[str, Any]) -> None:
        self._content, self._file, self.files = content, file, [file]
        every = read_fields(content, file)
        self._chosen = choose(every, options, file)
        displacement = self._chosen["displacement"]
        mesh = plane_mesh(read_med_mesh(content, file, _mesh_name(content, displacement, file)),
                          options.get("kinematics"))
        self._node_ids, self._dimension = mesh.node_ids, mesh.points.shape[1]
        self._kept: dict[tuple[str, str, str], np.ndarray] = {}
        self.solver = _solver(content, mesh)
        of_mesh = [field for field in every.values() if field.mesh == mesh.name]
        at_points = [self._chosen[name] for name in _AT_POINTS if name in self._chosen]
        solids, notes = solids_of(content, mesh, at_points, options.get("quadrature", {}), file)
        with_values = {support.kind for field in of_mesh for support in field.supports if support.kind}
        self.mesh = with_thickness(solver_mesh(mesh, solids, with_values, options.get("kinematics"),
                                               formulation_of(displacement), file), options.get("thickness"))
        self._solids = [replace(one, block=replace(one.block, nodes=one.block.nodes[:0].copy())) for one in solids]
        times = displacement.times()
        self.times, self._steps = np.array([time for time, _ in times]), [step for _, step in times]
        self._columns: dict[str, list[int]] = {}
        self._sources: dict[str, MedField] = {}
        self.fields: dict[str, SolverField] = {}
        self.notes = notes
        if mesh.empty_groups:
            self.notes.append(Omission(name="empty_groups", does_work=False, description=(
                f"nothing is in {', '.join(mesh.empty_groups)}: groups that are damaged, or were emptied")))
        self._take_fields(options.get("p"))
        self._say_the_rest(of_mesh)

    def read(self, step: int) -> Mapping[str, Given]:
        """A record; see `SolverHistory.read`."""
        return {name: self._values(name, self._steps[step]) for name in self.fields}

    def mesh_is_made(self) -> None:
        """See `SolverHistory.mesh_is_made`."""
        self.mesh = without_nodes(self.mesh)

    def _take_fields(self, p: object) -> None:
        dimension = self._dimension
        for name in ("displacement", "internal_force"):
            if name in self._chosen:
                columns = vector_columns(self._chosen[name], dimension, self._file)
                self._take(name, self._chosen[name], NODE, columns, FieldSpec(NODE, dimension))
        if "temperature" in self._chosen:
            self._take("temperature", self._chosen["temperature"], NODE, [0], FieldSpec(NODE, 1))
        for name in ("stress", "strain", "plastic_strain", "element_node_stress"):
            if name not in self._chosen or (name == "element_node_stress" and "stress" in self.fields):
                continue
            found, place = tensor_columns(self._chosen[name], dimension), ELEMENT_NODE if "node" in name else IP
            if found is None:
                self._note(name, f"its components are {', '.join(self._chosen[name].components)}")
                continue
            self._take(name.removeprefix("element_node_"), self._chosen[name], place, found[0],
                       FieldSpec(place, 6, tensor=True), found[1])
        self._take_state(p)

    def _take_state(self, p: object) -> None:
        field = self._chosen.get("state_variables")
        if field is None:
            if p is not None:
                raise InputError("the file has no internal variables", file=self._file, place="option p", found=p,
                                 expected="a field VARI_ELGA")
            return
        self._take("state_variables", field, IP, list(range(len(field.components))),
                   FieldSpec(IP, len(field.components)))
        if p is not None:
            if p not in field.components:
                raise InputError("no internal variable has this name", file=self._file, place="option p",
                                 **unknown(str(p), field.components))
            self._take("p", field, IP, [field.components.index(str(p))], FieldSpec(IP, 1))

    def _take(
        self, name: str, field: MedField, place: str, columns: list[int], spec: FieldSpec,
        components: Sequence[str] | None = None,
    ) -> None:
        """A field that has values at every step, and at the points of every type of solids; else a note."""
        missing = [step for step in self._steps if step not in field.steps]
        if missing and name != "displacement":
            self._note(name, f"{field.name} lacks {plural(len(missing), 'step')} of the displacement "
                             f"({shortlist('number', [step[0] for step in missing])})")
            return
        if place == IP:
            apart = ", ".join(one.block.kind for one in self._solids
                              if not one.at_points and self._supports(field, one, CELLS))
            if apart:
                self._note(name, f"{field.name} is at other points than those of the rule chosen for {apart}")
                return
        spec = FieldSpec(spec.place, spec.n_comp, spec.tensor, field.dtype, field.name)
        self.fields[name] = SolverField(spec) if components is None else SolverField(spec, tuple(components))
        self._sources[name], self._columns[name] = field, columns

    def _values(self, name: str, step: Step) -> Given:
        field, columns, place = self._sources[name], self._columns[name], self.fields[name].spec.place
        if place == NODE:
            support = Support(NODES, "", "", 1)
            parts = read_values(self._content, field, step, support, len(self._node_ids), self._file, self._kept)
            factor = 2.0 * np.pi if name == "internal_force" and self.mesh.kinematics == AXISYMMETRIC else 1.0
            return [FieldValues(self._node_ids[where], factor * taken if factor != 1.0 else taken)
                    for where, taken in ((where, _columns(values[:, 0], columns)) for where, values in parts)]
        found = []
        for one in self._solids:
            for support in self._supports(field, one, CELLS if place == IP else NODES):
                for where, values in read_values(
                        self._content, field, step, support, len(one.ids), self._file, self._kept):
                    found.append(FieldValues(one.ids[where], _columns(values, columns)))
        return found

    @staticmethod
    def _supports(field: MedField, solids: Solids, place: str) -> list[Support]:
        return [one for one in field.supports if (one.place, one.kind) == (place, solids.block.kind)]

    def _note(self, name: str, why: str) -> None:
        self.notes.append(Omission(name=f"field_{name}", does_work=False, description=f"{name} is left out: {why}"))

    def _say_the_rest(self, of_mesh: Sequence[MedField]) -> None:
        displacement = self._chosen["displacement"]
        rest = [field.name for field in of_mesh if field not in self._chosen.values()]
        if rest:
            self.notes.append(Omission(name="other_fields", does_work=False, description=(
                f"{plural(len(rest), 'field')} not carried along: {', '.join(rest[:10])}")))
        if has_contact(displacement):
            self.notes.append(Omission(name="contact", does_work=True, description=(
                "the displacement has multipliers of contact: its forces are not in the reduced model")))
        if any((parsed := symbol_of(name)) and parsed[1] == ACCELERATION for name in rest):
            self.notes.append(Omission(name="inertia", does_work=True, description=(
                "the file has accelerations: forces of inertia are not in the reduced model")))


def _columns(values: np.ndarray, columns: list[int]) -> np.ndarray:
    """Some columns, or without a copy all of them."""
    return values if columns == list(range(values.shape[-1])) else values[..., columns]


def _mesh_name(content: h5py.File, displacement: MedField, file: Path) -> str | None:
    """The mesh that the displacement is on; None where the file has one mesh, and the field does not name it."""
    names = mesh_names(content, file)
    return displacement.mesh if displacement.mesh in names or len(names) > 1 else None


def _solver(content: h5py.File, mesh: MedMesh) -> str:
    said = text(content[MESHES][mesh.name].attrs.get("DES", b"")).upper()
    return "Code_Aster" if "CODE_ASTER" in said else "not stated"
