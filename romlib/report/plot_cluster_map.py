"""A picture of clusters: a map of the snapshots, the decay of singular values, and errors against numbers of modes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from romlib.report.curves import curves, plain, with_own_settings
from romlib.report.picture import write_figure

_GLOBAL = "#222222"
_MARKERS = "os^DvP*Xhd"
_MOST_NAMED = 20


@dataclass(frozen=True, eq=False)
class ClusterPicture:
    """What is drawn.

    title : above all. places : (n, 2), of the snapshots (or runs) on the map. labels : (n,), cluster of each.
    runs : (n,), position in `run_names`. medoids : by cluster its place in the map and its name.
    spectra : by cluster singular values over the largest; whole : of all snapshots. curves : by name of what is
    compared (n_mode + 1,), errors against the number of modes; the first is that of the global basis, the second that
    of the clusters on the map. tolerance : of the errors.
    """

    title: str
    places: np.ndarray
    labels: np.ndarray
    runs: np.ndarray
    run_names: Sequence[str]
    medoids: Sequence[tuple[int, str]]
    whole: np.ndarray
    spectra: Sequence[np.ndarray]
    curves: Mapping[str, np.ndarray]
    tolerance: float


@with_own_settings
def plot_cluster_map(picture: ClusterPicture, output: Path) -> None:
    """Write a PNG. Raises InputError where matplotlib is not installed."""
    figure = curves(1, 3, (19.5, 6.4))
    on_map, decay, errors = figure.axes
    colours = _colours(max(len(picture.medoids), 1))
    _draw_map(on_map, picture, colours)
    _draw_decay(decay, picture, colours)
    _draw_errors(errors, picture)
    figure.suptitle(plain(picture.title), fontsize=13)
    write_figure(output, figure)


def _colours(n: int) -> list[Any]:
    import matplotlib

    return [matplotlib.colormaps["turbo"](value) for value in np.linspace(0.06, 0.94, n)] if n > 1 else ["#3b6fb6"]


def _draw_map(axes: Any, picture: ClusterPicture, colours: list[Any]) -> None:
    for run in np.unique(picture.runs):
        own = picture.runs == run
        axes.plot(*picture.places[own].T, color="#c9cdd2", linewidth=0.7, zorder=1)
        axes.scatter(*picture.places[own].T, c=[colours[label] for label in picture.labels[own]], s=22, zorder=2,
                     marker=_MARKERS[int(run) % len(_MARKERS)], linewidths=0)
        axes.scatter([], [], c="#777777", s=22, marker=_MARKERS[int(run) % len(_MARKERS)],
                     label=plain(picture.run_names[run]))
    for cluster, (number, name) in enumerate(picture.medoids):
        place = picture.places[number]
        axes.scatter(*place, facecolor=colours[cluster], edgecolor=_GLOBAL, s=110, zorder=3, linewidths=1.4,
                     marker=_MARKERS[int(picture.runs[number]) % len(_MARKERS)])
        if len(picture.medoids) <= _MOST_NAMED:
            axes.annotate(plain(name), place, xytext=(7, 6), textcoords="offset points", fontsize=8, zorder=4,
                          bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.75})
    axes.set_title("As unlike as they are far apart; medoids by name")
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xticklabels([])
    axes.set_yticklabels([])
    if len(picture.run_names) <= len(_MARKERS):
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.04), ncols=4, frameon=False, fontsize=9)


def _draw_decay(axes: Any, picture: ClusterPicture, colours: list[Any]) -> None:
    axes.plot(np.arange(1, len(picture.whole) + 1), _positive(picture.whole), color=_GLOBAL, linewidth=2.2,
              label="all snapshots")
    for cluster, values in enumerate(picture.spectra):
        axes.plot(np.arange(1, len(values) + 1), _positive(values), color=colours[cluster], linewidth=1.3)
    axes.set_yscale("log")
    axes.set_xlabel("mode")
    axes.set_ylabel("singular value / the largest")
    axes.set_title("Decay: all snapshots (black), each cluster (its colour)")


def _draw_errors(axes: Any, picture: ClusterPicture) -> None:
    styles = [{"color": _GLOBAL, "linewidth": 2.2}, {"color": "#d1662d", "linewidth": 2.2}]
    others = _colours(max(len(picture.curves) - 2, 2))
    for k, (name, curve) in enumerate(picture.curves.items()):
        style = styles[k] if k < 2 else {"color": others[k - 2], "linewidth": 1.0, "linestyle": "--"}
        axes.plot(np.arange(len(curve)), _positive(curve), label=plain(name), **style)
    axes.axhline(picture.tolerance, color="#888888", linewidth=1.0, linestyle=":")
    within = [int(np.argmax(curve <= picture.tolerance)) for curve in picture.curves.values()
              if (curve <= picture.tolerance).any()]
    axes.set_xlim(0, 1.15 * max([*within, 10]))
    low = [float(curve[curve > 0.0].min(initial=1.0)) for curve in picture.curves.values()]
    axes.set_ylim(max(0.1 * picture.tolerance, 0.5 * min(low)), 1.5)
    axes.set_yscale("log")
    axes.set_xlabel("modes (of every cluster)")
    axes.set_ylabel("energy error of 90 % of the snapshots")
    axes.set_title("Projection errors, and the tolerance (dotted)")
    axes.legend(loc="upper right", frameon=False, fontsize=9)


def _positive(values: np.ndarray) -> np.ndarray:
    return np.where(values > 0.0, values, np.nan)
