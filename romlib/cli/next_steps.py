"""What comes after a command, as lines to type: a newcomer goes on from where a table ends."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def convert_line(converter: str, file: Path) -> str:
    """The command that converts results; the units are the user's to say."""
    return f'romlib convert {converter} {_word(file)} -o {_word(file.stem)}.vtkhdf --units "mm, N, MPa, s, degC"'


def after_convert(output: Path, summary: dict[str, Any]) -> list[str]:
    """summary : of the file, as `romlib.snapshots.info.info` has it. A file without materials needs a study first."""
    file, study = _word(output), _word(output.with_suffix(".toml"))
    check = f"romlib check {file}"
    if summary["model"]["materials"]:
        return [check]
    return [f"romlib init study {file} -o {study}", f"{check} --study {study}"]


def after_check(file: Path, study: Path | None) -> list[str]:
    """Of a check that has passed: a study where there is none yet, else the training."""
    if study is not None:
        return [f"romlib offline {_word(study)} -o {_word(study.with_suffix('.rom'))}"]
    written = file.with_suffix(".toml")
    return [f"romlib init study {_word(file)} -o {_word(written)}",
            f"romlib offline {_word(written)} -o {_word(file.with_suffix('.rom'))}"]


def after_offline(rom: Path, cases: Iterable[str]) -> list[str]:
    """cases : names of those that the ROM knows; the last is the study's own, where it has one."""
    names = list(cases)
    solve = [f"romlib online {_word(rom)} --case {_word(names[-1])} -o result.vtkhdf"] if names else []
    return [*solve, f"romlib init case {_word(rom)} -o case.toml"]


def show_next(console: Console, lines: list[str]) -> None:
    """Below the tables of a command."""
    console.print("\nNext:")
    for line in lines:
        console.print(f"  {line}", soft_wrap=True)


def _word(name: str | Path) -> str:
    return shlex.quote(str(name))
