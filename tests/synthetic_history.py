"""A history without a solver: two bricks and a wedge, ids with gaps and in no order, a field of every kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from romlib_converters.common.elements import SolidElement
from romlib_converters.common.history import (
    ELEMENT,
    ELEMENT_NODE,
    FieldValues,
    IdValues,
    SolverCells,
    SolverField,
    SolverHistory,
    SolverMesh,
)

from romlib.snapshots.schema import FieldSpec

# The solver's points of a hex8 run the other way round, and its nodes begin at the top.
HEX = SolidElement("hex8", "hex_gauss_8", nodes=(4, 5, 6, 7, 0, 1, 2, 3), point_orders=((7, 6, 5, 4, 3, 2, 1, 0),))
WEDGE = SolidElement("wedge6", "wedge_2")

POINTS = np.array([[x, y, z] for z in (0.0, 1.0) for y in (0.0, 1.0) for x in (0.0, 1.0, 2.0)]
                  + [[3.0, 0.0, 0.0], [3.0, 0.0, 1.0], [9.0, 9.0, 9.0]])  # the last is a reference node
IDS = np.array([70, 2, 900, 11, 5, 40, 3000000000, 8, 77, 13, 4, 500, 60, 61, 1])
TOP_FIRST = [[6, 7, 10, 9, 0, 1, 4, 3], [7, 8, 11, 10, 1, 2, 5, 4]]
PRISM = [2, 12, 5, 8, 13, 11]
STRAIN = np.array([[2e-3, 4e-4, -3e-4], [4e-4, -1e-3, 5e-4], [-3e-4, 5e-4, 7e-4]])


def solver_mesh(file: Path, **changed: Any) -> SolverMesh:
    """The mesh, with whatever is changed of it."""
    values: dict[str, Any] = dict(
        file=file, node_ids=IDS, points=POINTS,
        cells=(SolverCells(HEX, np.array([30, 7]), IDS[TOP_FIRST]),
               SolverCells(WEDGE, np.array([12]), IDS[[PRISM]])),
        others={"MASS21": 2}, node_sets={"LEFT": IDS[[0, 3, 6, 9]], "REFERENCE": IDS[[14]]},
        cell_sets={"BRICKS": np.array([7, 30, 99])},
        face_sets={"PRESSED": (np.array([30, 7]), np.array([5, 5]))},
        cell_arrays={"material": IdValues(np.array([12, 30, 7]), np.array([2, 1, 1]))})
    return SolverMesh(**{**values, **changed})


def displacement(points: np.ndarray, time: float) -> np.ndarray:
    """(n, 3), linear in space."""
    return time * points @ STRAIN


class SyntheticHistory(SolverHistory):
    """See the module. changes : of a record, by field: what `read` gives in place of it, None for nothing."""

    solver = "synthetic 1.0"

    def __init__(self, file: Path, times: Any = (0.0, 1.0, 2.0), **mesh: Any) -> None:
        self.mesh, self.files = solver_mesh(file, **mesh), [file]
        self.times = np.array(times, dtype=float)
        self.fields = {"displacement": SolverField(FieldSpec("node", 3, original_name="U"))}
        self.changes: dict[int, dict[str, Any]] = {}
        self.asked: list[int] = []

    def with_field(self, name: str, field: SolverField) -> SyntheticHistory:
        """The history with one field more; its values are in `changes`, or in `standard`."""
        self.fields[name] = field
        return self

    def standard(self, name: str, time: float) -> Any:
        """Values of a field that change with time and place."""
        field, cells = self.fields[name], self.mesh.cells
        n_comp = field.width
        if field.spec.place == "node":
            values = displacement(self.mesh.points, time) if name == "displacement" else \
                np.outer(1.0 + time * self.mesh.points.sum(axis=1), np.ones(n_comp))
            return FieldValues(self.mesh.node_ids, values)
        n = {"ip": lambda one: one.element.n_point, ELEMENT_NODE: lambda one: one.element.n_node}.get(field.spec.place)
        return [FieldValues(one.ids, time * one.ids[:, None] * np.ones((1, n_comp)) if n is None else
                            time * (one.ids[:, None, None] + 0.01 * np.arange(n(one))[:, None] + np.zeros(n_comp)))
                for one in cells]

    def read(self, step: int) -> Mapping[str, Any]:
        self.asked.append(step)
        found = {name: self.standard(name, self.times[step]) for name in self.fields}
        found.update(self.changes.get(step, {}))
        return {name: values for name, values in found.items() if values is not None}


def stress_at_points(**spec: Any) -> SolverField:
    """A stress at integration points with Abaqus's order of components."""
    return SolverField(FieldSpec.symmetric("ip", **spec), components=("xx", "yy", "zz", "xy", "xz", "yz"))


def element_means() -> SolverField:
    """A scalar, one an element."""
    return SolverField(FieldSpec(ELEMENT, 1))


def element_node_stress() -> SolverField:
    """A stress at the nodes of each element."""
    return SolverField(FieldSpec.symmetric(ELEMENT_NODE))
