"""Nastran (MSC, NX, Simcenter): results .op2 with the bulk data in it, or in the deck (.bdf) beside it."""

from romlib_converters.common.lazy import lazily

__getattr__ = lazily(__name__, "NastranConverter")
