"""The pictures of the case: the mesh with its temperature, and p beside full order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from colours import in_few_colours

import romlib
from romlib.report.camera import Look
from romlib.report.panels import Panel, plot_panels
from romlib.snapshots import Snapshots

UP = (0.0, 1.0, 0.0)
WHOLE = (-0.8, 0.3, -0.7)  # towards the eye: leading edge and pressure side
TAKE_OFF = (20.0, 460.0, 560.0)  # degrees: cold, warming and hot spot of the mission at take-off


def plot_mesh(mesh_file: Path, output: Path) -> None:
    """The mesh, coloured by the temperature at take-off."""
    mesh = romlib.open(mesh_file).mesh
    cold, warming, hot = TAKE_OFF
    values = cold + warming * mesh.node_arrays["warm"] + hot * mesh.node_arrays["hot_spot"]
    with Snapshots(mesh_file) as file:
        panel = Panel(f"{3 * mesh.n_node:,} degrees of freedom, {mesh.n_cell:,} cells",
                      "temperature at\ntake-off, degC", values, (float(values.min()), float(values.max())), "YlOrRd",
                      numbers="%.0f")
        plot_panels(file, [panel], output, Look(WHOLE, up=UP))
    in_few_colours(output)


def plot_p(reduced: Path, full: Path, point: np.ndarray, output: Path) -> None:
    """p at the last time, beside the hot spot: as reduced, at full order, and the difference. point : (3,), mm."""
    x, y, z = (float(value) for value in point)
    romlib.plot(reduced, "p", output, against=full, deformed=0, titles=("reduced", "full order"), width=1500,
                view=Look(WHOLE, up=UP, focus=(x, y, z), radius=16.0))
    in_few_colours(output)
