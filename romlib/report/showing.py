"""Pictures of results, as the methods `plot` of solutions, results and probes show them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from romlib.errors import InputError
from romlib.report.curves import COLOURS, curves, plain, with_own_settings
from romlib.report.picture import write_figure
from romlib.report.plot_field import plot_field, step_at
from romlib.results.access import FieldAccess
from romlib.results.probe import Probe
from romlib.words import plural

_MOST_CURVES = 12  # places of a tag, each of which is a curve
_LINES = ("-", "--", "-.", ":")


def plot(
    result: FieldAccess, field: str = "displacement", path: str | Path | None = None, *, time: Any = "last",
    step: int | None = None, **style: Any,
) -> Any:
    """A picture of a field of a solution or of a file on the deformed mesh.

    Parameters
    ----------
    result : a solution, or what `romlib.open` makes of a snapshots file. field : or a component, "stress.xx".
    path : of the PNG. time : of the step, or "last"; or step : its number. style : see `romlib.report.plot_field`.

    Raises
    ------
    InputError : pyvista is not installed; no such field, component, time or step.
    """
    source: Any = result.source
    with source.opened():
        return plot_field(source, field, Path(path or "picture.png"), step=step_at(source, time, step), **style)


@with_own_settings
def plot_probes(probes: Sequence[Probe], path: str | Path | None = None) -> Any:
    """Curves over time of probes, one diagram for each unit: a PNG at `path`, or a figure of matplotlib.

    Raises
    ------
    InputError : matplotlib is not installed; no probe; a probe of very many places.
    """
    if not probes:
        raise InputError("there is no probe to plot", place="probes")
    groups: dict[tuple[str, str], list[Probe]] = {}
    for probe in probes:
        groups.setdefault((probe.unit, "" if probe.unit else probe.name.partition(".")[0]), []).append(probe)
    figure = curves(1, len(groups), (8.5 * len(groups), 5.0))
    for axes, group in zip(figure.axes, groups.values()):
        _draw(axes, group)
    if path is None:
        return figure
    write_figure(path, figure)
    return None


def _draw(axes: Any, probes: Sequence[Probe]) -> None:
    names = list(dict.fromkeys(probe.label for probe in probes))
    places = list(dict.fromkeys(_place(probe) for probe in probes))
    number = 0
    for probe in probes:
        (_, time_unit, times), *columns = probe.columns()
        shown = [(name, values) for name, _, values in columns if values.dtype.kind == "f"]
        shown = shown[:1] if probe.reduced in ("max", "min") else shown
        if len(shown) > _MOST_CURVES:
            raise InputError("so many curves cannot be told apart", place=probe.label,
                             found=plural(len(shown), "curve"), expected=f"{_MOST_CURVES} at most",
                             remedy="probe one place, one component, or the largest value (reduce)")
        for name, values in shown:
            label = name if len(places) == 1 else f"{name}, {_place(probe)}"
            axes.plot(times, values, color=COLOURS[number % len(COLOURS)],
                      linestyle=_LINES[number // len(COLOURS) % len(_LINES)], linewidth=1.8, label=plain(label))
            number += 1
    unit = probes[0].unit
    axes.set_xlabel(plain(f"time ({time_unit})" if time_unit else "time"))
    axes.set_ylabel(plain((", ".join(names) if len(names) < 4 else "value") + (f" ({unit})" if unit else "")))
    if len(places) == 1:
        axes.set_title(plain(places[0]), fontsize=10)
    axes.legend(frameon=False)


def _place(probe: Probe) -> str:
    return probe.asked or probe.where
