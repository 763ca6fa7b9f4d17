"""Constitutive laws: the protocol, the built-in laws, thermal expansion, and the material points that carry them."""

from romlib.laws.law import Increment, Law, LawResult
from romlib.laws.points import MaterialPoints, PointsResult
from romlib.laws.registry import build_law, installed_laws
from romlib.laws.replay import Replay
from romlib.laws.state import PointState

__all__ = [
    "Increment", "Law", "LawResult", "MaterialPoints", "PointState", "PointsResult", "Replay", "build_law",
    "installed_laws",
]
