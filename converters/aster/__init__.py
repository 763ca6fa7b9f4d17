"""Code_Aster's results in MED files: displacement, stress and internal variables at Gauss points, groups."""

from typing import TYPE_CHECKING

from romlib_converters.common.lazy import lazily

if TYPE_CHECKING:
    from romlib_converters.aster.converter import AsterConverter

__all__ = ["AsterConverter"]
__getattr__ = lazily(__name__, "AsterConverter")
