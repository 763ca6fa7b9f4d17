"""Two computations of other solvers, solved again on their own meshes with their own models."""

from __future__ import annotations

import numpy as np
import pytest
from romlib_converters.meshio import MeshioConverter
from romlib_converters.zset import ZsetConverter
from verification_adapter import material, solve

from romlib.mesh.tags import add_tags
from romlib.model import Constraint, FaceTag, Model, NodeTag, Traction
from romlib.snapshots import Snapshots

pytestmark = pytest.mark.data


def worst_step(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest over time of the l2 norm of the difference, over the largest l2 norm of the expected history."""
    axes = tuple(range(1, found.ndim))
    return float(np.sqrt(((found - expected) ** 2).sum(axes).max() / (expected**2).sum(axes).max()))


def test_plate_of_kratos(data_dir, tmp_path, figures):
    """Quarter plate with a hole, J2, one cycle of traction 110 sin(2 pi t), 40 steps: displacement by Kratos."""
    target = tmp_path / "plate.vtkhdf"
    MeshioConverter().convert(data_dir / "kratos_plate" / "test_A110.xdmf", target, units="mm, N, MPa, s")
    with Snapshots(target) as file:
        mesh, times, stored = file.mesh(0), file.times, file.read("displacement", 0)
    sides = {f"sym{axis}": NodeTag(array=f"sym{axis}") for axis in "xyz"}
    mesh = add_tags(mesh, sides, {"loaded": FaceTag(array="group", value=2)}, {})
    plate = material("mises", young=70000.0, poisson=0.2, linear_hardening=2250.0, **{"yield": 243.0})
    model = Model(
        materials=plate, loads={"pull": Traction(faces="loaded", direction=(0.0, 1.0, 0.0))},
        amplitudes={"pull": "110*sin(2*pi*t)"},
        constraints={tag: Constraint(nodes=tag, components=(tag[-1],)) for tag in sides})
    history = solve(mesh, model, times)
    assert len(times) == 41 and history.variable("p")[-1].max() > 5e-3
    figures({"displacement": (worst_step(history.displacement, stored), 0.0, 1e-6)})


def test_cube_of_zset(data_dir, tmp_path, figures):
    """Cube under pressure, rotation and a moving temperature field, Norton and kinematic hardening, on the deck's own
    model. Zset's files are in single precision, and hold what its Newton left."""
    target = tmp_path / "cube.vtkhdf"
    ZsetConverter().convert(data_dir / "zset" / "MecaSequential" / "cube.inp", target)
    with Snapshots(target) as file:
        mesh, model, times = file.mesh(0), file.model, file.times
        stored = {name: file.read(name, 0) for name in ("displacement", "stress", "p")}
    if times[0] > model.initial_time:
        times = np.concatenate([[model.initial_time], times])
        stored = {name: np.concatenate([0.0 * field[:1], field]) for name, field in stored.items()}
    history = solve(mesh, model, times)
    found = {"displacement": history.displacement, "stress": history.stress, "p": history.variable("p")}
    figures({name: (worst_step(found[name], stored[name].reshape(found[name].shape)), 0.0, 1e-5) for name in found})
