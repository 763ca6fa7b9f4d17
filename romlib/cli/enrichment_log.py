"""The additions to a ROM's training as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console

from romlib.cli.console import figure, table


def show_log(console: Console, log: Sequence[dict[str, Any]]) -> None:
    """One line an addition. log : entries as `romlib.archive.enrichment.Enrichment` gives them to JSON."""
    if not log:
        return
    parts = ("before", "found", "after")
    quantities = list(dict.fromkeys(name for entry in log for part in parts for name in entry[part]))
    rows = [(entry["number"], entry["case"], "full-order step" if entry["kind"] == "step" else entry["what"],
             f"{entry['time']:.6g}",
             *(" / ".join(figure(entry[part].get(name), 2) for part in parts) for name in quantities),
             entry["modes"], entry["points"], figure(entry["seconds"])) for entry in log]
    console.print(table("Additions to the training: bound before / error found there / bound after", (
        "", "case", "what", "time", *quantities, "modes", "points", "seconds"), rows))
