"""What commands print: results on stdout (a table, or JSON and nothing else), progress on stderr."""

from __future__ import annotations

import json
import logging
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

_WIDTH_OF_A_FILE = 120
STATUS_STYLE = {"pass": "green", "warn": "yellow", "fail": "bold red", "absent": "dim"}


def stdout() -> Console:
    """Console for results; made anew, so that it follows a redirected stdout, which has no width of its own."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _WIDTH_OF_A_FILE
    return console


def stderr() -> Console:
    """Console for progress and notes."""
    return Console(stderr=True, highlight=False, markup=False)


def keep_stdout_for_us() -> None:
    """What a library prints by itself, such as a UMAT, goes to stderr from now on; `sys.stdout` stays as it is."""
    try:
        if sys.stdout.fileno() != 1:
            return
    except (OSError, ValueError):  # a stdout without file, as in a notebook or a test
        return
    ours = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = open(ours, "w", encoding=sys.stdout.encoding)  # noqa: SIM115 (open as long as the process lives)


def print_json(values: Any) -> None:
    """One JSON document on stdout; numbers that are not finite become null."""
    print(json.dumps(_finite(values), indent=2, ensure_ascii=False))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[int] = ()) -> Table:
    """A table; `right` : positions of the columns of numbers."""
    result = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None,
                   pad_edge=False, padding=(0, 2, 0, 0))
    for k, name in enumerate(columns):
        result.add_column(name, justify="right" if k in right else "left", overflow="fold")
    for row in rows:
        result.add_row(*("" if cell is None else str(cell) for cell in row))
    return result


def pairs(title: str, rows: Sequence[tuple[str, object]]) -> Table:
    """A table of two columns without header."""
    result = table(title, ("", ""), rows)
    result.show_header = False
    return result


def figure(value: float | None, digits: int = 3) -> str:
    """A number for a table."""
    return "-" if value is None or not math.isfinite(value) else f"{value:.{digits}g}"


def size(n_bytes: float) -> str:
    """Bytes in a readable unit."""
    for unit in ("B", "KiB", "MiB"):
        if n_bytes < 1024:
            return f"{n_bytes:.0f} {unit}" if unit == "B" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1024
    return f"{n_bytes:.2f} GiB"


class _Lines(logging.Handler):
    """Lines of progress for what the rooms below say by themselves, such as the room that a file will need."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.INFO)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print one."""
        self._console.print(f"  {record.getMessage()}", soft_wrap=True)


@contextmanager
def _listening(console: Console) -> Iterator[None]:
    logger, lines = logging.getLogger("romlib"), _Lines(console)
    before = logger.level
    logger.addHandler(lines)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(lines)
        logger.setLevel(before)


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """Progress in steps: a bar on a terminal, else one line; gives a function of (done, total)."""
    console = stderr()
    if not console.is_terminal:
        console.print(f"{what} ...")
        with _listening(console):
            yield lambda done, total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress, _listening(console):
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def stages(rank: int, what: str) -> Iterator[Callable[[str], None]]:
    """Progress in sentences, on rank 0: one line each, with a clock while a stage runs on a terminal."""
    if rank != 0:
        yield lambda sentence: None
        return
    console = stderr()
    if not console.is_terminal:
        console.print(f"{what} ...")
        with _listening(console):
            yield lambda sentence: console.print(f"  {sentence}", soft_wrap=True)
        return
    with console.status(f"{what} ..."), _listening(console):
        yield lambda sentence: console.print(f"  {sentence}", soft_wrap=True)
