"""The tables of the case: coverage of the bounds, alarms, and what was missed."""

from __future__ import annotations

from collections.abc import Mapping

from judgement import QUANTITIES, Judged, alarms, coverage
from rich.table import Table

TOLERANCES = (0.01, 0.02, 0.05, 0.10)


def coverage_table(groups: Mapping[str, list[Judged]], title: str) -> Table:
    """A row for each group and quantity."""
    table = Table(title=title, box=None, header_style="bold", pad_edge=False, title_justify="left")
    for name in ("group", "quantity", "cases", "bounds", "covered at the end", "at every time", "median bound/true",
                 "smallest", "largest"):
        table.add_column(name, justify="left" if name in ("group", "quantity") else "right")
    for group, judged in groups.items():
        for quantity in QUANTITIES:
            found = coverage(judged, quantity)
            table.add_row(group, quantity, str(found.count), str(found.given), _part(found.end, found.given),
                          _part(found.always, found.given), f"{found.median:.2g}", f"{found.worst[0]:.2g}",
                          f"{found.worst[1]:.2g}")
    return table


def alarm_table(judged: list[Judged], title: str) -> Table:
    """A row for each quantity and tolerance."""
    table = Table(title=title, box=None, header_style="bold", pad_edge=False, title_justify="left")
    for name in ("quantity", "tolerance", "true alarms", "false", "quiet", "missed", "which"):
        table.add_column(name, justify="left" if name in ("quantity", "which") else "right")
    for quantity in QUANTITIES:
        for tolerance in TOLERANCES:
            found = alarms(judged, quantity, tolerance)
            table.add_row(quantity, f"{100 * tolerance:g} %", str(found.true), str(found.false), str(found.quiet),
                          str(len(found.missed)), ", ".join(found.missed))
    return table


def missed_in_words(judged: list[Judged]) -> str:
    """How many of all decisions missed."""
    found = [alarms(judged, quantity, tolerance) for quantity in QUANTITIES for tolerance in TOLERANCES]
    missed, decisions = sum(len(one.missed) for one in found), len(found) * len(judged)
    return f"missed {missed} of {decisions} decisions, {100 * missed / max(decisions, 1):.2g} %"


def by_group(judged: list[Judged]) -> dict[str, list[Judged]]:
    """In the order in which groups come, and all of them together last."""
    groups: dict[str, list[Judged]] = {}
    for one in judged:
        groups.setdefault(one.group, []).append(one)
    return {**groups, "all": judged} if len(groups) > 1 else groups


def _part(count: int, of: int) -> str:
    return f"{100 * count / of:.0f} %" if of else "-"
