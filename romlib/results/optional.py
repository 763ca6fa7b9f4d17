"""Libraries that only some users have: imported when they are used, with what to install where they are not there."""

from __future__ import annotations

import importlib
from typing import Any

from romlib.errors import InputError


def import_optional(name: str, extra: str) -> Any:
    """A library by its name. extra : of romlib, which installs it.

    Raises
    ------
    InputError : it is not installed, with the line for pip.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(f"this needs {name}, which cannot be imported", found=str(error),
                         remedy=f"pip install 'romlib-mechanics[{extra}]', or pip install {name}") from error
