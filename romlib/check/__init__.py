"""The nonintrusivity check: does romlib recompute from the displacement what the solver computed?"""

from romlib.check.check import check
from romlib.check.options import CheckOptions
from romlib.check.report import CheckItem, CheckReport

__all__ = ["CheckItem", "CheckOptions", "CheckReport", "check"]
