"""CalculiX: results .frd, deck .inp, printed values .dat."""

from typing import TYPE_CHECKING

from romlib_converters.common.lazy import lazily

if TYPE_CHECKING:
    from romlib_converters.calculix.converter import CalculixConverter

__all__ = ["CalculixConverter"]
__getattr__ = lazily(__name__, "CalculixConverter")
