"""The process that judges damaged inputs, one after another, and reports each: a crash or a hang costs only itself.

Started by `romlib.testing.fuzz`, which writes one JSON line and reads one for the start and one for the end of each
mutation.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import tempfile
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from romlib.testing.mutation import Files, mutate
from romlib.testing.targets import Outcome, Target, target_of

_LARGEST_FILE = 2**30  # bytes that a mutation may write


def main() -> None:
    """Read the task from stdin, report on what was stdout; what libraries print goes to stderr."""
    reports = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    task: dict[str, Any] = json.loads(sys.stdin.readline())
    files = Files(Path(task["folder"]), tuple(task["names"]))
    target = target_of(task["target"], sources=task["sources"], options=task["options"])
    target.open(files.folder, files.names)
    _bound(task["memory"])
    reports.write(json.dumps({"strict": target.strict and not task["forged"]}) + "\n")
    report_all(target, files, task["seed"], task["numbers"], reports, task["forged"])


def report_all(
    target: Target, files: Files, seed: int, numbers: Iterable[int], reports: TextIO, forged: bool = False
) -> None:
    """Judge the mutations of these numbers."""
    for number in numbers:
        reports.write(json.dumps({"begin": number}) + "\n")
        what, outcome = judge(target, files, seed, number, forged=forged)
        reports.write(json.dumps({"end": number, "what": what, **vars(outcome)}) + "\n")


def judge(
    target: Target, files: Files, seed: int, number: int, keep: Path | None = None, *, forged: bool = False
) -> tuple[str, Outcome]:
    """Make one mutation and judge it; any exception but a romlib error is a fault, with its traceback.

    keep : folder to leave the damaged files in.
    """
    with contextlib.ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="romlib-fuzz-")))
        what = mutate(files, seed, number, folder, forged)
        try:
            return what, target.judge(folder, files.names)
        except Exception as error:
            text = "".join(traceback.format_exception(error))
            return what, Outcome("fault", text[-3000:], (f"{type(error).__name__}: {_place(error)}",))


def _place(error: BaseException) -> str:
    """The last line of romlib's own code in the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/testing/" not in frame.filename and (
        "romlib" in frame.filename or "/converters/" in frame.filename)]
    frame = (ours or frames)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}"


def _bound(memory: int) -> None:
    """Limit what this process may take from here on: address space, size of files; no core dumps."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    now = pages * resource.getpagesize()
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    if now:
        resource.setrlimit(resource.RLIMIT_AS, (now + memory, most))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
