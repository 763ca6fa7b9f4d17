"""Histories and curves whose damage is known, for the tests of this folder."""

from __future__ import annotations

import numpy as np

from romlib.life.table import Basquin, CoffinManson, LifeTable, SmithWatsonTopper, StrainLife

YOUNG, POISSON = 2e5, 0.3
STRENGTH, B, DUCTILITY, C = 900.0, -0.09, 0.4, -0.6
BOTH = dict(fatigue_strength_coefficient=STRENGTH, fatigue_strength_exponent=B, fatigue_ductility_coefficient=DUCTILITY,
            fatigue_ductility_exponent=C)
CURVES = {
    "basquin": Basquin(kind="basquin", fatigue_strength_coefficient=STRENGTH, fatigue_strength_exponent=B),
    "coffin_manson": CoffinManson(kind="coffin_manson", fatigue_ductility_coefficient=DUCTILITY,
                                  fatigue_ductility_exponent=C),
    "strain_life": StrainLife(kind="strain_life", **BOTH),
    "swt": SmithWatsonTopper(kind="smith_watson_topper", **BOTH)}
TABLE = LifeTable()


def one_axis(strain: np.ndarray, lateral: float = 0.5) -> np.ndarray:
    """Strains (n_step, 1, 6) of a bar along x whose lateral contraction is `lateral`."""
    return np.asarray(strain)[:, None, None] * np.array([1.0, -lateral, -lateral, 0.0, 0.0, 0.0])


def stress_along_x(stress: np.ndarray) -> np.ndarray:
    """Stresses (n_step, 1, 6) of a bar along x."""
    return np.asarray(stress)[:, None, None] * np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
