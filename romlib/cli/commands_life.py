"""The command life: strain ranges per cycle, accumulated p, damage and hot spots of a run."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from romlib.cli.case_options import CaseFileOption
from romlib.cli.commands_build import JsonOption

if TYPE_CHECKING:
    from rich.console import Console

    from romlib.life.table import LifeTable
    from romlib.study.life_result import Life

_SHOWN_CYCLES = 8


def life(
    file: Annotated[Path, typer.Argument(help="A snapshots file, such as a result of `romlib online`; or a ROM, of "
                                         "which a case is solved.", metavar="FILE")],
    case: Annotated[str | None, typer.Option(help="Of a ROM: a case that it has from its study.",
                                             metavar="NAME")] = None,
    case_file: CaseFileOption = None,
    study: Annotated[Path | None, typer.Option(help=r"The study with the table \[life]: how cycles are counted, and "
                                               "the fatigue curves of the materials. By default the one that a ROM was "
                                               "trained with.")] = None,
    counting: Annotated[str | None, typer.Option(help=r"In place of \[life] counting: rainflow, or period.",
                                                 metavar="rainflow|period")] = None,
    measure: Annotated[str | None, typer.Option(help=r"In place of \[life] measure: the scalar of strain and stress, "
                                                "such as signed_von_mises, equivalent, max_principal, xx.",
                                                metavar="NAME")] = None,
    period: Annotated[float | None, typer.Option(help=r"In place of \[life] period: the length of a cycle. By default "
                                                 "found from the loads.")] = None,
    by: Annotated[str | None, typer.Option(help="What hot spots are ranked by: damage, strain_range, stress_range, p, "
                                           "p_per_cycle. By default damage where there is a fatigue curve, else "
                                           "strain_range.", metavar="QUANTITY")] = None,
    spots: Annotated[int, typer.Option(min=1, help="How many hot spots.")] = 10,
    distance: Annotated[float | None, typer.Option(min=0.0, help="How far they are apart at least, in the unit of "
                                                   "length; by default 5 % of the diagonal of the body.")] = None,
    selected_points: Annotated[bool, typer.Option("--selected-points", help="Of a ROM: look at its selected points "
                                                  "alone, which needs no .fields.rom.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write the list of hot spots as a table (.csv).",
                                             metavar="FILE")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write strain and stress of the first hot spots over time, their "
                                              "loops and their damage as a picture (.png).", metavar="FILE")] = None,
    json: JsonOption = False,
) -> None:
    """Strain ranges per cycle, accumulated p, damage and hot spots of a run.

    Exit status 1 when the answer rests on what nothing has checked: loads outside the training runs, bounds that are
    withheld, a life outside the range of a fatigue curve.
    """
    from romlib.cli.console import counted, print_json, stderr, stdout
    from romlib.study.life import life as find

    files = [file, *([] if study is None else _inputs(study)), *([] if case_file is None else [case_file])]
    for output, others in ((csv, files), (plot, [*files, *([] if csv is None else [csv])])):
        if output is not None:
            _check(output, others)
    if plot is not None:
        from romlib.report.picture import check_suffix

        check_suffix(plot)
    chosen = _chosen(case, case_file)
    table = _table(file, study, {"counting": counting, "measure": measure, "period": period})
    with counted(f"looking at {file.name}"):
        found = find(file, case=chosen, study=study, table=table, by=by, number=spots, distance=distance,
                     selected_points=selected_points)
        if csv is not None:
            _write_csv(found, csv)
        if plot is not None:
            from romlib.report.plot_life import plot_life

            plot_life(found, plot)
    print_json(found.to_dict()) if json else show_life(stdout(), found)
    for sentence in found.unchecked:
        stderr().print(f"unchecked: {sentence}", style="red", soft_wrap=True)
    if found.unchecked:
        raise typer.Exit(1)


def _inputs(study: Path) -> list[Path]:
    from romlib.study.inputs import files_of

    return files_of(study)


def _check(output: Path, files: list[Any]) -> None:
    from romlib.snapshots.outputs import check_output

    check_output(output, files)


def _chosen(case: str | None, case_file: Path | None) -> Any:
    if case is not None and case_file is not None:
        raise typer.BadParameter("give either --case or --case-file", param_hint="--case")
    if case_file is None:
        return case
    from romlib.study.case_file import read_case_file

    return read_case_file(case_file)


def _table(file: Path, study: Path | None, given: dict[str, Any]) -> LifeTable | None:
    """The table [life] with what the options say in place of its entries; None: as the study has it."""
    from pydantic import ValidationError

    from romlib.errors import InputError
    from romlib.study.life import table_of

    given = {name: value for name, value in given.items() if value is not None}
    if not given:
        return None
    stated = table_of(file, study).model_dump()
    if "counting" in given and "measure" not in given:
        stated["measure"] = None  # the default of the other way of counting
    try:
        return table_of(file, study).model_validate({**stated, **given})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else next(iter(given))
        raise InputError("an option of life cannot be used", place=f"--{name}", found=given.get(name),
                         expected=str(first["msg"]).removeprefix("Value error, ")) from None


def _write_csv(found: Life, output: Path) -> None:
    """The unit of a column stands in its name: pandas reads the file without options."""
    import csv as tables
    from io import StringIO

    from romlib.snapshots.atomic import write_atomically

    rows = found.rows()
    text = StringIO()
    writer = tables.writer(text, lineterminator="\n")
    names = list(rows[0]) if rows else ["rank"]
    writer.writerow([f"{name} ({unit})" if (unit := _unit(found, name)) else name for name in names])
    for row in rows:
        writer.writerow(["" if row.get(name) is None else row[name] for name in names])
    write_atomically(output, text.getvalue().encode())


def _unit(found: Life, column: str) -> str:
    if column in ("x", "y", "z"):
        return str(found.units.length)
    return "" if column.endswith("_bound") else found.unit(column.removesuffix("_nodal"))


def show_life(console: Console, found: Life) -> None:
    """Hot spots and what their cycles do."""
    from romlib.cli.console import figure, pairs, table

    cycles, settings = found.cycles, found.table
    console.print(pairs(f"Life quantities of {found.name}", [
        ("cycles", f"{cycles.number}" + ("" if cycles.period is None else f", period {cycles.period:g} "
                                         f"{found.units.time}") + f" ({cycles.source})"),
        ("counting", f"{settings.counting} of {settings.used_measure}"
         + (f", what does not close: {settings.residue}" if settings.counting == "rainflow" else "")),
        ("looked at", "all integration points" if found.whole else "the selected points of the ROM alone"),
        ("hot spots", f"by {found.by}, at least {found.distance:.4g} {found.units.length} apart")]))
    if not found.spots:
        console.print("No point has this quantity.")
        return
    names = [name for name in found.spots[0].values
             if name != "damage" and (name != "p_per_cycle" or cycles.number > 1)]
    with_damage = any(spot.judged is not None for spot in found.spots)
    titles = [name.replace("_", " ") + (f" ({found.unit(name)})" if found.unit(name) else "") for name in names]
    console.print()
    console.print(table("Hot spots, at integration points (in brackets: largest average at a node of the cell)", (
        "", "cell", "point", f"x, y, z ({found.units.length})", "material", *titles,
        *(("damage", "repetitions") if with_damage else ())), [
        (k, spot.cell, spot.number, ", ".join(f"{x:.4g}" for x in spot.coordinates), spot.material,
         *(figure(spot.values[name], 4) + (f" [{figure(spot.nodal[name], 4)}]" if name in spot.nodal else "")
           for name in names),
         *((_number(spot.damage), _number(spot.repetitions)) if with_damage else ()))
        for k, spot in enumerate(found.spots, 1)], (0, 1, 2, *range(5, 7 + len(names)))))
    bounds = {name: found.bound(name) for name in names}
    if any(value is not None for value in bounds.values()):
        console.print("Bounds of the relative errors of the fields, in L2 over the volume (a strain: that of the "
                      "displacement; a single point has no bound): " + ", ".join(
                          f"{name.replace('_', ' ')} {figure(value)}" for name, value in bounds.items()
                          if value is not None), style="dim", soft_wrap=True)
    _show_cycles(console, found)
    for note in found.notes:
        console.print(f"note: {note}", style="yellow", soft_wrap=True)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return "without end" if value == float("inf") else f"{value:.3g}"


def _show_cycles(console: Console, found: Life) -> None:
    from romlib.cli.console import figure, table
    from romlib.study.life_result import counted_rows

    spot = found.spots[0]
    edges = found.times[found.cycles.edges]
    console.print()
    rows = [(k, f"{a:.6g}", f"{b:.6g}", figure(spot.strain_ranges[k - 1], 4),
             "" if spot.p_increments is None else figure(spot.p_increments[k - 1], 4))
            for k, (a, b) in enumerate(pairwise(edges), 1)]
    console.print(table("Cycles at hot spot 1", ("", "from", "to", "strain range", "added p"),
                        _ends(rows), (0, 1, 2, 3, 4)))
    counted = counted_rows(spot, found.times)
    if counted:
        unit = found.units.stress
        console.print()
        console.print(table(f"What does damage at hot spot 1 ({len(counted)} counted)", (
            "from", "to", "count", "strain range", f"stress range ({unit})", f"highest stress ({unit})",
            "cycles to failure", "damage"), [
            (f"{c['from']:.6g}", f"{c['to']:.6g}", f"{c['count']:g}", figure(c["strain_range"], 4),
             figure(c["stress_range"], 4), figure(c["highest_stress"], 4), _number(c["cycles_to_failure"]),
             _number(c["damage"])) for c in counted[:_SHOWN_CYCLES]], tuple(range(8))))


def _ends(rows: list[tuple]) -> list[tuple]:
    """The first and the last of many rows."""
    if len(rows) <= 2 * _SHOWN_CYCLES:
        return rows
    return [*rows[:_SHOWN_CYCLES], ("...",) + ("",) * (len(rows[0]) - 1), *rows[-_SHOWN_CYCLES:]]
