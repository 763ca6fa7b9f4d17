"""A bar with a hot spot that training never has: the study, its two training runs, and missions outside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from romlib.fullorder.record import Output, solve_to_file
from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import Mesh
from romlib.mesh.partition import number_shared_nodes, partition
from romlib.mesh.skin import add_skin
from romlib.model import Case, Constraint, Material, Model, Pressure, Temperature, ThermalExpansion, Traction
from romlib.parallel.comm import serial
from romlib.parallel.pieces import Pieces
from romlib.snapshots.error_bounds import ErrorBounds

TIMES = np.linspace(0.0, 1.0, 9)
AMPLITUDES = {
    "one": {"pull": "150*sin(2*pi*t)", "push": "20*t", "heat": "20 + 60*t", "spot": 0.0},
    "two": {"pull": "120*t", "push": "60*sin(pi*t)", "heat": "20 + 100*sin(pi*t)", "spot": 0.0},
    "mild": {"pull": "140*sin(2*pi*t)", "push": "30*t", "heat": "20 + 80*t", "spot": 0.0},
    "hot": {"pull": "120*sin(2*pi*t)", "push": "20*t", "heat": "20 + 60*t", "spot": "100*sin(pi*t)"},
    "strong": {"pull": "230*sin(2*pi*t)", "push": "70*t", "heat": "20 + 60*t", "spot": 0.0}}
STUDY = """
[study]
name = "hot_bar"

[[training]]
snapshots = "one.vtkhdf"
[[training]]
snapshots = "two.vtkhdf"

[offline]
pod_tolerance = 1e-4
cubature_tolerance = 1e-4
dual_fields = ["stress", "p"]
dual_tolerance = 1e-3
error_limits = {{ displacement = 0.5, stress = 0.5, p = 0.5 }}
{cases}
"""
CASE = """
[cases.{name}]
times = {{ stop = 1.0, step = 0.125 }}
{amplitudes}
"""


def bar() -> Mesh:
    """Two pieces' worth of hexahedra, with the field of the spot."""
    mesh = box_mesh("hex8", (5, 2, 2), size=(3.0, 1.0, 1.0))
    distance = np.linalg.norm(mesh.points - np.array([1.2, 0.8, 0.5]), axis=1)
    return replace(mesh, node_arrays={"spot": np.exp(-(distance / 0.6) ** 2)})


def model(name: str) -> Model:
    """Of a run or mission, with its amplitudes."""
    return Model(
        materials={"steel": Material(
            law="mises", parameters={"young": 2e5, "poisson": 0.3, "yield": 120.0, "linear_hardening": 5000.0},
            thermal_expansion=ThermalExpansion(coefficient=1e-5, reference_temperature=20.0))},
        constraints={"clamp": Constraint(nodes="xmin", components=("x", "y", "z"))},
        loads={"pull": Traction(faces="xmax", direction=(1.0, 0.2, 0.0)), "push": Pressure(faces="ymax"),
               "heat": Temperature(field=1.0), "spot": Temperature(field={"array": "spot"})},
        amplitudes=AMPLITUDES[name], initial_temperature=20.0)


def pieces_of(n: int) -> list[Mesh]:
    return number_shared_nodes(add_skin(partition(bar(), n) if n > 1 else [bar()]))


def solve(name: str, output: Path, n_piece: int = 2, fields: tuple[str, ...] = ()) -> Path:
    """The full-order solution of a run or mission as a file."""
    meshes = pieces_of(n_piece)
    solve_to_file(Output(output, fields), meshes, dict(enumerate(meshes)), model(name), TIMES,
                  Pieces(serial(), n_piece))
    return output


def case(name: str) -> Case:
    return Case.model_validate({"times": TIMES.tolist(), "amplitudes": AMPLITUDES[name]})


def make(folder: Path, n_piece: int = 2) -> Path:
    """The training runs and the study file."""
    for name in ("one", "two"):
        solve(name, folder / f"{name}.vtkhdf", n_piece)
    cases = "".join(CASE.format(name=name, amplitudes="\n".join(
        f"amplitudes.{load} = {value!r}" if isinstance(value, float) else f'amplitudes.{load} = "{value}"'
        for load, value in AMPLITUDES[name].items())) for name in ("mild", "hot", "strong"))
    study = folder / "study.toml"
    study.write_text(STUDY.format(cases=cases))
    return study


def small_bounds() -> ErrorBounds:
    """Bounds of a run of `TIMES` that are below 5 %, whatever the run is."""
    n = len(TIMES)
    return ErrorBounds({"stress": np.full(n, 0.04), "p": np.full(n, 0.01)}, (), np.zeros(n, dtype=bool), TIMES)
