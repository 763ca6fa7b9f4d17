"""romlib: reduced order models of nonlinear structures, from the files of any finite element solver.

    rom = romlib.load("x.rom")
    solution = rom.solve(times=..., amplitudes={"pressure": "12*sin(2*pi*t)"})

    with romlib.train("study.toml") as trained:
        trained.write("x.rom")

    romlib.convert("plate.frd", "plate.vtkhdf", units="mm, N, MPa, s")
    results = romlib.open("result.vtkhdf")
    certificate = romlib.certify("result.vtkhdf")
    romlib.plot("result.vtkhdf", "stress", "stress.png")

Importing romlib imports nothing else: the names below are looked up when first used.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from romlib.errors import RomlibError
    from romlib.export.export import export
    from romlib.loads.nodal_temperature import NodalTemperature
    from romlib.online.opening import open_file as open
    from romlib.online.rom import ReducedOrderModel, load
    from romlib.report.plot_probe import plot_probes
    from romlib.report.plots import plot
    from romlib.results.file import Results
    from romlib.results.probe import Probe
    from romlib.snapshots.conversion import convert
    from romlib.solution.solution import Solution
    from romlib.study.certifying import certify
    from romlib.study.functions import check, compare, solve
    from romlib.study.life import life
    from romlib.study.pipeline import train
    from romlib.study.reporting import report
    from romlib.study.validate import validate

__version__ = "0.1.0"
__all__ = [
    "NodalTemperature", "Probe", "ReducedOrderModel", "Results", "RomlibError", "Solution", "__version__", "certify",
    "check", "compare", "convert", "export", "life", "load", "open", "plot", "plot_probes", "report", "solve", "train",
    "validate"]

_HOME = {  # name -> module, and the name there where it is another one
    "certify": "romlib.study.certifying",
    "check": "romlib.study.functions",
    "compare": "romlib.study.functions",
    "convert": "romlib.snapshots.conversion",
    "export": "romlib.export.export",
    "life": "romlib.study.life",
    "load": "romlib.online.rom",
    "open": "romlib.online.opening:open_file",
    "report": "romlib.study.reporting",
    "plot": "romlib.report.plots",
    "plot_probes": "romlib.report.plot_probe",
    "solve": "romlib.study.functions",
    "train": "romlib.study.pipeline",
    "validate": "romlib.study.validate",
    "ReducedOrderModel": "romlib.online.rom",
    "NodalTemperature": "romlib.loads.nodal_temperature",
    "Probe": "romlib.results.probe",
    "Results": "romlib.results.file",
    "Solution": "romlib.solution.solution",
    "RomlibError": "romlib.errors",
}
_ROOMS = ("check", "export", "life", "report")  # of these names, those that are folders too: see `_Room`


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'romlib' has no attribute {name!r}")
    if name in _ROOMS:  # the same object, whatever was imported before: `romlib.report.page` is a module of it
        return importlib.import_module(f"romlib.{name}")
    module, _, other = _HOME[name].partition(":")
    return getattr(importlib.import_module(module), other or name)


def __dir__() -> list[str]:
    return sorted(__all__)


class _Room(ModuleType):
    """A folder of romlib that has the name of a function: `romlib.life(...)` calls the function, and
    `romlib.life.table` is a module of the folder.
    """

    @property
    def _function(self) -> Any:
        module, _, other = _HOME[self.__name__.rpartition(".")[2]].partition(":")
        return getattr(importlib.import_module(module), other or self.__name__.rpartition(".")[2])

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._function(*arguments, **options)

    @property
    def __signature__(self) -> Any:
        import inspect

        return inspect.signature(self._function)

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        return self._function.__doc__


class _Package(ModuleType):
    """romlib itself, which makes a folder that has the name of a function such a `_Room`."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _ROOMS and type(value) is ModuleType:
            value.__class__ = _Room
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
