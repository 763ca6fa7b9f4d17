"""Curves over time: the errors of a comparison, and the quantities of a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from romlib.blocks import blocks
from romlib.errors import InputError
from romlib.mesh.operator import StrainOperator
from romlib.report.compare import Comparison
from romlib.report.curves import COLOURS, curves, cycle, finish, legend_below, plain, with_own_settings
from romlib.report.picture import Curves, figure_as_curves, write_figure
from romlib.report.plot_clusters import draw_clusters
from romlib.report.plot_errors import draw_bounds, largest_error
from romlib.report.source import name_of
from romlib.results.scalar import Scalar
from romlib.results.source import StepSource

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


def plot_quantity(snapshots: StepSource, name: str, output: Path) -> None:
    """Write what `draw_quantities` draws of one file as a PNG."""
    draw_quantities([snapshots], name).write(output)


@with_own_settings
def draw_quantities(sources: Sequence[StepSource], name: str) -> Curves:
    """A scalar over time: its largest and smallest value, and its mean (over volume, or over nodes); of several files
    one colour each.

    Where a file has a bound of the field's error, in L2 over the volume, a band about the mean over the volume: it is
    within |e|_L2 / sqrt(volume) of the exact one. Extremes, and values anywhere, have no bound. Of one result
    of several local bases, a strip that says which solved which step.

    Raises
    ------
    InputError : matplotlib is not installed; a file has no such field, or has it in other units or elsewhere.
    """
    scalars = [Scalar.named(source, name) for source in sources]
    for source, scalar in zip(sources, scalars):
        if (scalar.title, scalar.spec.place) != (scalars[0].title, scalars[0].spec.place):
            raise InputError(f"the field {name} is not the same in the files", file=source.path,
                             expected=f"{scalars[0].title}, as in {sources[0].path}", found=scalar.title)
    figure, alone = curves(1, 1, (8.5, 5.0) if len(sources) == 1 else (10.5, 5.0)), len(sources) == 1
    axes, names = figure.axes[0], _names(sources)
    for k, (source, scalar) in enumerate(zip(sources, scalars)):
        colours = COLOURS[:2] if alone else 2 * (COLOURS[k % len(COLOURS)],)
        _draw_quantity(axes, source, scalar, colours, "" if alone else f"{names[k]}: ")
    if alone:
        draw_clusters(axes, sources[0].times, getattr(sources[0], "clusters", None))
    axes.set_ylabel(plain(scalars[0].title))
    axes.set_title(plain(f"{scalars[0].label} over time" + (f", {names[0]}" if alone else "")))
    axes.set_xlabel(f"time ({plain(sources[0].model.units.time)})")
    if alone:
        axes.legend(frameon=False)
    else:
        finish(axes, axes.get_xlabel())
    return figure_as_curves(figure)


def _names(sources: Sequence[StepSource]) -> list[str]:
    """Names of files; with their folder where two are the same."""
    names = [name_of(source) for source in sources]
    twice = len(set(names)) < len(names)
    return [str(Path(source.path.parent.name) / name) if twice and source.path is not None else name
            for source, name in zip(sources, names)]


def _draw_quantity(
    axes: Any, source: StepSource, scalar: Scalar, colours: Sequence[str], name: str,
) -> None:
    """The curves of one file. colours : of the extremes, and of the mean."""
    lowest, mean, highest, square, volume = extremes(source, scalar)
    axes.fill_between(source.times, lowest, highest, color=colours[0], alpha=0.15 if not name else 0.08, linewidth=0)
    axes.plot(source.times, highest, color=colours[0], linewidth=1.8, label=f"{plain(name)}largest")
    axes.plot(source.times, mean, color=colours[1], linewidth=1.8 if not name else 1.2,
              linestyle="-" if not name else "-.", label=f"{plain(name)}mean over the " + (
                  "volume" if scalar.spec.place == "ip" else "nodes"))
    axes.plot(source.times, lowest, color=colours[0], linewidth=1.2, linestyle="--", label=f"{plain(name)}smallest")
    bounds = getattr(source, "error_bounds", None)
    if bounds is not None and scalar.field in bounds and scalar.spec.place == "ip":
        _draw_band(axes, source.times, mean, scalar.steepness * largest_error(
            bounds[scalar.field], square, bounds.sizes.get(scalar.field, 0.0) / volume**0.5), colours[1], name)


def _draw_band(axes: Any, times: np.ndarray, mean: np.ndarray, aside: np.ndarray, colour: str, name: str) -> None:
    known = np.isfinite(aside)
    label = f"{plain(name)}bound of the mean" + ("" if known.all() else " (none where there is no band)")
    aside = np.where(known, aside, 0.0)
    axes.fill_between(times, mean - aside, mean + aside, where=known, color=colour, alpha=0.3, linewidth=0,
                      label=label)


def extremes(source: StepSource, scalar: Scalar) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
    """Smallest, mean and largest value, and the root of the mean square of the field, each (n_step,); the volume."""
    n_step = source.n_step
    lowest, highest = np.full(n_step, np.inf), np.full(n_step, -np.inf)
    total, squares, weight = np.zeros(n_step), np.zeros(n_step), 0.0
    for piece in range(source.n_piece):
        at_nodes = scalar.spec.place == "node"
        mesh = source.mesh(piece)
        weights = np.ones(mesh.n_node) if at_nodes else StrainOperator(mesh).positive_weights
        n = len(weights)
        there = np.ones(n, dtype=bool)
        for steps in blocks(n_step, 8 * n * scalar.spec.n_comp, _BLOCK_BYTES):
            components = source.read(scalar.field, piece, steps)
            values = scalar.values(components)
            there = np.isfinite(values).all(axis=0)
            if there.any():
                lowest[steps] = np.minimum(lowest[steps], values[:, there].min(axis=1))
                highest[steps] = np.maximum(highest[steps], values[:, there].max(axis=1))
                total[steps] += values[:, there] @ weights[there]
                squares[steps] += (components[:, there] ** 2).sum(axis=2) @ weights[there]
        weight += float(weights[there].sum())
    if not weight:
        raise InputError("the field has no value anywhere", file=source.path, place=scalar.field)
    return lowest, total / weight, highest, np.sqrt(squares / weight), weight
