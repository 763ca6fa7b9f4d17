"""The state of integration points at one time: what an increment begins with, and what it ends in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(eq=False, slots=True)
class PointState:
    """Integration points at one time; no array is modified once it is here.

    strain : (n_ip, 6), total, Kelvin-Mandel. stress : (n_ip, 6). states : internal variables, one array
    (points of the material, n_state) per material. temperature : (n_ip,), or None where the problem has none.
    """

    time: float
    strain: np.ndarray
    stress: np.ndarray
    states: list[np.ndarray]
    temperature: np.ndarray | None = None
