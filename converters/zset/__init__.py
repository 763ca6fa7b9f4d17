"""Zset (Zebulon): meshes, decks, materials and results, with subdomains."""

from typing import TYPE_CHECKING

from romlib_converters.common.lazy import lazily

if TYPE_CHECKING:
    from romlib_converters.zset.converter import ZsetConverter

__all__ = ["ZsetConverter"]
__getattr__ = lazily(__name__, "ZsetConverter")
