"""A bar between two walls, heated by fields that are no multiples of each other; each in a file of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from thermal_plate import CASES, write_temperature

from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import Mesh
from romlib.model import Model
from romlib.snapshots.writer import SnapshotsWriter

STUDY = """
[study]
name = "bar"
[mesh]
file = "bar.vtkhdf"
[initial]
temperature = 20.0
[materials.steel]
law = "mises"
[materials.steel.parameters]
young = { temperature = [20.0, 600.0], value = [2.0e5, 1.6e5] }
poisson = 0.3
yield = { temperature = [20.0, 600.0], value = [250.0, 120.0] }
linear_hardening = 5.0e3
[materials.steel.thermal_expansion]
coefficient = 1.2e-5
reference_temperature = 20.0
[constraints.left]
nodes = "xmin"
components = ["x"]
[constraints.right]
nodes = "xmax"
components = ["x"]
[constraints.foot]
nodes = "ymin"
components = ["y"]
[constraints.side]
nodes = "zmin"
components = ["z"]
""" + CASES
# Peak, place and width of the hot spot; it grows, moves on and fades.
FIELDS = {"one": (520.0, 2.3, 1.4), "two": (440.0, 2.9, 1.8), "three": (480.0, 2.6, 1.6)}
INSTANTS = np.array([0.0, 0.5, 1.0, 1.5, 2.0])


def field(points: np.ndarray, name: str) -> np.ndarray:
    """Temperature (n_instant, n) at points (n, 3)."""
    peak, place, width = FIELDS[name]
    x, y = points[:, 0], points[:, 1]
    spots = [size * peak * np.exp(-((x - place - 0.4 * k) ** 2 + 0.3 * y**2) / width**2)
             for k, size in enumerate((0.0, 0.5, 1.0, 0.4, 0.0))]
    return 20.0 + np.array(spots)


def bar(shape: tuple[int, int, int] = (12, 4, 2)) -> Mesh:
    """The mesh."""
    return box_mesh("hex8", shape, (6.0, 2.0, 0.5))


def write_study(folder: Path) -> Path:
    """The mesh, the fields, and the study of a folder."""
    with SnapshotsWriter(folder / "bar.vtkhdf", [bar()], Model(), [0.0], {}):
        pass
    for name in FIELDS:
        write_temperature(folder / f"{name}.vtkhdf", bar(), INSTANTS, field(bar().points, name))
    (folder / "study.toml").write_text(STUDY)
    return folder / "study.toml"
