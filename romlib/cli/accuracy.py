"""How accurate a ROM is, at the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console

from romlib.cli.console import figure, table

if TYPE_CHECKING:
    from romlib.archive.accuracy import Accuracy
    from romlib.study.validate import Validated

_COLUMNS = (("trained", False, "training runs"), ("left out", False, "left out"),
            ("left out", True, "left out, outside the others"), ("validation", False, "validation runs"))


def accuracy_to_dict(accuracy: Accuracy | None) -> dict[str, Any] | None:
    """Plain values for JSON."""
    from dataclasses import asdict

    return None if accuracy is None else {**asdict(accuracy), "met": accuracy.met}


def show_accuracy(console: Console, accuracy: dict[str, Any] | None) -> None:
    """The largest errors over each kind of runs, beside what was asked for. accuracy : of `accuracy_to_dict`."""
    if accuracy is None or not accuracy["runs"]:
        return
    columns = [(name, largest(accuracy["runs"], how, outside)) for how, outside, name in _COLUMNS]
    columns = [(name, found) for name, found in columns if found]
    asked = accuracy["asked"]
    quantities = list(dict.fromkeys([*asked, *(name for _, found in columns for name in found)]))
    console.print()
    console.print(table(
        "Accuracy" + (" (by default)" if asked and accuracy["by_default"] else ""),
        ("quantity", *(("asked for",) if asked else ()), *(name for name, _ in columns)),
        [(name, *((figure(asked.get(name)),) if asked else ()), *(figure(found.get(name)) for _, found in columns))
         for name in quantities], tuple(range(1, 2 + len(columns)))))
    console.print("Largest of the runs: max over time of ||a-b|| over max over time of ||b||, over all points. Left "
                  "out: a ROM of all other runs, over this one.", style="dim", soft_wrap=True)
    for note in accuracy["notes"]:
        console.print(f"note: {note}", style="yellow", soft_wrap=True)
    for sentence in accuracy["not_met"]:
        console.print(f"accuracy not met: {sentence}", style="red", soft_wrap=True)


def show_runs(console: Console, accuracy: dict[str, Any] | None) -> None:
    """The errors over each run, and how tolerances were chosen."""
    if accuracy is None or not accuracy["runs"]:
        return
    quantities = list(dict.fromkeys(name for run in accuracy["runs"] for name in run["errors"]))
    console.print()
    console.print(table("Errors over each run", ("run", "", *quantities, "outside the others"), [
        (run["run"], run["how"], *(figure(run["errors"].get(name)) for name in quantities),
         run["failure"] or "; ".join(run["outside"])) for run in accuracy["runs"]],
        tuple(range(2, 2 + len(quantities)))))
    if accuracy["attempts"]:
        console.print()
        console.print(table("How the tolerances were chosen, on a sample of the points", (
            "tolerances", "modes", "points", "training runs", "left out"), [
            (f"{one['tolerances']['pod']:.1e}, dual {one['tolerances']['dual fields']:.1e}", one["modes"],
             one["points"], one["failed"] or _in_words(one["trained"]), _in_words(one["left_out"]))
            for one in accuracy["attempts"]], (1, 2)))


def show_validated(console: Console, found: Validated) -> None:
    """What `romlib validate` has found."""
    quantities = list(dict.fromkeys(name for run in found.runs for name in run.errors))
    rows = [(run.run, *(figure(run.errors.get(name)) for name in quantities), run.failure) for run in found.runs]
    if found.asked:
        rows.append(("asked for", *(figure(found.asked.get(name)) for name in quantities), ""))
    console.print(table(f"Errors of {found.rom}", ("run", *quantities, ""), rows,
                        tuple(range(1, 1 + len(quantities)))))
    console.print("max over time of ||a-b|| over max over time of ||b||, over all points; of a field that is below 5 % "
                  "of the largest in training, relative to that.", style="dim", soft_wrap=True)
    for file, notes in found.notes.items():
        for note in notes:
            console.print(f"note: {file}: {note}", style="yellow", soft_wrap=True)
    for sentence in found.not_met:
        console.print(f"accuracy not met: {sentence}", style="red", soft_wrap=True)
    if not found.asked:
        console.print("note: the ROM was asked for no accuracy; --accuracy NAME=NUMBER says what is enough",
                      style="yellow", soft_wrap=True)


def largest(runs: list[dict[str, Any]], how: str, outside: bool) -> dict[str, float]:
    """By quantity, the largest error of the runs of a kind; as `romlib.archive.accuracy.Accuracy.largest`."""
    found: dict[str, float] = {}
    for run in runs:
        if run["how"] == how and bool(run["outside"]) == outside:
            for name, error in run["errors"].items():
                found[name] = max(error, found.get(name, 0.0))
    return found


def _in_words(errors: dict[str, float]) -> str:
    return ", ".join(f"{name} {error:.1e}" for name, error in errors.items())
