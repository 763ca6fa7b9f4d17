"""The results of an Exodus file, or of the part files of one computation, one record at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from romlib_converters.common.history import SolverHistory
from romlib_converters.common.parts import join_meshes, join_values
from romlib_converters.common.plane import with_thickness
from romlib_converters.common.solver_fields import ELEMENT, IP, NODE, FieldValues, SolverField
from romlib_converters.common.solver_mesh import without_nodes
from romlib_converters.common.streams import Given
from romlib_converters.exodus.content import ExodusContent
from romlib_converters.exodus.fields import PointVariable, point_variables, scalar, vector
from romlib_converters.exodus.mesh import SolidBlock, solid_blocks, solver_mesh

from romlib.errors import FileFormatError
from romlib.model import Omission
from romlib.snapshots.schema import FieldSpec
from romlib.words import plural

UNORDERED = "points_without_order"


class ExodusHistory(SolverHistory):
    """contents : the file, or its parts, all open.

    Raises
    ------
    InputError : the displacement cannot be told, an option does not fit. FileFormatError : no results, parts that do
    not fit together. UnsupportedError : elements that romlib lacks.
    """

    def __init__(self, contents: Sequence[ExodusContent], files: Sequence[Path], options: Mapping[str, Any]) -> None:
        first = contents[0]
        self.solver, self.files, self._contents = str(options.get("solver", "not stated")), list(files), list(contents)
        rules, self._order = options.get("quadrature", {}), options.get("point_order")
        solids = [solid_blocks(content, rules, self._order) for content in contents]
        self._blocks = [blocks for blocks, _ in solids]
        meshes = [solver_mesh(content, *found, options.get("kinematics")) for content, found in zip(contents, solids)]
        self._check_parts()
        if not len(first.times):
            raise FileFormatError("the Exodus file has a mesh and no results", file=first.file, expected="time steps",
                                  remedy="name the file with results; a mesh alone is read by `romlib solve`, [mesh]")
        self.times = first.times
        names = first.node_variables
        self._sources: dict[str, tuple[str, ...]] = {
            "displacement": vector(names, options.get("displacement"), first.dimension, first.file, "displacement")}
        if "internal_force" in options:
            self._sources["internal_force"] = vector(names, options["internal_force"], first.dimension, first.file,
                                                     "internal_force")
        temperature = scalar(names, options.get("temperature"), first.file)
        if temperature is not None:
            self._sources["temperature"] = (temperature,)
        self._of_points, unused = point_variables(first.element_variables)
        self.fields: dict[str, SolverField] = {name: SolverField(FieldSpec(NODE, len(source), dtype=_precision(
            [content.node_dtype(one) for content in contents for one in source]), original_name=", ".join(source)))
            for name, source in self._sources.items()}
        self.notes = [*self._point_fields(), *self._unused(unused)]
        self.mesh = with_thickness(join_meshes(meshes, first.file), options.get("thickness"))

    def read(self, step: int) -> Mapping[str, Given]:
        """A record; see `SolverHistory.read`."""
        found: dict[str, Given] = {}
        for name, source in self._sources.items():
            parts = [FieldValues(content.node_ids, content.node_values(source, step)) for content in self._contents]
            found[name] = parts[0] if len(parts) == 1 else join_values(
                parts, self._contents[0].file, f"time {self.times[step]:g}, {name}")
        for variable in self._of_points:
            if variable.field in self.fields:
                found[variable.field] = self._point_values(variable, step)
        return found

    def mesh_is_made(self) -> None:
        """See `SolverHistory.mesh_is_made`."""
        self.mesh = without_nodes(self.mesh)
        self._blocks = [[replace(one, block=replace(one.block, nodes=None)) for one in blocks]
                        for blocks in self._blocks]
        for content in self._contents:
            content.blocks = []

    def _point_values(self, variable: PointVariable, step: int) -> list[FieldValues]:
        """A part for each block of solids."""
        parts, mean = [], self.fields[variable.field].spec.place == ELEMENT
        for content, blocks in zip(self._contents, self._blocks):
            for one in blocks:
                points = variable.names[:1] if mean else variable.names[:one.element.n_point]
                values = content.element_values([name for names in points for name in names], one.block, step).reshape(
                    one.block.count, len(points), -1)
                parts.append(FieldValues(content.element_ids[one.block.elements], values[:, 0] if mean else values))
        return parts

    def _point_fields(self) -> list[Omission]:
        """Take the fields at integration points that every block of solids has, if the order of the points is known."""
        notes = []
        for variable in self._of_points:
            counts = {self._n_stored(variable, content, one) - one.element.n_point
                      for content, blocks in zip(self._contents, self._blocks) for one in blocks}
            several = max(one.element.n_point for blocks in self._blocks for one in blocks) > 1
            names = ", ".join(variable.names[0])
            dtype = _precision([content.element_dtype(name, one.block) for content, blocks in zip(
                self._contents, self._blocks) for one in blocks for names_ in variable.names[:1] for name in names_
                if content.has_element_values(name, one.block)])
            spec = FieldSpec(IP, len(variable.names[0]), len(variable.names[0]) == 6, dtype, names)
            if counts == {0} and several and self._order is None:
                notes.append(Omission(name=UNORDERED, does_work=False, description=(
                    f"{variable.field} at {plural(variable.n_point, 'integration point')} an element ({names}, ...): "
                    "an Exodus file does not say in which order its writer numbers them; say it with the option "
                    "point_order, and they are compared")))
            elif counts == {0}:
                self.fields[variable.field] = SolverField(spec)
            elif variable.n_point == 1 and all(
                    content.has_element_values(name, one.block) for content, blocks in zip(
                        self._contents, self._blocks) for one in blocks for name in variable.names[0]):
                self.fields[variable.field] = SolverField(replace(spec, place=ELEMENT))
            else:
                notes.append(Omission(name=f"element variable {variable.field}", does_work=False, description=(
                    f"{names}, ...: values at {plural(variable.n_point, 'point')}, and not at the points of the rule "
                    "in every block of solids; left out")))
        return notes

    @staticmethod
    def _n_stored(variable: PointVariable, content: ExodusContent, one: SolidBlock) -> int:
        """At how many points a block has all components, from the first one on."""
        stored = [all(content.has_element_values(name, one.block) for name in names) for names in variable.names]
        return stored.index(False) if False in stored else len(stored)

    def _unused(self, of_elements: list[str]) -> list[Omission]:
        first = self._contents[0]
        taken = {name for source in self._sources.values() for name in source}
        kinds = (("global", first.global_variables), ("node", [n for n in first.node_variables if n not in taken]),
                 ("element", of_elements))
        inertia = [Omission(name="inertia", does_work=True, description=(
            "the file has accelerations: forces of inertia are not in the reduced model"))
            for name in first.node_variables if name.lower().startswith("acc")][:1]
        return inertia + [Omission(name=f"{kind}_variables", does_work=False, description=(
            f"{plural(len(names), f'{kind} variable')} not carried along: {', '.join(names[:10])}"
            + (", ..." if len(names) > 10 else ""))) for kind, names in kinds if names]

    def _check_parts(self) -> None:
        """All parts have the times and the variables of the first."""
        first = self._contents[0]
        for other in self._contents[1:]:
            for what, a, b in (("times", first.times.tolist(), other.times.tolist()),
                               ("variables at nodes", first.node_variables, other.node_variables),
                               ("variables in elements", first.element_variables, other.element_variables)):
                if a != b:
                    raise FileFormatError(f"the part files have different {what}", file=other.file,
                                          expected=f"those of {first.file.name}: {a[:6]}", found=b[:6],
                                          remedy="put all part files of one computation beside each other")


def _precision(dtypes: Sequence[str]) -> str:
    return "float32" if dtypes and all(one == "float32" for one in dtypes) else "float64"
