"""The pictures of the case: temperature and p along the strip, errors of bases, errors over time with the clusters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from comparison import BEST, GLOBAL, WITH_ENDS, Curve
from matplotlib.colors import ListedColormap
from passes import Pass
from roms import History

from romlib.snapshots import Snapshots

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {GLOBAL: "#222222", WITH_ENDS: "#c0392b", BEST: "#c0392b", "stress angle": "#e8a49c",
           "energy angle, geodesic": "#d68910", "energy angle": "#f0cf95", "displacement angle, geodesic": "#8e5aa8",
           "displacement angle": "#d3bde0", "L2, geodesic": "#2471a3", "L2": "#8fbfe0", "time windows": "#1e8449",
           "random": "#999999"}


def plot_strip(folder: Path, one: Pass, parts: tuple[float, ...], output: Path) -> None:
    """Temperature at parts of the duration of a pass, and p at its end at full order, seen from above."""
    with Snapshots(folder / f"{one.name}.vtkhdf") as file:
        centres, p = [], []
        for piece in range(file.n_piece):
            mesh = file.mesh(piece)
            centres.append(mesh.points[mesh.blocks[0].connectivity].mean(axis=1))
            p.append(file.read("p", piece, slice(file.n_step - 1, None))[0, :, 0].reshape(mesh.n_cell, -1).mean(axis=1))
    points, values = np.concatenate(centres), np.concatenate(p)
    xs, column = np.unique(points[:, 0].round(6), return_inverse=True)
    ys, row = np.unique(points[:, 1].round(6), return_inverse=True)

    def grid(of_cells: np.ndarray) -> np.ndarray:
        result = np.empty((len(ys), len(xs)))
        result[row, column] = of_cells
        return result

    figure, axes = plt.subplots(len(parts) + 1, 1, figsize=(8.0, 1.55 * (len(parts) + 1)), sharex=True,
                                layout="constrained")
    extent = (0.0, 60.0, 0.0, 10.0)
    history = one.temperature(points)
    for ax, part in zip(axes, parts):
        at = np.array([np.interp(part * one.duration, one.instants, of_cell) for of_cell in history.T])
        image = ax.imshow(grid(at), origin="lower", extent=extent, cmap="inferno", vmin=20.0, vmax=1000.0)
        ax.set_title(f"temperature after {part * one.duration:.0f} s", fontsize=9, loc="left")
    figure.colorbar(image, ax=axes[:-1], label="degC", shrink=0.8)
    image = axes[-1].imshow(1e3 * grid(values), origin="lower", extent=extent, cmap="viridis")
    axes[-1].set_title(f"p after {one.duration:.0f} s, 1e-3", fontsize=9, loc="left")
    axes[-1].set_xlabel("mm")
    for ax in axes:
        ax.set_ylabel("mm")
    figure.colorbar(image, ax=axes[-1])
    _save(figure, output)


def plot_comparison(curves: Mapping[str, Curve], output: Path) -> None:
    """The quantile of the projection errors against the number of modes, of training and held-out passes."""
    groups = list(next(iter(curves.values())).quantiles)
    figure, axes = plt.subplots(1, len(groups), figsize=(3.6 * len(groups), 4.6), sharey=True, layout="constrained")
    for ax, group in zip(axes, groups):
        for name, one in curves.items():
            values = one.quantiles[group]
            ax.semilogy(np.arange(len(values)), values, color=COLOURS[name], label=name,
                        linewidth=2.2 if name in (GLOBAL, WITH_ENDS, BEST) else 1.3,
                        linestyle="--" if name == WITH_ENDS else "-")
        ax.set(xlim=(0, 100), ylim=(1e-3, 1.0), xlabel="modes")
        ax.set_title(group, fontsize=10)
        _clean(ax)
    axes[0].set_ylabel("90 % quantile of the relative energy error")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    _save(figure, output)


def plot_over_time(histories: Mapping[str, History], local: str, output: Path) -> None:
    """Errors of the ROMs on a pass over time, and under them the basis that each step of a ROM was in."""
    one = histories[local]
    figure, axes = plt.subplots(len(one.errors) + 1, 1, figsize=(8.5, 1.9 * len(one.errors) + 0.8), sharex=True,
                                height_ratios=[*[1.0] * len(one.errors), 0.16], layout="constrained")
    for ax, quantity in zip(axes, one.errors):
        for (name, history), colour in zip(histories.items(), ("#222222", "#c0392b", "#2471a3", "#1e8449")):
            ax.plot(history.times, 100.0 * history.errors[quantity], color=colour, label=name, linewidth=1.6)
        ax.set(ylabel=f"{quantity}, %", ylim=(0.0, None))
        _clean(ax)
    axes[0].legend(frameon=False, fontsize=8, ncols=len(histories))
    shown = ListedColormap(plt.get_cmap("tab20").colors[:max(int(one.clusters.max()) + 1, 2)])
    edges = np.concatenate([one.times[:1], one.times])
    axes[-1].pcolormesh(edges, [0.0, 1.0], one.clusters[None, :], cmap=shown, vmin=-0.5, vmax=shown.N - 0.5)
    axes[-1].set(yticks=[], xlabel="time, s", xlim=(one.times[0], one.times[-1]))
    axes[-1].set_ylabel("basis", rotation=0, ha="right", va="center")
    _save(figure, output)


def _clean(ax: Axes) -> None:
    ax.grid(color="#dddddd", linewidth=0.6)
    ax.spines[["top", "right"]].set_visible(False)


def _save(figure: plt.Figure, output: Path) -> None:
    figure.savefig(output, dpi=110)
    plt.close(figure)
