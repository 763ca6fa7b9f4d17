"""Tolerances of the nonintrusivity check."""

from __future__ import annotations

from dataclasses import dataclass, fields

from romlib.errors import InputError


@dataclass(frozen=True)
class CheckOptions:
    """What each measurement may reach before the check fails (or warns).

    A relative error is the largest |a - b| over all times and points, divided by the largest |b| over all times and
    points; |.| is the Euclidean norm of a vector and the Frobenius norm of a tensor, a is what romlib computes and b
    what the file has. Most solvers store single precision, which alone gives 6e-8 of the largest value: the defaults
    leave two orders for what differences of displacements and the law make of it. A file in text with few digits
    needs larger ones, given knowingly.

    strain : strain from displacement. The difference of two nodal displacements loses digits, the more so the more
        of the motion is rigid.
    stress : replayed by the law. Rounding of strain times stiffness; a flow rule may amplify it.
    state : internal variables, likewise; a difference below this part of the largest strain passes too: what rounding
        of the strain makes of a plastic strain at first yield is no disagreement.
    internal_force : B^T sigma. Only rounding of the stress.
    constraints : displacement at constrained dofs against the prescribed values. Only rounding of the displacement.
    temperature : of the model against the stored one.
    equilibrium : largest residual component at the free dofs over the largest component of internal force. What the
        solver left when it stopped iterating (Zset with a ratio of 1e-2: 2e-5); a load that is forgotten leaves far
        more. Solvers that stop at 5e-3 of the load, as some do by default, need it larger, and the ROM then is no
        better than that.
    load_balance : l2 norm of the same residual over the largest l2 norm of the load, at any time; a warning only,
        because the load can be small beside internal forces of thermal or residual stress.
    strain_size : Frobenius norm of the strain beyond which small-strain theory is doubtful; a warning only.
    accept : names of omissions that do virtual work and that the user accepts; any other leaves the check undecided.

    Where the stored digits resolve less than a tolerance, it is raised to what they resolve, and the report says so:
    see `romlib.check.resolution`.
    """

    strain: float = 1e-5
    stress: float = 1e-5
    state: float = 1e-5
    internal_force: float = 1e-5
    constraints: float = 1e-6
    temperature: float = 1e-5
    equilibrium: float = 1e-4
    load_balance: float = 1e-3
    strain_size: float = 0.05
    accept: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if entry.name != "accept" and not value > 0.0:
                raise InputError("a tolerance of the check must be positive", place=f"[check] {entry.name}",
                                 expected="> 0", found=value)
