"""A bar that is bent, and ROMs of it with an error indicator made by hand: large misfits, without any training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from hand_made_rom import affine, hand_made_rom, write_both

from romlib.archive.indicator import CalibrationPair, Indicator
from romlib.mesh.box import box_mesh
from romlib.model import Case, Constraint, Material, Model, Temperature, ThermalExpansion, Traction

TIMES = np.linspace(0.0, 2.0, 21)
PAIR = CalibrationPair(left_out="a", run="b", errors={"displacement": 0.1, "stress": 0.1, "p": 0.1},
                       misfits={"stress": 0.1, "p": 0.05})
INDICATOR = Indicator(
    largest={"stress": (100.0,), "p": (0.1,)}, norms={"stress": 300.0, "p": 0.1, "displacement": 0.1},
    factors={"displacement": 0.5, "stress": 0.3, "p": 4.0}, source="runs left out of the training",
    pairs=(PAIR, PAIR.model_copy(update={"errors": {"displacement": 0.2, "stress": 0.05, "p": 0.3}})))
MODEL = Model(
    materials={"steel": Material(
        law="mises", parameters={"young": 2e5, "poisson": 0.3, "yield": 200.0, "linear_hardening": 4e3},
        thermal_expansion=ThermalExpansion(coefficient=1e-5, reference_temperature=20.0))},
    constraints={"x": Constraint(nodes="xmin", components=("x",))},
    loads={"pull": Traction(faces="xmax", direction=(1, 0.2, 0)), "heat": Temperature(field=1.0)},
    amplitudes={"pull": "230*sin(3*t)", "heat": "20 + 60*t"}, initial_temperature=20.0)
LIFE = """
[study]
name = "life of the bar"
[life.materials.steel]
kind = "basquin"
fatigue_strength_coefficient = 900
fatigue_strength_exponent = -0.09
"""
HIGHEST = 220.0  # of the trained pull, which the model's leaves


def bend(points: np.ndarray) -> np.ndarray:
    """A deflection that grows as the square of the length."""
    return np.column_stack([0.0 * points[:, 0], points[:, 0] ** 2, 0.0 * points[:, 0]])


def write_rom(path: Path, indicator: Indicator | None = INDICATOR) -> Path:
    """Write the ROM and its fields file; its cases: "pull", which leaves the training, and "weak"."""
    times = tuple(TIMES)
    rom, data = hand_made_rom(
        [box_mesh("hex8", (3, 1, 1), (2.0, 1.0, 1.0))], MODEL, (affine(0), affine(1), affine(2), bend),
        dual={"stress": (6, True), "p": (1, False)},
        cases={"pull": Case(times=times), "weak": Case(times=times, amplitudes={"pull": "100*sin(3*t)"})})
    rom.manifest, rom.indicator = replace(rom.manifest, trained={"pull": (-240.0, HIGHEST)}), indicator
    return write_both(path, rom, data)
