"""The command plot."""

from __future__ import annotations

import math
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from romlib.cli.commands_build import JsonOption
from romlib.words import placed

_ALWAYS = {"files", "output", "field", "errors", "against", "json"}
_STYLE = {"time", "deformed", "at", "limits", "edges", "view", "width", "case"}
_USED = {"picture": _STYLE | {"step"}, "film": _STYLE | {"fps", "frames"}, "curves": {"time"}, "errors": set[str]()}
_DRAWN = {"picture": "a picture of one time", "film": "a film of all times", "curves": "curves over time",
          "errors": "bounds of errors"}


class Average(StrEnum):
    """Where values at integration points are shown."""

    nodes = "nodes"
    cells = "cells"
    points = "points"


def plot(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="A snapshots file; several with --time all, for curves of all of "
                                                "them.", metavar="FILE...")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The picture to write: .png; with --time all also a "
                                         "film: .gif, .mp4 (needs ffmpeg), or frame_%03d.png.")],
    field: Annotated[str | None, typer.Option(help="A field (p, stress, displacement) or a component (stress.xx, "
                                              "displacement.y). A stress as a whole is the von Mises stress.")] = None,
    errors: Annotated[bool, typer.Option("--errors", help="Instead of a field: the bounds that a result of `romlib "
                                         "online` has of its errors, over time.")] = False,
    against: Annotated[Path | None, typer.Option(help="A reference on the same mesh. With --field: the result, the "
                                                 "reference (the same colours) and the difference. With --errors: true "
                                                 "errors beside the bounds.", metavar="FILE")] = None,
    time: Annotated[str, typer.Option(help="A time of the file; last; or all: a film where the output is one, else "
                                      "curves over time.", metavar="T|last|all")] = "last",
    step: Annotated[int | None, typer.Option(help="The number of the step (from 0; -1 is the last), instead of "
                                             "--time.")] = None,
    deformed: Annotated[float | None, typer.Option("--deformed", "--scale", help="Factor of the displacement; 0 draws "
                                                   "the undeformed mesh. By default a round number that shows it "
                                                   "well.", metavar="FACTOR")] = None,
    at: Annotated[Average, typer.Option(help="Show values of integration points at nodes (extrapolated by the "
                                        "elements, averaged by material), as the mean of each cell, or as points.")] = (
        Average.nodes),
    limits: Annotated[str | None, typer.Option(help="Limits of the colours, such as 0,300. By default the range of the "
                                               "values, in a film of all times.", metavar="LOW,HIGH")] = None,
    edges: Annotated[bool | None, typer.Option("--edges/--no-edges", help="Draw the edges of the elements. By default "
                                               "where they do not hide the colours.")] = None,
    view: Annotated[str | None, typer.Option(help="Where the eye is, such as 1,0.5,2 from the middle of the body. By "
                                             "default where it sees the largest value.", metavar="X,Y,Z")] = None,
    width: Annotated[int | None, typer.Option(help="Of the picture, in pixels. By default about 1600, of a film "
                                              "1000.")] = None,
    case: Annotated[str, typer.Option(help="The name of the case, for the title; by default as the file has it.")] = "",
    fps: Annotated[float, typer.Option(help="Frames of a film a second.")] = 10.0,
    frames: Annotated[int, typer.Option(help="Frames of a film at most; of more steps that many, evenly "
                                        "spread.")] = 200,
    json: JsonOption = False,
) -> None:
    """Draw a field on the deformed mesh, beside a reference or over time, or bounds of errors; needs no screen.

    The largest value is marked. The caption says the largest of the nodal averages, which post-processors show, and the
    largest at an integration point, which the law was integrated at: extrapolation makes the former larger where a
    field is steep.
    """
    from romlib.report.film import is_film
    from romlib.snapshots.outputs import check_output

    if (field is None) != errors:
        raise typer.BadParameter("give either --field or --errors", param_hint="--field")
    _check_output(output, [*files, *([] if against is None else [against])], check_output)
    if len(files) > 1 and (field is None or time != "all" or step is not None or against is not None):
        raise typer.BadParameter("several files are for curves: give --field with --time all, and no --against",
                                 param_hint="FILE")
    _refuse_idle(context, "errors" if errors else "picture" if time != "all" or step is not None else
                 "film" if is_film(output) else "curves")
    if field is None:
        _plot_errors(files[0], output, against, json)
        return
    if len(files) > 1:
        _plot_curves(files, field, output, json)
        return
    options = {"time": time, "step": step, "against": against, "deformed": deformed, "at": at.value, "edges": edges,
               "width": width, "case": case, "fps": fps, "frames": frames}
    _plot_field(files[0], field, output, json, limits=_numbers(limits, 2, "--limits"), view=_numbers(view, 3, "--view"),
                **options)


