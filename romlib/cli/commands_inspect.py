"""Commands that say what there is: check, info, plugins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from romlib.cli.commands_build import JsonOption


def check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The snapshots file (.vtkhdf).", metavar="FILE")],
    study: Annotated[Path | None, typer.Option(help="The study, for what the file lacks: materials, constraints, loads "
                                               "and, if the file is one of its training runs, amplitudes.")] = None,
    no_guard: Annotated[bool, typer.Option("--no-guard", help="Run libraries of laws (UMATs) in this process. By "
                                           "default the check runs them in one of their own, so that a crash is a "
                                           "message; that is slower.")] = False,
    json: JsonOption = False,
) -> None:
    """Does romlib recompute from the displacement what the solver computed? The nonintrusivity check.

    Strain, stress, internal variables, internal forces and equilibrium, as far as the file has them. Exit status 1 when
    a measurement is beyond its tolerance, or when too little was compared to tell. May run on several ranks:
    mpirun -n N romlib check ...
    """
    from romlib.cli.console import print_json, stages, stdout
    from romlib.parallel.comm import world

    comm = world()
    context.find_root().obj = comm
    with comm.agreement():
        from romlib.study import Study
        from romlib.study.checking import check_file

        declared = None if study is None else Study.read(study)
        with stages(comm.rank, f"checking {file.name}"):
            report = check_file(file, declared, comm, guard=not no_guard)
    if comm.rank == 0:
        from romlib.cli.describe import show_check
        from romlib.cli.next_steps import after_check, show_next

        print_json(report.to_dict()) if json else show_check(stdout(), report)
        if report.passed and not json:
            show_next(stdout(), after_check(file, study))
    comm.barrier()  # the launcher ends all ranks when the first one leaves: not before rank 0 has printed
    if not report.passed:
        raise typer.Exit(1)


def info(
    file: Annotated[Path, typer.Argument(help="A snapshots file, a ROM, its fields file, a state, a study, a case, "
                                         "a mesh or a deck.", metavar="FILE")],
    json: JsonOption = False,
) -> None:
    """What is in a file that romlib writes or reads; of a mesh, the tags that a study may name."""
    from romlib.cli.console import print_json, stdout
    from romlib.cli.describe import show
    from romlib.cli.file_info import describe

    description = describe(file)
    print_json(description) if json else show(stdout(), description)


def plugins(json: JsonOption = False) -> None:
    """The converters and constitutive laws that are installed, from this package and from others."""
    from romlib.cli.console import print_json, stdout, table
    from romlib.report.installed import installed_plugins

    found = installed_plugins()
    if json:
        print_json(found)
        return
    for kind, rows in found.items():
        stdout().print(table(kind.capitalize(), ("name", "package", "what it is", "state"),
                             [(r["name"], r["package"], r["description"], r["state"]) for r in rows]))
        stdout().print()
