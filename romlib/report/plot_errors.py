"""Curves of error bounds over time, beside the true errors where a reference is known, and what they leave open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from romlib.errors import InputError
from romlib.report.compare import Comparison
from romlib.report.curves import COLOURS, curves, cycle, legend_below, plain, with_own_settings
from romlib.report.norms import norms_over_time
from romlib.report.picture import write_figure
from romlib.report.plot_clusters import draw_clusters
from romlib.snapshots.error_bounds import FLOOR, ErrorBounds
from romlib.snapshots.reader import Snapshots


def largest_error(bound: np.ndarray, norm: np.ndarray, size: float) -> np.ndarray:
    """What the L2 norm of the error can be at most by a bound, (n_step,), inf where it can be anything.

    The bound is relative to the exact field, whose norm is at most that of the result and the error:
    e <= b max(R, f) and R <= r + e, so that e <= b / (1 - b) max(r, f).

    Parameters
    ----------
    bound : (n_step,), NaN where it is withheld. norm : (n_step,), L2 norms of the result. size : the largest one of the
        training runs.
    """
    least = np.maximum(np.maximum.accumulate(norm), FLOOR * size)
    told = bound < 1.0
    return np.where(told, bound / np.where(told, 1.0 - bound, 1.0) * least, np.inf)


def draw_bounds(
    axes: Any, times: np.ndarray, bounds: Mapping[str, np.ndarray], colours: Mapping[str, str],
    compared: Comparison | None = None,
) -> None:
    """Bounds (dashed) over time, logarithmic, and the true errors so far (full) where there is a reference.

    times : (n_step,), of the bounds. bounds : by quantity, (n_step,). colours : by quantity.
    """
    errors = {} if compared is None else {name: compared.fields[name].error_so_far for name in bounds
                                          if name in compared.fields}
    for name, bound in bounds.items():
        withheld = np.isnan(bound)
        said = f", withheld from {times[np.argmax(withheld)]:.4g}" if withheld.any() else ""
        axes.plot(times, _positive(bound), color=colours[name], linestyle="--", linewidth=1.8,
                  label=f"{plain(name)}: bound{said}")
        if name in errors and compared is not None:
            axes.plot(compared.times, _positive(errors[name]), color=colours[name], linewidth=1.5, marker="o",
                      markersize=3.0, label=f"{plain(name)}: error")
    if any((values > 0.0).any() for values in (*bounds.values(), *errors.values())):
        axes.set_yscale("log")
    axes.set_ylabel(r"$\max_{\tau\leq t}\|error\|_{L^2}\ /\ \max_{\tau\leq t}\|exact\|_{L^2}$")
    axes.set_title("Errors so far and their bounds" if errors else "Bounds of the errors so far")


@with_own_settings
def plot_errors(snapshots: Snapshots, output: Path, comparison: Comparison | None = None) -> None:
    """Write a PNG of the bounds of a result: over time, and as a band around the norm of each field.

    comparison : of the file with a reference, whose errors and norms are drawn too.

    Raises
    ------
    InputError : the file has no bounds; matplotlib is not installed.
    """
    bounds = bounds_of(snapshots)
    names = [name for name in bounds if name in snapshots.fields]
    compared = {} if comparison is None else {name: comparison.fields[name] for name in names
                                              if name in comparison.fields}
    figure = curves(1, 2, (13.5, 6.0))
    left, right = figure.axes
    colours = dict(zip(bounds, cycle(len(bounds))))
    draw_bounds(left, snapshots.times, bounds, colours, comparison)
    if bounds.temperature_is_new.any():
        left.axvline(float(bounds.times[np.argmax(bounds.temperature_is_new)]), color=COLOURS[-1], linestyle=":",
                     linewidth=1.2, label="the temperature is new")
    norms = norms_over_time(snapshots, names)
    for name in names:
        scale = float(norms[name].max()) or 1.0
        aside = largest_error(bounds[name], norms[name], bounds.sizes.get(name, 0.0))
        known = np.isfinite(aside)
        right.fill_between(snapshots.times, np.maximum(norms[name] - aside, 0.0) / scale, np.where(
            known, norms[name] + aside, np.nan) / scale, where=known, color=colours[name], alpha=0.22, linewidth=0)
        right.plot(snapshots.times, norms[name] / scale, color=colours[name], linewidth=1.6, label=plain(name))
        if name in compared and comparison is not None:
            right.plot(comparison.times, compared[name].reference / scale, color=colours[name], linestyle="none",
                       marker="o", markersize=3.5, label=f"{plain(name)}: reference")
    right.set_ylabel(r"$\|x\|_{L^2}(t)\ /\ \max_t\|x\|_{L^2}$")
    right.set_title("Norm of the result; the exact one is in the band, where there is one")
    for axes in (left, right):
        draw_clusters(axes, snapshots.times, snapshots.clusters)
        axes.set_xlabel(f"time ({plain(snapshots.model.units.time)})")
        legend_below(axes)
    against = "" if comparison is None else f" against {Path(comparison.reference).name}"
    figure.suptitle(plain(f"{snapshots.path.name}{against}"), fontsize=13)
    write_figure(output, figure)


def bounds_of(snapshots: Snapshots) -> ErrorBounds:
    """The bounds of a file; InputError where it has none, with the reason where the file says it."""
    found = snapshots.error_bounds
    if found is None or not found:
        raise InputError("the file has no bounds of its errors", file=snapshots.path,
                         expected="a result of `romlib online`, of a ROM that was calibrated",
                         found=None if found is None else "; ".join(found.notes) or None,
                         remedy="train the ROM again, with more than one run, and solve the case again")
    return found


def _positive(values: np.ndarray) -> np.ndarray:
    """What a logarithmic axis can show."""
    return np.where(values > 0.0, values, np.nan)
