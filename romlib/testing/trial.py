"""A converter put on trial: what it has to refuse, and how; what becomes of files that are damaged or cut short."""

from __future__ import annotations

import importlib.metadata
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from romlib.errors import RomlibError
from romlib.snapshots.converter import Converter
from romlib.snapshots.reader import Snapshots
from romlib.testing.content import differences, snapshots_content
from romlib.testing.mutation import Files
from romlib.testing.targets import ConverterTarget
from romlib.testing.worker import judge

CUTS = (0.0, 0.25, 0.5, 0.75, 0.9, 0.99)  # parts of a file that are left


@dataclass
class Trial:
    """What is tried, and what was found wrong so far. sources : what the converter is given; the rest lies beside."""

    converter: Converter
    folder: Path
    names: tuple[str, ...]
    n_source: int
    options: dict[str, Any]
    scratch: Path
    problems: list[str] = field(default_factory=list)

    def convert(self, output: Path, folder: Path | None = None, **arguments: Any) -> None:
        """Convert the files of a folder, by default the sound ones."""
        paths = [(folder or self.folder) / name for name in self.names[:self.n_source]]
        given = {"options": dict(self.options) or None, **arguments}
        self.converter.convert(paths[0] if len(paths) == 1 else paths, output, **given)

    def variant(self, what: str, output: Path, **arguments: Any) -> bool:
        """Whether a conversion of the sound files succeeds, as it must."""
        try:
            self.convert(output, **arguments)
        except Exception as error:
            self.problems.append(f"{what}: refused: {type(error).__name__}: {error}")
            return False
        return True

    def room(self, name: str) -> Path:
        """A new folder."""
        folder = self.scratch / name
        folder.mkdir()
        return folder

    def refusal(self, what: str, output: Path, **arguments: Any) -> str:
        """The message with which a conversion is refused; anything else is a problem."""
        try:
            self.convert(output, **arguments)
        except RomlibError as error:
            left = sorted(path.name for path in output.parent.iterdir())
            if left:
                self.problems.append(f"{what}: refused, but {', '.join(left)} is left behind")
            return str(error)
        except Exception as error:
            self.problems.append(f"{what}: {type(error).__name__} instead of a romlib error: {error}")
            return ""
        self.problems.append(f"{what}: accepted")
        return ""


def refusals(trial: Trial, ends: bool) -> None:
    """What is wrong is refused by name; a failure leaves nothing, and what was there stays."""
    message = trial.refusal("an unknown option", trial.room("option") / "x.vtkhdf",
                            options={**trial.options, "no_such_option": 1})
    if message and "no_such_option" not in message:
        trial.problems.append(f"an unknown option: the message does not name it: {message}")
    trial.refusal("units that do not fit together", trial.room("units") / "x.vtkhdf", units="mm, N, Pa, s")
    empty = trial.room("nowhere")
    message = trial.refusal("a file that does not exist", trial.room("missing") / "x.vtkhdf", folder=empty)
    if message and Path(trial.names[0]).name not in message:
        trial.problems.append(f"a file that does not exist: the message does not name it: {message}")
    for what, old in (("a new output", None), ("an output that was there", b"old")):
        output = trial.room(what) / "x.vtkhdf"
        if old is not None:
            output.write_bytes(old)
        try:
            trial.convert(output, progress=_interrupt)
        except Exception as error:
            if not isinstance(error, _InterruptedError):
                trial.problems.append(f"progress: an exception that it raises becomes {type(error).__name__}")
            left = {path.name: path.read_bytes() for path in output.parent.iterdir()}
            if left != ({} if old is None else {output.name: old}):
                trial.problems.append(f"an interrupted conversion, {what}: found {', '.join(left) or 'nothing'}")
        else:
            trial.problems.append("progress: an exception that it raises is swallowed, or it is never called")
    _cut_short(trial, ends)
    _without_reader(trial)


