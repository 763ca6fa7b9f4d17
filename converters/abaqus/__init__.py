"""Abaqus: results .fil (ASCII and binary), decks .inp, and what its own script writes of an .odb."""

from romlib_converters.common.lazy import lazily

__all__ = ["AbaqusConverter"]
__getattr__ = lazily(__name__, "AbaqusConverter")
