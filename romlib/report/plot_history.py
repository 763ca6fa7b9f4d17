"""Curves over time: the errors of a comparison, and the quantities of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from romlib.blocks import blocks
from romlib.errors import InputError
from romlib.mesh.operator import StrainOperator
from romlib.report.compare import Comparison
from romlib.report.curves import COLOURS, curves, cycle, legend_below, plain, with_own_settings
from romlib.report.picture import write_figure
from romlib.report.plot_clusters import draw_clusters
from romlib.report.plot_errors import draw_bounds, largest_error
from romlib.report.scalar import Scalar
from romlib.snapshots.reader import Snapshots

_BLOCK_BYTES = 64 * 2**20


@with_own_settings
def plot_comparison(comparison: Comparison, output: Path, time_unit: str = "s") -> None:
    """Write a PNG: errors over time (logarithmic), the norm of each field in the two files, and bounds where there are.

    Raises
    ------
    InputError : matplotlib is not installed, or nothing was compared.
    """
    if not comparison.fields:
        raise InputError("there is nothing to plot: no field was compared", file=comparison.candidate)
    bounded = {name: field for name, field in comparison.fields.items() if field.bound is not None}
    figure = curves(1, 3 if bounded else 2, (19.0, 5.8) if bounded else (13.0, 5.0))
    errors, norms = figure.axes[:2]
    for colour, (name, field) in zip(cycle(len(comparison.fields)), comparison.fields.items()):
        label = f"{plain(name)}: {field.relative:.1e}"
        if np.any(field.over_time > 0):
            errors.semilogy(comparison.times, np.where(field.over_time > 0, field.over_time, np.nan), color=colour,
                            marker="o", markersize=3.5, linewidth=1.5, label=label)
        else:
            errors.plot([], [], color=colour, label=label)
        if field.scale > 0:
            norms.plot(comparison.times, field.reference / field.scale, color=colour, linewidth=1.8, label=plain(name))
    errors.set_ylabel(r"$\|a-b\|_{L^2}(t)\ /\ \max_t\|b\|_{L^2}$")
    errors.set_title("Relative errors over time")
    norms.set_ylabel(r"$\|b\|_{L^2}(t)\ /\ \max_t\|b\|_{L^2}$")
    norms.set_title("Fields of the reference")
    if bounded:
        draw_bounds(figure.axes[2], comparison.times, {n: f.bound for n, f in bounded.items() if f.bound is not None},
                    dict(zip(comparison.fields, cycle(len(comparison.fields)))), comparison)
    for axes in figure.axes:
        axes.set_xlabel(f"time ({plain(time_unit)})")
        legend_below(axes) if bounded else axes.legend(frameon=False)
    names = [plain(Path(path).name) for path in (comparison.candidate, comparison.reference)]
    figure.suptitle(" against ".join(names), fontsize=13)
    write_figure(output, figure)


@with_own_settings
def plot_quantity(snapshots: Snapshots, name: str, output: Path) -> None:
    """Write a PNG of a scalar over time: its largest and smallest value, and its mean (over volume, or over nodes).

    Where the file has a bound of the field's error, in L2 over the volume, a band about the mean over the volume: it is
    within |e|_L2 / sqrt(volume) of the exact one. Extremes, and values anywhere, have no bound. Of a result of several
    local bases, a strip that says which solved which step.

    Raises
    ------
    InputError : matplotlib is not installed, or the file has no such field.
    """
    scalar = Scalar.named(snapshots, name)
    lowest, mean, highest, square, volume = extremes(snapshots, scalar)
    units = snapshots.model.units
    figure = curves(1, 1, (8.5, 5.0))
    axes = figure.axes[0]
    axes.fill_between(snapshots.times, lowest, highest, color=COLOURS[0], alpha=0.15, linewidth=0)
    axes.plot(snapshots.times, highest, color=COLOURS[0], linewidth=1.8, label="largest")
    axes.plot(snapshots.times, mean, color=COLOURS[1], linewidth=1.8,
              label="mean over the volume" if scalar.spec.place == "ip" else "mean over the nodes")
    axes.plot(snapshots.times, lowest, color=COLOURS[0], linewidth=1.2, linestyle="--", label="smallest")
    bounds = snapshots.error_bounds
    if bounds is not None and scalar.field in bounds and scalar.spec.place == "ip":
        _draw_band(axes, snapshots.times, mean, scalar.steepness * largest_error(
            bounds[scalar.field], square, bounds.sizes.get(scalar.field, 0.0) / volume**0.5))
    draw_clusters(axes, snapshots.times, snapshots.clusters)
    axes.set_xlabel(f"time ({plain(units.time)})")
    axes.set_ylabel(plain(scalar.title))
    axes.set_title(plain(f"{scalar.label} over time, {snapshots.path.name}"))
    axes.legend(frameon=False)
    write_figure(output, figure)


def _draw_band(axes: Any, times: np.ndarray, mean: np.ndarray, aside: np.ndarray) -> None:
    known = np.isfinite(aside)
    label = "bound of the mean" + ("" if known.all() else " (none where there is no band)")
    aside = np.where(known, aside, 0.0)
    axes.fill_between(times, mean - aside, mean + aside, where=known, color=COLOURS[1], alpha=0.3, linewidth=0,
                      label=label)


def extremes(snapshots: Snapshots, scalar: Scalar) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
    """Smallest, mean and largest value, and the root of the mean square of the field, each (n_step,); the volume."""
    n_step = snapshots.n_step
    lowest, highest = np.full(n_step, np.inf), np.full(n_step, -np.inf)
    total, squares, weight = np.zeros(n_step), np.zeros(n_step), 0.0
    for piece in range(snapshots.n_piece):
        at_nodes = scalar.spec.place == "node"
        n = snapshots.n_node(piece) if at_nodes else snapshots.n_ip(piece)
        weights = np.ones(n) if at_nodes else StrainOperator(snapshots.mesh(piece)).positive_weights
        there = np.ones(n, dtype=bool)
        for steps in blocks(n_step, 8 * n * scalar.spec.n_comp, _BLOCK_BYTES):
            components = snapshots.read(scalar.field, piece, steps)
            values = scalar.values(components)
            there = np.isfinite(values).all(axis=0)
            if there.any():
                lowest[steps] = np.minimum(lowest[steps], values[:, there].min(axis=1))
                highest[steps] = np.maximum(highest[steps], values[:, there].max(axis=1))
                total[steps] += values[:, there] @ weights[there]
                squares[steps] += (components[:, there] ** 2).sum(axis=2) @ weights[there]
        weight += float(weights[there].sum())
    if not weight:
        raise InputError("the field has no value anywhere", file=snapshots.path, place=scalar.field)
    return lowest, total / weight, highest, np.sqrt(squares / weight), weight
