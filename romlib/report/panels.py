"""Fields given as arrays, on one mesh, beside one another: for scripts that draw what no file has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from romlib.errors import InputError
from romlib.report.camera import Look, camera
from romlib.report.colours import SEQUENTIAL, Colouring, difference_colouring
from romlib.report.layout import BodyImage, compose, frame
from romlib.report.offscreen import import_pyvista
from romlib.report.picture import write_image
from romlib.report.render import render
from romlib.report.surface import Surface, surface_of
from romlib.results.source import StepSource

__all__ = ["Look", "Panel", "difference_panels", "plot_panels"]


@dataclass(frozen=True)
class Panel:
    """One panel. values : (n_node,), in the order of the ids of all nodes. limits : of the colours.

    title : above it. label : of the scale. colours : a matplotlib colour map. edges : whether those of the elements are
    drawn; by default where they do not hide the colours. numbers : format of the scale. bar : whether it has a scale.
    """

    title: str
    label: str
    values: np.ndarray
    limits: tuple[float, float]
    colours: str = SEQUENTIAL
    edges: bool | None = None
    numbers: str = "%.3g"
    bar: bool = True


def difference_panels(
    found: np.ndarray, expected: np.ndarray, label: str, titles: tuple[str, str], edges: bool | None = None,
) -> list[Panel]:
    """A field, its reference on the same scale, and their difference. found, expected : (n_node,)."""
    limits = (min(0.0, float(expected.min())), float(expected.max()))
    difference = found - expected
    scale = difference_colouring(float(np.abs(difference).max()))
    return [Panel(titles[0], label, found, limits, edges=edges, bar=False),
            Panel(titles[1], label, expected, limits, edges=edges),
            Panel(f"{titles[0]} - {titles[1]}", f"difference\nof {label}", difference, scale.limits, scale.name, edges)]


def plot_panels(
    source: StepSource, panels: Sequence[Panel], output: Path, look: Look, *, title: str = "", subtitle: str = "",
    caption: Sequence[str] = (),
) -> None:
    """Write a PNG of panels from left to right, on the undeformed mesh of a file.

    Raises
    ------
    InputError : values that are not one a node; pyvista or matplotlib is not installed.
    """
    import_pyvista()
    surface = surface_of(source)
    ids = np.unique(np.concatenate([source.mesh(piece).node_ids for piece in range(source.n_piece)]))
    alone = len(panels) == 1
    room = frame(len(panels), sum(panel.bar for panel in panels), len(caption), titles=not alone or not title)
    eye = camera(surface.points, look, room.body[0] / room.body[1])
    bodies = []
    for panel in panels:
        scale = Colouring(panel.limits, panel.colours)
        values = _on_surface(surface, ids, panel)
        pixels = render(surface, surface.points, values, scale, eye, room.body, edges=panel.edges)
        bodies.append(BodyImage(pixels, scale, panel.label, panel.title, bar=panel.bar, numbers=panel.numbers,
                                absent=bool(np.isnan(values).any())))
    write_image(output, compose(room, bodies, title, subtitle, caption))


def _on_surface(surface: Surface, ids: np.ndarray, panel: Panel) -> np.ndarray:
    values = np.asarray(panel.values, dtype=float)
    if values.shape != ids.shape:
        raise InputError("a panel needs one value a node", place=panel.title, expected=f"{len(ids)} values",
                         found=f"an array of shape {values.shape}")
    return values[np.searchsorted(ids, surface.node_ids)]
