"""The picture of an enrichment: bounds over the additions to the training, and the errors that steps found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from romlib.archive.enrichment import Enrichment
from romlib.errors import InputError
from romlib.report.curves import curves, cycle, plain, with_own_settings
from romlib.report.picture import write_figure


@with_own_settings
def plot_enrichment(log: Sequence[Enrichment], output: Path) -> None:
    """Write a PNG: the bound of each quantity before each addition and after the last, and the errors that were found.

    Raises
    ------
    InputError : matplotlib is not installed, or nothing was added.
    """
    if not log:
        raise InputError("there is nothing to plot: nothing was added to the ROM", place="--plot")
    figure = curves(1, 1, (8.5, 5.0))
    axes, n = figure.axes[0], len(log)
    quantities = list(dict.fromkeys(name for entry in log for name in (*entry.before, *entry.found, *entry.after)))
    for colour, name in zip(cycle(len(quantities)), quantities):
        bounds = [entry.before.get(name, np.nan) for entry in log] + [log[-1].after.get(name, np.nan)]
        found = [entry.found.get(name, np.nan) for entry in log]
        axes.semilogy(range(n + 1), bounds, color=colour, marker="o", linewidth=1.8, label=f"bound of {plain(name)}")
        axes.semilogy(range(n), found, color=colour, marker="x", linestyle="none",
                      label=f"error of {plain(name)} found")
    axes.set_xticks(range(n + 1), [*(f"{'step' if entry.kind == 'step' else 'elastic'}\n{entry.time:.4g}"
                                     for entry in log), "end"])
    axes.set_xlabel("addition to the training, and its time")
    axes.set_ylabel("relative to the largest so far")
    axes.set_title("Bounds of the errors over the enrichment")
    axes.legend(frameon=False)
    write_figure(output, figure)
