"""What a constitutive law is: an increment in, stress, consistent tangent and new state out, all points at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from romlib.errors import LawError

NO_POINTS = np.empty(0, dtype=np.int64)
NO_POINTS.setflags(write=False)


@dataclass(slots=True)
class Increment:
    """What a law is given: the two ends of one time increment at n_ip integration points.

    strain0, strain1 : (n_ip, 6), Kelvin-Mandel, mechanical (total minus thermal), at the start and at the end.
    stress0 : (n_ip, 6), stress at the start; laws in rate form update it, the built-in ones do not read it.
    temperature0, temperature1 : (n_ip,), or None where the problem has no temperature.
    time, dt : time at the start, and length of the increment.
    cells, points : (n_ip,), the solver's cell id and the number of the point in its cell.
    coordinates : (n_ip, 3). orientation : (n_ip, 3, 3), rows are the material axes, along which strain and stress are
    given and returned; None where they are of the global frame. A law needs it only to know directions of its own.
    """

    strain0: np.ndarray
    strain1: np.ndarray
    stress0: np.ndarray
    temperature0: np.ndarray | None
    temperature1: np.ndarray | None
    time: float
    dt: float
    cells: np.ndarray
    points: np.ndarray
    coordinates: np.ndarray
    orientation: np.ndarray | None = None


@dataclass(slots=True)
class LawResult:
    """What a law returns. Where it failed, the values at `failed_points` mean nothing.

    stress : (n_ip, 6). tangent : (n_ip, 6, 6), d stress / d strain1, or None when it was not asked for.
    state : (n_ip, n_state), at the end of the increment.
    failed_points : positions of the points that failed, empty when all is well.
    dt_factor : by how much to multiply the increment and try again; 1 when all is well.
    message : why the points failed.
    """

    stress: np.ndarray
    tangent: np.ndarray | None
    state: np.ndarray
    failed_points: np.ndarray = field(default_factory=lambda: NO_POINTS)
    dt_factor: float = 1.0
    message: str = ""

    @property
    def ok(self) -> bool:
        """True when every point was integrated."""
        return len(self.failed_points) == 0


@runtime_checkable
class Law(Protocol):
    """A constitutive law with its parameters. `romlib.laws.check_law.check_law` verifies an implementation.

    name : the entry point of `romlib.laws`.
    isotropic : True when rotating strain and state rotates the stress. Such a law gets, and has its state, in the
    global frame; any other along the axes of its material, where the model states some.
    state_variables : columns of the state array by name, such as {"p": slice(0, 1), "plastic_strain": slice(1, 7)}.
    tensor_variables : those that are symmetric tensors (Kelvin-Mandel, six columns).
    n_state : number of columns.

    text_parameters : optional, names of the parameters that are texts, an empty tuple for none; any other text is then
    a formula of the parameters of a run (see `romlib.laws.symbols`).

    Four more methods are optional, for laws that are not wholly described by numbers: `portable_parameters` (see
    `romlib.laws.portable`), `from_file_parameters` (see `romlib.laws.registry.build_law`), `guarded_parameters` (see
    `romlib.laws.guarded`), and `state_of_solver(values)`, which gives the state array (..., n_state) of what a solver
    writes as the field `statev`.
    """

    name: str
    isotropic: bool
    state_variables: Mapping[str, slice]
    tensor_variables: tuple[str, ...]
    n_state: int

    def initial_state(self, n_ip: int) -> np.ndarray:
        """State of the virgin material, (n_ip, n_state)."""
        ...

    def integrate(self, increment: Increment, state0: np.ndarray, tangent: bool = True) -> LawResult:
        """Stress and state at the end of the increment; modifies no input; a failure is data, not an exception."""
        ...

    @classmethod
    def from_parameters(cls, parameters: dict[str, Any]) -> Law:
        """The law with the parameters of a `Material`; a wrong key or value is a `LawError` that names it."""
        ...


def check_shapes(strain: np.ndarray, state0: np.ndarray, n_state: int, parameters: np.ndarray) -> None:
    """Make sure that a compiled loop, which looks at no bounds, stays within its arrays.

    Parameters
    ----------
    strain : (n_ip, 6). state0 : (n_ip, n_state). parameters : one row, or n_ip.

    Raises
    ------
    LawError : one of them has another shape.
    """
    n_ip = len(strain)
    if strain.shape != (n_ip, 6) or state0.shape != (n_ip, n_state) or len(parameters) not in (1, n_ip):
        raise LawError("the arrays of an increment do not fit each other",
                       expected=f"strain (n, 6), state (n, {n_state}), temperature (n,)",
                       found=f"strain {strain.shape}, state {state0.shape}, {len(parameters)} temperatures")


NOT_FINITE, NOT_CONVERGED = 1, 2  # what the compiled loops write into `failure`
_REASON = {
    NOT_FINITE: "the strain, the temperature or the state is not finite, or the stress overflowed",
    NOT_CONVERGED: "the local equation did not converge",
}


def result_of(stress: np.ndarray, tangent: np.ndarray | None, state: np.ndarray, failure: np.ndarray,
              n_failed: int) -> LawResult:
    """The result of a compiled loop: `failure` (n_ip,) is zero where the point was integrated.

    The increment is to be halved where the local equation did not converge, and quartered where a value is not
    finite (the strain of a diverging global iteration is usually far off).
    """
    if n_failed == 0:
        return LawResult(stress, tangent, state, NO_POINTS)
    failed = np.flatnonzero(failure)
    codes = np.unique(failure[failed])
    factor = 0.25 if NOT_FINITE in codes else 0.5
    return LawResult(stress, tangent, state, failed, factor, "; ".join(_REASON[int(code)] for code in codes))
