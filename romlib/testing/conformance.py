"""One call for the author of a converter: everything that romlib needs of one, on sound files and on damaged ones."""

from __future__ import annotations

import hashlib
import tempfile
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from romlib.errors import InputError, RomlibError
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.snapshots.converter import Converter
from romlib.snapshots.reader import Snapshots
from romlib.testing.content import differences, snapshots_content
from romlib.testing.mutation import Files
from romlib.testing.targets import ConverterTarget
from romlib.testing.worker import judge
from romlib.words import plural

Displacement = Callable[[np.ndarray, float], np.ndarray]
GARBAGE = (b"", b"\0" * 100, b"\xff\xfe\x00garbage", b"just a line of text\n", b"\x89HDF\r\n\x1a\n", b"*" * 200,
           b"<?xml")


@dataclass(frozen=True)
class ConverterReport:
    """Figures of a converter that passed.

    displacement_error : largest difference from the known displacement over its largest value; None where none was
    given. peak_bytes : memory of Python's own at the peak of the conversion; size : bytes of what it wrote.
    verdicts : of the damaged inputs, see `romlib.testing.targets.Outcome`.
    """

    converter: str
    n_node: int
    n_cell: int
    n_step: int
    displacement_error: float | None
    peak_bytes: int
    size: int
    verdicts: dict[str, int]


@dataclass
class _Trial:
    """What is tried, and what was found wrong so far. sources : what the converter is given; the rest lies beside."""

    converter: Converter
    folder: Path
    names: tuple[str, ...]
    n_source: int
    options: dict[str, Any]
    scratch: Path
    problems: list[str] = field(default_factory=list)

    def convert(self, output: Path, folder: Path | None = None, **arguments: Any) -> None:
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


def check_converter(
    converter: Converter, files: str | Path | Sequence[str | Path], *, sources: int = 1,
    options: dict[str, Any] | None = None, displacement: Displacement | None = None,
    times: Sequence[float] | np.ndarray | None = None, n_node: int | None = None, n_cell: int | None = None,
    pieces: int = 2, tolerance: float = 1e-6, mutations: int = 100, seed: int = 0,
) -> ConverterReport:
    """Verify a converter on files of known content, and tell its author everything that is wrong.

    Declared names; `can_read` on the files and on garbage; the mesh (finite, ids that exist once, positive volumes);
    counts, times and displacement where they are given; units carried, wrong units and unknown options refused; every
    step reported to `progress`; a mesh cut into pieces has the values of the whole one; a second run writes the same;
    the files are left as they were; a failure leaves nothing, and an output that was there stays; damaged files are
    refused with romlib errors that name a file, or converted.

    Parameters
    ----------
    converter : an instance.
    files : sound files, or folders of them, small. The first `sources` are given to the converter, the rest lies
        beside them.
    options : of the converter, as it needs them for these files.
    displacement : function of the coordinates (n, 3) and the time that returns the exact displacement (n, 3).
    times : (n_step,), of the records. n_node, n_cell : of the whole mesh.
    pieces : to cut the mesh into, if it has as many cells. tolerance : relative, of displacement and of pieces.
    mutations : damaged copies to try, seed : of the damages. See `python -m romlib.testing.fuzz` for thousands.

    Raises
    ------
    InputError : listing each property that does not hold, with what was found.
    """
    paths = [Path(path) for path in (files if isinstance(files, (list, tuple)) else [files])]  # type: ignore[arg-type]
    sound = Files.of(paths)
    with tempfile.TemporaryDirectory(prefix="romlib-conformance-") as scratch:
        trial = _Trial(converter, sound.folder, sound.names, sources, dict(options or {}), Path(scratch))
        trial.problems += _declaration(converter)
        report = None
        if not trial.problems:
            before = _hashes(sound)
            _recognition(trial)
            report = _conversion(trial, displacement, times, n_node, n_cell, tolerance)
            if report is not None and not trial.problems:
                _variants(trial, pieces, tolerance)
                _refusals(trial)
                report.verdicts.update(_damages(trial, mutations, seed))
            if _hashes(sound) != before:
                trial.problems.append("inputs: the converter changes the files that it reads")
    if trial.problems or report is None:
        raise InputError(
            f"the converter {getattr(converter, 'name', type(converter).__name__)!r} does not do what romlib needs:"
            "\n  - " + "\n  - ".join(trial.problems), remedy="see romlib.snapshots.converter.Converter")
    return report


