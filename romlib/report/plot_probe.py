"""Curves of probes: values over time at places, of one case or of several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from romlib.errors import InputError
from romlib.report.curves import COLOURS, curves, finish, plain, with_own_settings
from romlib.report.picture import Curves, figure_as_curves
from romlib.results.probe import Probe
from romlib.words import plural

_MOST = 12  # curves that can be told apart
_LINES = ("-", "--", "-.", ":")


@with_own_settings
def plot_probes(
    probes: Sequence[Probe], path: str | Path | None = None, *, labels: Sequence[str] | None = None, title: str = "",
) -> Curves:
    """Values over time, one diagram for each unit; of the largest and smallest of a tag without where they are.

    Parameters
    ----------
    probes : as `probe` of solutions and of results returns them, of one case or of several. path : a PNG to write.
    labels : one a probe, such as the names of cases; by default where they are. title : above all.

    Returns
    -------
    Curves, which a notebook shows; its `figure` is that of matplotlib.

    Raises
    ------
    InputError : matplotlib is not installed; no probe; not as many labels; so many curves that none can be told.
    """
    if not probes:
        raise InputError("there is no probe to plot", place="probes")
    if labels is not None and len(labels) != len(probes):
        raise InputError("every probe needs a label of its own", place="labels", expected=plural(len(probes), "label"),
                         found=len(labels))
    named = list(zip(probes, labels if labels is not None else [probe.asked or probe.where for probe in probes]))
    groups: dict[tuple[str, str], list[tuple[Probe, str]]] = {}
    for probe, label in named:
        key = probe.unit, "" if probe.unit else probe.name.partition(".")[0]
        groups.setdefault(key, []).append((probe, label))
    figure = curves(len(groups), 1, (10.0, 1.0 + 3.6 * len(groups)))
    for axes, group in zip(figure.axes, groups.values()):
        _draw(axes, group)
    if title:
        figure.suptitle(plain(title), fontsize=13)
    drawn = figure_as_curves(figure)
    if path is not None:
        drawn.write(path)
    return drawn


def _draw(axes: Any, probes: Sequence[tuple[Probe, str]]) -> None:
    names = list(dict.fromkeys(probe.label for probe, _ in probes))
    labels = list(dict.fromkeys(label for _, label in probes))
    number = 0
    for probe, label in probes:
        (_, _, times), *columns = probe.columns()
        shown = [(name, values) for name, _, values in columns if values.dtype.kind == "f"]
        if probe.reduced in ("max", "min"):
            shown = [(probe.label, values) for _, values in shown[:1]]
        if len(shown) > _MOST:
            raise InputError("so many curves cannot be told apart", place=probe.label,
                             found=plural(len(shown), "curve"), expected=f"{_MOST} at most",
                             remedy="probe one place, one component, or the largest value (reduce)")
        for name, values in shown:
            parts = [part for part, needed in ((name, len(names) > 1 or len(shown) > 1), (label, len(labels) > 1)) if
                     needed]
            axes.plot(times, values, color=COLOURS[number % len(COLOURS)],
                      linestyle=_LINES[number // len(COLOURS) % len(_LINES)], linewidth=1.8,
                      label=plain(", ".join(parts) or name))
            number += 1
    probe = probes[0][0]
    quantity = ", ".join(names) if len(names) < 4 else "value"
    axes.set_ylabel(plain(f"{quantity} ({probe.unit})" if probe.unit else quantity))
    if len(labels) == 1:
        axes.set_title(plain(labels[0]), fontsize=10)
    finish(axes, plain(f"time ({probe.time_unit})" if probe.time_unit else "time"))
