"""romlib: reduced order models of nonlinear structures, from the files of any finite element solver.

    rom = romlib.load("x.rom")
    solution = rom.solve(times=..., amplitudes={"pressure": "12*sin(2*pi*t)"})

    with romlib.train("study.toml") as trained:
        trained.write("x.rom")

    certificate = romlib.certify("result.vtkhdf")

Importing romlib imports nothing else: the names below are looked up when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from romlib.errors import RomlibError
    from romlib.loads.nodal_temperature import NodalTemperature
    from romlib.online.rom import ReducedOrderModel, load
    from romlib.solution.solution import Solution
    from romlib.study.certifying import certify
    from romlib.study.pipeline import train
    from romlib.study.validate import validate

__version__ = "0.1.0"
__all__ = [
    "NodalTemperature", "ReducedOrderModel", "RomlibError", "Solution", "__version__", "certify", "load", "train",
    "validate"]

_HOME = {
    "certify": "romlib.study.certifying",
    "load": "romlib.online.rom",
    "train": "romlib.study.pipeline",
    "validate": "romlib.study.validate",
    "ReducedOrderModel": "romlib.online.rom",
    "NodalTemperature": "romlib.loads.nodal_temperature",
    "Solution": "romlib.solution.solution",
    "RomlibError": "romlib.errors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'romlib' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
