"""The plate of cases/plate_demo under hot spots at its hole that spread; the temperature of each run in its own file.

The fields are of one family with one parameter, the angle at which the spot lies on the edge of the hole:

    T = 20 + 300 f(t) exp(-|x - c|^2 / w(t)^2),   c = 4 (cos angle, sin angle),   w(t)^2 = 4^2 (1 + t)

As wide as the radius of the hole, 4, at first, and wider as heat spreads; f rises to one and falls. Training has 30 and
60 degrees. What they do not have is 45: in the middle of the parameter, and no combination of the two.
"""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from romlib.mesh.mesh import Mesh
from romlib.model import Model
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter

# Three cases, each with a temperature from a file of its name; the runs of the first two train.
CASES = """
[cases.one]
times = { stop = 2.0, step = 0.1 }
temperature = "one.vtkhdf"
[cases.two]
times = { stop = 2.0, step = 0.1 }
temperature = "two.vtkhdf"
[cases.three]
times = { stop = 2.0, step = 0.1 }
temperature = { file = "three.vtkhdf" }
"""
STUDY = """
[study]
name = "plate"
[mesh]
file = "plate.vtkhdf"
[initial]
temperature = 20.0
[materials.plate]
law = "mises"
[materials.plate.parameters]
young = { temperature = [20.0, 400.0], value = [70000.0, 55000.0] }
poisson = 0.2
yield = { temperature = [20.0, 400.0], value = [243.0, 120.0] }
linear_hardening = 2250.0
[materials.plate.thermal_expansion]
coefficient = 2.3e-5
reference_temperature = 20.0
[constraints.symx]
nodes = "SYMX"
components = ["x"]
[constraints.symy]
nodes = "SYMY"
components = ["y"]
[constraints.symz]
nodes = "SYMZ"
components = ["z"]
[constraints.wall]
nodes = "TOP"
components = ["y"]
""" + CASES
TRAINING = """
[[training]]
snapshots = "run_one.vtkhdf"
temperature = "one.vtkhdf"
[[training]]
snapshots = "run_two.vtkhdf"
temperature = "two.vtkhdf"
[offline]
dual_fields = ["stress", "p"]
pod_tolerance = 1e-4
cubature_tolerance = 1e-4
"""
ANGLES = {"one": 30.0, "two": 60.0, "three": 45.0}
PEAK, RADIUS = 300.0, 4.0
INSTANTS, SIZES = np.array([0.0, 0.5, 1.0, 1.5, 2.0]), np.array([0.0, 0.5, 1.0, 0.5, 0.0])
# Of the third run, from its distance to the trained ones, before any of them was solved. Between two Gaussian spots
# that lie 2 x 4 sin(15 deg) = 0.52 w apart the middle one is off their best combination by 4.5 % of its size, less once
# it is wider. A temperature that is missing is a thermal stress E alpha T that is missing, which is of the size of the
# stress: 5 %. Displacement integrates it over the plate: 1 %. The plastic strain is what of alpha T is beyond yield,
# about half: 10 %.
BOUNDS = {"displacement": 0.01, "stress": 0.05, "p": 0.1}


def field(points: np.ndarray, angle: float, instants: np.ndarray = INSTANTS) -> np.ndarray:
    """Temperature (n_instant, n) at points (n, 3), the spot at this angle (degrees)."""
    centre = RADIUS * np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
    square = ((points[:, :2] - centre) ** 2).sum(axis=1)
    sizes = np.interp(instants, INSTANTS, SIZES)
    return 20.0 + PEAK * sizes[:, None] * np.exp(-square / (RADIUS**2 * (1.0 + instants[:, None])))


@cache
def plate(n_side: int = 6, n_radial: int = 8) -> Mesh:
    """The mesh, with the nodes of its planes of symmetry and of its upper edge."""
    path = Path(__file__).resolve().parents[2] / "cases" / "plate_demo" / "plate.py"
    spec = importlib.util.spec_from_file_location("plate_of_the_demo", path)
    assert spec is not None and spec.loader is not None
    demo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(demo)
    mesh = demo.quarter_plate(n_side, n_radial, 1)
    x, y, z = mesh.points.T
    tags = {"SYMX": x == 0.0, "SYMY": y == 0.0, "SYMZ": z == 0.0, "TOP": y == demo.HEIGHT}
    return replace(mesh, node_tags={name: np.flatnonzero(at) for name, at in tags.items()})


def write_field(path: Path, angle: float, mesh: Mesh | None = None, instants: np.ndarray = INSTANTS) -> Path:
    """A file with the temperature of an angle and nothing else."""
    mesh = plate() if mesh is None else mesh
    return write_temperature(path, mesh, instants, field(mesh.points, angle, instants))


def write_temperature(path: Path, mesh: Mesh, instants: np.ndarray, temperature: np.ndarray) -> Path:
    """A file with a temperature (n_instant, n_node) and nothing else."""
    with SnapshotsWriter(path, [mesh], Model(), instants, {"temperature": FieldSpec("node")}) as writer:
        for k, values in enumerate(temperature):
            writer.write("temperature", k, 0, values)
    return path


def write_study(folder: Path, instants: np.ndarray = INSTANTS) -> Path:
    """The mesh, the fields, and the study of a folder."""
    with SnapshotsWriter(folder / "plate.vtkhdf", [plate()], Model(), [0.0], {}):
        pass
    for name, angle in ANGLES.items():
        write_field(folder / f"{name}.vtkhdf", angle, instants=instants)
    (folder / "study.toml").write_text(STUDY)
    return folder / "study.toml"
