"""What a report says of a run: curves over time, pictures with the maximum, bounds of errors, life quantities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from romlib.blocks import blocks
from romlib.errors import InputError
from romlib.report.curves import curves, cycle, legend_below, plain, with_own_settings
from romlib.report.extremes import Spot, at_integration_points, at_nodes
from romlib.report.page import Html, drawn, element, image, joined, note, pairs, table
from romlib.report.picture import png
from romlib.report.plot_field import FieldStyle, draw_field
from romlib.report.plot_life import life_figure
from romlib.results.scalar import Scalar
from romlib.results.source import StepSource
from romlib.snapshots.error_bounds import ErrorBounds

_MOST_NOTES = 20
_BLOCK_BYTES = 64 * 2**20


@dataclass(frozen=True, eq=False)
class Curve:
    """Quantities over time that belong in one picture. values : by name, (n_step,). unit : of the axis."""

    title: str
    unit: str
    values: Mapping[str, np.ndarray]


def curves_over_time(times: np.ndarray, groups: Sequence[Curve], time_unit: str, caption: str) -> Html:
    """A row of curves, one picture a group."""
    groups = [group for group in groups if group.values]
    if not groups:
        return Html("")
    out: list[Html] = []
    _draw(times, groups, time_unit, caption, out)
    return out[0]


@with_own_settings
def _draw(times: np.ndarray, groups: Sequence[Curve], time_unit: str, caption: str, out: list[Html]) -> None:
    figure = curves(1, len(groups), (5.2 * len(groups) + 0.6, 4.4))
    for axes, group in zip(figure.axes, groups):
        for colour, (name, values) in zip(cycle(len(group.values)), group.values.items()):
            axes.plot(times, values, color=colour, linewidth=1.6, label=plain(name))
        axes.set_title(plain(group.title))
        axes.set_xlabel(f"time ({plain(time_unit)})")
        axes.set_ylabel(plain(group.unit) if group.unit else "")
        legend_below(axes)
    out.append(drawn(figure, caption))


def bounds_section(bounds: ErrorBounds | None, times: np.ndarray, time_unit: str) -> Html:
    """Curves of the bounds and their notes; a sentence where there are none."""
    if bounds is None or not len(bounds):
        return element("p", "This run has no bounds of its errors.", class_="soft")
    rows = [(name, one.value, one.time, one.last, "" if one.withheld_from is None else
             f"withheld from time {one.withheld_from:.6g} on")
            for name in bounds for one in [bounds.largest(name)]]
    return joined([
        curves_over_time(times, [Curve("Bounds of the relative errors", "relative error, in L2 over the volume",
                                       {name: np.asarray(bounds[name]) for name in bounds})], time_unit,
                         "Bounds of the errors so far; no line where a bound is withheld."),
        table("", ("quantity", "largest bound", "at time", "at the end", ""), rows),
        *(note(f"{name} is outside the training runs from time {since:.6g} on", bad=True)
          for name, since in bounds.outside.items()),
        *(note(one) for one in bounds.notes[:_MOST_NOTES])])


def pictures(source: StepSource, names: Sequence[str], case: str = "") -> Html:
    """Each field at the time of its largest value; a sentence where nothing here can draw. case : for the title."""
    parts = []
    for name in names:
        try:
            step, largest = largest_of(source, name)
            picture = draw_field(source, name, step=step, style=FieldStyle(case=case))
            parts.append(image(png(picture.pixels), "png",
                               f"{name} at time {picture.time:.6g} {source.units.time}. {largest}"))
        except InputError as error:  # no pyvista, no library that renders without a screen, a field without value
            parts.append(note(f"No picture of {name}: {error.what}" + (f" ({error.remedy})" if error.remedy else "")))
    return joined(parts)


def largest_of(source: StepSource, name: str) -> tuple[int, str]:
    """The step of the largest value of a scalar over the run, and where it is, in words.

    Raises
    ------
    InputError : no such field, or it has no value.
    """
    scalar = Scalar.named(source, name)
    of_nodes = scalar.spec.place == "node"
    best: tuple[int, Spot] | None = None
    for piece in range(source.n_piece):
        mesh = source.mesh(piece)
        n = mesh.n_node if of_nodes else len(source.read(scalar.field, piece, 0))
        for steps in blocks(source.n_step, 8 * n * scalar.spec.n_comp, _BLOCK_BYTES):
            values = scalar.values(source.read(scalar.field, piece, steps))
            found = (at_nodes(mesh.node_ids, mesh.coordinates, values) if of_nodes
                     else at_integration_points(mesh, values))
            for step, one in enumerate(found, steps.start):
                if one.largest is not None and (best is None or one.largest.value > best[1].value):
                    best = step, one.largest
    if best is None:
        raise InputError("the field has no value anywhere", file=source.path, place=name)
    at = ", ".join(f"{x:.5g}" for x in best[1].coordinates)
    return best[0], f"Largest value of the run: {best[1].described(scalar.unit)}, at ({at}) {source.units.length}."


def life_section(found: Any) -> Html:
    """Hot spots of `romlib.study.life_result.Life`, with their curves."""
    out: list[Html] = []
    _draw_life(found, out)
    rows = found.rows()
    names = [name for name in found.spots[0].values if name != "damage"] if found.spots else []
    with_damage = any(spot.judged is not None for spot in found.spots)
    units = {name: f"{name.replace('_', ' ')}" + (f" ({found.unit(name)})" if found.unit(name) else "")
             for name in names}
    return joined([
        pairs([("cycles", f"{found.cycles.number} ({found.cycles.source})"),
               ("counting", f"{found.table.counting} of {found.table.used_measure}"),
               ("looked at", "all integration points" if found.whole else "the selected points of the ROM alone")]),
        table(f"Hot spots by {found.by.replace('_', ' ')}, at least {found.distance:.4g} {found.units.length} apart; "
              "at integration points, and the largest nodal average of their cell",
              ("", "cell", "point", f"x, y, z ({found.units.length})", "material",
               *(part for name in names for part in (units[name], "nodal")),
               *(("damage", "repetitions") if with_damage else ())),
              [(row["rank"], row["cell"], row["point"], ", ".join(f"{row[k]:.5g}" for k in "xyz"), row["material"],
                *(part for name in names for part in (row[name], row.get(f"{name}_nodal"))),
                *((row.get("damage"), row.get("repetitions")) if with_damage else ())) for row in rows]),
        *out, *(note(one, bad=True) for one in found.unchecked), *(note(one) for one in found.notes[:_MOST_NOTES])])


@with_own_settings
def _draw_life(found: Any, out: list[Html]) -> None:
    if found.spots:
        out.append(drawn(life_figure(found), "The first hot spots: strain over time, loops, and which cycles do the "
                                             "damage."))
