"""A bar with several local bases, put together by hand, for the tests of runs that switch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from hand_made_rom import affine, clustered, hand_made_rom

from romlib.archive.rom import Rom
from romlib.mesh.box import box_mesh
from romlib.model import Constraint, Material, Model, Temperature, ThermalExpansion, Traction
from romlib.online.rom import ReducedOrderModel

TIMES = np.linspace(0.0, 2.0, 21)
BAR = box_mesh("hex8", (3, 1, 1), (2.0, 1.0, 1.0))
ALL = list(range(7))
RIGID = 6  # a mode that strains nothing


def model() -> Model:
    return Model(
        materials={"steel": Material(
            law="mises", parameters={"young": 2e5, "poisson": 0.3, "yield": 200.0, "linear_hardening": 4e3},
            thermal_expansion=ThermalExpansion(coefficient=1e-5, reference_temperature=20.0))},
        constraints={"x": Constraint(nodes="xmin", components=("x",)),
                     "pull": Constraint(nodes="xmax", components=("x",), kind="prescribed", value=1.0)},
        loads={"push": Traction(faces="ymax", direction=(0, 1, 0)), "heat": Temperature(field=1.0)},
        amplitudes={"pull": "0.004*sin(3*t)", "push": "12*sin(5*t)", "heat": "20 + 60*t"}, initial_temperature=20.0)


def power(axis: int, along: int, exponent: int):
    def field(points: np.ndarray) -> np.ndarray:
        u = np.zeros_like(points)
        u[:, axis] = points[:, along] ** exponent
        return u
    return field


def rigid(points: np.ndarray) -> np.ndarray:
    return np.tile([0.0, 0.0, 1.0], (len(points), 1))


MODES = (affine(1), affine(2), affine(1, 2), power(1, 0, 2), power(1, 0, 3), power(2, 0, 2), rigid)


def made() -> tuple[Rom, list]:
    """One basis of all modes."""
    return hand_made_rom([BAR], model(), MODES, liftings={"pull": lambda points: points * [0.5, 0, 0]},
                         dual={"stress": (6, True), "p": (1, False), "plastic_strain": (6, True)})


def global_rom() -> tuple[Rom, list]:
    """One basis, without the rigid mode."""
    snapshots = np.ones((1, len(MODES) + 1))
    rom, data = clustered(made(), [BAR], [ALL[:RIGID]], snapshots, [0], keep_global=False)
    return replace(rom, switching=None), data


@cache
def training_run() -> np.ndarray:
    """Coordinates in all modes and the lifting over time, (20, 8): what the global ROM finds, at other times."""
    found = ReducedOrderModel(global_rom()[0]).solve(times=np.linspace(0.0, 2.0, 28))
    return np.concatenate([found.coordinates, np.zeros((28, 1)), found.lifting], axis=1)[1:]


def bar_rom(groups: Sequence[Sequence[int]], keep_global: bool = True) -> tuple[Rom, list]:
    """Local bases of these modes, which take turns over time in the training run: a few snapshots each."""
    snapshots, n = training_run(), len(groups)
    labels = np.arange(len(snapshots)) // 3
    every = [*groups, ALL[:RIGID]] if keep_global else groups
    rom, data = clustered(made(), [BAR], every, snapshots, labels % len(every), keep_global=False)
    assert rom.switching is not None
    rom.switching.labels, rom.switching.medoids = labels % n, 3 * np.arange(n)
    rom.switching.fallback = n if keep_global else None
    return rom, data
