"""The command `greedy`: the runs that a ROM needs, found by its error bounds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from romlib.cli.commands_build import JsonOption
from romlib.words import listed, plural

if TYPE_CHECKING:
    from romlib.greedy.bounds import Tolerance
    from romlib.greedy.journal import Record
    from romlib.greedy.run import GreedyReport


def greedy(
    context: typer.Context,
    study: Annotated[Path, typer.Argument(help=r"The study file (.toml), with \[greedy].", metavar="STUDY")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The ROM to write, X.rom; by default beside "
                                                "the study, with its name.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Where the journal and the runs go; X.greedy by default.")] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try the candidates that failed once more.")] = False,
    accept_errors: Annotated[bool, typer.Option("--accept-errors", help="As in `romlib offline`.")] = False,
    scratch: Annotated[Path | None, typer.Option(help="As in `romlib offline`.", metavar="FOLDER")] = None,
    json: JsonOption = False,
) -> None:
    r"""Train a ROM whose error bounds are below a tolerance over all candidates of \[greedy], with few solver runs.

    The candidate with the largest bound is run at full order, checked, added, and the ROM trained anew, until all
    bounds are low or the budget is spent. Killed and started again, it goes on where it was. Exit status 1 where a
    bound stays above its tolerance.

    Works in parallel over the pieces of the mesh: mpirun -n N romlib greedy ...
    """
    from romlib.cli.console import print_json, stages
    from romlib.parallel.comm import world

    comm = world()
    context.find_root().obj = comm
    with comm.agreement():
        from romlib.greedy.run import run_greedy
        from romlib.study.study import Study

        target = study.with_suffix(".rom") if output is None else output
        declared = Study.read(study)
        with stages(comm.rank, f"greedy training of {target.name} on {plural(comm.size, 'rank')}") as progress:
            report = run_greedy(declared, target, comm, folder=folder, retry=retry, accept_errors=accept_errors,
                                scratch=scratch, progress=progress)
    if comm.rank == 0:
        print_json(summary(report)) if json else show(report)
    comm.barrier()  # the launcher ends all ranks when the first one leaves with 1: not before rank 0 has printed
    if not report.reached:
        raise typer.Exit(1)


def summary(report: GreedyReport) -> dict[str, Any]:
    """The report as JSON has it."""
    from dataclasses import asdict

    return {
        "rom": str(report.rom), "folder": str(report.folder), "end": report.outcome.end, "reached": report.reached,
        "tolerance": report.settings.tolerance, "budget": report.settings.budget,
        "runs": sum(record.runs for record in report.records.values()), "above": report.outcome.above,
        "candidates": {name: asdict(record) for name, record in report.records.items()},
        "notes": {name: list(one.notes) for name, one in report.outcome.bounds.items() if one.notes}}


def show(report: GreedyReport) -> None:
    """The table at the end, and what it means."""
    from romlib.cli.console import figure, stderr, stdout, table

    tolerance = report.settings.tolerance
    head = ("candidate", "run", "status", "first bound", "bound when chosen", "error then", "last bound", "seconds")
    rows = [(name, record.order or "", in_words(record), *(worst(values, tolerance) for values in (
        record.first, record.chosen, record.error, record.last)), figure(record.seconds))
        for name, record in report.records.items()]
    stdout().print(table(f"Candidates of {report.rom.name}: the worst of their bounds; tolerance "
                         f"{tolerance_in_words(tolerance)}", head, rows))
    runs = plural(sum(record.runs for record in report.records.values()), "run")
    above = report.outcome.above
    if report.reached:
        stdout().print(f"All bounds are below the tolerance, after {runs} of the solver.", soft_wrap=True)
    else:
        why = {"budget spent": f"the budget of {plural(report.settings.budget, 'run')} is spent",
               "nothing left": f"no candidate is left to run, after {runs}: those above have failed, or train the ROM "
               "already (lower the tolerances of [offline])"}[report.outcome.end]
        stderr().print(f"{plural(len(above), 'candidate')} above the tolerance ({listed(above)}): {why}",
                       soft_wrap=True)
    for name, record in report.records.items():
        if record.status == "failed":
            stderr().print(f"{name}: {record.stage} failed: {record.message}", soft_wrap=True, markup=False)


def in_words(record: Record) -> str:
    """The status of a candidate."""
    return {"open": "not run", "failed": f"{record.stage} failed"}.get(record.status, record.status)


def worst(values: Mapping[str, float | None], tolerance: Tolerance) -> str:
    """The value that is the largest relative to its tolerance, with its quantity; "-" where none is known."""
    limits = dict.fromkeys(values, tolerance) if isinstance(tolerance, float) else tolerance
    known = {name: value / limits[name] for name, value in values.items() if value is not None and name in limits}
    if not known:
        return "-"
    name = max(known, key=lambda one: known[one])
    return f"{name} {in_percent(values[name] or 0.0)}"


def in_percent(value: float) -> str:
    """A relative error."""
    return f"{100.0 * value:.2g} %" if value < 1.0 else f"{100.0 * value:.0f} %" if value < 100.0 else f"{value:.1e}"


def tolerance_in_words(tolerance: Tolerance) -> str:
    """One for all quantities, or by quantity."""
    if isinstance(tolerance, float):
        return in_percent(tolerance)
    return ", ".join(f"{name} {in_percent(value)}" for name, value in tolerance.items())
