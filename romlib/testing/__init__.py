"""For authors of converters and laws, and for romlib's own suite: conformance kits, and damage done on purpose."""

from romlib.laws.check_law import check_law
from romlib.testing.conformance import ConverterReport, check_converter

__all__ = ["ConverterReport", "check_converter", "check_law"]
