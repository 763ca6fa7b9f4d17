"""The history of a Nastran computation, one record at a time, in the basic frame."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from romlib_converters.common.frames import global_vectors
from romlib_converters.common.history import NODE, FieldValues, SolverField, SolverHistory
from romlib_converters.common.solver_mesh import without_nodes
from romlib_converters.nastran.bulk import Bulk
from romlib_converters.nastran.cases import Course, is_unsure
from romlib_converters.nastran.geometry import parameter
from romlib_converters.nastran.mesh import BasicMesh
from romlib_converters.nastran.op2 import Op2File
from romlib_converters.nastran.results import Stored
from romlib_converters.nastran.rows import PointRows

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.ids import IdIndex
from romlib.model import Model, Omission
from romlib.snapshots.schema import FieldSpec
from romlib.words import plural


class NastranHistory(SolverHistory):
    """Displacements, and temperatures where they are, of an .op2."""

    def __init__(self, op2: Op2File, bulk: Bulk, basic: BasicMesh, course: Course, rows: PointRows,
                 files: tuple[Path, ...], model: Model | None, notes: tuple[Omission, ...]) -> None:
        self.solver = f"Nastran {op2.version}".strip()
        self.files, self.mesh, self.times, self.model, self.notes = files, basic.mesh, course.times, model, notes
        self._op2, self._course = op2, course
        self._grids, self._rows, self._heat = bulk.grids.ids, rows, PointRows(op2, 1)
        self._ids = np.empty(0, dtype=np.int64)
        self._frames = self._frames_at = None if course.basic else basic.frames
        if basic.frames is not None:
            self._refuse_unsure()
        dtype = "float32" if op2.layout.word == 4 else "float64"
        name = course.records[0].ident.table
        self.fields: Mapping[str, SolverField] = {
            "displacement": SolverField(FieldSpec(NODE, 3, dtype=dtype, original_name=name))}
        if course.heat:
            self.fields = {**self.fields, "temperature": SolverField(
                FieldSpec(NODE, 1, dtype=dtype, original_name=course.heat[0].ident.table))}

    def read(self, step: int) -> Mapping[str, FieldValues]:
        """A record; see `SolverHistory.read`."""
        record = self._course.records[step]
        ids, rows = self._rows.read(record)
        if ids is not self._ids:  # mostly they are those of the record before
            self._look_up(ids, record)
        if self._frames_at is not None:
            rows = global_vectors(rows.astype(float), self._frames_at, ids, self._op2.path)
        found = {"displacement": FieldValues(ids, rows)}
        if self._course.heat:
            heat_ids, heat = self._heat.read(self._course.heat[step])
            found["temperature"] = FieldValues(heat_ids, heat.astype(float))
        return found

    def mesh_is_made(self) -> None:
        """See `SolverHistory.mesh_is_made`."""
        self.mesh = without_nodes(self.mesh)

    def _look_up(self, ids: np.ndarray, record: Stored) -> None:
        """Take the frames of grid points, which have to be in the model."""
        same = np.array_equal(ids, self._grids)
        at = np.empty(0, np.int64) if same else IdIndex(self._grids).find(ids)
        if (at < 0).any():
            raise FileFormatError("results at a grid point that the model does not have", file=self._op2.path,
                                  place=record.ident.place, found=f"grid point {ids[at < 0][0]}",
                                  remedy="give the deck that was computed: the option model")
        self._ids = ids
        if self._frames is not None:
            self._frames_at = self._frames if same else self._frames[at]

    def _refuse_unsure(self) -> None:
        """Displacements whose frame is not sure, of a model where it matters."""
        stated = parameter(self._op2, "OUGCORD")
        if stated is not None and stated.upper() != "GLOBAL":
            raise UnsupportedError("the displacements are in a frame that a parameter chooses", file=self._op2.path,
                                   place=f"PARAM,OUGCORD,{stated}", expected="PARAM,OUGCORD,GLOBAL, or no CD on GRID",
                                   remedy="leave the parameter out, and compute again")
        if is_unsure(self._course):
            raise UnsupportedError("versions of the solver differ in the frame of these displacements",
                                   file=self._op2.path, place=self._course.records[0].ident.place,
                                   expected="a table OUGV1, or no CD on GRID",
                                   remedy="write the results with PARAM,POST,-1")


def scalar_note(rows: PointRows, course: Course) -> tuple[Omission, ...]:
    """What to say of rows at scalar points."""
    rows.read(course.records[0])
    if not rows.others:
        return ()
    return (Omission(name="scalar_points", does_work=False, description=(
        f"results at {plural(rows.others, 'scalar point')} are left out: they are no displacement of a place")),)
