"""The pictures of the case: bound and true error over time, and bound against true error over all held-out cases."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from judgement import QUANTITIES, Judged

ACCENT, GREY = "#c0392b", "#8a8f98"
COLOURS = {"inside": "#2c7fb8", "5 to 10 % out": "#41ab5d", "far out": "#e08214", "other profiles": "#807dba",
           "new shapes": "#c0392b", "moved": "#000000"}
SMALLEST = 1e-5  # errors below are drawn here


def plot_over_time(cases: Mapping[str, Judged], output: Path) -> None:
    """A column for each case, by its title, and a row for each quantity."""
    plt = _pyplot()
    figure, axes = plt.subplots(len(QUANTITIES), len(cases), figsize=(4.6 * len(cases), 7.2), sharex="col",
                                sharey="row", layout="constrained", squeeze=False)
    for column, (title, judged) in enumerate(cases.items()):
        for row, quantity in enumerate(QUANTITIES):
            one: Any = axes[row][column]
            error, bound = 100 * judged.errors[quantity], 100 * judged.bounds[quantity]
            one.semilogy(judged.times, np.maximum(error, 100 * SMALLEST), color=GREY, linewidth=3.0,
                         label="true error")
            one.semilogy(judged.times, bound, color=ACCENT, linewidth=1.6, label="bound")
            one.fill_between(judged.times, 100 * SMALLEST, bound, color=ACCENT, alpha=0.08, linewidth=0)
            if not np.isfinite(bound[-1]):
                one.text(0.97, 0.9, "bound withheld", transform=one.transAxes, ha="right", color=ACCENT)
            _plain(one)
            if column == 0:
                one.set_ylabel(f"{quantity}, %")
        axes[0][column].set_title(title)
        axes[-1][column].set_xlabel("time, s")
    axes[0][0].legend(frameon=False, loc="center right")
    figure.savefig(output, dpi=110)
    plt.close(figure)


def plot_all(bodies: Mapping[str, list[Judged]], output: Path) -> None:
    """A row for each body, a column for each quantity: the bound against the true error, at the end of each case."""
    plt = _pyplot()
    figure, axes = plt.subplots(len(bodies), len(QUANTITIES), figsize=(12.0, 4.0 * len(bodies)), layout="constrained",
                                squeeze=False)
    for row, (body, judged) in enumerate(bodies.items()):
        for column, quantity in enumerate(QUANTITIES):
            one: Any = axes[row][column]
            low, high = _limits(judged, quantity)
            one.loglog([low, high], [low, high], color=GREY, linewidth=1.0)
            one.fill_between([low, high], [low / 100, low / 100], [low, high], color="#f1c9c4", alpha=0.5, linewidth=0)
            for group in dict.fromkeys(each.group for each in judged):
                chosen = [each for each in judged if each.group == group and each.given(quantity)]
                one.loglog([max(100 * each.errors[quantity][-1], 100 * SMALLEST) for each in chosen],
                           [100 * each.bounds[quantity][-1] for each in chosen], "o", markersize=4.5, alpha=0.8,
                           color=COLOURS.get(group, GREY), label=group)
            withheld = sum(not each.given(quantity) for each in judged)
            more = f" ({withheld} withheld)" if withheld else ""
            one.set(xlim=(low, high), ylim=(low, high), title=f"{body}: {quantity}{more}", xlabel="true error, %")
            _plain(one)
        axes[row][0].set_ylabel("bound, %")
        axes[row][0].legend(frameon=False, loc="upper left", fontsize="small")
    figure.savefig(output, dpi=110)
    plt.close(figure)


def _limits(judged: list[Judged], quantity: str) -> tuple[float, float]:
    """Percent, powers of ten around all errors and bounds."""
    values = np.array([[one.errors[quantity][-1], one.bounds[quantity][-1]] for one in judged]).ravel()
    values = np.maximum(100 * values[np.isfinite(values)], 100 * SMALLEST)
    return 10.0 ** np.floor(np.log10(values.min())), 10.0 ** np.ceil(np.log10(values.max()))


def _plain(axes: Any) -> None:
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt
