"""What a solver's log says: its last lines, and the line that means failure."""

from __future__ import annotations

import re
from pathlib import Path

N_LAST = 12  # lines to quote
_TAIL_BYTES = 16_384
_LINE_WIDTH = 160


def last_lines(log: Path) -> str:
    """The last lines of a log that have text, indented for a message; of the file only its end is read."""
    try:
        with open(log, "rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError as error:
        return f"the log cannot be read: {error}"
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return "the log is empty"
    return "the log ends with\n" + "\n".join(f"    | {_short(line)}" for line in lines[-N_LAST:])


def first_match(log: Path, pattern: re.Pattern[str]) -> str | None:
    """The first line of a log in which the pattern is found, with its number, for a message; None without one."""
    with open(log, encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if pattern.search(line):
                return f"line {number} of the log: {_short(line)}"
    return None


def _short(line: str) -> str:
    line = line.strip()
    return line if len(line) <= _LINE_WIDTH else f"{line[:_LINE_WIDTH]} ..."
