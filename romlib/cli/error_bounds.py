"""Error bounds at the terminal: the option --tolerance, tables, and what is said where a bound passes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from romlib.cli.case_options import named_numbers
from romlib.cli.console import figure, table

if TYPE_CHECKING:
    from romlib.archive.rom import Rom
    from romlib.report.compare import Comparison
    from romlib.snapshots.error_bounds import Passed


def tolerances_of(texts: list[str] | None, rom: Rom, path: Path) -> dict[str, float]:
    """By quantity; NUMBER is meant for all quantities of the ROM that are not named, NAME=NUMBER for one.

    Raises
    ------
    InputError : the ROM has no bound of a quantity that has a tolerance.
    """
    from romlib.errors import InputError
    from romlib.words import unknown

    given = named_numbers(texts, "--tolerance", positive=True, nameless=True)
    if not given:
        return {}
    known = rom.indicator
    if known is None or not known.factors:
        raise InputError(
            "the ROM has no bounds of its errors to compare with a tolerance", file=path, place="--tolerance",
            found="no error indicator: an older ROM, or [offline] calibration = false" if known is None
            else f"an error indicator without calibration ({known.source or 'no run could be left out'})",
            remedy="train it again with `romlib offline`, with more than one training run")
    quantities = ["displacement", *rom.gappy]
    for name in given:
        if name and name not in quantities:
            raise InputError(f"the ROM has no quantity {name!r}", file=path, place="--tolerance",
                             **unknown(name, quantities))
    wanted = {name: given[""] for name in quantities} if "" in given else {}
    wanted |= {name: value for name, value in given.items() if name}
    for name in wanted:
        if name not in known.factors:
            raise InputError(
                f"the ROM has no bound of the error of {name}", file=path, place="--tolerance",
                expected=", ".join(known.factors), found="no calibration run has it",
                remedy="give a tolerance for each quantity, --tolerance NAME=NUMBER, or train with more runs")
    return wanted


def passed_to_dict(passed: Passed) -> dict[str, Any]:
    """Plain values for JSON."""
    return {"quantity": passed.quantity, "tolerance": passed.tolerance, "time": passed.time, "bound": passed.bound,
            "temperature_is_new": passed.temperature_is_new, "outside_training": dict(passed.outside)}


def say_passed(console: Console, passed: list[Passed]) -> None:
    """One message for each bound that passes its tolerance."""
    for one in passed:
        console.print(f"error: {one.what}\n  why: {one.why}", style="red", soft_wrap=True)


def show_bounds(console: Console, bounds: dict[str, Any]) -> None:
    """The bounds of an online run, as `ErrorBounds.to_dict` has them, and their notes."""
    if bounds["quantities"]:
        console.print()
        console.print(table("Bounds of the relative errors", ("quantity", "largest", "at time", "at the end", ""), [
            (name, figure(one["largest"]), figure(one["time_of_largest"], 6), figure(one["at_the_end"]),
             "" if one["withheld_from"] is None else f"withheld from time {one['withheld_from']:.6g} on")
            for name, one in bounds["quantities"].items()], (1, 2, 3)))
    for note in bounds["notes"]:
        console.print(f"note: {note}", style="yellow", soft_wrap=True)


def show_compared_bounds(console: Console, result: Comparison) -> None:
    """The true errors beside the bounds that the result has of them."""
    rows = []
    for name, field in result.fields.items():
        if field.bound is None:
            continue
        error, since = field.error_so_far, result.first_above(field)
        told = (field.bound > 0.0) & (error > 0.0)
        smallest = float((field.bound[told] / error[told]).min()) if told.any() else None
        rows.append((name, figure(float(error[-1])), figure(float(field.bound[-1])), figure(smallest),
                     "never" if since is None else f"from time {since:.6g}"))
    if rows:
        console.print()
        console.print(table("Errors so far, and the bounds in A", (
            "field", "error at the end", "bound at the end", "smallest bound/error", "error above its bound"), rows,
            (1, 2, 3)))
        console.print("Error so far: max of ||a-b|| over max of ||b||, or over 5 % of the training's; both up to that "
                      "time.", style="dim")
    for note in result.bound_notes:
        console.print(f"A says: {note}", style="yellow", soft_wrap=True)


def show_calibration(console: Console, calibration: list[dict[str, Any]]) -> None:
    """The factors of an indicator, as `romlib.online.ratios.calibration_rows` has them."""
    if calibration:
        console.print()
        console.print(table("Calibration of the error bounds", (
            "quantity", "factor q", "pairs", "smallest ratio", "median", "largest"), [
            (one["quantity"], figure(one["factor"]), one["pairs"],
             *(figure(one[f"ratio_{which}"]) for which in ("min", "median", "max"))) for one in calibration],
            (1, 2, 3, 4, 5)))
