"""The command `clusters`: what local bases would gain, before anyone trains them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from romlib.cli.commands_build import JsonOption
from romlib.words import plural

if TYPE_CHECKING:
    from romlib.clusters.prospect import Prospect
    from romlib.study.clusters import Clusters


def clusters(
    context: typer.Context,
    study: Annotated[Path, typer.Argument(help="The study file (.toml).", metavar="STUDY")],
    range: Annotated[str | None, typer.Option(help="Numbers of clusters to look at, separated by commas; by default "
                                              "1,2,4,8,16.", metavar="1,2,4,8")] = None,
    tolerance: Annotated[float | None, typer.Option(help="Energy error that 90 % of the training snapshots are to "
                                                    "have; by default what the global basis of the study leaves.")
                         ] = None,
    held_out: Annotated[bool, typer.Option("--held-out", help="Also the errors of snapshots that clusters and bases "
                                           "do not have: of each run in turn, or of every other tenth of the only "
                                           "one.")] = False,
    stress: Annotated[bool | None, typer.Option("--stress/--no-stress", help="Whether angles of the stress are looked "
                                                "at, which is replayed where no file has it; by default where the "
                                                "study clusters by them.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a picture (.png): a map of the snapshots by cluster, "
                                              "singular values, errors.")] = None,
    scratch: Annotated[Path | None, typer.Option(help="Where replayed stresses go; by default the folder of the first "
                                                 "training file.", metavar="FOLDER")] = None,
    json: JsonOption = False,
) -> None:
    """What would local bases gain? Errors, modes, points and cost for numbers of clusters, and what is recommended.

    Trains nothing: it looks at Gram matrices of the training snapshots, and measures how long a step of the reduced
    model takes on this machine. May run on several ranks: mpirun -n N romlib clusters ...
    """
    from romlib.cli.console import print_json, stages
    from romlib.parallel.comm import world

    comm = world()
    context.find_root().obj = comm
    numbers = None if range is None else numbers_of(range)
    if tolerance is not None and not 0.0 < tolerance < 1.0:
        raise typer.BadParameter(f"expected a number between 0 and 1, found {tolerance}", param_hint="--tolerance")
    with comm.agreement():
        from romlib.study.clusters import clusters as look

        if plot is not None:
            from romlib.snapshots.outputs import check_output
            from romlib.study.inputs import files_of

            inputs = files_of(study)
            comm.on_root(lambda: check_output(plot, inputs))
        with stages(comm.rank, f"looking for clusters in {study.name} on {plural(comm.size, 'rank')}") as progress:
            found = look(study, comm, numbers=numbers, tolerance=tolerance, hold_out=held_out, stress=stress,
                         scratch=scratch, progress=progress)
            if plot is not None:
                comm.on_root_for_long(lambda: found.plot(plot))
    if comm.rank == 0:
        if json:
            print_json({**found.to_dict(), "picture": None if plot is None else str(plot)})
        else:
            show(found, plot)


def numbers_of(text: str) -> list[int]:
    """Numbers of clusters, separated by commas."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise typer.BadParameter(f"expected numbers from 1, separated by commas, found {text!r}", param_hint="--range")
    return sorted({int(part) for part in parts})


def show(found: Clusters, picture: Path | None) -> None:
    """The tables: each dissimilarity and number, the clusters that are looked at more closely, the recommendation."""
    from romlib.cli.console import stdout, table
    from romlib.clusters.prospect import named

    console, every = stdout(), found.prospects
    heads = ("clusters by", "number", "modes", "modes each", "points each", "union", "error",
             *(() if every.held_out is None else ("held out",)), "gain", "ms a step", "speed-up")
    console.print(table(
        f"{found.name}: energy error {every.tolerance:.2e} of 90 % of {plural(len(found.runs), 'training snapshot')}",
        heads, [_row("none: global", every.base, every.held_out is not None),
                *(_row(named(one), one, every.held_out is not None) for one in every.local)],
        tuple(range(1, len(heads)))))
    stated = "as asked for" if every.stated else "what the global basis of the study leaves"
    console.print(f"Tolerance: {stated}. Modes: of every cluster alike, so that 90 % of all snapshots are within it; "
                  "each: of a cluster for its own. Points, their union (at most) and times of a step are expectations. "
                  "Gain: error of the global basis over that of the local ones, both with `modes` modes."
                  + ("" if every.held_out is None else f" Held out: {every.held_out}."), style="dim")
    one = found.shown
    if one.number > 1:
        console.print()
        console.print(table(f"{one.number} clusters by {named(one)}", (
            "cluster", "snapshots", "with neighbours", "modes", "points", "in the middle"), [
            (k, int((one.partition.labels == k).sum()), len(one.partition.members[k]), one.by_cluster[k], one.points[k],
             "{}, t = {:.6g}".format(*found.snapshot(int(medoid)))) for k, medoid in enumerate(one.partition.medoids)],
            (0, 1, 2, 3, 4)))
    console.print()
    chosen = every.recommendation
    console.print(f"Recommended: [clusters] number = {chosen.number}", style="bold")
    console.print(f"{chosen.reason}.", soft_wrap=True)
    for note in (*chosen.notes, *(f"left out: {text}" for text in every.left_out)):
        console.print(f"note: {note}", style="yellow", soft_wrap=True)
    if picture is not None:
        console.print(f"picture written to {picture}", soft_wrap=True)


def _row(name: str, one: Prospect, held_out: bool) -> tuple[object, ...]:
    from romlib.cli.console import figure

    fewest, most = int(one.by_cluster.min()), int(one.by_cluster.max())
    return (name, one.number, "-" if one.modes is None else one.modes,
            f"{one.by_cluster.mean():.0f}" + (f" ({fewest} to {most})" if fewest < most else ""),
            f"{one.points.mean():.0f}", one.union, f"{one.error:.1e}",
            *((figure(one.held_out, 2),) if held_out else ()),
            "" if one.number == 1 else f"{one.gain:.1f}", f"{1e3 * one.seconds:.2f}",
            "" if one.number == 1 else f"{one.speed_up:.1f}")
