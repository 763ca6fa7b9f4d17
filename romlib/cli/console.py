"""What commands print: results on stdout (a table, or JSON and nothing else), progress on stderr.

All text for the terminal goes through here. Names and descriptions come from files of others: what would steer a
terminal (escape sequences, control characters, a change of writing direction) is printed escaped, and nothing in them
is markup.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from romlib.cli.terminal import has_colours, is_terminal
from romlib.errors import InputError
from romlib.progress import CutInWords, Pace, Remaining
from romlib.stepping.increments import Watch

_WIDTH_OF_A_FILE = 120
STATUS_STYLE = {"pass": "green", "warn": "yellow", "fail": "bold red", "absent": "dim"}
# Control characters but line feed and tab (C0, DEL, C1), marks of writing direction, line and paragraph separators,
# invisible tags, and halves of surrogate pairs (bytes of a file name that are no text).
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
                       "\ud800-\udfff\U000e0000-\U000e007f]")


def printable(text: str) -> str:
    """The text with what steers a terminal as Python writes it in a string: \\x1b, \\u202e."""
    return _STEERING.sub(lambda found: ascii(found[0])[1:-1], text)


class SafeConsole(Console):
    """A console that prints text and no more: no escape sequences, no markup, no emoji in it."""

    def __init__(self, **options: Any) -> None:
        stream = options.get("file") or (sys.stderr if options.get("stderr") else sys.stdout)
        if not has_colours(stream):
            options.setdefault("color_system", None)
        super().__init__(highlight=False, markup=False, emoji=False, force_terminal=has_colours(stream), **options)
        if not is_terminal(stream) and "width" not in options and "COLUMNS" not in os.environ:
            self.width = _WIDTH_OF_A_FILE

    def print(self, *objects: Any, **options: Any) -> None:
        """Print; see `printing`."""
        with printing(self.file):
            super().print(*objects, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Text to be laid out: escaped before it is measured."""
        return super().render_str(printable(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What was laid out, also of what came as `Text`; rich's own control codes pass."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))


@contextmanager
def printing(stream: IO[str]) -> Iterator[None]:
    """What is printed inside; where the output goes to a file on a full disk, one error says so.

    Raises
    ------
    InputError : it cannot be written. BrokenPipeError : whoever read it has left.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        with suppress(OSError, ValueError):  # what is still in the buffer would fail again as Python ends
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
        name = "standard error" if stream is sys.stderr else "standard output"
        raise InputError("what the command prints cannot be written", place=name, found=error.strerror,
                         remedy="look at the file that it goes to, and at the room on its disk") from error


def stdout() -> Console:
    """Console for results; made anew, so that it follows a redirected stdout, which has no width of its own."""
    return SafeConsole()


def stderr() -> Console:
    """Console for progress and notes."""
    return SafeConsole(stderr=True)


def show_warning(message: Warning | str, category: type[Warning], filename: str, lineno: int,
                 file: TextIO | None = None, line: str | None = None) -> None:
    """For `warnings.showwarning`: one line, without the line of source."""
    stderr().print(f"warning: {message}", soft_wrap=True)


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
    """One JSON document on stdout; numbers that are not finite become null, and what steers a terminal \\u escapes."""
    text = json.dumps(_finite(values), indent=2, ensure_ascii=False)
    with printing(sys.stdout):
        print(_STEERING.sub(lambda found: json.dumps(found[0])[1:-1], text), flush=True)


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
        result.add_row(*("" if cell is None else cell if isinstance(cell, Text) else str(cell) for cell in row))
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
    """Progress in steps: a bar on a terminal, else a line now and then; gives a function of (done, total)."""
    console = stderr()
    if not is_terminal(sys.stderr):
        console.print(f"{what} ...")
        pace, remaining = Pace(), Remaining()

        def line(done: int, total: int) -> None:
            rest = remaining.in_words(float(total - done))
            if pace.due():
                console.print(f"  {done} of {total}{', ' + rest if rest else ''}", soft_wrap=True)

        with _listening(console):
            yield line
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TimeRemainingColumn(elapsed_when_finished=True))
    with Progress(*columns, console=console, transient=True) as progress, _listening(console):
        task = progress.add_task(printable(what), total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def watching(progress: Callable[[int, int], None]) -> Watch:
    """For a run of a ROM inside `counted`: its steps move the progress, and steps that are cut get lines."""
    return Watch(progress, CutInWords(logging.getLogger("romlib").info))  # which `_Lines` prints beside the bar


@contextmanager
def stages(rank: int, what: str) -> Iterator[Callable[[str], None]]:
    """Progress in sentences, on rank 0: one line each, with a clock while a stage runs on a terminal."""
    if rank != 0:
        yield lambda sentence: None
        return
    console = stderr()
    if not is_terminal(sys.stderr):
        console.print(f"{what} ...")
        with _listening(console):
            yield lambda sentence: console.print(f"  {sentence}", soft_wrap=True)
        return
    with console.status(Text(printable(f"{what} ..."))), _listening(console):
        yield lambda sentence: console.print(f"  {sentence}", soft_wrap=True)
