"""Displacement histories in XDMF and VTU, and meshes in whatever meshio reads."""

from typing import TYPE_CHECKING

from romlib_converters.common.lazy import lazily

if TYPE_CHECKING:
    from romlib_converters.meshio.converter import MeshioConverter

__all__ = ["MeshioConverter"]
__getattr__ = lazily(__name__, "MeshioConverter")
