"""One call for the author of a converter: everything that romlib needs of one, on sound files and on damaged ones."""

from __future__ import annotations

import hashlib
import tempfile
import tracemalloc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from romlib.errors import InputError
from romlib.mesh.operator import StrainOperator
from romlib.snapshots.converter import Converter
from romlib.snapshots.reader import Snapshots
from romlib.testing.content import differences, snapshots_content
from romlib.testing.known import Ids, Known, Values, differences_from
from romlib.testing.mutation import Files
from romlib.testing.trial import Trial, damages, refusals

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


def check_converter(
    converter: Converter, files: str | Path | Sequence[str | Path], *, sources: int = 1,
    options: dict[str, Any] | None = None, displacement: Values | None = None,
    times: Sequence[float] | np.ndarray | None = None, n_node: int | None = None, n_cell: int | None = None,
    fields: Mapping[str, Values] | None = None, cell_types: Mapping[str, int] | None = None,
    node_ids: Ids | None = None, cell_ids: Ids | None = None, node_tags: Mapping[str, Ids] | None = None,
    cell_tags: Mapping[str, Ids] | None = None, face_tags: Mapping[str, Sequence[Ids]] | None = None,
    omissions: Sequence[str] = (), pieces: int = 2, tolerance: float = 1e-6, ends: bool = True, mutations: int = 100,
    seed: int = 0,
) -> ConverterReport:
    """Verify a converter on files of known content, and tell its author everything that is wrong.

    Declared names; `can_read` on the files and on garbage; the mesh (finite, ids that exist once, positive volumes);
    counts, times, ids, tags and fields where they are given; units carried, wrong units and unknown options refused;
    every step reported to `progress`; a mesh cut into pieces has the values of the whole one; a second run writes the
    same; the files are left as they were; a failure leaves nothing, and an output that was there stays; a file that is
    cut short is never half read; damaged files are refused with romlib errors that name a file, or converted; without
    its library (attribute `reader`) the converter says what to install.

    Parameters
    ----------
    converter : an instance.
    files : sound files, or folders of them, small. The first `sources` are given to the converter, the rest lies
        beside them.
    options : of the converter, as it needs them for these files.
    displacement : function of the coordinates (n, 3) and the time that returns the exact displacement (n, 3); with two
        components of a plane or axisymmetric mesh.
    fields : the same of other fields, at the nodes or the integration points where they are; tensors as plain
        components xx, yy, zz, xy, yz, xz.
    times : (n_step,), of the records. n_node, n_cell : of the whole mesh. cell_types : number of cells of each.
    node_ids, cell_ids : the solver's, of all solids. Let your example have gaps in them, and no order.
    node_tags, cell_tags : ids of each set. face_tags : of each set the ids of the corners of each face.
    omissions : names of what the converter has to say that it left out.
    pieces : to cut the mesh into, if it has as many cells. tolerance : relative, of fields and of pieces.
    ends : whether the format says where a file ends; where it does not, one that is cut between two records is whole.
    mutations : damaged copies to try, seed : of the damages. See `python -m romlib.testing.fuzz` for thousands.

    Raises
    ------
    InputError : listing each property that does not hold, with what was found.
    """
    paths = [Path(path) for path in (files if isinstance(files, (list, tuple)) else [files])]  # type: ignore[arg-type]
    sound = Files.of(paths)
    known = Known(displacement, fields or {}, times, n_node, n_cell, cell_types, node_ids, cell_ids, node_tags or {},
                  cell_tags or {}, face_tags or {}, omissions, tolerance)
    with tempfile.TemporaryDirectory(prefix="romlib-conformance-") as scratch:
        trial = Trial(converter, sound.folder, sound.names, sources, dict(options or {}), Path(scratch))
        trial.problems += _declaration(converter)
        report = None
        if not trial.problems:
            before = _hashes(sound)
            _recognition(trial)
            report = _conversion(trial, known)
            if report is not None and not trial.problems:
                _variants(trial, pieces, tolerance)
                refusals(trial, ends)
                report.verdicts.update(damages(trial, mutations, seed))
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


def _recognition(trial: Trial) -> None:
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


def _conversion(trial: Trial, known: Known) -> ConverterReport | None:
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
        problems, distance = differences_from(known, file)
        trial.problems += problems
        return ConverterReport(trial.converter.name, file.n_node_total, file.n_cell_total, file.n_step, distance, peak,
                               output.stat().st_size, {})


def _variants(trial: Trial, pieces: int, tolerance: float) -> None:
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


def _hashes(files: Files) -> dict[str, str]:
    return {name: hashlib.sha256((files.folder / name).read_bytes()).hexdigest() for name in files.names}
