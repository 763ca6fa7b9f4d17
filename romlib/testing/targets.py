"""What is fuzzed: a converter, its mesh alone, a ROM, a snapshots file, a study; and what "the same" means for each.

A target is opened on sound files, which gives the result to compare with. `judge` then says what became of a damaged
copy: an `Outcome`. Anything that is neither a romlib error nor a result is left to be raised.
"""

from __future__ import annotations

import contextlib
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

import numpy as np

from romlib.errors import InputError, RomlibError
from romlib.laws.registry import build_law
from romlib.loads.amplitudes import evaluate
from romlib.mesh.bad_cells import find_bad_cells
from romlib.model import Case
from romlib.online.rom import load
from romlib.snapshots.converter import CaseReader, Converter, MeshReader, find_converter
from romlib.snapshots.reader import Snapshots
from romlib.study import Study, read_case_file
from romlib.study.toml_file import read_toml
from romlib.testing.content import Content, differences, flat, snapshots_content

Verdict = Literal[
    "refused", "equal", "caught by the check", "noted", "reproduced", "another input", "silent", "fault"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
ROUNDING = 1e-9
MESH = "mesh:"


@dataclass(frozen=True)
class Outcome:
    """What became of one damaged input.

    verdict : "refused" with a romlib error; "equal" to the result of the sound files; "caught by the check", in
    which a measurement fails that did not, or which no longer passes, or by a study, which refuses badly shaped
    cells; "noted": the model has an omission that says what is missing; "reproduced": different, yet every
    measurement that was within its limits on the sound files is, so that what differs is below them or without
    effect on the computation; "another input": only the description differs (a load, a material, a name), and
    nothing in the files says otherwise; "silent": accepted, different, and not judged; "fault": a traceback, a
    crash, a hang or too much memory.
    words : the message, or what differs. parts : names of what differs.
    """

    verdict: Verdict
    words: str = ""
    parts: tuple[str, ...] = ()


class Target(Protocol):
    """One kind of input. strict : nothing of it may change in silence, because its files can tell (checksums)."""

    strict: bool

    def open(self, folder: Path, names: Sequence[str]) -> None:
        """Read the sound files `names` of `folder`; keeps the result."""
        ...

    def judge(self, folder: Path, names: Sequence[str]) -> Outcome:
        """What becomes of damaged copies of the same names."""
        ...


def target_of(kind: str, *, sources: int = 1, options: dict[str, Any] | None = None) -> Target:
    """The target of that name: rom, snapshots, study, an installed converter, or mesh:NAME for its `read_mesh`.

    Parameters
    ----------
    sources : how many of the files, from the first, are given to the converter; the others lie beside them.
    options : of the converter.
    """
    kinds: dict[str, type] = {"rom": RomTarget, "snapshots": SnapshotsTarget, "study": StudyTarget}
    if kind in kinds:
        return kinds[kind]()
    if kind.startswith(MESH):
        reader = find_converter(kind.removeprefix(MESH))
        if not isinstance(reader, MeshReader):
            raise InputError(f"the converter {reader.name} reads no mesh without results", found=kind)
        return MeshTarget(reader)
    return ConverterTarget(find_converter(kind), sources=sources, options=options or {})


@dataclass
class ConverterTarget:
    """A converter: equal where it writes the same content, caught where the check of that does not pass.

    Its `read_case` and `read_mesh`, where it has them, are called on the damaged files too.
    """

    converter: Converter
    sources: int = 1
    options: dict[str, Any] = field(default_factory=dict)
    strict: bool = False
    _content: Content = field(default_factory=dict)
    _sound: _Checked | None = None
    _omissions: frozenset[str] = frozenset()

    def open(self, folder: Path, names: Sequence[str]) -> None:
        """Convert the sound files; what the check finds within its limits there judges the damaged ones."""
        with tempfile.TemporaryDirectory() as scratch:
            output = Path(scratch) / "sound.vtkhdf"
            self._convert(folder, names, output)
            self._content = snapshots_content(output)
            self._sound, self._omissions = _checked(output), _omissions(output)

    def judge(self, folder: Path, names: Sequence[str]) -> Outcome:
        """Convert the damaged copies."""
        with tempfile.TemporaryDirectory() as scratch:
            output = Path(scratch) / "damaged.vtkhdf"
            self._read_alone(folder / names[0])
            try:
                self._convert(folder, names, output)
            except RomlibError as error:
                left = sorted(path.name for path in Path(scratch).iterdir())
                return Outcome("fault", f"left behind: {', '.join(left)}") if left else _refused(error)
            found = differences(self._content, snapshots_content(output))
            if not found:
                return Outcome("equal")
            parts = tuple(found)
            if self._sound is not None:
                checked = _checked(output)
                if checked is None or checked.bad - self._sound.bad or checked.passed < self._sound.passed:
                    return Outcome("caught by the check", _listed(found), parts)
                if self._sound.good and checked.good >= self._sound.good:
                    return Outcome("reproduced", _listed(found), parts)
            if _omissions(output) - self._omissions:
                return Outcome("noted", _listed(found), parts)
            if all(name.startswith(_DESCRIPTION) for name in found):
                return Outcome("another input", _listed(found), parts)
            return Outcome("silent", _listed(found), parts)

    def _read_alone(self, source: Path) -> None:
        if isinstance(self.converter, CaseReader):
            with contextlib.suppress(RomlibError):
                self.converter.read_case(source)
        if isinstance(self.converter, MeshReader):
            with contextlib.suppress(RomlibError):
                self.converter.read_mesh(source)

    def _convert(self, folder: Path, names: Sequence[str], output: Path) -> None:
        paths = [folder / name for name in names[:self.sources]]
        self.converter.convert(paths[0] if len(paths) == 1 else paths, output, options=dict(self.options) or None)


_DESCRIPTION = ("model", "names of model", "length of model", "names of mesh", "kind of")


def _omissions(path: Path) -> frozenset[str]:
    with Snapshots(path) as snapshots:
        return frozenset(omission.name for omission in snapshots.model.omissions)


_COMPARES_NOTHING = ("strain size",)  # with anything else in the file


@dataclass(frozen=True)
class _Checked:
    """What the check says of a file. good, bad : names of the measurements that are within their limits, and not."""

    passed: bool = False
    good: frozenset[str] = frozenset()
    bad: frozenset[str] = frozenset()


def _checked(path: Path) -> _Checked | None:
    """What the check says of a snapshots file; None where it refuses it."""
    from romlib.check import check

    with Snapshots(path) as snapshots:
        try:
            report = check(snapshots)
        except RomlibError:
            return None
    measured = [item for item in report.items if item.status != "absent" and item.tolerance is not None
                and item.name not in _COMPARES_NOTHING]
    bad = frozenset(item.name for item in report.failed)
    return _Checked(report.passed, frozenset(item.name for item in measured) - bad, bad)


class _Compared(ABC):
    """A target whose files are read to their contents: equal where these are the same."""

    strict = True
    different: Verdict = "silent"
    tolerance = 0.0
    _content: Content

    def open(self, folder: Path, names: Sequence[str]) -> None:
        """Read the sound files."""
        self._content = self._read(folder, names)

    def judge(self, folder: Path, names: Sequence[str]) -> Outcome:
        """Read the damaged copies."""
        try:
            content = self._read(folder, names)
        except RomlibError as error:
            return _refused(error)
        found = differences(self._content, content, self.tolerance)
        return Outcome(self.different, _listed(found), tuple(found)) if found else Outcome("equal")

    @abstractmethod
    def _read(self, folder: Path, names: Sequence[str]) -> Content:
        """What there is to compare, in these files."""


class RomTarget(_Compared):
    """A ROM with its fields file, or alone: equal where its first case has the same displacement and stress."""

    tolerance = ROUNDING
    _case = ""

    def open(self, folder: Path, names: Sequence[str]) -> None:
        """Solve the first case."""
        cases = list(load(folder / names[0]).archive.cases)
        if not cases:
            raise InputError("the ROM has no case to solve", file=folder / names[0],
                             remedy="fuzz a ROM whose study has a [cases.NAME]")
        self._case = cases[0]
        super().open(folder, names)

    def _read(self, folder: Path, names: Sequence[str]) -> Content:
        model = load(folder / names[0])
        solution = model.solve(self._case)
        content: Content = {
            "times": solution.times, "coordinates": solution.coordinates, "stress": solution.at_points("stress"),
            **{f"reaction {name}": values for name, values in solution.reactions.items()},
            "selected points": np.column_stack([model.archive.points.cell_ids, model.archive.points.numbers]),
            "units": str(model.archive.model.units)}
        if model.fields_path is not None and model.fields_path.name in names:
            with solution.open_fields() as fields:
                n_piece = fields.n_piece
            for piece in range(n_piece):
                content[f"displacement, piece {piece}"] = solution.displacement(-1, piece)
                for name in model.archive.gappy:
                    content[f"field {name}, piece {piece}"] = solution.field(name, -1, piece)
        return content


class MeshTarget(_Compared):
    """The mesh of a converter, without results: equal where every point, cell, tag and array is the same.

    Caught by the check: a study refuses the mesh, because cells are badly shaped that were not.
    """

    strict = False

    def __init__(self, reader: MeshReader) -> None:
        self._reader = reader
        self._n_bad = self._sound_bad = 0

    def open(self, folder: Path, names: Sequence[str]) -> None:
        """Read the sound mesh, which may have badly shaped cells."""
        super().open(folder, names)
        self._sound_bad = self._n_bad

    def judge(self, folder: Path, names: Sequence[str]) -> Outcome:
        """Read the damaged mesh, and look at its cells as a study does."""
        outcome = super().judge(folder, names)
        if outcome.verdict == self.different and self._n_bad > self._sound_bad:
            return Outcome("caught by the check", outcome.words, outcome.parts)
        return outcome

    def _read(self, folder: Path, names: Sequence[str]) -> Content:
        mesh = self._reader.read_mesh(folder / names[0])
        self._n_bad = len(find_bad_cells(mesh))
        return flat("mesh", mesh)


class SnapshotsTarget(_Compared):
    """A snapshots file: equal where every array and description is the same."""

    def _read(self, folder: Path, names: Sequence[str]) -> Content:
        return snapshots_content(folder / names[0])


class StudyTarget(_Compared):
    """A study or a case file: equal where it says the same; one that is accepted and says something else is another.

    What comes next and costs little is done too: laws are built, output times and the amplitudes at them computed.
    """

    strict = False
    different: Verdict = "another input"
    _is_case = False

    def open(self, folder: Path, names: Sequence[str]) -> None:
        """Read the file: with times or amplitudes at its top it is a case, else a study."""
        _, raw = read_toml(folder / names[0], "file")
        self._is_case = "times" in raw or "amplitudes" in raw
        super().open(folder, names)

    def _read(self, folder: Path, names: Sequence[str]) -> Content:
        path = folder / names[0]
        declared: Any = read_case_file(path) if self._is_case else Study.read(path)
        cases: dict[str, Case] = {"": declared} if self._is_case else declared.cases
        for case in cases.values():
            times = case.times.instants()
            for amplitude in case.amplitudes.values():
                evaluate(amplitude, times)
        for material in () if self._is_case else declared.materials.values():
            build_law(material)
        for run in () if self._is_case else declared.training:
            for amplitude in run.amplitudes.values():
                evaluate(amplitude, np.linspace(0.0, 1.0, 5))
        return _without(str(folder), flat("", declared.model_dump(mode="json")))


def _without(folder: str, content: Content) -> Content:
    """The content with paths as seen from the folder."""
    return {name: value.replace(folder, "") if isinstance(value, str) else value for name, value in content.items()}


def _refused(error: RomlibError) -> Outcome:
    return Outcome("refused", f"{type(error).__name__}: {error}")


def _listed(found: dict[str, float]) -> str:
    parts = [f"{name} ({size:.1e})" if np.isfinite(size) else name for name, size in list(found.items())[:4]]
    return ", ".join(parts) + (f" and {len(found) - 4} more" if len(found) > 4 else "")