def _cut_short(trial: Trial, ends: bool) -> None:
    """A file that is cut short is refused, has the whole content all the same, or the model says what is missing."""
    sound = trial.scratch / "sound" / "sound.vtkhdf"
    content, said, n_step = snapshots_content(sound), *_said(sound)
    for name in trial.names:
        whole = (trial.folder / name).read_bytes()
        for part in CUTS:
            what = f"{name} cut to {100 * part:.0f} %"
            room = trial.room(f"{trial.names.index(name)}-{part}")
            shutil.copytree(trial.folder, room / "files", ignore=_others(trial))
            (room / "files" / name).write_bytes(whole[:int(part * len(whole))])
            output = trial.room(f"{trial.names.index(name)}-{part}-out") / "x.vtkhdf"
            try:
                trial.convert(output, room / "files")
            except RomlibError:
                continue
            except Exception as error:
                trial.problems.append(f"{what}: {type(error).__name__} instead of a romlib error: {error}")
                continue
            found = differences(content, snapshots_content(output))
            new, steps = _said(output)
            if found and not new - said and (ends or steps == n_step):
                trial.problems.append(f"{what}: half read, and nothing is said; what differs: "
                                      f"{', '.join(list(found)[:4])}")


def _others(trial: Trial) -> Callable[[str, list[str]], set[str]]:
    """Files of the folder that are none of the trial's, for `shutil.copytree`; its subfolders may have some."""
    def ignored(folder: str, names: list[str]) -> set[str]:
        here = Path(folder)
        return {name for name in names if (here / name).is_file()
                and (here / name).relative_to(trial.folder).as_posix() not in trial.names}

    return ignored


def _said(path: Path) -> tuple[frozenset[str], int]:
    """Names and texts of the omissions, and the number of steps."""
    with Snapshots(path) as snapshots:
        return frozenset(f"{one.name} {one.description}" for one in snapshots.model.omissions), snapshots.n_step


def _without_reader(trial: Trial) -> None:
    """Without its library a converter says what to install, or does without."""
    named = str(getattr(trial.converter, "reader", None) or "")
    if not named:
        return
    with _hidden([one.strip() for one in named.split(",")]):
        for what in ("can_read", "convert"):
            try:
                if what == "can_read":
                    trial.converter.can_read(trial.folder / trial.names[0])
                else:
                    trial.convert(trial.room("without reader") / "x.vtkhdf")
            except RomlibError as error:
                if "pip install" not in str(error):
                    trial.problems.append(f"without {named}: the message does not say what to install: {error}")
            except Exception as error:
                trial.problems.append(f"without {named}: {what}: {type(error).__name__} instead of a romlib error: "
                                      f"{error}")


@contextmanager
def _hidden(distributions: list[str]) -> Iterator[None]:
    """No module of these distributions can be imported; those that romlib has at its tops stay where they are."""
    owners = importlib.metadata.packages_distributions()
    wanted = {one.replace("_", "-").lower() for one in distributions}
    tops = {top for top, names in owners.items() if {name.replace("_", "-").lower() for name in names} & wanted}
    tops |= {one for one in distributions if one not in tops}
    kept = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in tops}
    sys.modules.update(dict.fromkeys([*kept, *tops]))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in tops:
            sys.modules.pop(name, None)
        sys.modules.update(kept)


class _InterruptedError(Exception):
    """Raised in the middle of a conversion."""


def _interrupt(done: int, total: int) -> None:
    raise _InterruptedError


def damages(trial: Trial, mutations: int, seed: int) -> dict[str, int]:
    """Verdicts of damaged copies; a traceback, and a refusal that names no file, are problems."""
    if not mutations:
        return {}
    files = Files(trial.folder, trial.names)
    target = ConverterTarget(trial.converter, sources=trial.n_source, options=trial.options)
    target.open(files.folder, files.names)
    verdicts: dict[str, int] = {}
    faults: dict[str, str] = {}
    for number in range(mutations):
        what, outcome = judge(target, files, seed, number)
        verdicts[outcome.verdict] = verdicts.get(outcome.verdict, 0) + 1
        if outcome.verdict == "fault":
            faults.setdefault(outcome.parts[0] if outcome.parts else outcome.words,
                              f"damaged input #{number}: {what}:\n{outcome.words}")
        elif outcome.verdict == "refused" and not _names_a_file(outcome.words, files):
            faults.setdefault(outcome.words.splitlines()[0],
                              f"damaged input #{number}: {what}: the message names no file: {outcome.words}")
    trial.problems += faults.values()
    return verdicts


def _names_a_file(message: str, files: Files) -> bool:
    return "\n  file: " in message or any(Path(name).name in message for name in files.names)
