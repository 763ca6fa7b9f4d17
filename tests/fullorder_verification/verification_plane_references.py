"""Closed forms of bodies in two dimensions, which owe nothing to romlib."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Kirsch:
    """Infinite body in plane strain with a circular hole, pulled along x (G. Kirsch 1898; S. Timoshenko, J. N. Goodier,
    Theory of Elasticity, 3rd ed., section 35; displacements by N. I. Muskhelishvili with kappa = 3 - 4 nu)."""

    hole: float
    young: float
    poisson: float
    tension: float

    def displacement(self, points: np.ndarray) -> np.ndarray:
        """(n, 2) at points (n, 2)."""
        a, kappa = self.hole, 3 - 4 * self.poisson
        r, angle = np.hypot(*points.T), np.arctan2(points[:, 1], points[:, 0])
        s, scale = a / r, self.tension * a / (8 * self.young / (2 * (1 + self.poisson)))
        radial = scale * ((kappa - 1 + 2 * np.cos(2 * angle)) / s + 2 * s * (1 + (kappa + 1) * np.cos(2 * angle))
                          - 2 * s**3 * np.cos(2 * angle))
        around = scale * np.sin(2 * angle) * (-2 / s + 2 * s * (1 - kappa) - 2 * s**3)
        return np.stack([radial * np.cos(angle) - around * np.sin(angle),
                         radial * np.sin(angle) + around * np.cos(angle)], axis=1)

    def stress(self, points: np.ndarray) -> np.ndarray:
        """(n, 4): xx, yy, zz, xy."""
        r, angle = np.hypot(*points.T), np.arctan2(points[:, 1], points[:, 0])
        s, half = (self.hole / r) ** 2, self.tension / 2
        radial = half * ((1 - s) + (1 - 4 * s + 3 * s**2) * np.cos(2 * angle))
        hoop = half * ((1 + s) - (1 + 3 * s**2) * np.cos(2 * angle))
        shear = -half * (1 + 2 * s - 3 * s**2) * np.sin(2 * angle)
        c, d = np.cos(angle), np.sin(angle)
        return np.stack([radial * c**2 + hoop * d**2 - 2 * shear * c * d, radial * d**2 + hoop * c**2
                         + 2 * shear * c * d, self.poisson * (radial + hoop),
                         (radial - hoop) * c * d + shear * (c**2 - d**2)], axis=1)
