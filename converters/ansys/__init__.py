"""Ansys MAPDL: results .rst, whole or in parts, and the mesh of a .cdb."""

from typing import TYPE_CHECKING

from romlib_converters.common.lazy import lazily

if TYPE_CHECKING:
    from romlib_converters.ansys.converter import AnsysConverter

__all__ = ["AnsysConverter"]
__getattr__ = lazily(__name__, "AnsysConverter")
