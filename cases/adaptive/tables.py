"""The tables of the case: coverage of the bounds, alarms, and what was missed."""

from __future__ import annotations

from collections.abc import Mapping

from judgement import QUANTITIES, Judged, alarms, coverage
from rich.table import Table

TOLERANCES = (0.01, 0.02, 0.05, 0.10)
SHORT = {"displacement": "u", "stress": "stress", "p": "p"}


def coverage_table(groups: Mapping[str, list[Judged]], title: str) -> Table:
    """A row for each group and quantity.

    Of how many cases there is a bound at the end; how many of these it covers at the end, and at every time; and bound
    over true error: the median, the least and the most.
    """
    table = _table(title, ("group", "of"), ("cases", "bounds", "at the end", "always", "median", "least", "most"))
    for group, judged in groups.items():
        for quantity in QUANTITIES:
            found = coverage(judged, quantity)
            table.add_row(group, SHORT[quantity], str(found.count), str(found.given), _part(found.end, found.given),
                          _part(found.always, found.ever), *map(_number, (found.median, *found.worst)))
    return table


def alarm_table(judged: list[Judged], title: str) -> Table:
    """A row for each quantity and tolerance."""
    table = _table(title, ("of",), ("tolerance", "true", "false", "quiet", "missed"))
    table.add_column("which")
    for quantity in QUANTITIES:
        for tolerance in TOLERANCES:
            found = alarms(judged, quantity, tolerance)
            counts = found.true, found.false, found.quiet, len(found.missed)
            table.add_row(SHORT[quantity], f"{100 * tolerance:g} %", *map(str, counts), ", ".join(found.missed))
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


def _table(title: str, words: tuple[str, ...], numbers: tuple[str, ...]) -> Table:
    table = Table(title=title, box=None, header_style="bold", pad_edge=False, title_justify="left")
    for name in (*words, *numbers):
        table.add_column(name, justify="left" if name in words else "right", no_wrap=True)
    return table


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2g}"


def _part(count: int, of: int) -> str:
    return f"{100 * count / of:.0f} %" if of else "-"
