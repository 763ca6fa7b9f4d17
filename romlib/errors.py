"""The exceptions that romlib raises on purpose: each message says what happened, where, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class RomlibError(Exception):
    """Base class: catching it catches every error that romlib raises on purpose."""


class InputError(RomlibError):
    """Something given by the user (file, field, key) cannot be used.

    Parameters
    ----------
    what : one sentence that says what is wrong.
    file, place : the file, and the line, record, field, cell or key in it.
    expected, found : both sides of the disagreement, where there are two.
    remedy : what the user can do next.
    """

    def __init__(
        self,
        what: str,
        *,
        file: str | Path | None = None,
        place: str | None = None,
        expected: object = None,
        found: object = None,
        remedy: str | None = None,
    ) -> None:
        self.what, self.file, self.place = what, file, place
        self.expected, self.found, self.remedy = expected, found, remedy
        lines = [what]
        lines += [f"  {name}: {value}" for name, value in (
            ("file", file), ("place", place), ("expected", expected), ("found", found), ("to do", remedy),
        ) if value is not None]
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple:
        """Pickled by its parts, so that an error crosses from one MPI rank to the others whole."""
        return _rebuild, (type(self), self.what, dict(
            file=self.file, place=self.place, expected=self.expected, found=self.found, remedy=self.remedy))


def _rebuild(kind: type[InputError], what: str, parts: dict) -> InputError:
    return kind(what, **parts)


class FileFormatError(InputError):
    """A file is truncated, empty, of another format, or contradicts itself."""


class UnsupportedError(InputError):
    """The input is valid, but romlib cannot reproduce it (an element, a law, a load), and says which."""


class SchemaError(InputError):
    """A file that romlib wrote has a schema version that this version of romlib cannot read."""


class StudyError(InputError):
    """The study file has a wrong key or value."""


class LawError(InputError):
    """A constitutive law is unknown, its parameters are wrong, or the code that it calls cannot be used or crashed."""


class LawNotCalledError(LawError):
    """Nothing of a law was called: it is not installed, or its library is missing or is not the one of the file."""


class SolverError(InputError):
    """A solver outside romlib could not be started, ran too long, failed, or left nothing that can be used."""


class CheckError(RomlibError):
    """The nonintrusivity check of a snapshots file failed."""


class VerificationError(InputError):
    """A finished ROM does not reproduce its own training cases within the limits of its study."""


class ConvergenceError(RomlibError):
    """An iterative solution did not converge, and the step cannot be shortened further.

    Parameters
    ----------
    time : time at the end of the step that failed.
    residuals : relative residual at each iteration of the last attempt.
    cell, point : the worst cell (original id) and its integration point number, where known.
    """

    def __init__(
        self, what: str, *, time: float, residuals: Sequence[float] = (), cell: int | None = None,
        point: int | None = None,
    ) -> None:
        self.what, self.time, self.residuals = what, time, tuple(float(r) for r in residuals)
        self.cell, self.point = cell, point
        place = "" if cell is None else f"\n  worst point: cell {cell}, integration point {point}"
        history = ", ".join(f"{r:.2e}" for r in self.residuals) or "none"
        super().__init__(f"{what}\n  time: {time:.6g}\n  residuals: {history}{place}")

    def __reduce__(self) -> tuple:
        return _rebuild_convergence, (self.what, self.time, self.residuals, self.cell, self.point)


def _rebuild_convergence(
    what: str, time: float, residuals: tuple, cell: int | None, point: int | None
) -> ConvergenceError:
    return ConvergenceError(what, time=time, residuals=residuals, cell=cell, point=point)
