"""Curves: the errors of a comparison and the quantities of a file over time, bounds over the steps of an enrichment."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from romlib.archive.enrichment import Enrichment
from romlib.blocks import blocks
from romlib.errors import InputError
from romlib.mesh.operator import StrainOperator
from romlib.report.compare import Comparison
from romlib.report.picture import write_figure
from romlib.report.scalar import Scalar
from romlib.snapshots.reader import Snapshots

_COLOURS = ("#3b6fb6", "#d1662d", "#3a8f5c", "#8c5fa8", "#b0892e", "#5b6470")
_BLOCK_BYTES = 64 * 2**20


def _with_own_settings(function: Callable[..., None]) -> Callable[..., None]:
    """Draw with matplotlib's defaults: a matplotlibrc in the working folder, which matplotlib reads by itself, may have
    come with somebody else's files, and can ask for programs to be run (text.usetex).
    """
    @functools.wraps(function)
    def drawn(*arguments: Any, **options: Any) -> None:
        matplotlib = _matplotlib()
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            function(*arguments, **options)

    return drawn


def _matplotlib() -> Any:
    try:
        import matplotlib
    except ImportError as error:
        raise InputError("curves need matplotlib", found=str(error),
                         remedy="pip install 'romlib-mechanics[plot]'") from error
    return matplotlib


def _plain(text: object) -> str:
    """A name for a picture: its dollar signs are no mathematics."""
    return str(text).replace("$", r"\$")


@_with_own_settings
def plot_comparison(comparison: Comparison, output: Path, time_unit: str = "s") -> None:
    """Write a PNG: errors over time (logarithmic), and the norm of each field in the two files.

    Raises
    ------
    InputError : matplotlib is not installed, or nothing was compared.
    """
    if not comparison.fields:
        raise InputError("there is nothing to plot: no field was compared", file=comparison.candidate)
    figure = _figure(1, 2, (13.0, 5.0))
    errors, norms = figure.axes
    for colour, (name, field) in zip(_cycle(len(comparison.fields)), comparison.fields.items()):
        label = f"{_plain(name)}: {field.relative:.1e}"
        if np.any(field.over_time > 0):
            errors.semilogy(comparison.times, np.where(field.over_time > 0, field.over_time, np.nan), color=colour,
                            marker="o", markersize=3.5, linewidth=1.5, label=label)
        else:
            errors.plot([], [], color=colour, label=label)
        if field.scale > 0:
            norms.plot(comparison.times, field.reference / field.scale, color=colour, linewidth=1.8, label=_plain(name))
    errors.set_ylabel(r"$\|a-b\|_{L^2}(t)\ /\ \max_t\|b\|_{L^2}$")
    errors.set_title("Relative errors over time")
    norms.set_ylabel(r"$\|b\|_{L^2}(t)\ /\ \max_t\|b\|_{L^2}$")
    norms.set_title("Fields of the reference")
    for axes in (errors, norms):
        axes.set_xlabel(f"time ({_plain(time_unit)})")
        axes.legend(frameon=False)
    names = [_plain(Path(path).name) for path in (comparison.candidate, comparison.reference)]
    figure.suptitle(" against ".join(names), fontsize=13)
    write_figure(output, figure)


@_with_own_settings
def plot_quantity(snapshots: Snapshots, name: str, output: Path) -> None:
    """Write a PNG of a scalar over time: its largest and smallest value, and its mean (over volume, or over nodes).

    Raises
    ------
    InputError : matplotlib is not installed, or the file has no such field.
    """
    scalar = Scalar.named(snapshots, name)
    lowest, mean, highest = _extremes(snapshots, scalar)
    units = snapshots.model.units
    figure = _figure(1, 1, (8.5, 5.0))
    axes = figure.axes[0]
    axes.fill_between(snapshots.times, lowest, highest, color=_COLOURS[0], alpha=0.15, linewidth=0)
    axes.plot(snapshots.times, highest, color=_COLOURS[0], linewidth=1.8, label="largest")
    axes.plot(snapshots.times, mean, color=_COLOURS[1], linewidth=1.8,
              label="mean over the volume" if scalar.spec.place == "ip" else "mean over the nodes")
    axes.plot(snapshots.times, lowest, color=_COLOURS[0], linewidth=1.2, linestyle="--", label="smallest")
    axes.set_xlabel(f"time ({_plain(units.time)})")
    axes.set_ylabel(_plain(scalar.title))
    axes.set_title(_plain(f"{scalar.label} over time, {snapshots.path.name}"))
    axes.legend(frameon=False)
    write_figure(output, figure)


@_with_own_settings
def plot_enrichment(log: Sequence[Enrichment], output: Path) -> None:
    """Write a PNG: the bound of each quantity before each addition and after the last, and the errors that were found.

    Raises
    ------
    InputError : matplotlib is not installed, or nothing was added.
    """
    if not log:
        raise InputError("there is nothing to plot: nothing was added to the ROM", place="--plot")
    figure = _figure(1, 1, (8.5, 5.0))
    axes, n = figure.axes[0], len(log)
    quantities = list(dict.fromkeys(name for entry in log for name in (*entry.before, *entry.after)))
    for colour, name in zip(_cycle(len(quantities)), quantities):
        bounds = [entry.before.get(name, np.nan) for entry in log] + [log[-1].after.get(name, np.nan)]
        found = [entry.found.get(name, np.nan) for entry in log]
        axes.semilogy(range(n + 1), bounds, color=colour, marker="o", linewidth=1.8, label=f"bound of {_plain(name)}")
        axes.semilogy(range(n), found, color=colour, marker="x", linestyle="none",
                      label=f"error of {_plain(name)} found")
    axes.set_xticks(range(n + 1), [*(f"{'step' if entry.kind == 'step' else 'elastic'}\n{entry.time:.4g}"
                                     for entry in log), "end"])
    axes.set_xlabel("addition to the training, and its time")
    axes.set_ylabel("relative to the largest so far")
    axes.set_title("Bounds of the errors over the enrichment")
    axes.legend(frameon=False)
    write_figure(output, figure)


def _extremes(snapshots: Snapshots, scalar: Scalar) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n_step = snapshots.n_step
    lowest, highest = np.full(n_step, np.inf), np.full(n_step, -np.inf)
    total, weight = np.zeros(n_step), 0.0
    for piece in range(snapshots.n_piece):
        at_nodes = scalar.spec.place == "node"
        n = snapshots.n_node(piece) if at_nodes else snapshots.n_ip(piece)
        weights = np.ones(n) if at_nodes else StrainOperator(snapshots.mesh(piece)).positive_weights
        there = np.ones(n, dtype=bool)
        for steps in blocks(n_step, 8 * n * scalar.spec.n_comp, _BLOCK_BYTES):
            values = scalar.values(snapshots.read(scalar.field, piece, steps))
            there = np.isfinite(values).all(axis=0)
            if there.any():
                lowest[steps] = np.minimum(lowest[steps], values[:, there].min(axis=1))
                highest[steps] = np.maximum(highest[steps], values[:, there].max(axis=1))
                total[steps] += values[:, there] @ weights[there]
        weight += float(weights[there].sum())
    if not weight:
        raise InputError("the field has no value anywhere", file=snapshots.path, place=scalar.field)
    return lowest, total / weight, highest


def _cycle(n: int) -> list[str]:
    return [_COLOURS[k % len(_COLOURS)] for k in range(n)]


def _figure(rows: int, columns: int, size: tuple[float, float]) -> Any:
    """A figure of its own, without the global state of pyplot."""
    _matplotlib()
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=150, layout="constrained")
    for axes in np.atleast_1d(figure.subplots(rows, columns)).ravel():
        axes.grid(True, color="#e3e5e8", linewidth=0.8)
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    return figure
