"""A picture of a field on the deformed mesh, rendered without a screen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from romlib.errors import InputError
from romlib.report.offscreen import import_pyvista
from romlib.report.picture import write_image
from romlib.report.scalar import Scalar
from romlib.report.whole_mesh import WholeMesh
from romlib.snapshots.reader import Snapshots
from romlib.words import plural

_WINDOW = (1600, 1200)
_DEFORMATION = 0.07  # of the diagonal: the largest displacement in a picture whose scale is left open
_MANY_CELLS = 20_000  # beyond this, the edges of the cells would hide the colours
_INK, _GREY, _ABSENT = "#222222", "#8a8f98", "#d9d9d9"


@dataclass(frozen=True)
class Picture:
    """What a picture shows. scale : of the deformation. lowest, highest : of the scalar. placement : in words."""

    output: Path
    label: str
    unit: str
    time: float
    scale: float
    lowest: float
    highest: float
    placement: str


def plot_field(
    snapshots: Snapshots, name: str, output: Path, *, step: int, scale: float | None = None,
    at: Literal["nodes", "cells"] = "nodes",
) -> Picture:
    """Write a PNG of a field at a step on the deformed mesh.

    Parameters
    ----------
    name : a field, or one of its components, as `Scalar.named` takes it.
    scale : factor of the displacement; by default such that the largest one shows well (a round number).
    at : whether values at integration points are averaged to nodes, or to cells.

    Raises
    ------
    InputError : unknown field; pyvista is not installed.
    """
    if scale is not None and not np.isfinite(scale):
        raise InputError("the scale of the displacement is not finite", place="--scale", found=scale)
    pyvista = import_pyvista()
    scalar, whole = Scalar.named(snapshots, name), WholeMesh(snapshots)
    displacement = whole.displacement(step)
    scale = _round_scale(whole.points, displacement) if scale is None else scale
    grid = whole.grid()
    outline = grid.extract_surface(algorithm="dataset_surface").extract_feature_edges(
        30.0, manifold_edges=False, non_manifold_edges=False)
    if scalar.spec.place == "node":
        grid.point_data["value"], placement = whole.at_nodes(scalar, step), "values at nodes"
    elif at == "nodes":
        grid.point_data["value"], placement = whole.at_nodes(scalar, step), "integration points averaged to nodes"
    else:
        grid.cell_data["value"], placement = whole.at_cells(scalar, step), "mean of the integration points of each cell"
    grid.points = whole.points + scale * displacement
    lowest, highest = _range(np.asarray(grid["value"]))
    picture = Picture(Path(output), scalar.label, scalar.unit, float(snapshots.times[step]), scale, lowest, highest,
                      placement)
    image = _render(pyvista, grid, outline, scalar, picture, str(snapshots.model.units.time))
    write_image(output, image)
    return picture


def step_at(snapshots: Snapshots, time: str, step: int | None = None) -> int:
    """The number of a step: `step` itself where given (negative: from the end), else that of a time, or of "last".

    Raises
    ------
    InputError : no such step; no such time (the nearest ones are named).
    """
    times, n = snapshots.times, snapshots.n_step
    if step is not None:
        if not -n <= step < n:
            raise InputError("there is no such step", file=snapshots.path, expected=f"0 to {n - 1}", found=step)
        return step % n
    if time == "last":
        return n - 1
    try:
        wanted = float(time)
    except ValueError:
        raise InputError("this is no time", place="--time", expected="a number, last, or all", found=time) from None
    nearest = int(np.argmin(np.abs(times - wanted)))
    if not abs(times[nearest] - wanted) <= 1e-6 * max(float(np.ptp(times)), 1e-300):  # so that NaN is no time either
        close = sorted(float(t) for t in times[np.argsort(np.abs(times - wanted))[:2]])
        raise InputError("the file has no step at this time", file=snapshots.path, place="--time", found=wanted,
                         expected=f"{plural(n, 'time')} from {times[0]:.6g} to {times[-1]:.6g}",
                         remedy="take one of " + ", ".join(f"{t:.6g}" for t in close))
    return nearest


def _render(pyvista: Any, grid: Any, outline: Any, scalar: Scalar, picture: Picture, time_unit: str) -> np.ndarray:
    plotter = pyvista.Plotter(off_screen=True, window_size=_WINDOW)
    plotter.set_background("white")
    surface = grid.extract_surface(nonlinear_subdivision=1, algorithm="dataset_surface")
    limit = max(abs(picture.lowest), abs(picture.highest))
    symmetric = scalar.signed and picture.lowest < 0 < picture.highest
    limits = (-limit, limit) if symmetric else (picture.lowest, picture.highest)
    if limits[0] == limits[1]:
        limits = (limits[0], limits[0] + (abs(limits[0]) or 1.0))
    plotter.add_mesh(
        surface, scalars="value", cmap="coolwarm" if symmetric else "YlOrRd", clim=limits, nan_color=_ABSENT,
        show_edges=grid.n_cells <= _MANY_CELLS and _linear(grid), edge_color=_INK, edge_opacity=0.25,
        line_width=1.0, ambient=0.72, diffuse=0.33,
        scalar_bar_args={
            "title": scalar.title + "\n", "vertical": True, "position_x": 0.86, "position_y": 0.16, "height": 0.62,
            "width": 0.06, "title_font_size": 30, "label_font_size": 26, "color": _INK, "fmt": "%.3g", "n_labels": 6})
    edges = surface.extract_feature_edges(30.0, manifold_edges=False, non_manifold_edges=False)
    if edges.n_cells:
        plotter.add_mesh(edges, color=_INK, line_width=2.0)
    if picture.scale and outline.n_cells:
        plotter.add_mesh(outline, color=_GREY, line_width=1.5, opacity=0.8)
    _describe(plotter, picture, scalar, time_unit)
    _look(plotter, np.asarray(grid.points))
    plotter.enable_anti_aliasing("ssaa")
    image = plotter.screenshot(return_img=True)
    plotter.close()
    return np.asarray(image)


def _range(values: np.ndarray) -> tuple[float, float]:
    """Smallest and largest finite value; one that is rounding error beside the other is zero."""
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 0.0
    lowest, highest = float(values.min()), float(values.max())
    floor = 1e-9 * max(abs(lowest), abs(highest))
    return (0.0 if abs(lowest) < floor else lowest), (0.0 if abs(highest) < floor else highest)


def _linear(grid: Any) -> bool:
    """Whether the cells have straight edges: the lines of a subdivided surface are not those of its cells."""
    return not np.isin(np.unique(grid.celltypes), (22, 23, 24, 25, 26)).any()


def _describe(plotter: Any, picture: Picture, scalar: Scalar, time_unit: str) -> None:
    deformation = "undeformed" if picture.scale == 0 else f"displacement x {picture.scale:g}"
    unit = f" {scalar.unit}" if scalar.unit else ""
    plotter.add_text(f"{scalar.title},  t = {picture.time:.6g} {time_unit}", position=(40, _WINDOW[1] - 70),
                     font_size=17, color=_INK)
    plotter.add_text(
        f"{deformation};  {picture.placement};  from {picture.lowest:.4g} to {picture.highest:.4g}{unit}",
        position=(40, _WINDOW[1] - 112), font_size=11, color=_GREY)
    plotter.add_axes(line_width=3, color=_INK, viewport=(0.0, 0.0, 0.16, 0.2))


def _look(plotter: Any, points: np.ndarray) -> None:
    """Look along a diagonal that shows the large faces of the body most; the longest direction of y and z is up."""
    low, high = points.min(axis=0), points.max(axis=0)
    extent = np.maximum(high - low, 1e-12 * max(float(np.max(high - low)), 1e-300))
    direction = 1.0 / np.sqrt(extent)
    direction /= np.linalg.norm(direction)
    up = np.zeros(3)
    up[1 if extent[1] > 1.05 * extent[2] else 2] = 1.0
    center, radius = 0.5 * (low + high), 0.5 * float(np.linalg.norm(high - low))
    right = np.cross(up, direction)
    right /= np.linalg.norm(right)
    center = center + radius * (0.16 * right + 0.07 * np.cross(direction, right))  # room for the scale and the title
    plotter.camera.SetParallelProjection(True)
    plotter.camera.focal_point = center
    plotter.camera.position = center + 6.0 * radius * direction
    plotter.camera.up = up
    plotter.camera.parallel_scale = 1.16 * radius
    plotter.reset_camera_clipping_range()


def _round_scale(points: np.ndarray, displacement: np.ndarray) -> float:
    """A factor 1, 2 or 5 times a power of ten that makes the largest displacement show; 0 where nothing moves."""
    largest = float(np.linalg.norm(displacement, axis=1).max(initial=0.0))
    diagonal = float(np.linalg.norm(np.ptp(points, axis=0)))
    if largest <= 1e-12 * diagonal:
        return 0.0
    wanted = _DEFORMATION * diagonal / largest
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(power * max(step for step in (1, 2, 5) if step * power <= wanted * (1 + 1e-9)))
