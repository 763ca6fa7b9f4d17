"""The command compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from romlib.cli.commands_build import JsonOption, names_of


def compare(
    candidate: Annotated[Path, typer.Argument(help="The snapshots file to judge, such as a result of `romlib online`.",
                                              metavar="A")],
    reference: Annotated[Path, typer.Argument(help="The reference, on the same mesh; it may be cut differently.",
                                              metavar="B")],
    study: Annotated[Path | None, typer.Option(help="The study of the reference: stress and internal variables that it "
                                               "does not store are then replayed by the law.")] = None,
    fields: Annotated[str | None, typer.Option(
        "--fields", "--field", help="Fields to compare, separated by commas; by default all that both have.",
        metavar="NAMES")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write the errors over time as a picture (.png).")] = None,
    json: JsonOption = False,
) -> None:
    """Errors of A against B: per field and over time.

    L2 is max over time of ||a - b|| over max over time of ||b||, integrals over the volume; Frobenius is the plain norm
    over all steps and values.
    """
    from romlib.cli.console import counted, print_json, stdout
    from romlib.report.compare import compare as compare_files
    from romlib.snapshots.outputs import check_output
    from romlib.snapshots.prepared import PreparedSnapshots
    from romlib.snapshots.reader import Snapshots

    if plot is not None:
        from romlib.study.inputs import files_of

        check_output(plot, [candidate, reference, *([] if study is None else files_of(study))])

    with Snapshots(candidate) as a, Snapshots(reference) as b:
        prepared = PreparedSnapshots.of(b)
        if study is not None:
            from romlib.study import Study

            prepared = Study.read(study).prepare(b)
        with counted(f"comparing {candidate.name} with {reference.name}"):
            result = compare_files(a, prepared, fields=names_of(fields))
        if plot is not None:
            from romlib.report.plot_history import plot_comparison

            plot_comparison(result, plot, a.model.units.time)
    from romlib.cli.describe import show_comparison

    print_json(result.to_dict()) if json else show_comparison(stdout(), result, plot)
