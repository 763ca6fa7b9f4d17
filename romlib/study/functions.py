"""The commands check, compare and solve as functions of Python, which return what the commands print."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from romlib.check import CheckReport
from romlib.errors import InputError
from romlib.fullorder.options import SolverOptions
from romlib.fullorder.solver import OnStep
from romlib.fullorder.state import SolveReport
from romlib.model import Case
from romlib.parallel.comm import Comm, world
from romlib.report.compare import Comparison
from romlib.report.compare import compare as compare_sources
from romlib.results.access import FieldAccess
from romlib.results.subset import FieldSubset
from romlib.snapshots.outputs import check_output
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots
from romlib.study.checking import check_file
from romlib.study.inputs import files_of
from romlib.study.solve import case_of, run_solve
from romlib.study.study import Study
from romlib.words import names_of


def check(
    file: str | Path, study: Study | str | Path | None = None, comm: Comm | None = None, *, guard: bool = True
) -> CheckReport:
    """Does romlib recompute from the displacement what the solver computed? The nonintrusivity check. Collective.

        report = romlib.check("train.vtkhdf", "study.toml")
        report.passed, [(item.name, item.status, item.measured) for item in report.items]

    Parameters
    ----------
    study : read already, or its file, for what the file lacks: materials, constraints, loads, and, if the file is one
        of its training runs, amplitudes. comm : the ranks; by default all that an MPI launcher has started, else one.
    guard : run foreign code of laws (UMATs) in a process of its own.

    Raises
    ------
    InputError, LawError, StudyError, FileFormatError : nothing can be said of this file, and why. A check that fails
    raises nothing: ask `report.passed`, or call `report.raise_if_failed()`.
    """
    comm = world() if comm is None else comm
    with comm.agreement():
        return check_file(Path(file), None if study is None else Study.of(study), comm, guard=guard)


def compare(
    candidate: str | Path | FieldAccess, reference: str | Path | FieldAccess, study: Study | str | Path | None = None,
    *, fields: str | Sequence[str] | None = None,
) -> Comparison:
    """Errors of a result against a reference on the same mesh, which may be cut otherwise: by field and over time.

        comparison = romlib.compare(rom.solve("test"), "test.vtkhdf", "study.toml")
        comparison.fields["stress"].relative            # max over time of |a - b| over max over time of |b|, in L2

    Parameters
    ----------
    candidate : a snapshots file, what `romlib.open` makes of one, or a solution. reference : a snapshots file.
    study : read already, or its file, where the laws of the reference have to recompute what it does not store.
    fields : names; by default all that both have, or that can be recomputed.

    Raises
    ------
    InputError : other meshes, no common time, a field that cannot be compared; a solution as the reference.
    """
    fields = None if fields is None else names_of(fields)
    with ExitStack() as stack:
        a: Any
        if isinstance(candidate, FieldAccess):
            source = candidate.source
            stack.enter_context(source.opened())
            a = FieldSubset(source, candidate.stored_fields if fields is None else fields)
        else:
            a = stack.enter_context(Snapshots(candidate))
        if isinstance(reference, FieldAccess):
            if reference.source.path is None or getattr(reference, "snapshots", None) is None:
                raise InputError("a solution is compared with a file, and not with another solution", place="reference",
                                 remedy="write the reference first, and give its path")
            reference = Path(reference.source.path)
        b = PreparedSnapshots.of(stack.enter_context(Snapshots(reference)))
        if study is not None:
            b = Study.of(study).prepare(b.snapshots)
        return compare_sources(a, b, fields=fields)


def solve(
    study: Study | str | Path, case: str | Case, output: str | Path, comm: Comm | None = None, *,
    pieces: int | None = None, fields: str | Sequence[str] = (), options: SolverOptions | None = None,
    start: str | Path | None = None, start_time: float | None = None, write_state: str | Path | None = None,
    on_step: OnStep | None = None, on_note: Callable[[str], None] | None = None,
) -> SolveReport:
    """Solve a case of a study with the built-in full-order solver, on PETSc, and write a snapshots file. Collective.

        report = romlib.solve("study.toml", "mission", "mission.vtkhdf", fields=["stress", "p"])
        report.iterations.sum(), report.reactions
        romlib.open("mission.vtkhdf").von_mises(-1).max()

    Parameters
    ----------
    study : read already, or its file, with a table [mesh]. case : one of its cases by name, or a `romlib.model.Case`.
    comm : the ranks; by default all that an MPI launcher has started, else one. pieces : to cut the mesh into.
    fields : to write besides the displacement: stress, and internal variables. options : of the solver.
    start : a state file, or a snapshots file, of which the last record counts, or that at `start_time`.
    write_state : a state file for the end. on_step : called after each output time with its number, the time, and what
    it took. on_note : called with what a user has to know.

    Raises
    ------
    StudyError, InputError : what cannot be solved, and why. ConvergenceError : a step that cannot be shortened further.
    """
    comm = world() if comm is None else comm
    with comm.agreement():
        declared = Study.of(study)
        chosen = case_of(declared, case)
        began, state = (None if path is None else Path(path) for path in (start, write_state))
        inputs = [] if declared.path is None else files_of(declared.path, trains=False)
        inputs += [] if began is None else [began]

        def refuse() -> None:
            check_output(Path(output), inputs)
            if state is not None:
                check_output(state, [*inputs, Path(output)])

        comm.on_root(refuse)
    return run_solve(declared, chosen, output, comm, pieces=pieces, fields=names_of(fields), options=options,
                     start=began, start_time=start_time, write_state=state, on_step=on_step, on_note=on_note)
