"""The command probe: values over time at places, as a table, a file or a picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from romlib.cli.case_options import CaseFileOption, ParameterOption, given_case, parameter_values
from romlib.cli.commands_build import JsonOption, names_of

if TYPE_CHECKING:
    from romlib.results.access import FieldAccess
    from romlib.results.probe import Probe

_MOST_ROWS = 25  # of a table at the terminal: more are for a file


def probe(
    file: Annotated[Path, typer.Argument(help="A snapshots file (.vtkhdf), or a ROM (.rom), of which a case is solved.",
                                         metavar="FILE")],
    field: Annotated[list[str] | None, typer.Option(
        "--field", "--fields", metavar="NAME", help="A field (p, stress, von_mises, displacement) or a component "
        "(stress.xx, displacement.y), or several, separated by commas; may be repeated.")] = None,
    point: Annotated[list[str] | None, typer.Option(
        metavar="X,Y,Z", help="At a point: by the shape functions of the cell that contains it, or at the nearest "
        "integration point; may be repeated.")] = None,
    node: Annotated[list[int] | None, typer.Option(metavar="ID", help="At a node, by the solver's id; may be "
                                                   "repeated.")] = None,
    tag: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Over a tag of nodes, faces or cells, or all: "
                                                  "largest, smallest and mean value; may be repeated.")] = None,
    reduce: Annotated[list[str] | None, typer.Option(
        metavar="max|min|mean", help="With --tag: only this; may be repeated. The mean over integration points is by "
        "volume. By default all three.")] = None,
    reaction: Annotated[list[str] | None, typer.Option(
        metavar="NAME", help="The reaction of a constraint, or of the nodes of a tag; may be repeated.")] = None,
    case: Annotated[str | None, typer.Option(help="Of a ROM: the case to solve.", metavar="NAME")] = None,
    case_file: CaseFileOption = None,
    parameter: ParameterOption = None,
    csv: Annotated[Path | None, typer.Option(help="Write the values as a table (.csv): the first line has names with "
                                             "units, and then comes a line for each time.", metavar="FILE")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the values over time (.png).", metavar="FILE")] = None,
    json: JsonOption = False,
) -> None:
    """Values over time at points, nodes and tags, and reactions: of a result file, or of a case that a ROM solves.

    romlib probe result.vtkhdf --field p --tag hole --csv p.csv --plot p.png
    """
    from romlib.cli.console import counted, print_json
    from romlib.snapshots.outputs import check_output

    places = list(_places(point, node, tag))
    _refuse(bool(field), bool(places), bool(reaction))
    if reduce and not tag:
        raise typer.BadParameter("belongs to --tag", param_hint="--reduce")
    for output, other in ((csv, plot), (plot, csv)):
        if output is not None:
            check_output(output, [file, *([] if other is None else [other])])
    if plot is not None:
        from romlib.report.picture import check_suffix

        check_suffix(plot)
    with counted(f"probing {file.name}"):
        result = opened(file, case, case_file, parameter)
        names = [name for text in field or [] for name in names_of(text) or []]
        probes = list(_probes(result, names, places, tuple(reduce or ("max", "min", "mean"))))
        probes += [result.reaction(name) for name in reaction or []]
    if csv is not None:
        from romlib.results.probe import write_csv
        from romlib.results.probe_table import joined

        write_csv(csv, joined(probes))
    if plot is not None:
        import romlib

        romlib.plot_probes(probes, plot)
    written = {name: str(path) for name, path in (("csv", csv), ("plot", plot)) if path is not None}
    if json:
        print_json({"file": str(file), "case": case or (str(case_file) if case_file else None), **written,
                    "times": result.source.times.tolist(), "time_unit": str(result.units.time),
                    "probes": [_described(probe) for probe in probes]})
    else:
        _show(probes, written)


def _refuse(field: bool, places: bool, reaction: bool) -> None:
    """A probe of nothing, or nowhere."""
    if not (field and places) and not reaction:
        raise typer.BadParameter("say what to probe and where: --field with --point, --node or --tag; or --reaction",
                                 param_hint="--field")
    if field != places:
        raise typer.BadParameter("--field needs a --point, --node or --tag, and these need a --field",
                                 param_hint="--field" if places else "--point, --node, --tag")


def opened(file: Path, case: str | None, case_file: Path | None, parameter: list[str] | None) -> FieldAccess:
    """The snapshots file, or the solution of a case of the ROM."""
    import romlib
    from romlib.online.rom import ReducedOrderModel

    found = romlib.open(file)
    if isinstance(found, ReducedOrderModel):
        return found.solve(given_case(case, case_file, found.cases, "ROM"), parameters=parameter_values(parameter))
    for name, given in (("--case", case), ("--case-file", case_file), ("--parameter", parameter)):
        if given:
            raise typer.BadParameter(f"{file.name} is a result, and no ROM that could solve a case", param_hint=name)
    return found


def _places(point: list[str] | None, node: list[int] | None, tag: list[str] | None) -> Iterator[dict[str, Any]]:
    for text in point or []:
        try:
            yield {"point": [float(part) for part in text.split(",")]}
        except ValueError:
            raise typer.BadParameter(f"expected three numbers X,Y,Z, found {text!r}", param_hint="--point") from None
    yield from ({"node": one} for one in node or [])
    yield from ({"tag": one} for one in tag or [])


def _probes(
    result: FieldAccess, fields: list[str], places: list[dict[str, Any]], reductions: tuple[str, ...]
) -> Iterator[Probe]:
    for name in fields:
        for place in places:
            for reduction in reductions if "tag" in place else (None,):
                yield result.probe(name, **place, reduce=reduction)


def _described(probe: Probe) -> dict[str, Any]:
    """Plain values for JSON."""
    return {"quantity": probe.name, "reduced": probe.reduced, "where": probe.where, "unit": probe.unit,
            "columns": {name: values.tolist() for name, _, values in list(probe.columns())[1:]}}


def _show(probes: list[Probe], written: dict[str, str]) -> None:
    """Where each value is, and its extremes; all of them where they are few and go to no file."""
    from romlib.cli.console import figure, pairs, stdout, table
    from romlib.results.probe import header
    from romlib.results.probe_table import joined, summary

    console = stdout()
    columns = joined(probes)
    if not written and len(columns[0][2]) <= _MOST_ROWS and len(columns) <= 8:
        rows = [[figure(float(value)) if values.dtype.kind == "f" else str(value) for _, _, values in columns
                 for value in [values[k]]] for k in range(len(columns[0][2]))]
        console.print(table("Values over time", [header(name, unit) for name, unit, _ in columns], rows))
    console.print(table("Probes", ("quantity", "smallest", "largest", "at time", "where"), summary(probes)))
    if written:
        console.print(pairs("Written", list(written.items())))
