"""Which local basis solved which step: a strip of colours and numbers under curves over time."""

from __future__ import annotations

from typing import Any

import numpy as np

from romlib.report.curves import matplotlib_or_refuse

_HEIGHT = 0.035  # of the axes
_WIDE = 0.025  # of the axes: what has room for its number


def stretches(times: np.ndarray, clusters: np.ndarray) -> list[tuple[float, float, int]]:
    """Beginning, end and cluster of each stretch of time that one cluster solved. times, clusters : (n_step,).

    The step to a time belongs to the cluster of that time.
    """
    if len(times) < 2:
        return []
    solved = np.asarray(clusters)[1:]
    first = np.concatenate([[0], np.flatnonzero(np.diff(solved)) + 1])
    last = np.append(first[1:], len(solved))
    return [(float(times[a]), float(times[b]), int(solved[a])) for a, b in zip(first, last)]


def draw_clusters(axes: Any, times: np.ndarray, clusters: np.ndarray | None) -> None:
    """A strip at the foot of axes over time; nothing where there is one basis."""
    if clusters is None:
        return
    colours = matplotlib_or_refuse().colormaps["tab20"]
    whole = float(times[-1] - times[0])
    for begin, end, cluster in stretches(times, clusters):
        axes.axvspan(begin, end, ymin=0.0, ymax=_HEIGHT, color=colours(cluster % 20), linewidth=0, zorder=0.6)
        if end - begin >= _WIDE * whole:
            axes.text(0.5 * (begin + end), 0.5 * _HEIGHT, str(cluster), transform=axes.get_xaxis_transform(),
                      ha="center", va="center", fontsize=6.5)
    axes.text(1.0, 1.4 * _HEIGHT, "local basis", transform=axes.transAxes, ha="right", va="bottom", fontsize=7,
              color="#5b6470")
