"""What the linear laws with material axes share: nine stiffnesses a point, their admissibility, stress and tangent.

A row has C11, C22, C33, C12, C13, C23, C44 (shear 23), C55 (13), C66 (12): Voigt's names, of the components along the
axes 1, 2, 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numba
import numpy as np

from romlib.laws.law import NOT_FINITE, LawResult, result_of
from romlib.model.material import ParameterTable

_BETWEEN = 16  # temperatures between two rows of tables at which engineering constants are looked at
_SHOWN = "the strain energy must be positive for every strain"


def compliance_stiffness(rows: np.ndarray) -> np.ndarray:
    """Stiffnesses (n, 9) of engineering constants (n, 9): E1, E2, E3, nu12, nu13, nu23, G12, G13, G23.

    The inverse of the compliance 1/E1, -nu12/E1, ..., in closed form; not finite where that has none.
    """
    e1, e2, e3, nu12, nu13, nu23, g12, g13, g23 = rows.T
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        nu21, nu31, nu32 = nu12 * e2 / e1, nu13 * e3 / e1, nu23 * e3 / e2
        scale = 1.0 / (1.0 - nu12 * nu21 - nu23 * nu32 - nu13 * nu31 - 2.0 * nu21 * nu32 * nu13)
        return np.ascontiguousarray(np.stack([
            e1 * (1.0 - nu23 * nu32) * scale, e2 * (1.0 - nu13 * nu31) * scale, e3 * (1.0 - nu12 * nu21) * scale,
            e1 * (nu21 + nu31 * nu23) * scale, e1 * (nu31 + nu21 * nu32) * scale, e2 * (nu32 + nu12 * nu31) * scale,
            g23, g13, g12], axis=1))


def refuse_indefinite(tables: Mapping[str, ParameterTable], engineering: bool) -> None:
    """Make sure that a material cannot give work for nothing, at any temperature of its tables.

    Parameters
    ----------
    tables : the nine constants, in order. engineering : they are engineering constants, whose stiffness is not linear
    in temperature between the rows: they are looked at in between, too.

    Raises
    ------
    ValueError : the energy is not positive for some strain; names the condition that fails.
    """
    knots = np.unique(np.concatenate([table.temperature for table in tables.values()]))
    if engineering and len(knots) > 1:
        inner = knots[:-1, None] + np.diff(knots)[:, None] * np.linspace(0.0, 1.0, _BETWEEN + 2)[:-1]
        knots = np.append(inner.ravel(), knots[-1])
    values = np.column_stack([np.interp(knots, table.temperature, table.value) for table in tables.values()])
    _refuse(values, knots, _failing_engineering if engineering else _failing_stiffness)


def _refuse(rows: np.ndarray, knots: np.ndarray, failing: Callable[[np.ndarray], str | None]) -> None:
    for row, temperature in zip(rows, knots):
        found = failing(row)
        if found is not None:
            at = f" at temperature {temperature:g}" if len(knots) > 1 else ""
            raise ValueError(f"{found}{at}: {_SHOWN}")


def _failing_stiffness(row: np.ndarray) -> str | None:
    """The first condition of Sylvester's that a stiffness does not meet."""
    c11, c22, c33, c12, c13, c23 = row[:6]
    for names, (a, b, c) in (("C12^2 < C11 C22", (c11, c22, c12)), ("C13^2 < C11 C33", (c11, c33, c13)),
                             ("C23^2 < C22 C33", (c22, c33, c23))):
        if not c * c < a * b:
            return f"{names} does not hold"
    determinant = c11 * c22 * c33 + 2.0 * c12 * c13 * c23 - c11 * c23**2 - c22 * c13**2 - c33 * c12**2
    return None if determinant > 0.0 else "the determinant of C11, C22, C33, C12, C13, C23 is not positive"


def _failing_engineering(row: np.ndarray) -> str | None:
    """The first condition that engineering constants do not meet (R. M. Jones, Mechanics of Composite Materials, 2.4).
    """
    e1, e2, e3, nu12, nu13, nu23 = row[:6]
    for name, nu, a, b in (("nu12^2 < E1 / E2", nu12, e1, e2), ("nu13^2 < E1 / E3", nu13, e1, e3),
                           ("nu23^2 < E2 / E3", nu23, e2, e3)):
        if not nu * nu < a / b:
            return f"{name} does not hold"
    nu21, nu31, nu32 = nu12 * e2 / e1, nu13 * e3 / e1, nu23 * e3 / e2
    left = 1.0 - nu12 * nu21 - nu23 * nu32 - nu13 * nu31 - 2.0 * nu21 * nu32 * nu13
    return None if left > 0.0 else "1 - nu12 nu21 - nu23 nu32 - nu13 nu31 - 2 nu21 nu32 nu13 > 0 does not hold"


def integrate_orthotropic(strain: np.ndarray, rows: np.ndarray, state0: np.ndarray, tangent: bool) -> LawResult:
    """Stress and tangent along the axes of a linear law without state.

    strain : (n_ip, 6), Kelvin-Mandel. rows : (1 or n_ip, 9), stiffnesses.
    """
    strain = np.ascontiguousarray(strain, dtype=float)
    n_ip = len(strain)
    stress, failure = np.empty((n_ip, 6)), np.zeros(n_ip, dtype=np.uint8)
    stiffness = np.empty((n_ip if tangent else 0, 6, 6))
    n_failed = _integrate(strain, rows, stress, stiffness, failure)
    return result_of(stress, stiffness if tangent else None, state0.copy(), failure, n_failed)


@numba.njit(cache=True, error_model="numpy")
def _integrate(strain, rows, stress, tangent, failure):
    stride = 0 if len(rows) == 1 else 1
    n_failed = 0
    for i in range(len(strain)):
        c, e = rows[i * stride], strain[i]
        stress[i, 0] = c[0] * e[0] + c[3] * e[1] + c[4] * e[2]
        stress[i, 1] = c[3] * e[0] + c[1] * e[1] + c[5] * e[2]
        stress[i, 2] = c[4] * e[0] + c[5] * e[1] + c[2] * e[2]
        total = stress[i, 0] + stress[i, 1] + stress[i, 2]
        for a in range(3, 6):  # 12, 13, 23 here, and 23, 13, 12 in Voigt's order
            stress[i, a] = 2.0 * c[11 - a] * e[a]
            total += stress[i, a]
        if not np.isfinite(total):
            failure[i] = NOT_FINITE
            n_failed += 1
        if len(tangent) > 0:
            for a in range(6):
                for b in range(6):
                    tangent[i, a, b] = 0.0
            for a in range(3):
                tangent[i, a, a] = c[a]
                tangent[i, 3 + a, 3 + a] = 2.0 * c[8 - a]
            tangent[i, 0, 1] = tangent[i, 1, 0] = c[3]
            tangent[i, 0, 2] = tangent[i, 2, 0] = c[4]
            tangent[i, 1, 2] = tangent[i, 2, 1] = c[5]
    return n_failed
