"""Several fields on one mesh beside one another, such as reduced, full order, and their difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from romlib.report.offscreen import import_pyvista
from romlib.report.picture import write_image
from romlib.report.whole_mesh import WholeMesh

_INK = "#222222"
_HEIGHT, _ALONE, _BESIDE = 1000, 1000, 720  # pixels: height, width of one panel, of each of several
_LEFT, _BELOW_TITLE = 0.8, 0.9  # of the width and the height of a panel: what the scale and the title leave to the mesh


@dataclass(frozen=True)
class Panel:
    """One panel. values : (n_node,), in the order of `WholeMesh.points`. limits : of the colours.

    title : above it; different in each panel. label : of the scale. colours : a matplotlib colour map. edges : whether
    those of the cells are drawn. numbers : format of the scale.
    """

    title: str
    label: str
    values: np.ndarray
    limits: tuple[float, float]
    colours: str = "YlOrRd"
    edges: bool = False
    numbers: str = "%.2e"


@dataclass(frozen=True)
class Look:
    """Where the eye is: in this direction from the centre; up is up. focus, radius : of a part to look at closely;
    without them all of the mesh is seen.
    """

    direction: tuple[float, float, float]
    up: tuple[float, float, float] = (0.0, 0.0, 1.0)
    focus: tuple[float, float, float] | None = None
    radius: float | None = None


def difference_panels(
    found: np.ndarray, expected: np.ndarray, label: str, titles: tuple[str, str], edges: bool = False,
) -> list[Panel]:
    """A field, its reference on the same scale, and their difference. found, expected : (n_node,)."""
    limits = (min(0.0, float(expected.min())), float(expected.max()))
    difference = found - expected
    size = float(np.abs(difference).max()) or 1.0
    return [Panel(titles[0], f"{label}, {titles[0]}", found, limits, edges=edges),
            Panel(titles[1], f"{label}, {titles[1]}", expected, limits, edges=edges),
            Panel(f"{titles[0]} - {titles[1]}", f"difference of {label}", difference, (-size, size), "coolwarm", edges)]


def plot_panels(whole: WholeMesh, panels: Sequence[Panel], output: Path, look: Look) -> None:
    """Write a PNG of panels from left to right.

    Raises
    ------
    InputError : pyvista is not installed.
    """
    pyvista = import_pyvista()
    width = _ALONE if len(panels) == 1 else _BESIDE * len(panels)
    plotter = pyvista.Plotter(off_screen=True, shape=(1, len(panels)), border=False, window_size=(width, _HEIGHT))
    plotter.set_background("white")
    for k, panel in enumerate(panels):
        plotter.subplot(0, k)
        grid = whole.grid()
        grid.point_data[panel.title] = panel.values
        surface = grid.extract_surface(nonlinear_subdivision=1, algorithm="dataset_surface")
        plotter.add_mesh(surface, scalars=panel.title, cmap=panel.colours, clim=panel.limits, ambient=0.65,
                         diffuse=0.4, scalar_bar_args={
                             "title": panel.label, "vertical": True, "position_x": 0.82, "position_y": 0.2,
                             "height": 0.6, "width": 0.08, "title_font_size": 22, "label_font_size": 20,
                             "color": _INK, "fmt": panel.numbers})
        if panel.edges:
            plotter.add_mesh(_edges(grid, look), color=_INK, opacity=0.35, line_width=1.0)
        sharp = surface.extract_feature_edges(40.0, manifold_edges=False, non_manifold_edges=False)
        plotter.add_mesh(sharp, color=_INK, line_width=1.5)
        plotter.add_text(panel.title, position=(0.04, 0.94), viewport=True, font_size=14, color=_INK)
        _aim(plotter, whole.points, look, width / len(panels) / _HEIGHT)
    plotter.enable_anti_aliasing("ssaa")
    image = plotter.screenshot(return_img=True)
    plotter.close()
    write_image(output, np.asarray(image))


def _edges(grid: Any, look: Look) -> Any:
    """Edges of the cells (not of the parts into which curved faces are cut), a little nearer to the eye."""
    edges = grid.extract_surface(nonlinear_subdivision=0, algorithm="dataset_surface").extract_all_edges()
    edges.points = edges.points + 2e-3 * grid.length * np.array(look.direction) / np.linalg.norm(look.direction)
    return edges


def _aim(plotter: Any, points: np.ndarray, look: Look, aspect: float) -> None:
    """Put the camera of a panel; aspect : its width over its height."""
    direction = np.array(look.direction) / np.linalg.norm(look.direction)
    right = np.cross(look.up, direction)
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(direction, right), direction])
    low, high = (points @ axes.T).min(axis=0), (points @ axes.T).max(axis=0)
    half = 0.5 * (high - low)
    center = 0.5 * (low + high) @ axes if look.focus is None else np.array(look.focus)
    if look.radius is None:
        scale = 1.04 * float(max(half[1] / _BELOW_TITLE, half[0] / (_LEFT * aspect)))
    else:
        scale = 1.02 * look.radius
    camera = plotter.camera
    camera.SetParallelProjection(True)
    # The middle of what is left beside the scale and below the title.
    focal = center + scale * ((1.0 - _LEFT) * aspect * axes[0] + (1.0 - _BELOW_TITLE) * axes[1])
    camera.focal_point = focal
    camera.position = focal + 10.0 * float(np.linalg.norm(half)) * direction
    camera.up = look.up
    camera.parallel_scale = scale
    plotter.reset_camera_clipping_range()
