"""The command `solve`: the built-in full-order solver."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from romlib.cli.case_options import (
    CaseFileOption,
    ParameterOption,
    StartOption,
    StartTimeOption,
    WriteStateOption,
    check_outputs,
    given_case,
    parameter_values,
    refuse_time_alone,
)
from romlib.cli.commands_build import JsonOption, names_of
from romlib.progress import CutInWords, Pace, Remaining
from romlib.words import plural

if TYPE_CHECKING:
    from romlib.fullorder.state import SolveReport, StepResult


def solve(
    context: typer.Context,
    study: Annotated[Path, typer.Argument(help=r"The study file (.toml), with a table \[mesh].", metavar="STUDY")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The snapshots file (.vtkhdf) to write.")],
    case: Annotated[str | None, typer.Option(help="A case of the study.", metavar="NAME")] = None,
    case_file: CaseFileOption = None,
    parameter: ParameterOption = None,
    pieces: Annotated[int | None, typer.Option(min=1, help="Cut the mesh into so many pieces; by default as the study "
                                               "says, as the file has it, or one for each rank.")] = None,
    fields: Annotated[str | None, typer.Option(
        "--fields", "--field", help="Fields to write besides the displacement, separated by commas: stress, and "
        "internal variables such as p.", metavar="NAMES")] = None,
    nodal: Annotated[bool, typer.Option("--nodal", help="Add values at nodes and of cells, made of those at the "
                                        "integration points, for ParaView to show.")] = False,
    start: StartOption = None,
    start_time: StartTimeOption = None,
    write_state: WriteStateOption = None,
    tolerance: Annotated[float, typer.Option(help="Newton converges when the residual is below this part of the "
                                             "forces.")] = 1e-8,
    linear_solver: Annotated[str, typer.Option(help="direct (MUMPS), gamg, hypre, or auto: direct up to 60,000 "
                                               "degrees of freedom, gamg above while it converges well.")] = "auto",
    petsc: Annotated[str, typer.Option(help='Further options of PETSc, such as --petsc="-ksp_monitor".')] = "",
    json: JsonOption = False,
) -> None:
    """Solve a case with the built-in full-order solver, on PETSc: training data, or a reference.

    Works in parallel over the pieces of the mesh: mpirun -n N romlib solve ...
    """
    from romlib.cli.console import print_json, stages
    from romlib.parallel.comm import world

    comm = world()
    context.find_root().obj = comm
    with comm.agreement():
        from romlib.fullorder.options import SolverOptions
        from romlib.study import Study
        from romlib.study.inputs import files_of
        from romlib.study.solve import case_of, run_solve

        refuse_time_alone(start, start_time)
        declared = Study.read(study)
        chosen = case_of(declared, given_case(case, case_file, declared.cases, "study"))
        chosen = chosen.model_copy(update={"parameters": {**chosen.parameters, **parameter_values(parameter)}})
        comm.on_root(lambda: check_outputs(output, write_state, [*files_of(study, trains=False), start], case_file))
        ranks = plural(comm.size, "rank")
        with stages(comm.rank, f"solving {case or (case_file or study).name} on {ranks}") as progress:
            options = SolverOptions(tolerance=tolerance, linear_solver=linear_solver,  # type: ignore[arg-type]
                                    petsc=petsc, on_cut=CutInWords(progress))
            told = _Steps(progress, len(chosen.times.instants()))
            report = run_solve(declared, chosen, output, comm, pieces=pieces, fields=names_of(fields) or [],
                               options=options, nodal=nodal, start=start, start_time=start_time,
                               write_state=write_state, on_step=told,
                               on_note=lambda note: progress(f"note: {note}"))
    if comm.rank == 0:
        if json:
            print_json({"file": str(output), "ranks": comm.size, **summary(report)})
        else:
            show(output, report, comm.size)


class _Steps:
    """A sentence a step, now and then with how long the rest will take. n_time : output times, the first included."""

    def __init__(self, say: Callable[[str], None], n_time: int) -> None:
        self._say, self._n_time, self._pace, self._remaining = say, n_time, Pace(), Remaining()

    def __call__(self, step: int, time: float, result: StepResult) -> None:
        left = self._n_time - 1 - step
        rest = self._remaining.in_words(float(left))
        self._say(sentence(step, time, result) + (f"; {rest}" if rest and self._pace.due() else ""))


def sentence(step: int, time: float, result: StepResult) -> str:
    """Progress of one step."""
    if step == 0:
        return f"t = {time:.6g}: initial state"
    cutbacks = (f" in {result.increments} increments after {plural(result.cutbacks, 'cutback')}"
                if result.increments > 1 else "")
    return (f"t = {time:.6g}: step {step}, {plural(result.iterations, 'iteration')}{cutbacks}, "
            f"residual {result.residual:.1e}")


def summary(report: SolveReport) -> dict[str, Any]:
    """The report as JSON has it."""
    return {
        "steps": len(report.times) - 1, "degrees_of_freedom": report.n_dof, "nodes": report.n_node,
        "cells": report.n_cell, "integration_points": report.n_ip, "linear_solver": report.solver,
        "iterations": int(report.iterations.sum()), "cutbacks": int(report.cutbacks.sum()),
        "increments": int(report.increments.sum()), "factorisations": report.n_setup,
        "linear_iterations": report.n_linear_iteration, "seconds": report.seconds,
        "peak_memory": list(report.peak_memory),
        "reactions": {name: values.tolist() for name, values in report.reactions.items()}}


def show(output: Path, report: SolveReport, ranks: int) -> None:
    """The table at the end."""
    from romlib.cli.console import figure, pairs, size, stderr, stdout

    rows: list[tuple[str, object]] = [
        ("degrees of freedom", report.n_dof), ("integration points", report.n_ip), ("ranks", ranks),
        ("steps", len(report.times) - 1),
        ("Newton iterations", f"{int(report.iterations.sum())}, {plural(int(report.cutbacks.sum()), 'cutback')}"),
        ("linear solver", f"{report.solver}: {plural(report.n_setup, 'set-up')}, "
                          f"{plural(report.n_linear_iteration, 'iteration')}")]
    rows += [(f"{stage}, seconds", figure(report.seconds[stage])) for stage in (
        "assembly", "law", "solve", "other", "total")]
    rows.append(("peak memory of a rank", size(max(report.peak_memory))))
    stdout().print(pairs(f"Solution written to {output}", rows))
    shortened = int((report.increments > 1).sum())
    if shortened:
        stderr().print(f"note: {shortened} of {plural(len(report.times) - 1, 'step')} took several increments, of "
                       "which the file has the last; `romlib check` and `offline` integrate the laws in one. Refine "
                       "the times of the case.")
