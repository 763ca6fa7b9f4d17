"""Exodus II files of Sierra, MOOSE, Cubit and others: meshes, sets, and results."""

from typing import TYPE_CHECKING

from romlib_converters.common.lazy import lazily

if TYPE_CHECKING:
    from romlib_converters.exodus.converter import ExodusConverter

__all__ = ["ExodusConverter"]
__getattr__ = lazily(__name__, "ExodusConverter")
