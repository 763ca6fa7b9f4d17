"""Case control of a deck: what acts in each subcase, and in each STEP of one (SOL 400).

Commands before the first SUBCASE hold in all of them, those of a subcase in all of its steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_BEGINS = re.compile(r"^(SUBCASE|SUBCOM|SYM|SYMCOM|STEP)\s*=?\s*(\d+)", re.IGNORECASE)
_COMMAND = re.compile(r"^([A-Z0-9]+)\s*(?:\(([^)]*)\))?\s*=\s*(.*)$", re.IGNORECASE)
# Names that may be shortened to four letters, of the commands that matter here.
_NAMES = ("TEMPERATURE", "NLPARM", "NLSTEP", "DLOAD", "DEFORM", "BOLTLD", "TSTEP", "TSTEPNL", "ANALYSIS")


@dataclass(frozen=True)
class Phase:
    """A subcase, or a step of one. commands : values by name in capitals; of TEMPERATURE with what it is of."""

    subcase: int = 0
    step: int = 0
    commands: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[int, int]:
        """Numbers of subcase and step."""
        return self.subcase, self.step

    def number_of(self, command: str) -> int | None:
        """The set that a command names; None where the command is not there, or says a word."""
        value = self.commands.get(command, "").strip()
        return int(value) if value.isdigit() else None


def phases_of(lines: Iterable[str]) -> tuple[Phase, ...]:
    """The phases in their order; of a deck without subcases one of number 0."""
    everywhere: dict[str, str] = {}
    subcases: list[tuple[int, dict[str, str], list[tuple[int, dict[str, str]]]]] = []
    current = everywhere
    for line in lines:
        line = line.split("$")[0].strip()
        begins = _BEGINS.match(line)
        if begins and begins[1].upper() == "STEP":
            if not subcases:
                subcases.append((0, {}, []))
            current = {}
            subcases[-1][2].append((int(begins[2]), current))
        elif begins:
            current = {}
            subcases.append((int(begins[2]), current, []))
        else:
            command = _COMMAND.match(line)
            if command:
                current[_name(command[1], command[2])] = command[3].strip()
    if not subcases:
        return (Phase(commands=everywhere),)
    found = []
    for number, own, steps in subcases:
        if not steps:
            found.append(Phase(number, 0, {**everywhere, **own}))
        found += [Phase(number, step, {**everywhere, **own, **mine}) for step, mine in steps]
    return tuple(found)


def _name(word: str, option: str | None) -> str:
    word = word.upper()
    full = next((name for name in _NAMES if name == word), None) or next(
        (name for name in _NAMES if len(word) >= 4 and name.startswith(word)), word)
    return f"TEMPERATURE({(option or 'BOTH').strip().upper()})" if full == "TEMPERATURE" else full
