"""The pictures of the case: mesh and temperature, p beside full order, p at the hot spot over the cycles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from romlib.report.plot_field import _pyvista  # renders without a screen wherever it can
from romlib.report.scalar import Scalar
from romlib.report.whole_mesh import WholeMesh
from romlib.snapshots import Snapshots

INK, ACCENT, GREY = "#222222", "#c0392b", "#8a8f98"
DIRECTION = np.array([-0.55, 0.8, 0.25])  # towards the eye: leading edge and pressure side


@dataclass(frozen=True)
class View:
    """One panel. values : (n_node,). limits : of the colours. colours : a matplotlib colour map."""

    title: str
    label: str
    values: np.ndarray
    limits: tuple[float, float]
    colours: str = "YlOrRd"
    edges: bool = False
    numbers: str = "%.2e"


def plot_mesh(mesh_file: Path, temperature: tuple[float, float], output: Path) -> None:
    """The mesh, coloured by the temperature at take-off. temperature : amplitudes of the warming and the hot spot."""
    with Snapshots(mesh_file) as file:
        whole = WholeMesh(file)
        shape = np.empty(whole.n_node)
        for mesh, numbers in zip(whole.meshes, whole.numbers):
            shape[numbers] = mesh.node_arrays["hot_spot"]
        n_cell = sum(mesh.n_cell for mesh in whole.meshes)
        values = temperature[0] + temperature[1] * shape
        view = View(f"{3 * whole.n_node:,} degrees of freedom, {n_cell:,} hexahedra", "temperature at\ntake-off, degC",
                    values, (float(values.min()), float(values.max())), edges=n_cell < 30_000, numbers="%.0f")
        _render(whole, [view], output)


def plot_p(reduced: Path, full: Path, output: Path) -> None:
    """p at the last time: as reduced, at full order, and the difference, on the part of the blade that is hot."""
    with Snapshots(reduced) as a, Snapshots(full) as b:
        whole = WholeMesh(b)
        found, expected = (WholeMesh(f).at_nodes(Scalar.named(f, "p"), f.n_step - 1) for f in (a, b))
        largest = float(expected.max())
        views = [View("reduced", "p, reduced", found, (0.0, largest)),
                 View("full order", "p, full order", expected, (0.0, largest))]
        difference = found - expected
        size = float(np.abs(difference).max())
        views.append(View("reduced - full order", "difference of p", difference, (-size, size), "coolwarm"))
        _render(whole, views, output, focus=whole.points[int(np.argmax(expected))])


def plot_cycles(times: np.ndarray, values: np.ndarray, reference: tuple[np.ndarray, np.ndarray] | None, period: float,
                output: Path) -> None:
    """p at the hot spot over the cycles, with the full-order history where there is one."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    figure, axes = plt.subplots(figsize=(9.0, 4.2), layout="constrained")
    if reference is not None:
        axes.plot(reference[0] / period, 1e3 * reference[1], color=GREY, linewidth=4.0, label="full order")
    axes.plot(times / period, 1e3 * values, color=ACCENT, linewidth=1.5, label="reduced")
    axes.set(xlabel="cycle", ylabel="p at the hot spot, 1e-3", xlim=(0, times[-1] / period), ylim=(0, None),
             title="Cumulated viscoplastic strain at the leading edge")
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(output, dpi=150)
    plt.close(figure)


def _render(whole: WholeMesh, views: Sequence[View], output: Path, focus: np.ndarray | None = None) -> None:
    """Panels beside one another; focus : (3,), where to look closely, or None for the whole blade."""
    pyvista = _pyvista()
    plotter = pyvista.Plotter(off_screen=True, shape=(1, len(views)), border=False,
                              window_size=(1000 if len(views) == 1 else 720 * len(views), 1000))
    plotter.set_background("white")
    for k, view in enumerate(views):
        plotter.subplot(0, k)
        grid = whole.grid()
        grid.point_data[view.title] = view.values
        surface = grid.extract_surface(nonlinear_subdivision=1, algorithm="dataset_surface")
        plotter.add_mesh(surface, scalars=view.title, cmap=view.colours, clim=view.limits, show_edges=view.edges,
                         edge_color=INK, edge_opacity=0.35, ambient=0.65, diffuse=0.4, scalar_bar_args={
                             "title": view.label, "vertical": True, "position_x": 0.82, "position_y": 0.2,
                             "height": 0.6, "width": 0.08, "title_font_size": 22, "label_font_size": 20, "color": INK,
                             "fmt": view.numbers})
        sharp = surface.extract_feature_edges(40.0, manifold_edges=False, non_manifold_edges=False)
        plotter.add_mesh(sharp, color=INK, line_width=1.5)
        plotter.add_text(view.title, position=(0.04, 0.94), viewport=True, font_size=14, color=INK)
        _look(plotter, whole.points, focus)
    plotter.enable_anti_aliasing("ssaa")
    plotter.screenshot(str(output))
    plotter.close()


def _look(plotter: Any, points: np.ndarray, focus: np.ndarray | None) -> None:
    low, high = points.min(axis=0), points.max(axis=0)
    center, radius = 0.5 * (low + high), 0.5 * float(np.linalg.norm(high - low))
    if focus is not None:
        center, radius = focus + np.array([6.0, 0.0, 0.0]), 0.42 * radius
    plotter.camera.SetParallelProjection(True)
    right = np.cross([0.0, 0.0, 1.0], DIRECTION)
    plotter.camera.focal_point = center + 0.12 * radius * right / np.linalg.norm(right)
    plotter.camera.position = np.asarray(plotter.camera.focal_point) + 500.0 * DIRECTION
    plotter.camera.up = (0.0, 0.0, 1.0)
    plotter.camera.parallel_scale = 1.02 * radius
    plotter.reset_camera_clipping_range()
