"""The command enrich: a ROM is repaired on a case by a few full-order steps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from romlib.cli.commands_build import JsonOption
from romlib.words import plural

if TYPE_CHECKING:
    from romlib.enrichment.loop import Outcome


def enrich(
    context: typer.Context,
    study: Annotated[Path, typer.Argument(help="The study file (.toml) that the ROM was trained with.",
                                          metavar="STUDY")],
    rom: Annotated[Path, typer.Argument(help="The ROM (.rom): versions that have more take its place, and the records "
                                        "are kept in the folder .enrichment beside it.", metavar="ROM")],
    case: Annotated[str | None, typer.Option(help="A case of the study.", metavar="NAME")] = None,
    case_file: Annotated[Path | None, typer.Option(help=r"A case in a TOML file: keys as in \[cases.NAME].")] = None,
    tolerance: Annotated[float, typer.Option(help="Stop when the bounds of all quantities are below this.")] = 0.05,
    budget: Annotated[int, typer.Option(min=0, help="At most so many full-order steps on this case, those of earlier "
                                        "calls included.")] = 10,
    scratch: Annotated[Path | None, typer.Option(help="Where scratch files go; by default the folder of the ROM.",
                                                 metavar="FOLDER")] = None,
    accept_errors: Annotated[bool, typer.Option("--accept-errors", help="Write versions that do not reproduce the "
                                                "training cases within the limits of the study.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the bounds over the steps of the enrichment.",
                                              metavar="PNG")] = None,
    json: JsonOption = False,
) -> None:
    """Enrich a ROM on a case: where the bound of its error is largest, one full-order step joins the training set.

    Temperature fields and load patterns that are new get an elastic answer first. Runs that were stopped go on where
    they were: what was solved at full order is not solved again. Exit status 1 where the budget is spent before the
    bounds are below the tolerance.

    Works in parallel over the pieces of the training files: mpirun -n N romlib enrich ...
    """
    from romlib.cli.console import stages
    from romlib.parallel.comm import world

    comm = world()
    context.find_root().obj = comm
    with comm.agreement():
        from romlib.cli.case_options import given_case
        from romlib.study.enrich import run_enrich
        from romlib.study.study import Study

        declared = Study.read(study)
        chosen = given_case(case, case_file, declared.cases, "study")
        name = case or (case_file or Path()).stem
        with stages(comm.rank, f"enriching {rom.name} on {name}, {plural(comm.size, 'rank')}") as progress:
            outcome = run_enrich(
                declared, rom, chosen, comm, name=name,
                tolerance=tolerance, budget=budget, accept_errors=accept_errors, scratch=scratch, progress=progress)
    if comm.rank == 0:
        _show(outcome, rom, name, tolerance, budget, json)
        if plot is not None:
            from romlib.report.plot_enrichment import plot_enrichment

            plot_enrichment(outcome.log, plot)
    if not outcome.within:
        raise typer.Exit(1)


def _show(outcome: Outcome, rom: Path, name: str, tolerance: float, budget: int, json: bool) -> None:
    from romlib.cli.console import print_json, stderr, stdout
    from romlib.cli.enrichment_log import show_log

    if json:
        print_json({"rom": str(rom), "case": name, "tolerance": tolerance, "within": outcome.within,
                    "steps": outcome.n_step, "bounds": outcome.run.largest, "failed": outcome.run.failed,
                    "log": [entry.model_dump(mode="json") for entry in outcome.log]})
    else:
        show_log(stdout(), [entry.model_dump(mode="json") for entry in outcome.log])
    largest = outcome.run.largest
    bounds = ", ".join(f"{key} {largest[key]:.2e}" if key in largest else f"{key} withheld"
                       for key in outcome.run.bounds)
    if outcome.within:
        if not json:
            stdout().print(f"the bounds of {name} are below {tolerance:g} ({bounds}) after "
                           f"{plural(outcome.n_step, 'full-order step')}", soft_wrap=True)
        return
    why = f"the budget of {plural(budget, 'full-order step')} is spent" if outcome.n_step >= budget else (
        "a full-order step to every output time has joined the training")
    failed = "" if outcome.run.failed is None else "; the ROM cannot solve the whole case"
    stderr().print(f"the bounds of {name} are not below {tolerance:g} ({bounds}{failed}), and {why}; the ROM has what "
                   "was found. Allow more (--budget), or train with a run like this case.", soft_wrap=True)


def enrich_online(
    study: Path, rom: Path, case: str | None, case_file: Path | None, output: Path | None, tolerance: list[str] | None,
    budget: int, json: bool, others: list[str], nodal: bool,
) -> None:
    """`romlib online --enrich`. others : options of a run of a ROM alone that were given as well."""
    from romlib.archive.romfile import fields_path
    from romlib.cli.case_options import given_case
    from romlib.cli.console import print_json, stages, stderr, stdout
    from romlib.parallel.comm import world
    from romlib.snapshots.outputs import check_output
    from romlib.study.enrich import run_stream
    from romlib.study.inputs import files_of
    from romlib.study.study import Study

    if others:
        raise typer.BadParameter("does not go with --enrich", param_hint=others[0])
    if output is None or tolerance is None or len(tolerance) != 1 or not _is_number(tolerance[0]):
        raise typer.BadParameter("needs --output, and --tolerance with one number", param_hint="--enrich")
    comm = world()
    with comm.agreement():
        declared = Study.read(study)
        chosen = given_case(case, case_file, declared.cases, "study")
        more = [] if case_file is None else files_of(case_file, "case file")
        check_output(output, [rom, fields_path(rom), *files_of(study), *more])
        name = case or (case_file or Path()).stem
        with stages(comm.rank, f"solving {name}, and enriching {rom.name}") as progress:
            streamed = run_stream(
                declared, rom, chosen, output, comm,
                tolerance=float(tolerance[0]), budget=budget, name=name, progress=progress, nodal=nodal)
    if comm.rank == 0:
        summary = {"file": str(output), "rom": str(rom), "case": name, "tolerance": float(tolerance[0]),
                   "full_order_steps": list(streamed.steps), "within": streamed.within,
                   "bounds": {key: values.tolist() for key, values in streamed.bounds.items()}}
        if json:
            print_json(summary)
        else:
            stdout().print(f"Solution written to {output}, of it {plural(len(streamed.steps), 'full-order step')}",
                           soft_wrap=True)
        if not streamed.within:
            stderr().print(f"bounds are above {tolerance[0]}, or withheld, at some times: see `romlib info {output}`",
                           soft_wrap=True)
    if not streamed.within:
        raise typer.Exit(1)


def _is_number(text: str) -> bool:
    try:
        return float(text) > 0.0
    except ValueError:
        return False
