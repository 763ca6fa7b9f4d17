"""The history of a Nastran computation, one record at a time, in the basic frame."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from romlib_converters.common.frames import global_vectors
from romlib_converters.common.history import NODE, FieldValues, SolverField, SolverHistory
from romlib_converters.nastran.bulk import Bulk
from romlib_converters.nastran.cases import Course, is_unsure
from romlib_converters.nastran.geometry import parameter
from romlib_converters.nastran.mesh import BasicMesh
from romlib_converters.nastran.op2 import Op2File
from romlib_converters.nastran.results import GRID, rows_of

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.ids import IdIndex
from romlib.model import Model, Omission
from romlib.snapshots.schema import FieldSpec
from romlib.words import plural


class NastranHistory(SolverHistory):
    """Displacements, and temperatures where they are, of an .op2."""

    def __init__(self, op2: Op2File, bulk: Bulk, basic: BasicMesh, course: Course, files: tuple[Path, ...],
                 model: Model | None, notes: tuple[Omission, ...]) -> None:
        self.solver = f"Nastran {op2.version}".strip()
        self.files, self.mesh, self.times, self.model, self.notes = files, basic.mesh, course.times, model, notes
        self._op2, self._course = op2, course
        self._grids = IdIndex(bulk.grids.ids)
        self._ids, self._at = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        self._frames = None if course.basic else basic.frames
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
        ids, kinds, rows = rows_of(self._op2, record)
        points = kinds == GRID
        if not points.all():
            ids, rows = ids[points], rows[points]
        if not np.array_equal(ids, self._ids):  # mostly they are those of the record before
            self._ids, self._at = ids, self._grids.find(ids)
        ids, at = self._ids, self._at
        rows = np.ascontiguousarray(rows[:, :3], dtype=rows.dtype.newbyteorder("="))
        if (at < 0).any():
            raise FileFormatError("results at a grid point that the model does not have", file=self._op2.path,
                                  place=record.ident.place, found=f"grid point {ids[at < 0][0]}",
                                  remedy="give the deck that was computed: the option model")
        if self._frames is not None:
            rows = global_vectors(rows.astype(float), self._frames[at], ids, self._op2.path)
        found = {"displacement": FieldValues(ids, rows)}
        if self._course.heat:
            heat_ids, heat_kinds, heat = rows_of(self._op2, self._course.heat[step])
            mine = heat_kinds == GRID
            found["temperature"] = FieldValues(heat_ids[mine], heat[mine, :1].astype(float))
        return found

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


def scalar_note(op2: Op2File, course: Course) -> tuple[Omission, ...]:
    """What to say of rows at scalar points."""
    _, kinds, _ = rows_of(op2, course.records[0])
    count = int((kinds != GRID).sum())
    if not count:
        return ()
    return (Omission(name="scalar_points", does_work=False, description=(
        f"results at {plural(count, 'scalar point')} are left out: they are no displacement of a place")),)
