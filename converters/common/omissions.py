"""What files of several solvers lack alike, as omissions."""

from __future__ import annotations

from romlib.model import Omission
from romlib.words import plural


def missing_increments(count: int, where: str, remedy: str, *, does_work: bool) -> Omission:
    """Increments that were computed and not stored. does_work : whether a law is known to remember each of them."""
    return Omission(name="missing_increments", does_work=does_work, description=(
        f"{plural(count, 'increment')} computed and not written{where}: the law is integrated over longer increments "
        f"than the solver's, and replayed stress differs by per cents. {remedy}"))
