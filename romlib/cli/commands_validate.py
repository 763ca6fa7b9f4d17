"""The command that compares a ROM with runs of the solver: validate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from romlib.cli.case_options import named_numbers
from romlib.cli.commands_build import JsonOption
from romlib.words import plural


def validate(
    rom: Annotated[Path, typer.Argument(help="The ROM (.rom), with its .fields.rom beside.", metavar="ROM")],
    files: Annotated[list[Path], typer.Argument(help="Snapshots files of runs that the ROM was not trained with.",
                                                metavar="FILES...")],
    study: Annotated[Path | None, typer.Option(help="The study of the files, where they do not say tags, materials, "
                                               "loads or amplitudes themselves.", metavar="STUDY")] = None,
    accuracy: Annotated[list[str] | None, typer.Option(
        metavar="NAME=NUMBER", help="What the error of displacement, stress, p, ... may be, in place of what the ROM "
        "was asked for; may be repeated.")] = None,
    scratch: Annotated[Path | None, typer.Option(help="Where the fields of one run at a time go; by default the "
                                                 "system's folder for temporary files.", metavar="FOLDER")] = None,
    json: JsonOption = False,
) -> None:
    """Errors of a ROM over runs of the solver, at all points. Exit status 1 where one is above what was asked for.

    Each run is solved with the ROM and compared as `romlib compare` does.
    """
    from romlib.cli.accuracy import show_validated
    from romlib.cli.console import counted, print_json, stdout
    from romlib.study.validate import validate as validate_files

    asked = named_numbers(accuracy, "--accuracy", positive=True) or None
    with counted(f"validating {rom.name} with {plural(len(files), 'run')}"):
        found = validate_files(rom, files, study=study, accuracy=asked, scratch=scratch)
    print_json(found.to_dict()) if json else show_validated(stdout(), found)
    if not found.met:
        raise typer.Exit(1)
