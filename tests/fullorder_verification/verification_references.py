"""Solutions that owe nothing to romlib: closed forms from textbooks, and an ordinary differential equation.

Stresses of cylinders are (radial, hoop, axial), shape (n, 3), of radii r (n,); compression is negative. All cylinders
are in plane strain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.integrate import solve_ivp


@dataclass(frozen=True)
class Lame:
    """Elastic hollow cylinder under internal pressure (S. Timoshenko, J. N. Goodier, Theory of Elasticity, 3rd ed.,
    section 28)."""

    inner: float
    outer: float
    young: float
    poisson: float
    pressure: float

    def displacement(self, r: np.ndarray) -> np.ndarray:
        """u_r = (1 + nu) p a^2 / (E (b^2 - a^2)) ((1 - 2 nu) r + b^2 / r)."""
        return (1 + self.poisson) / self.young * self._scale * ((1 - 2 * self.poisson) * r + self.outer**2 / r)

    def stress(self, r: np.ndarray) -> np.ndarray:
        """p a^2 / (b^2 - a^2) (1 -+ b^2 / r^2), axial nu (sigma_r + sigma_theta)."""
        ratio = (self.outer / r) ** 2
        return self._scale * np.stack([1 - ratio, 1 + ratio, 2 * self.poisson + 0 * r], axis=1)

    @property
    def _scale(self) -> float:
        return self.pressure * self.inner**2 / (self.outer**2 - self.inner**2)


@dataclass(frozen=True)
class SpinningDisc:
    """Thin annular disc that spins freely, plane stress (S. Timoshenko, J. N. Goodier, section 32). What a disc of
    thickness h has besides is of the size (h / b)^2 (section 134)."""

    inner: float
    outer: float
    young: float
    poisson: float
    density: float
    speed: float

    def stress(self, r: np.ndarray) -> np.ndarray:
        """Radial and hoop, (n, 2)."""
        a, b, nu = self.inner, self.outer, self.poisson
        scale = (3 + nu) / 8 * self.density * self.speed**2
        return scale * np.stack([a**2 + b**2 - (a * b / r) ** 2 - r**2,
                                 a**2 + b**2 + (a * b / r) ** 2 - (1 + 3 * nu) / (3 + nu) * r**2], axis=1)

    def displacement(self, r: np.ndarray) -> np.ndarray:
        """u_r = r (sigma_theta - nu sigma_r) / E."""
        radial, hoop = self.stress(r).T
        return r * (hoop - self.poisson * radial) / self.young


@dataclass(frozen=True)
class RotatingCylinder(SpinningDisc):
    """Elastic hollow cylinder spinning about its axis, ends held: the disc with the elastic constants of plane stress
    replaced, E by E / (1 - nu^2), nu by nu / (1 - nu)."""

    @property
    def _disc(self) -> SpinningDisc:
        nu = self.poisson
        return SpinningDisc(self.inner, self.outer, self.young / (1 - nu**2), nu / (1 - nu), self.density, self.speed)

    def stress(self, r: np.ndarray) -> np.ndarray:
        """Radial, hoop and axial, (n, 3)."""
        in_plane = self._disc.stress(r)
        return np.column_stack([in_plane, self.poisson * in_plane.sum(axis=1)])

    def displacement(self, r: np.ndarray) -> np.ndarray:
        """u_r of the disc."""
        return self._disc.displacement(r)


@dataclass(frozen=True)
class Hill:
    """Incompressible, perfectly plastic hollow cylinder under internal pressure (R. Hill, The Mathematical Theory of
    Plasticity, 1950, chapter V.2).

    Plane strain and incompressibility make the axial stress the mean of the other two in the elastic and in the plastic
    part, so that the criteria of Tresca and Mises are the same, sigma_theta - sigma_r = 2 k, with k = Y / sqrt(3) for
    Mises (2 k = 1.1547 Y) where Tresca has k = Y / 2.
    """

    inner: float
    outer: float
    young: float
    yield_stress: float
    front: float

    @property
    def k(self) -> float:
        """Yield stress in shear."""
        return self.yield_stress / np.sqrt(3)

    @property
    def pressure(self) -> float:
        """2 k (ln(c / a) + (1 - c^2 / b^2) / 2), c the radius of the elastic-plastic boundary."""
        return 2 * self.k * (np.log(self.front / self.inner) + 0.5 * (1 - (self.front / self.outer) ** 2))

    def displacement(self, r: np.ndarray) -> np.ndarray:
        """u_r = k c^2 / (2 G r): incompressible, so 1 / r throughout; G = E / 3."""
        return self.k * self.front**2 / (2 * self.young / 3 * r)

    def stress(self, r: np.ndarray) -> np.ndarray:
        """Elastic for r > c, 2 k apart inside."""
        c, b, k = self.front, self.outer, self.k
        elastic_radial = -k * (c / b) ** 2 * ((b / r) ** 2 - 1)
        plastic_radial = -k * (1 - (c / b) ** 2 + 2 * np.log(c / r))
        radial = np.where(r > c, elastic_radial, plastic_radial)
        hoop = radial + np.where(r > c, 2 * k * (c / r) ** 2, 2 * k)
        return np.stack([radial, hoop, (radial + hoop) / 2], axis=1)

    def cumulated_strain(self, r: np.ndarray) -> np.ndarray:
        """p = 2 / sqrt(3) x plastic hoop strain k / (2 G) (c^2 / r^2 - 1), zero outside the front."""
        return np.maximum(0.0, self.k / (np.sqrt(3) * self.young / 3) * ((self.front / r) ** 2 - 1))


@dataclass(frozen=True)
class NortonCylinder:
    """Steady creep p' = (sigma_eq / K)^n of a hollow cylinder under internal pressure (R. W. Bailey, 1935; I. Finnie,
    W. R. Heller, Creep of Engineering Materials, 1959; J. T. Boyle, J. Spence, Stress Analysis for Creep, 1983).

    Elastic strains no longer change: the solution does not depend on the elastic constants.
    """

    inner: float
    outer: float
    K: float
    n: float
    pressure: float

    def stress(self, r: np.ndarray) -> np.ndarray:
        """p / D (1 - s, 1 + (2 / n - 1) s, 1 + (1 / n - 1) s) with s = (b / r)^(2/n), D = (b / a)^(2/n) - 1."""
        s, n = (self.outer / r) ** (2 / self.n), self.n
        return self._scale * np.stack([1 - s, 1 + (2 / n - 1) * s, 1 + (1 / n - 1) * s], axis=1)

    def displacement_rate(self, r: np.ndarray) -> np.ndarray:
        """sqrt(3) / 2 r (sigma_eq / K)^n, sigma_eq = sqrt(3) / n p / D s: proportional to 1 / r."""
        equivalent = np.sqrt(3) / self.n * self._scale * (self.outer / r) ** (2 / self.n)
        return np.sqrt(3) / 2 * r * (equivalent / self.K) ** self.n

    @property
    def _scale(self) -> float:
        return self.pressure / ((self.outer / self.inner) ** (2 / self.n) - 1)


@dataclass(frozen=True)
class OrthotropicCylinder:
    """Pressure in a hollow cylinder, orthotropic along radius, circumference and axis, in plane strain (S. G.
    Lekhnitskii, Theory of Elasticity of an Anisotropic Body, section 42): u = A r^k + B r^-k, k = sqrt(C22 / C11).

    c : stiffnesses by name, axis 1 the radius and 2 the circumference.
    """

    inner: float
    outer: float
    c: Mapping[str, float]
    pressure: float

    @property
    def _constants(self) -> tuple[float, float, float]:
        k = float(np.sqrt(self.c["C22"] / self.c["C11"]))
        plus, minus = self.c["C12"] + self.c["C11"] * k, self.c["C12"] - self.c["C11"] * k
        rows = [[plus * r ** (k - 1), minus * r ** (-k - 1)] for r in (self.inner, self.outer)]
        first, second = np.linalg.solve(rows, [-self.pressure, 0.0])
        return k, float(first), float(second)

    def displacement(self, r: np.ndarray) -> np.ndarray:
        """Radial, (n,)."""
        k, first, second = self._constants
        return first * r**k + second * r**-k

    def stress(self, r: np.ndarray) -> np.ndarray:
        """Radial, hoop and axial, (n, 3)."""
        k, first, second = self._constants
        radial = k * (first * r ** (k - 1) - second * r ** (-k - 1))
        hoop = self.displacement(r) / r
        return np.stack([self.c[one] * radial + self.c[two] * hoop for one, two in (
            ("C11", "C12"), ("C12", "C22"), ("C13", "C23"))], axis=1)


def uniaxial_chaboche(parameters: Mapping[str, float], terms: Sequence[tuple[float, float]],
                      strain_rate: Callable[[float], float], times: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Stress and cumulated plastic strain (n_step, 2) of a bar under a strain history, by scipy's Radau method.

    sigma' = E (eps' - eps_p'), eps_p' = p' sign(sigma - X), p' = <(|sigma - X| - R) / K>^n,
    R = R0 + Q (1 - exp(-b p)), X = sum X_k, X_k' = C_k eps_p' - D_k X_k p'
    (J.-L. Chaboche, Int. J. Plasticity 5 (1989) 247-302, in one dimension).

    corners : times where the strain rate jumps; the integration stops and starts there.
    """
    E, K, n, R0, Q, b = (parameters[key] for key in ("young", "K", "n", "R0", "Q", "b"))
    C, D = np.array(terms).T

    def rate(t: float, y: np.ndarray) -> np.ndarray:
        sigma, p, back = y[0], y[1], y[2:]
        drive = sigma - back.sum()
        speed = (max(abs(drive) - R0 - Q * (1 - np.exp(-b * p)), 0.0) / K) ** n
        flow = speed * np.sign(drive)
        return np.concatenate([[E * (strain_rate(t) - flow), speed], C * flow - D * back * speed])

    out, y = np.zeros((len(times), 2)), np.zeros(2 + len(terms))
    for start, stop in pairwise(corners):
        inside = (times > start) & (times <= stop)
        middle = 0.5 * (start + stop)  # the rate is constant in between
        path = solve_ivp(lambda _, y, at=middle: rate(at, y), (start, stop), y, method="Radau",
                         t_eval=np.unique(np.append(times[inside], stop)), max_step=0.02,
                         rtol=1e-9, atol=1e-10)
        out[inside] = path.y[:2, :inside.sum()].T
        y = path.y[:, -1]
    return out