def _declaration(converter: Converter) -> list[str]:
    missing = [name for name in ("name", "suffixes", "can_read", "convert") if not hasattr(converter, name)]
    if missing:
        return [f"it lacks {', '.join(missing)}"]
    problems = []
    if not (isinstance(converter.name, str) and converter.name):
        problems.append(f"name: expected a text, found {converter.name!r}")
    suffixes = converter.suffixes
    if not (isinstance(suffixes, tuple) and suffixes and all(isinstance(s, str) and s[:1] == "." for s in suffixes)):
        problems.append(f"suffixes: expected a tuple of texts that begin with a dot, found {suffixes!r}")
    return problems


def _recognition(trial: _Trial) -> None:
    """`can_read` recognises the first file, and answers on anything else without raising."""
    room, converter = trial.room("garbage"), trial.converter
    if trial.n_source == 1 and converter.can_read(trial.folder / trial.names[0]) is not True:
        trial.problems.append(f"can_read: {trial.names[0]} is not recognised")
    strangers = [room / "missing", room]
    for suffix in (*converter.suffixes, ".other"):
        strangers.append(room / f"missing{suffix}")
        (room / f"folder{suffix}").mkdir()
        strangers.append(room / f"folder{suffix}")
        for k, content in enumerate(GARBAGE):
            path = room / f"garbage{k}{suffix}"
            path.write_bytes(content)
            strangers.append(path)
    for path in strangers:
        try:
            answer = converter.can_read(path)
        except Exception as error:
            trial.problems.append(f"can_read: raises {type(error).__name__} on {path.name}: {error}")
            continue
        if not isinstance(answer, bool):
            trial.problems.append(f"can_read: expected True or False, found {answer!r}")


def _conversion(
    trial: _Trial, displacement: Displacement | None, times: Sequence[float] | np.ndarray | None, n_node: int | None,
    n_cell: int | None, tolerance: float,
) -> ConverterReport | None:
    output, calls = trial.room("sound") / "sound.vtkhdf", []
    tracemalloc.start()
    try:
        trial.convert(output, progress=lambda done, total: calls.append((done, total)))
    except Exception as error:
        trial.problems.append(f"the sound files are refused: {type(error).__name__}: {error}")
        return None
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    others = sorted(path.name for path in output.parent.iterdir() if path != output)
    if not output.is_file() or others:
        trial.problems.append(
            f"output: expected {output.name} and nothing else, found {', '.join(others) or 'nothing'}")
        return None
    with Snapshots(output) as file:
        done = [call[0] for call in calls]
        if not calls or done[-1] != calls[-1][1] or done != sorted(set(done)):
            trial.problems.append(f"progress: expected rising numbers up to the total, found {calls[:9]}")
        for what, expected, found in (("node", n_node, file.n_node_total), ("cell", n_cell, file.n_cell_total)):
            if expected is not None and expected != found:
                trial.problems.append(f"counts: expected {plural(expected, what)}, found {found}")
        if times is not None and not (len(times) == file.n_step and np.allclose(times, file.times, rtol=1e-6, atol=0)):
            trial.problems.append(f"times: expected {np.asarray(times)}, found {file.times}")
        for piece in range(file.n_piece):
            trial.problems += [f"mesh of piece {piece}: {words}" for words in _mesh_faults(file.mesh(piece))]
        distance = _displacement_error(trial, file, displacement)
        if distance is not None and not distance <= tolerance:
            trial.problems.append(
                f"displacement: differs from the known one by {distance:.2e}, allowed {tolerance:.0e}")
        return ConverterReport(trial.converter.name, file.n_node_total, file.n_cell_total, file.n_step, distance, peak,
                               output.stat().st_size, {})


