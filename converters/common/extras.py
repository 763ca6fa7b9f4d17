"""Optional libraries of converters: imported when needed, and named with the line that installs them when missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from romlib.errors import InputError

DISTRIBUTION = "romlib-mechanics"


def pip_line(extra: str) -> str:
    """What installs an extra of romlib."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def reader(name: str, extra: str) -> ModuleType:
    """The library of that import name.

    Parameters
    ----------
    name : of the module, such as "netCDF4" or "pyNastran.op2.op2". extra : of romlib, that installs it.

    Raises
    ------
    InputError : it is not installed, or cannot be imported; with what it says, and the line that installs it.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        found = "not installed" if error.name in (name, package) else f"{package} needs {error.name}, not installed"
        raise InputError(f"reading this format needs the package {package}", found=found,
                         remedy=pip_line(extra)) from error
    except Exception as error:  # whatever a foreign package raises at import: another numpy, a missing library
        raise InputError(f"the package {name.partition('.')[0]} cannot be imported",
                         found=f"{type(error).__name__}: {error}", remedy=pip_line(extra)) from error
