"""Commands to begin with: doctor, init."""

from __future__ import annotations

from typing import Annotated

import typer

from romlib.cli.commands_build import JsonOption

_STYLE = {"ok": "green", "missing": "dim", "broken": "bold red", "note": "yellow"}


def doctor(
    needed: Annotated[list[str] | None, typer.Argument(
        metavar="[WHAT]...", help="What you need, such as mpi, solve, pictures, or an extra (converters, plot, ...): "
        "what is missing of it counts as a failure.")] = None,
    json: JsonOption = False,
) -> None:
    """What this installation can do, found by trying it: packages, MPI, PETSc, pictures, solvers, threads, disks.

    Exit status 1 when something is broken, or missing although it was asked for.
    """
    from rich.text import Text

    from romlib.cli import doctor as doctoring
    from romlib.cli.console import print_json, stages, stdout, table
    from romlib.words import unknown

    with stages(0, "trying what is installed"):
        findings = doctoring.examine()
    known = doctoring.areas(findings)
    for name in needed or []:
        if name not in known:
            from romlib.errors import InputError

            raise InputError("romlib doctor knows nothing of this name", place="WHAT", **unknown(name, known))
    failed = doctoring.failed(findings, needed or [])
    if json:
        print_json({"findings": doctoring.as_rows(findings), "failed": doctoring.as_rows(failed)})
    else:
        console = stdout()
        console.print(table("Installation", ("what", "state", "found"), [
            (one.name, Text(one.state, style=_STYLE[one.state]), one.detail) for one in findings]))
        for one in findings:
            if one.remedy and (one in failed or one.state != "ok"):
                console.print(Text.assemble((f"{one.name}: ", _STYLE[one.state]), one.remedy), soft_wrap=True)
        console.print("\nAll that is there works." if not failed else f"\nNot as it should be: "
                      f"{', '.join(one.name for one in failed)}.", soft_wrap=True)
    if failed:
        raise typer.Exit(1)
