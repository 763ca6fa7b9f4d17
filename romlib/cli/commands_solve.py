"""The command `solve`: the built-in full-order solver."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from romlib.cli.commands_build import JsonOption, ParameterOption, parameter_values

if TYPE_CHECKING:
    from romlib.fullorder.state import SolveReport, StepResult


def solve(
    context: typer.Context,
    study: Annotated[Path, typer.Argument(help=r"The study file (.toml), with a table \[mesh].", metavar="STUDY")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The snapshots file (.vtkhdf) to write.")],
    case: Annotated[str | None, typer.Option(help="A case of the study.", metavar="NAME")] = None,
    case_file: Annotated[Path | None, typer.Option(help=r"A case in a TOML file: keys as in \[cases.NAME].")] = None,
    parameter: ParameterOption = None,
    pieces: Annotated[int | None, typer.Option(min=1, help="Cut the mesh into so many pieces; by default as the study "
                                               "says, as the file has it, or one for each rank.")] = None,
    fields: Annotated[str | None, typer.Option(help="Fields to write besides the displacement, separated by commas: "
                                               "stress, and internal variables such as p.", metavar="NAMES")] = None,
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
    from romlib.errors import InputError
    from romlib.parallel.comm import world

    comm = world()
    context.find_root().obj = comm
    with comm.agreement():
        from romlib.fullorder.options import SolverOptions
        from romlib.snapshots.outputs import check_output
        from romlib.study import Study, read_case_file
        from romlib.study.inputs import files_of
        from romlib.study.solve import case_of, run_solve

        declared = Study.read(study)
        if (case is None) == (case_file is None):
            raise InputError("give either --case or --case-file", place="--case",
                             expected=f"--case-file, or a case: {', '.join(declared.cases) or 'none in this study'}")
        chosen = case_of(declared, case) if case is not None else read_case_file(case_file or Path())
        given = parameter_values(parameter)
        chosen = chosen.model_copy(update={"parameters": {**chosen.parameters, **given}})
        inputs = [*files_of(study, trains=False), *([] if case_file is None else files_of(case_file, "case file"))]
        comm.on_root(lambda: check_output(output, inputs))
        options = SolverOptions(tolerance=tolerance, linear_solver=linear_solver, petsc=petsc)  # type: ignore[arg-type]
        names = [name.strip() for name in (fields or "").split(",") if name.strip()]
        ranks = f"{comm.size} rank{'s' if comm.size > 1 else ''}"
        with stages(comm.rank, f"solving {case or (case_file or study).name} on {ranks}") as progress:
            report = run_solve(declared, chosen, output, comm, pieces=pieces, fields=names, options=options,
                               on_step=lambda step, time, result: progress(sentence(step, time, result)),
                               on_note=lambda note: progress(f"note: {note}"))
    if comm.rank == 0:
        if json:
            print_json({"file": str(output), "ranks": comm.size, **summary(report)})
        else:
            show(output, report, comm.size)


def sentence(step: int, time: float, result: StepResult) -> str:
    """Progress of one step."""
    if step == 0:
        return f"t = {time:.6g}: initial state"
    cuts = f" in {result.increments} increments after {result.cuts} cuts" if result.increments > 1 else ""
    return f"t = {time:.6g}: step {step}, {result.iterations} iterations{cuts}, residual {result.residual:.1e}"


def summary(report: SolveReport) -> dict[str, Any]:
    """The report as JSON has it."""
    return {
        "steps": len(report.times) - 1, "degrees_of_freedom": report.n_dof, "nodes": report.n_node,
        "cells": report.n_cell, "integration_points": report.n_ip, "linear_solver": report.solver,
        "iterations": int(report.iterations.sum()), "cuts": int(report.cuts.sum()),
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
        ("Newton iterations", f"{int(report.iterations.sum())}, {int(report.cuts.sum())} cuts"),
        ("linear solver", f"{report.solver}: {report.n_setup} set-ups, {report.n_linear_iteration} iterations")]
    rows += [(f"{stage}, seconds", figure(report.seconds[stage])) for stage in (
        "assembly", "law", "solve", "other", "total")]
    rows.append(("peak memory of a rank", size(max(report.peak_memory))))
    stdout().print(pairs(f"Solution written to {output}", rows))
    cut = int((report.increments > 1).sum())
    if cut:
        stderr().print(f"note: {cut} of {len(report.times) - 1} steps were solved in several increments, of which the "
                       "file has the last; `romlib check` and `offline` integrate the laws in one. Refine the times of "
                       "the case.")
