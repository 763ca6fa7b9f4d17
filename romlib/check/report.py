"""The outcome of a check, as data: for a table, for a program, and for the decision to go on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from romlib.errors import CheckError

KNOWN, OTHERWISE = "known of this file: ", ". Otherwise: "  # of a meaning: what the file says, what is usual
Status = Literal["pass", "warn", "fail", "absent"]
Verdict = Literal["reproduced", "not reproduced", "undecided"]


@dataclass(frozen=True)
class CheckItem:
    """One measurement.

    name : short, the same for every file ("strain", "stress", "equilibrium", "state p", ...).
    value : the relative error (see `CheckOptions`), or the quantity itself where `compared` says so; None where
        nothing was measured, or what was measured is not a number.
    tolerance : what `value` may be at most; None where there is no limit.
    compared : what was compared with what.
    detail : where and when the largest difference is, with its unit; or why there is no measurement.
    meaning : what a failure of this measurement usually means.
    resolved : the part of `value` that rounding of the stored digits alone may make; None where they are many.
    """

    name: str
    status: Status
    value: float | None
    tolerance: float | None
    compared: str
    detail: str = ""
    meaning: str = ""
    resolved: float | None = None


@dataclass(frozen=True)
class CheckReport:
    """All measurements of one snapshots file. units : as the file states them; romlib converts nothing.

    undecided : sentences on what was not compared, and how to have it compared; see `romlib.check.verdict`.
    hints : sentences on what may be wrong: changes that explain a failure (`romlib.check.causes`), constants that look
        like those of other units (`romlib.check.units`).
    """

    file: str
    units: str
    n_piece: int
    n_step: int
    items: tuple[CheckItem, ...]
    undecided: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()

    def __repr__(self) -> str:
        failed = ", ".join(item.name for item in self.failed)
        return (f"CheckReport({self.file!r}: {self.verdict}, {len(self.items)} measurements"
                f"{'; failed: ' + failed if failed else ''})")

    @property
    def verdict(self) -> Verdict:
        """Reproduced: law, elements and loads were compared with the solver's results, and agree."""
        if self.failed:
            return "not reproduced"
        return "undecided" if self.undecided else "reproduced"

    @property
    def failed(self) -> list[CheckItem]:
        """The measurements that failed."""
        return [item for item in self.items if item.status == "fail"]

    @property
    def passed(self) -> bool:
        """True when the computation is reproduced: nothing failed, and enough was compared to say so."""
        return self.verdict == "reproduced"

    def __getitem__(self, name: str) -> CheckItem:
        """The measurement of that name; KeyError lists those there are."""
        for item in self.items:
            if item.name == name:
                return item
        raise KeyError(f"{name}: the measurements are {', '.join(item.name for item in self.items)}")

    def raise_if_failed(self) -> None:
        """Raise CheckError unless reproduced: what failed and what it usually means, or what was not compared."""
        if self.failed:
            raise CheckError("\n".join([
                f"the nonintrusivity check failed: {self.file}",
                *(f"  {item.name}: {_figures(item)}; {item.detail}\n    {meaning}"
                  for item, meaning in _said_once(self.failed)),
                *(f"  {hint}" for hint in self.hints)]))
        if self.undecided:
            raise CheckError("\n".join([
                f"the nonintrusivity check is undecided: {self.file}", *(f"  {line}" for line in self.undecided)]))

    def rows(self) -> list[tuple[str, str, str, str, str, str]]:
        """Lines of a table: name, status, value, tolerance, what was compared, detail (and meaning, on failure).

        A meaning that several measurements have is said once.
        """
        meanings = {item.name: meaning for item, meaning in _said_once(
            [item for item in self.items if item.status in ("fail", "warn")])}
        return [
            (item.name, item.status, _number(item.value), _number(item.tolerance), item.compared,
             f"{item.detail}\n{meanings.get(item.name, '')}".strip()) for item in self.items]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "file": self.file, "units": self.units, "pieces": self.n_piece, "steps": self.n_step,
            "verdict": self.verdict, "passed": self.passed, "undecided": list(self.undecided),
            "hints": list(self.hints),
            "items": [{**vars(item), "value": _finite(item.value)} for item in self.items],
        }


def _said_once(items: Sequence[CheckItem]) -> Iterator[tuple[CheckItem, str]]:
    """Measurements with their meanings; what stands in full with one before is "as above"."""
    said: set[str] = set()
    for item in items:
        parts = []
        for part in item.meaning.split(OTHERWISE):
            before = KNOWN if part.startswith(KNOWN) else ""
            parts.append(f"{before}as above" if part and part in said else part)
            said.add(part)
        yield item, OTHERWISE.join(parts)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _figures(item: CheckItem) -> str:
    if item.tolerance is None:
        return "failed"
    return f"{_number(item.value) or 'not measured'} (at most {_number(item.tolerance)})"
