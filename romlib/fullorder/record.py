"""A full-order run written as a snapshots file, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import romlib
from romlib.errors import InputError
from romlib.fullorder import petsc
from romlib.fullorder.options import SolverOptions
from romlib.fullorder.solver import OnStep, solve
from romlib.fullorder.start import write_state
from romlib.fullorder.state import PieceResult, SolveReport, State, StepResult
from romlib.laws.points import MaterialPoints
from romlib.laws.portable import portable_model
from romlib.laws.symbols import evaluated_model
from romlib.mesh.mesh import Mesh
from romlib.model import Model
from romlib.parallel.pieces import Pieces
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter
from romlib.words import unknown


@dataclass(frozen=True)
class Output:
    """Where a run goes, and what of it besides the displacement.

    path : the snapshots file. fields : "stress", and internal variables of the laws. fingerprint : of the inputs.
    state : a state file for the end of the run, or None. nodal : whether VTK is shown the fields at integration points.
    case : its name.
    """

    path: Path
    fields: tuple[str, ...] = ()
    fingerprint: str = ""
    state: Path | None = None
    nodal: bool = False
    case: str = ""


def solve_to_file(
    output: Output, everything: Sequence[Mesh] | None, meshes: Mapping[int, Mesh], model: Model, times: np.ndarray,
    pieces: Pieces, *, options: SolverOptions | None = None, start: State | None = None, on_step: OnStep | None = None,
) -> SolveReport:
    """`romlib.fullorder.solver.solve`, each output time written as soon as it is there. Collective.

    The file has the mesh with its tags, and the model with the amplitudes of the run: `romlib check` and `offline` need
    nothing else. Rank 0 writes, one field of one piece at a time; the file appears when the run is complete.

    Parameters
    ----------
    everything : on rank 0 all pieces of the model in order, a lazy sequence if need be; None elsewhere.

    Raises
    ------
    InputError : a field that no law has. And what `solve` and `SnapshotsWriter` raise.
    """
    comm = pieces.comm
    with comm.agreement():
        specs = field_specs(model, output.fields, max(mesh.dimension for mesh in meshes.values()))
    version = ".".join(map(str, petsc.load().Sys.getVersion()))
    with ExitStack() as later, ExitStack() as stack:
        writer: SnapshotsWriter | None = None
        with comm.agreement():
            if everything is not None:
                writer = stack.enter_context(SnapshotsWriter(
                    output.path, everything, portable_model(model), times, specs, fingerprint=output.fingerprint,
                    solver=f"romlib {romlib.__version__} solve (PETSc {version})", nodal=output.nodal,
                    case=output.case))

        def stream(field: str, step: int, result: StepResult) -> None:
            def consume(piece: int, values: np.ndarray) -> None:
                assert writer is not None
                writer.write(field, step, piece, values)

            pieces.stream(lambda p: values_of(result.pieces[p], field), consume)

        points: dict[int, MaterialPoints] = {}

        def record(step: int, time: float, result: StepResult) -> None:
            points.update({p: piece.points for p, piece in result.pieces.items()})
            for name in specs:
                stream(name, step, result)
            if on_step is not None:
                on_step(step, time, result)

        report = solve(meshes, model, times, pieces, options=options, start=start, on_step=record)
        if output.state is not None:
            write_state(output.state, report.state, meshes, points, model, pieces, later)
        with comm.agreement():
            stack.close()  # the file is synced and renamed here: where that fails, every rank has to know
            later.close()  # the state after it, which is written: both are those of this run, or neither is
    return report


def values_of(piece: PieceResult, field: str) -> np.ndarray:
    """A field of a result: (n_node, dimension) for the displacement, else (n_ip, n_comp)."""
    if field == "displacement":
        return piece.displacement
    return piece.state.stress if field == "stress" else piece.variable(field)


def field_specs(model: Model, names: Sequence[str], dimension: int = 3) -> dict[str, FieldSpec]:
    """Descriptions of the displacement and of these fields.

    Raises
    ------
    InputError : a field that no law of the model has; names those that there are.
    """
    none = np.empty(0, dtype=np.int64)
    points = MaterialPoints.from_arrays(evaluated_model(model).materials, none, none, none, np.empty((0, 3)))
    variables, tensors = points.variables(), points.tensor_variables()
    specs = {"displacement": FieldSpec("node", dimension)}
    for name in names:
        if name == "stress" or name in tensors:
            specs[name] = FieldSpec.symmetric("ip")
        elif name in variables:
            specs[name] = FieldSpec("ip", variables[name])
        elif name != "displacement":
            raise InputError("no law of the model has this field", place="fields",
                             **unknown(name, ["displacement", "stress", *variables]))
    return specs
