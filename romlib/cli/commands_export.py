"""The command export: a result as the files of other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from romlib.cli.commands_build import JsonOption, names_of


class At(StrEnum):
    """What a table has a row for."""

    nodes = "nodes"
    cells = "cells"
    points = "points"


def export(
    file: Annotated[Path, typer.Argument(help="A snapshots file: converted, solved, or of `romlib online`.",
                                         metavar="FILE")],
    output: Annotated[Path, typer.Option("--output", "-o", help="By its suffix .vtu (one time), .pvd, .xdmf, .csv or "
                                         ".exo; without one a folder, with a .pvd and a .vtu for each time.")],
    field: Annotated[list[str] | None, typer.Option(
        "--field", "--fields", metavar="NAME", help="A field (displacement, stress, von_mises, p, strain), or several, "
        "separated by commas; may be repeated. By default all that the file has, and the von Mises stress.")] = None,
    steps: Annotated[str | None, typer.Option(metavar="0,5,10:20|all|last", help="Steps, from 0; a range without its "
                                              "end, perhaps with a stride (0:60:5). By default all, of a .vtu the "
                                              "last.")] = None,
    at: Annotated[At, typer.Option(help="Of a .csv: a row for each node, cell, or integration point.")] = At.nodes,
    split_materials: Annotated[bool, typer.Option("--split-materials", help="Write nodes between materials once for "
                                                  "each, with its own average.")] = False,
    json: JsonOption = False,
) -> None:
    """Write the whole mesh with fields at its nodes and in its cells for ParaView, Excel, pandas, Exodus readers.

    Fields at integration points are extrapolated to nodes and averaged, as solvers print them; cells have the mean of
    their points and, as NAME_max, the largest value.
    """
    from romlib.cli.console import counted, pairs, print_json, stdout
    from romlib.export.export import export as write
    from romlib.words import plural

    names = None if field is None else [name for text in field for name in names_of(text) or []]
    with counted(f"exporting {file.name}"):
        written = write(file, output, names, steps, at=at.value, split_materials=split_materials)
    first, *others = [str(path) for path in written.files]
    if json:
        print_json({"file": first, "others": others, "fields": list(written.fields), "steps": written.n_step,
                    "nodes": written.n_node, "cells": written.n_cell})
        return
    rows: list[tuple[str, object]] = [("fields", ", ".join(written.fields)), ("steps", written.n_step),
                                      ("nodes", written.n_node), ("cells", written.n_cell)]
    if others:
        rows.append(("with it", others[0] if len(others) == 1 else f"{plural(len(others), 'file')}, {others[0]} ..."))
    stdout().print(pairs(f"Written to {first}", rows))
