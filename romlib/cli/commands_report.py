"""The command report: one page of HTML on ROMs and results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from romlib.cli.commands_build import JsonOption


def report(
    files: Annotated[list[Path], typer.Argument(help="ROMs (.rom) and results (snapshots files).",
                                                metavar="FILE...")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The page (.html) to write.")],
    case: Annotated[list[str] | None, typer.Option(help="Of a ROM: a case to show with pictures of its fields; may be "
                                                   "repeated. By default the first that is no training run. All "
                                                   "are solved for their curves.", metavar="NAME")] = None,
    study: Annotated[Path | None, typer.Option(help=r"The study with the table \[life]: fatigue curves of the "
                                               "materials. By default the one that a ROM was trained with.")] = None,
    json: JsonOption = False,
) -> None:
    """Write one page of HTML with all its pictures in it, to read, print and send.

    What a ROM was trained on and its check, errors over runs that were held out and over the training, cubature,
    singular values, its cases with curves, fields and bounds; of a result, its curves, fields and bounds; life where
    there are fatigue curves.
    """
    from romlib.cli.console import pairs, print_json, size, stages, stdout
    from romlib.study.reporting import report as write

    with stages(0, f"writing {output.name}") as say:
        write(files, output, cases=case or (), study=study, progress=say)
    summary = {"page": str(output), "size": output.stat().st_size, "of": [str(file) for file in files]}
    if json:
        print_json(summary)
    else:
        stdout().print(pairs("Report", [("page", str(output)), ("size", size(output.stat().st_size)),
                                        ("of", ", ".join(map(str, files)))]))
