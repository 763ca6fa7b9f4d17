"""LS-DYNA: the state database d3plot with its family of files."""

from romlib_converters.common.lazy import lazily

__getattr__ = lazily(__name__, "LsdynaConverter")
