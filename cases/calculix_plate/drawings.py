"""The pictures: the mesh, p beside CalculiX, force against stretch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from curves import last_p

import romlib
from romlib.nodal.average import Averaging
from romlib.report.camera import Look
from romlib.report.panels import Panel, difference_panels, plot_panels
from romlib.snapshots import Snapshots
from romlib.study import Study
from romlib.tensors import von_mises

ACCENT, GREY = "#c0392b", "#8a8f98"
LOOK = Look((0.25, -0.35, 1.0), up=(0.0, 1.0, 0.0))


def plot_mesh(mesh_file: Path, output: Path) -> None:
    """The mesh, coloured by the von Mises stress of the run's last step."""
    result = romlib.open(mesh_file)
    values = von_mises(Averaging(result.mesh).nodes(result.field("stress", [-1]))[0])
    title = f"{result.mesh.n_cell:,} cells, {3 * result.mesh.n_node:,} degrees of freedom"
    with Snapshots(mesh_file) as file:
        panel = Panel(title, "von Mises stress\nat the end, MPa", values, (0.0, float(values.max())), edges=True,
                      numbers="%.0f")
        plot_panels(file, [panel], output, LOOK)


def plot_p(reduced: Path, reference: Path, study: Study, output: Path) -> None:
    """p at the last time: reduced, CalculiX, and the difference."""
    result, other = romlib.open(reduced), romlib.open(reference)
    found = Averaging(result.mesh).nodes(result.field("p", [-1]))[0, :, 0]
    with Snapshots(reference) as b:
        expected = Averaging(other.mesh).nodes(np.concatenate(last_p(b, study))[None, :, None])[0, :, 0]
        panels = difference_panels(found, expected, "p", ("reduced", "CalculiX"), edges=True)
        plot_panels(b, panels, output, LOOK, title="p at the last time")


def plot_force(stretch: np.ndarray, reduced: np.ndarray, reference: np.ndarray, output: Path) -> None:
    """Force on the edge against its displacement. stretch : mm, reduced, reference : N, (n_step,) each."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7.0, 4.6), layout="constrained")
    axes.plot(stretch, 1e-3 * reference, color=GREY, linewidth=4.0, label="CalculiX")
    axes.plot(stretch, 1e-3 * reduced, color=ACCENT, linewidth=1.5, marker="o", markersize=2.5, label="reduced")
    axes.set(xlabel="displacement of the top edge, mm", ylabel="force on it, kN",
             title="A history that the reduced model was not trained on")
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(output, dpi=150)
    plt.close(figure)
