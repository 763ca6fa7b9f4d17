"""The pictures of the case: mesh and temperature, p beside full order, p at the hot spot over the cycles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from colours import in_few_colours

import romlib
from romlib.report.camera import Look
from romlib.report.drawn import drawn
from romlib.report.panels import Panel, plot_panels
from romlib.report.surface import surface_of
from romlib.results.scalar import Scalar
from romlib.snapshots import Snapshots

ACCENT, GREY = "#c0392b", "#8a8f98"
DIRECTION = (-0.55, 0.8, 0.25)  # towards the eye: leading edge and pressure side


def plot_mesh(mesh_file: Path, temperature: tuple[float, float], output: Path) -> None:
    """The mesh, coloured by the temperature at take-off. temperature : amplitudes of the warming and the hot spot."""
    mesh = romlib.open(mesh_file).mesh
    values = temperature[0] + temperature[1] * mesh.node_arrays["hot_spot"]
    title = f"{3 * mesh.n_node:,} degrees of freedom, {mesh.n_cell:,} hexahedra"
    with Snapshots(mesh_file) as file:
        panel = Panel(title, "temperature at\ntake-off, degC", values, (float(values.min()), float(values.max())),
                      "YlOrRd", numbers="%.0f")
        plot_panels(file, [panel], output, Look(DIRECTION))
    in_few_colours(output)


def plot_p(reduced: Path, full: Path, output: Path) -> None:
    """p at the last time: as reduced, at full order, and the difference, on the part of the blade that is hot."""
    with Snapshots(full) as file:
        surface = surface_of(file)
        last = next(drawn(file, surface, Scalar.named(file, "p"), [file.n_step - 1]))
    assert last.nodal.largest is not None
    look = _near(surface.points, np.array(last.nodal.largest.coordinates))
    romlib.plot(reduced, "p", output, against=full, deformed=0, view=look, titles=("reduced", "full order"), width=1900)
    in_few_colours(output)


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
    in_few_colours(output)


def _near(points: np.ndarray, place: np.ndarray) -> Look:
    """A close look at the blade beside a place on its leading edge."""
    x, y, z = place + np.array([6.0, 0.0, 0.0])
    return Look(DIRECTION, focus=(x, y, z), radius=0.21 * float(np.linalg.norm(np.ptp(points, axis=0))))