def _refuse_idle(context: typer.Context, kind: str) -> None:
    """An option that is given and changes nothing of what is drawn is a misunderstanding."""
    used = _ALWAYS | _USED[kind]
    given = {parameter.name: parameter.opts[0] for parameter in context.command.params
             if (source := context.get_parameter_source(str(parameter.name))) is not None and source.name != "DEFAULT"}
    for name, option in given.items():
        if name not in used:
            raise typer.BadParameter(f"changes nothing of {_DRAWN[kind]}: leave it out", param_hint=option)
    if {"time", "step"} <= set(given):
        raise typer.BadParameter("give either --time or --step", param_hint="--step")


def _plot_field(file: Path, field: str, output: Path, json: bool, **options: Any) -> None:
    """A picture, a film or curves of one file. options : of `romlib.plot`."""
    from romlib.cli.console import counted
    from romlib.report.plots import plot as draw

    with counted(f"drawing {field}") as progress:
        drawn = draw(file, field, output, progress=progress, **options)
    _show(drawn, output, field, json)


def _check_output(output: Path, inputs: list[Path], check: Any) -> None:
    """Before any work: a name of numbered frames stands for its first one."""
    from romlib.report.film import first_name

    check(first_name(output), inputs)


def _numbers(text: str | None, n: int, option: str) -> Any:
    """Numbers separated by commas."""
    if text is None:
        return None
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if len(found) != n:
        raise typer.BadParameter(f"takes {n} numbers, separated by commas, not {text!r}", param_hint=option)
    return found


def _plot_curves(files: list[Path], field: str, output: Path, json: bool) -> None:
    from contextlib import ExitStack

    from romlib.cli.console import counted
    from romlib.report.plot_history import draw_quantities
    from romlib.results.file import Results

    with ExitStack() as stack, counted(f"drawing {field} over time"):
        drawn = draw_quantities([stack.enter_context(Results(file)).source for file in files], field)
        drawn.write(output)
    _show(drawn, output, field, json)


def _show(drawn: Any, output: Path, field: str, json: bool) -> None:
    """What was drawn, on the terminal."""
    from romlib.cli.console import pairs, print_json, stdout

    if not hasattr(drawn, "to_dict"):
        summary: dict[str, Any] = {"picture": str(output), "field": field, "time": "all"}
    else:
        summary = {"picture": str(output), **drawn.to_dict()}
    if json:
        print_json(summary)
        return
    unit = f" {summary['unit']}" if summary.get("unit") else ""
    rows = [(key, _in_words(value, unit)) for key, value in summary.items() if value != ""]
    stdout().print(pairs("Film" if "frames" in summary else "Picture", rows))


def _in_words(value: object, unit: str) -> object:
    if isinstance(value, dict):
        part = value.get("per cent", float("nan"))
        per_cent = f" ({part:.2g} %)" if math.isfinite(part) else ""
        time = f", at time {value['time']:.6g}" if "time" in value else ""
        return f"{value['value']:.6g}{unit}{per_cent} at {value['where']} {placed(value['coordinates'])}{time}"
    return f"{value:.6g}" if isinstance(value, float) else value


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
