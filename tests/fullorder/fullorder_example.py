"""A small bar with something of everything: two materials' worth of loads, heat, and a moved end."""

from __future__ import annotations

import numpy as np

from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import Mesh
from romlib.model import Constraint, Material, Model, Pressure, Temperature, ThermalExpansion

TIMES = np.linspace(0.0, 1.0, 6)


def bar(cell_type: str = "hex8", divisions: tuple[int, int, int] = (4, 2, 2)) -> Mesh:
    return box_mesh(cell_type, divisions, size=(2.0, 1.0, 1.0))


def model(pull: str = "0.006*t", pressure: str = "40*t", hardening: float = 5000.0) -> Model:
    return Model(
        materials={"steel": Material(
            law="mises", parameters={"young": 2e5, "poisson": 0.3, "yield": 200.0, "linear_hardening": hardening},
            thermal_expansion=ThermalExpansion(coefficient=1e-5, reference_temperature=20.0))},
        constraints={
            "clamp": Constraint(nodes="xmin", components=("x", "y", "z")),
            "pull": Constraint(nodes="xmax", components=("x",), kind="prescribed", value=1.0)},
        loads={"push": Pressure(faces="ymax"), "heat": Temperature(field=1.0)},
        amplitudes={"pull": pull, "push": pressure, "heat": "20 + 80*t"}, initial_temperature=20.0)
