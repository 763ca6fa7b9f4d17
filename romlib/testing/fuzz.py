"""Damage files on purpose, and see that each damage is refused, harmless, or caught: `python -m romlib.testing.fuzz`.

    python -m romlib.testing.fuzz TARGET FILE... [--seed N] [--count N]

TARGET is the name of an installed converter, mesh:NAME for the mesh alone that it reads, or rom, snapshots or study. Of
a converter's files the first one (the first --sources N) is what the converter is given; the others (results beside a
deck) and all files of a folder lie beside it, and all of them get damaged, one at a time. Exit status 1 when something
is wrong: a traceback, a crash, a hang, too much memory, and for files that romlib itself wrote (rom, snapshots) any
silent change.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from romlib.errors import RomlibError
from romlib.testing.mutation import Files
from romlib.testing.targets import VERDICTS, Outcome, target_of
from romlib.testing.worker import judge
from romlib.words import plural

TIMEOUT = 30.0  # seconds that one mutation may take
MEMORY = 2 * 2**30  # bytes that one mutation may take
_START = 300.0  # seconds until a worker has read the sound files; the first one compiles


@dataclass(frozen=True)
class Judged:
    """One mutation, what was done, and what became of it."""

    number: int
    what: str
    outcome: Outcome


@dataclass
class FuzzReport:
    """All mutations of a run. strict : of the target, see `romlib.testing.targets.Target`."""

    target: str
    seed: int
    strict: bool = False
    judged: list[Judged] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def counts(self) -> dict[str, int]:
        """Mutations by verdict."""
        found = Counter(one.outcome.verdict for one in self.judged)
        return {verdict: found[verdict] for verdict in VERDICTS}

    @property
    def wrong(self) -> list[Judged]:
        """What must not be: faults, and silent changes where the file can tell."""
        return [one for one in self.judged if one.outcome.verdict == "fault"
                or (self.strict and one.outcome.verdict == "silent")]

    def by_part(self, verdict: str) -> dict[str, int]:
        """How many mutations of a verdict changed each part of the result."""
        return dict(Counter(part for one in self.judged if one.outcome.verdict == verdict
                            for part in one.outcome.parts).most_common())

    def lines(self) -> Iterator[str]:
        """The report in words."""
        rate = 60.0 * len(self.judged) / self.seconds if self.seconds else 0.0
        yield (f"{self.target}: {plural(len(self.judged), 'mutation')}, seed {self.seed}, {self.seconds:.1f} s "
               f"({rate:.0f} a minute)")
        for verdict, count in self.counts.items():
            yield f"  {verdict:<20} {count}"
        for verdict in ("reproduced", "another input", "silent"):
            parts = self.by_part(verdict)
            if parts:
                shown = ", ".join(f"{name} {count}" for name, count in list(parts.items())[:12])
                yield f"  {verdict}, by what differs: {shown}" + (" ..." if len(parts) > 12 else "")
        for one in self.judged:
            if one.outcome.verdict == "silent":
                yield f"  accepted and different, not judged: #{one.number} {one.what}: {one.outcome.words}"
        alike: dict[str, list[Judged]] = {}
        for one in self.wrong:
            alike.setdefault(f"{one.outcome.verdict}: {', '.join(one.outcome.parts)}", []).append(one)
        for kind, ones in alike.items():
            yield f"  WRONG, {plural(len(ones), 'time')}: {kind}"
            yield f"    #{ones[0].number} {ones[0].what}\n      " + ones[0].outcome.words.replace("\n", "\n      ")
            if len(ones) > 1:
                yield "    and " + "; ".join(f"#{one.number} {one.what}" for one in ones[1:6])


@dataclass(frozen=True)
class Settings:
    """How a target is run; see `run`. forged : see `romlib.testing.mutation.mutate`."""

    sources: int = 1
    forged: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    timeout: float = TIMEOUT
    memory: int = MEMORY


def run(
    target: str, paths: Sequence[str | Path], *, seed: int = 0, count: int = 200, settings: Settings | None = None,
    progress: Callable[[Judged], None] | None = None,
) -> FuzzReport:
    """Judge `count` mutations of files in worker processes.

    Parameters
    ----------
    target : name of an installed converter, "rom", "snapshots" or "study". paths : sound files, or folders of them.
    seed : mutation k of a seed is always the same. progress : called with each mutation that was judged.

    Raises
    ------
    RomlibError : the sound files themselves are refused.
    """
    settings = settings or Settings()
    files = Files.of([Path(path) for path in paths])
    target_of(target, sources=settings.sources, options=settings.options).open(files.folder, files.names)
    report, start, first = FuzzReport(target, seed), time.perf_counter(), 0
    while first < count:
        task = {"target": target, "folder": str(files.folder), "names": files.names, "seed": seed,
                "numbers": list(range(first, count)), "sources": settings.sources, "options": settings.options,
                "memory": settings.memory, "forged": settings.forged}
        for one in _judged_by_worker(task, settings.timeout, report):
            report.judged.append(one)
            first = one.number + 1
            if progress is not None:
                progress(one)
    report.seconds = time.perf_counter() - start
    return report


def _judged_by_worker(task: dict[str, Any], timeout: float, report: FuzzReport) -> Iterator[Judged]:
    """What one worker reports until it is done or dies; a mutation on which it dies or hangs is a fault."""
    with tempfile.TemporaryFile() as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "romlib.testing.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            text=True, env={**os.environ, "PYTHONFAULTHANDLER": "1"}, start_new_session=True)
        assert worker.stdin is not None and worker.stdout is not None
        running: int | None = None
        try:
            worker.stdin.write(json.dumps(task) + "\n")
            worker.stdin.flush()
            for line in _lines(worker, timeout):
                said = json.loads(line)
                report.strict = said.get("strict", report.strict)
                running = said.get("begin", running)
                if "end" in said:
                    yield Judged(said["end"], said["what"],
                                 Outcome(said["verdict"], said["words"], tuple(said["parts"])))
                    running = None
            status = worker.wait(timeout=timeout)
            words = f"the process ended with status {status}"
        except TimeoutError:
            words = f"no end after {timeout:g} s"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
            worker.stdin.close()
            worker.stdout.close()
        if running is not None:
            what = _what(task, running)
            yield Judged(running, what, Outcome("fault", f"{words}\n{_tail(log)}", (words,)))
        elif worker.returncode not in (0, -signal.SIGKILL):
            raise RuntimeError(f"a worker failed between two mutations: {words}\n{_tail(log)}")


def _what(task: dict[str, Any], number: int) -> str:
    """What a mutation did of which its worker did not live to tell."""
    from romlib.testing.mutation import mutate

    with tempfile.TemporaryDirectory(prefix="romlib-fuzz-") as folder:
        return mutate(Files(Path(task["folder"]), tuple(task["names"])), task["seed"], number, Path(folder),
                      task["forged"])


def _tail(log: Any) -> str:
    log.seek(0)
    return log.read().decode(errors="replace")[-2000:]


def _lines(worker: subprocess.Popen, timeout: float) -> Iterator[str]:
    """Lines of a worker; TimeoutError when none comes in time."""
    assert worker.stdout is not None
    descriptor, rest, patience = worker.stdout.fileno(), b"", _START
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            if not selector.select(patience):
                raise TimeoutError
            data = os.read(descriptor, 1 << 16)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                patience = timeout
                yield line.decode()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m romlib.testing.fuzz", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", help="a converter (`romlib convert --list`), mesh:CONVERTER, rom, snapshots or study")
    parser.add_argument("files", nargs="+", type=Path, help="sound files, or a folder of them")
    parser.add_argument("--seed", type=int, default=0, help="of the random damages")
    parser.add_argument("--count", type=int, default=200, help="number of mutations")
    parser.add_argument("--sources", type=int, default=1, help="files, from the first, that the converter is given")
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE", help="of the converter")
    parser.add_argument("--timeout", type=float, default=TIMEOUT, help="seconds a mutation may take")
    parser.add_argument("--memory", type=int, default=MEMORY >> 20, help="MiB a mutation may take")
    parser.add_argument("--forged", action="store_true",
                        help="change what HDF5 files say, and make their checksums anew: only faults are wrong")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="judge one mutation, in this process")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="with --only: leave its files in this folder")
    given = parser.parse_args(arguments)
    options = dict(text.partition("=")[::2] for text in given.option)
    settings = Settings(given.sources, given.forged, options, given.timeout, given.memory << 20)
    try:
        if given.only is not None:
            return _one(given, settings)
        report = run(given.target, given.files, seed=given.seed, count=given.count, settings=settings)
    except RomlibError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print("\n".join(report.lines()))
    return 1 if report.wrong else 0


def _one(given: argparse.Namespace, settings: Settings) -> int:
    """Repeat one mutation, and say everything about it."""
    files = Files.of(given.files)
    target = target_of(given.target, sources=settings.sources, options=settings.options)
    target.open(files.folder, files.names)
    if given.keep is not None:
        given.keep.mkdir(parents=True)
    what, outcome = judge(target, files, given.seed, given.only, given.keep, forged=given.forged)
    print(f"#{given.only} {what}\n{outcome.verdict}\n{outcome.words}")
    return 1 if outcome.verdict == "fault" or (
        target.strict and not given.forged and outcome.verdict == "silent") else 0


if __name__ == "__main__":
    sys.exit(main())
