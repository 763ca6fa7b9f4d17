"""Curves of probes: values over time at places."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from romlib.errors import InputError
from romlib.report.curves import curves, cycle, finish, plain, with_own_settings
from romlib.report.picture import Curves, figure_as_curves

_MOST = 12  # curves of one panel that have a name each


class ProbeLike(Protocol):
    """What is drawn of a probe; see `romlib.results.probe.Probe`. columns : name, unit and values (n_step,)."""

    @property
    def times(self) -> np.ndarray:
        """(n_step,)."""

    @property
    def title(self) -> str:
        """Quantity and unit."""

    @property
    def time_unit(self) -> str:
        """Of the times."""

    @property
    def where(self) -> str:
        """In words."""


@with_own_settings
def plot_probes(
    probes: Sequence[Any], path: str | Path | None = None, *, labels: Sequence[str] | None = None, title: str = "",
) -> Curves:
    """Values over time, one panel a quantity, the probes of one quantity together: places, or cases.

    Parameters
    ----------
    probes : as `probe` of a solution or of results returns them. path : a PNG to write.
    labels : of the probes, such as the names of cases; by default where they are.

    Raises
    ------
    InputError : no probe; as many labels as probes are needed; matplotlib is not installed.
    """
    if not probes:
        raise InputError("there is nothing to plot: no probe")
    if labels is not None and len(labels) != len(probes):
        raise InputError("every probe needs a label", expected=f"{len(probes)} labels", found=f"{len(labels)}")
    titles = list(dict.fromkeys(probe.title for probe in probes))
    figure = curves(len(titles), 1, (9.0, 1.2 + 3.4 * len(titles)))
    for axes, name in zip(figure.axes, titles):
        lines = [line for k, probe in enumerate(probes) if probe.title == name
                 for line in _lines(probe, probe.where if labels is None else labels[k])]
        for colour, (times, values, label) in zip(cycle(len(lines)), lines):
            axes.plot(times, values, color=colour, linewidth=1.6, label=plain(label) if len(lines) <= _MOST else None)
        one = next(probe for probe in probes if probe.title == name)
        axes.set_ylabel(plain(name))
        finish(axes, f"time ({plain(one.time_unit)})" if one.time_unit else "time")
        if len(lines) > _MOST:
            axes.set_title(f"{len(lines)} curves", fontsize=10)
    if title:
        figure.suptitle(plain(title), fontsize=13)
    drawn = figure_as_curves(figure)
    if path is not None:
        drawn.write(path)
    return drawn


def _lines(probe: Any, label: str) -> list[tuple[np.ndarray, np.ndarray, str]]:
    """Times, values and label of each curve of a probe: of its components, and of its places."""
    times = np.asarray(probe.times)
    values = np.asarray(getattr(probe, "plain_values", probe.values), dtype=float)
    components = tuple(getattr(probe, "components", ()))
    if values.ndim == 1:
        return [(times, values, label)]
    of_places = getattr(probe, "is_of_places", False)
    if of_places:
        return [(times, line, name) for k in range(values.shape[1])
                for line, name in _components(values[:, k], components, probe.place(k))]
    return [(times, line, name) for line, name in _components(values, components, label)]


def _components(values: np.ndarray, components: Sequence[str], label: str) -> list[tuple[np.ndarray, str]]:
    """Curves of values (n_step,) or (n_step, n_comp), and their labels."""
    if values.ndim == 1:
        return [(values, label)]
    names = components or [str(k) for k in range(values.shape[1])]
    return [(values[:, k], f"{names[k]}, {label}") for k in range(values.shape[1])]
