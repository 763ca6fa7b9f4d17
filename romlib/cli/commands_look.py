"""Commands for eyes: compare, plot."""

from __future__ import annotations

from enum import StrEnum
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
    fields: Annotated[str | None, typer.Option(help="Fields to compare, separated by commas; by default all that both "
                                               "have.", metavar="NAMES")] = None,
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


class Average(StrEnum):
    """Where values at integration points are shown."""

    nodes = "nodes"
    cells = "cells"


def plot(
    file: Annotated[Path, typer.Argument(help="A snapshots file.", metavar="FILE")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The picture (.png) to write.")],
    field: Annotated[str | None, typer.Option(help="A field (p, stress, displacement) or a component (stress.xx, "
                                              "displacement.y). A stress as a whole is the von Mises stress.")] = None,
    errors: Annotated[bool, typer.Option("--errors", help="Instead of a field: the bounds that a result of `romlib "
                                         "online` has of its errors, over time.")] = False,
    against: Annotated[Path | None, typer.Option(help="With --errors: a reference, whose true errors are drawn beside "
                                                 "the bounds.", metavar="FILE")] = None,
    time: Annotated[str, typer.Option(help="A time of the file; last; or all, for curves over time.",
                                      metavar="T|last|all")] = "last",
    step: Annotated[int | None, typer.Option(help="The number of the step (from 0; -1 is the last), instead of "
                                             "--time.")] = None,
    scale: Annotated[float | None, typer.Option(help="Factor of the displacement; 0 draws the undeformed mesh. By "
                                                "default a round number that shows it well.")] = None,
    at: Annotated[Average, typer.Option(help="Show values of integration points averaged to nodes, or per cell.")] = (
        Average.nodes),
    json: JsonOption = False,
) -> None:
    """Draw a field on the deformed mesh, its extremes over time, or bounds of errors; needs no screen."""
    from romlib.cli.console import counted, pairs, print_json, stdout
    from romlib.report.plot_field import plot_field, step_at
    from romlib.report.plot_history import plot_quantity
    from romlib.snapshots.outputs import check_output
    from romlib.snapshots.reader import Snapshots

    if (field is None) != errors:
        raise typer.BadParameter("give either --field or --errors", param_hint="--field")
    if against is not None and not errors:
        raise typer.BadParameter("belongs to --errors", param_hint="--against")
    check_output(output, [file, *([] if against is None else [against])])
    if field is None:
        _plot_errors(file, output, against, json)
        return
    with Snapshots(file) as snapshots:
        if time == "all" and step is None:
            with counted(f"drawing {field} over time"):
                plot_quantity(snapshots, field, output)
            summary: dict[str, object] = {"picture": str(output), "field": field, "time": "all"}
        else:
            number = step_at(snapshots, time, step)
            with counted(f"drawing {field}"):
                picture = plot_field(snapshots, field, output, step=number, scale=scale, at=at.value)
            summary = {"picture": str(output), "field": picture.label, "unit": picture.unit, "time": picture.time,
                       "step": number, "deformation scale": picture.scale, "lowest": picture.lowest,
                       "highest": picture.highest, "values": picture.placement}
    if json:
        print_json(summary)
    else:
        stdout().print(pairs("Picture", [(key, f"{value:.6g}" if isinstance(value, float) else value)
                                         for key, value in summary.items() if value != ""]))


def _plot_errors(file: Path, output: Path, against: Path | None, json: bool) -> None:
    """The bounds of a result, with the errors against a reference in the fields that both files have."""
    from romlib.cli.console import counted, pairs, print_json, stdout
    from romlib.report.compare import compare as compare_files
    from romlib.report.plot_errors import bounds_of, plot_errors
    from romlib.snapshots.reader import Snapshots

    with Snapshots(file) as snapshots, counted(f"drawing errors of {file.name}"):
        comparison = None
        names = list(bounds_of(snapshots))
        if against is not None:
            with Snapshots(against) as reference:
                both = [name for name in names if name in snapshots.fields and name in reference.fields]
                comparison = compare_files(snapshots, reference, fields=both)
        plot_errors(snapshots, output, comparison)
    summary = {"picture": str(output), "quantities": names, "against": None if against is None else str(against)}
    if json:
        print_json(summary)
    else:
        stdout().print(pairs("Picture", [("picture", str(output)), ("quantities", ", ".join(names)),
                                         ("against", "nothing" if against is None else str(against))]))
