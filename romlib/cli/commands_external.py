"""The command `external`: a user's own solver."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from romlib.cli.commands_build import JsonOption, converter_options


def external(
    context: typer.Context,
    format: Annotated[str, typer.Argument(help="Format of the solver's files: see `romlib plugins`.",
                                          metavar="FORMAT")],
    deck: Annotated[Path, typer.Argument(help="The solver's input file.", metavar="DECK")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The snapshots file (.vtkhdf) to write.")],
    command: Annotated[str, typer.Option(help="Starts the solver, and stays until it is done. {deck}, {stem} (name "
                                         "without suffix) and {folder} stand for the deck's; no shell sees it.")],
    result: Annotated[list[str], typer.Option(metavar="NAME", help="A file that the solver has to write, such as "
                                              "{stem}.frd; may be repeated.")],
    source: Annotated[str, typer.Option(metavar="NAME", help="What the converter reads.")] = "{deck}",
    folder: Annotated[Path | None, typer.Option(help="Where the solver runs; by default the deck's folder.")] = None,
    failure: Annotated[str | None, typer.Option(metavar="REGEX", help="A line of the log with it means "
                                                  "failure.")] = None,
    timeout: Annotated[float | None, typer.Option(metavar="SECONDS", help="End the solver, and all that it has "
                                                  "started, after this time.")] = None,
    pieces: Annotated[int | None, typer.Option(min=1, help="As in `romlib convert`.")] = None,
    units: Annotated[str | None, typer.Option(help="As in `romlib convert`.")] = None,
    option: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="As in `romlib convert`.")] = None,
    json: JsonOption = False,
) -> None:
    """Run your own solver on a deck, check its exit status and results, and convert them into a snapshots file.

    What the solver prints goes into STEM.solver.log in its folder.
    """
    from contextlib import nullcontext

    from romlib.cli.console import counted, pairs, print_json, stdout
    from romlib.external import ExternalSolver, run
    from romlib.parallel.comm import world

    comm = world()
    context.find_root().obj = comm
    solver = ExternalSolver(command, format, tuple(result), source, failure, timeout, pieces=pieces, units=units,
                            options=converter_options(option or []))
    with counted(f"running {command} on {deck.name}") if comm.rank == 0 else nullcontext() as progress:
        done = run(solver, deck, output, comm, folder=folder, progress=progress)
    if comm.rank == 0:
        if json:
            print_json({"command": done.command, "seconds": done.seconds, "log": str(done.log),
                        "results": [str(path) for path in done.files], "snapshots": str(done.snapshots)})
            return
        stdout().print(pairs(f"Solved and converted to {output}", [
            ("command", " ".join(done.command)), ("seconds", f"{done.seconds:.1f}"), ("log", done.log),
            ("results", ", ".join(str(path) for path in done.files))]))