def _mesh_faults(mesh: Mesh) -> list[str]:
    faults = []
    if not np.isfinite(mesh.points).all():
        faults.append("a coordinate is not finite")
    for what, ids in (("node", mesh.node_ids), ("cell", mesh.cell_ids)):
        if len(np.unique(ids)) != len(ids):
            faults.append(f"a {what} id stands twice")
    used = np.concatenate([block.connectivity.ravel() for block in mesh.blocks])
    if used.min() < 0 or used.max() >= mesh.n_node:
        return [*faults, "a cell has a node that does not exist"]
    if len(np.unique(used)) != mesh.n_node:
        faults.append(f"{plural(mesh.n_node - len(np.unique(used)), 'node')} without a cell")
    for kind, tags, n in (("node", mesh.node_tags, mesh.n_node), ("cell", mesh.cell_tags, mesh.n_cell)):
        faults += [f"{kind} tag {name}: a position does not exist, or stands twice" for name, tag in tags.items()
                   if len(tag) and (tag.min() < 0 or tag.max() >= n or len(np.unique(tag)) != len(tag))]
    try:
        StrainOperator(mesh)
    except RomlibError as error:  # cells that are flat or inside out
        faults.append(str(error))
    return faults


def _displacement_error(trial: _Trial, file: Snapshots, displacement: Displacement | None) -> float | None:
    if "displacement" not in file.fields:
        trial.problems.append(f"fields: no displacement; found {', '.join(file.fields) or 'none'}")
        return None
    largest, distance = 0.0, 0.0
    for piece in range(file.n_piece):
        points, found = file.mesh(piece).points, file.read("displacement", piece)
        if not np.isfinite(found).all():
            trial.problems.append("displacement: a value is not finite")
        if displacement is not None:
            exact = np.array([displacement(points, time) for time in file.times])
            largest, distance = max(largest, np.abs(exact).max()), max(distance, np.abs(found - exact).max())
    return None if displacement is None else float(distance / largest) if largest else float(distance)


def _variants(trial: _Trial, pieces: int, tolerance: float) -> None:
    """Another run, other units, and the mesh in pieces, say the same."""
    room, sound = trial.room("variants"), trial.scratch / "sound" / "sound.vtkhdf"
    if trial.variant("a second run", room / "again.vtkhdf"):
        found = differences(snapshots_content(sound), snapshots_content(room / "again.vtkhdf"))
        if found:
            trial.problems.append(f"a second run writes something else: {', '.join(list(found)[:5])}")
    if trial.variant("units", room / "units.vtkhdf", units="m, kN, kPa, h, K"):
        with Snapshots(room / "units.vtkhdf") as file:
            if str(file.model.units) != "m, kN, kPa, h, K":
                trial.problems.append(f"units: those given are not in the file; found {file.model.units}")
    with Snapshots(sound) as whole:
        if whole.n_cell_total < pieces or not trial.variant("pieces", room / "pieces.vtkhdf", pieces=pieces):
            return
        with Snapshots(room / "pieces.vtkhdf") as cut:
            if cut.n_piece != pieces:
                trial.problems.append(f"pieces: expected {pieces}, found {cut.n_piece}")
            a, b = _by_id(whole), _by_id(cut)
    found = differences(a, b, tolerance)
    if found:
        trial.problems.append(f"pieces: values differ from those of the whole mesh: {', '.join(list(found)[:5])}")


def _by_id(file: Snapshots) -> dict[str, Any]:
    """Fields in the order of the solver's ids, whatever the pieces; without forces, a piece's own part."""
    content: dict[str, Any] = {"times": file.times, "fields": sorted(set(file.fields) - {"internal_force"})}
    meshes = [file.mesh(piece) for piece in range(file.n_piece)]
    operators = [StrainOperator(mesh) for mesh in meshes]
    node_ids = np.concatenate([mesh.node_ids for mesh in meshes])
    points = np.concatenate([np.column_stack([o.cell_ids, o.point_numbers]) for o in operators])
    _, first_node = np.unique(node_ids, return_index=True)
    order = np.lexsort(points.T[::-1])
    content["coordinates"] = np.concatenate([mesh.points for mesh in meshes])[first_node]
    content["points"] = points[order]
    for name in content["fields"]:
        values = np.concatenate([file.read(name, piece) for piece in range(file.n_piece)], axis=1)
        content[f"field {name}"] = values[:, first_node if file.fields[name].place == "node" else order]
    return content


def _refusals(trial: _Trial) -> None:
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


class _InterruptedError(Exception):
    """Raised in the middle of a conversion."""


def _interrupt(done: int, total: int) -> None:
    raise _InterruptedError


def _damages(trial: _Trial, mutations: int, seed: int) -> dict[str, int]:
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


def _hashes(files: Files) -> dict[str, str]:
    return {name: hashlib.sha256((files.folder / name).read_bytes()).hexdigest() for name in files.names}
