"""A report of ROMs and results: one page of HTML that says what was trained, how good it is, and what runs gave."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

import romlib
from romlib.archive.fieldsfile import FieldsFile
from romlib.archive.rom import Rom
from romlib.errors import ConvergenceError, InputError
from romlib.life.table import LifeTable
from romlib.loads.amplitudes import evaluate
from romlib.model import Amplitude
from romlib.online.rom import ReducedOrderModel, load
from romlib.report.page import Html, document, element, joined, note, pairs, table
from romlib.report.page_result import (
    Curve,
    bounds_section,
    curves_over_time,
    life_section,
    pictures,
)
from romlib.report.page_rom import model_tables, rom_sections
from romlib.report.plot_field import section_in_words
from romlib.report.plot_history import extremes
from romlib.results.scalar import Scalar
from romlib.results.source import StepSource
from romlib.snapshots.atomic import write_atomically
from romlib.snapshots.outputs import check_output
from romlib.snapshots.reader import Snapshots
from romlib.solution.solution import Solution
from romlib.storage.opening import kind_of
from romlib.study.inputs import files_of
from romlib.study.life import life, table_of
from romlib.tensors import von_mises
from romlib.words import unknown

_MOST_CASES = 20
_PICTURED = ("stress", "p")  # von Mises, and the plastic strain
_PACKAGES = ("numpy", "scipy", "h5py", "numba", "matplotlib", "pyvista")
Progress = Callable[[str], None]


def report(
    files: str | Path | Sequence[str | Path], output: str | Path, *, cases: Sequence[str] = (),
    study: str | Path | None = None, progress: Progress = lambda sentence: None,
) -> Path:
    """Write a report of ROMs (.rom) and results (snapshots files): one page of HTML with all its pictures in it.

        romlib.report("plate.rom", "report.html", cases=["mission"])

    Parameters
    ----------
    cases : of ROMs, to be shown with pictures of fields; by default the first that is no training run. All cases are
        solved for their curves.
    study : with the table [life]; by default the study that a ROM was trained with. progress : is told each step.

    Raises
    ------
    InputError : no file, or one that is neither; an unknown case; the page would replace an input; matplotlib is not
        installed.
    """
    paths = [Path(files)] if isinstance(files, (str, Path)) else [Path(one) for one in files]
    if not paths:
        raise InputError("a report needs a ROM or a result", place="files")
    check_output(output, [*paths, *(path.with_name(f"{path.stem}.fields.rom") for path in paths),
                          *([] if study is None else files_of(study))])
    if Path(output).suffix.lower() not in (".html", ".htm", ""):
        raise InputError("a report is a page of HTML", file=output, expected=".html", found=Path(output).suffix,
                         remedy="give a name that ends in .html; a browser prints it as PDF")
    kinds = {path: kind_of(path) for path in paths}
    for path, kind in kinds.items():
        if kind not in ("rom", "snapshots"):
            raise InputError("a report is made of ROMs and snapshots files", file=path, found=kind or "another file",
                             expected="x.rom, or a snapshots file (.vtkhdf)")
    if cases and "rom" not in kinds.values():
        raise InputError("cases are those of a ROM", place="cases", found=", ".join(cases), remedy="give the ROM too")
    sections: list[tuple[str, Html]] = []
    for path, kind in kinds.items():
        name = f"{path.name}: " if len(paths) > 1 else ""
        made = _of_rom(path, cases, study, progress) if kind == "rom" else _of_result(path, study, progress)
        sections += [(f"{name}{heading}" if name else f"{heading[0].upper()}{heading[1:]}", content)
                     for heading, content in made]
    title = f"romlib report: {', '.join(path.name for path in paths)}"
    page = document(title, [*sections, ("Versions", _versions())])
    write_atomically(output, page.encode())
    return Path(output)


def _versions() -> Html:
    rows = [("romlib, this page", romlib.__version__), ("Python", platform.python_version()),
            ("system", platform.system())]
    for name in _PACKAGES:
        try:
            rows.append((name, version(name)))
        except PackageNotFoundError:
            rows.append((name, "not installed"))
    return pairs(rows)


def _of_rom(path: Path, cases: Sequence[str], study: str | Path | None, progress: Progress) -> list[tuple[str, Html]]:
    model = load(path)
    archive = model.archive
    for name in cases:
        if name not in archive.cases:
            raise InputError(f"the ROM has no case {name!r}", file=path, place="cases", **unknown(name, archive.cases))
    progress(f"reading {path.name}")
    singular = None
    if _has_fields(model):
        with FieldsFile(model.fields_path, archive) as fields:  # type: ignore[arg-type]
            singular = dict(fields.singular_values)
    sections = [(heading, content) for heading, content in rom_sections(archive, singular)]
    solved, content = _cases(model, progress)
    sections.append(("Cases", content))
    for name in list(cases) or _first_case(archive, list(solved)):
        if name in solved:
            sections.append((f"Case {name}", _case(model, name, solved[name], path, study, progress)))
    return sections


def _first_case(archive: Rom, names: Sequence[str]) -> list[str]:
    """The first case that is none of the training runs, else the first."""
    trained = {Path(file).stem for file in archive.manifest.inputs} | set(archive.manifest.checks)
    return [*(name for name in names if name not in trained), *names][:1]


def _has_fields(model: ReducedOrderModel) -> bool:
    return model.fields_path is not None and model.fields_path.is_file()


def _cases(model: ReducedOrderModel, progress: Progress) -> tuple[dict[str, Solution], Html]:
    """Solutions of the cases, and their curves at the selected points."""
    solved: dict[str, Solution] = {}
    rows, parts = [], []
    names = list(model.archive.cases)
    for name in names[:_MOST_CASES]:
        progress(f"solving case {name}")
        try:
            solution = model.solve(name)
        except (InputError, ConvergenceError) as error:
            parts.append(note(f"case {name} was not solved: {str(error).splitlines()[0]}", bad=True))
            continue
        solved[name] = solution
        rows.append((name, solution.n_step - 1, float(solution.times[-1]), solution.timings.total, *_largest(solution)))
        parts.append(joined([element("h3", f"Case {name}"), _curves_of(solution, model, name)]))
    if len(names) > _MOST_CASES:
        parts.append(note(f"{len(names) - _MOST_CASES} more cases are not shown"))
    units = model.archive.model.units
    head = table("Largest values at the selected points", (
        "case", "steps", f"end ({units.time})", "solved in (s)", f"von Mises stress ({units.stress})", "p"), rows)
    return solved, joined([head, *parts]) if names else note("The ROM has no cases.")


def _at_points(solution: Solution) -> dict[str, np.ndarray]:
    """Largest value over the selected points, (n_step,), of the von Mises stress and of p where there are."""
    found = {}
    if "stress" in solution.rom.gappy:
        found["von Mises stress"] = np.nanmax(von_mises(solution.at_points("stress")), axis=1)
    if "p" in solution.rom.gappy:
        found["p"] = np.nanmax(solution.at_points("p")[..., 0], axis=1)
    return found


def _largest(solution: Solution) -> tuple[float | None, float | None]:
    found = _at_points(solution)
    return tuple(float(found[name].max()) if name in found else None  # type: ignore[return-value]
                 for name in ("von Mises stress", "p"))


def _amplitudes(amplitudes: dict[str, Amplitude], times: np.ndarray) -> dict[str, np.ndarray]:
    """Values of the loads, each over its largest magnitude where that is above zero."""
    found = {}
    for name, amplitude in amplitudes.items():
        values = evaluate(amplitude, times)
        scale = float(abs(values).max())
        found[f"{name} (x {scale:.4g})" if scale else name] = values / (scale or 1.0)
    return found


def _curves_of(solution: Solution, model: ReducedOrderModel, name: str) -> Html:
    units = model.archive.model.units
    largest = _at_points(solution)
    groups = [Curve("Loads, over their largest", "", _amplitudes(solution.amplitudes, solution.times)),
              *(Curve(f"Largest {what} at selected points", units.stress if "stress" in what else "", {what: values})
                for what, values in largest.items()),
              Curve("Reactions", units.force, dict(solution.reactions))]
    return joined([curves_over_time(solution.times, groups, units.time, f"Case {name}."),
                   *(note(one) for one in solution.notes)])


def _case(
    model: ReducedOrderModel, name: str, solution: Solution, path: Path, study: str | Path | None, progress: Progress
) -> Html:
    """Bounds, pictures and life of a case."""
    units = model.archive.model.units
    parts = [element("h3", "Bounds of errors"), bounds_section(solution.error_bound, solution.times, units.time)]
    settings = table_of(path, study)
    if not _has_fields(model):
        parts.append(note("The fields file (.fields.rom) is not beside the ROM: no pictures."))
        return joined([*parts, *_life(solution, settings, progress, selected_points=True)])
    source = solution.source
    with source.opened():
        parts += _pictures(source, name, progress)
        parts += _life(solution, settings, progress)
    return joined(parts)


def _life(
    run: Solution | Path, settings: LifeTable, progress: Progress, selected_points: bool = False
) -> list[Html]:
    """Life where there are fatigue curves; a sentence where it cannot be found (a curve without Young's modulus)."""
    if not settings.materials:
        return []
    progress("life")
    try:
        content = life_section(life(run, table=settings, selected_points=selected_points))
    except InputError as error:
        content = note(f"The life was not found: {' '.join(str(error).split())}", bad=True)
    return [element("h3", "Life"), content]


def _pictures(source: StepSource, case: str, progress: Progress) -> list[Html]:
    names = [name for name in _PICTURED if name in source.fields] or [
        name for name in ("displacement",) if name in source.fields]
    progress("drawing")
    return [element("h3", "Pictures"), pictures(source, names, case)]


def _of_result(path: Path, study: str | Path | None, progress: Progress) -> list[tuple[str, Html]]:
    progress(f"reading {path.name}")
    with Snapshots(path) as snapshots:
        model, times = snapshots.model, snapshots.times
        head = joined([pairs([
            ("solver", snapshots.solver or "not stated"), ("units", str(model.units)),
            ("mesh", f"{snapshots.n_node_total} nodes, {snapshots.n_cell_total} cells, {snapshots.n_ip_total} "
                     f"integration points, {snapshots.n_piece} pieces"),
            *((("section", words),) if (words := section_in_words(snapshots)) else ()),
            ("steps", f"{snapshots.n_step}, from {times[0]:g} to {times[-1]:g} {model.units.time}"),
            ("fields", ", ".join(snapshots.fields)), ("written by", f"romlib {snapshots.romlib_version}"),
            ("fingerprint", snapshots.fingerprint[:16])]), model_tables(model)])
        groups = [Curve("Loads, over their largest", "", _amplitudes(model.amplitudes, times))]
        for name in ("displacement", *_PICTURED):
            if name in snapshots.fields:
                scalar = Scalar.named(snapshots, name)
                lowest, mean, highest, _, _ = extremes(snapshots, scalar)
                groups.append(Curve(f"{scalar.label} over the body", scalar.unit,
                                    {"largest": highest, "mean": mean, "smallest": lowest}))
        shown = curves_over_time(times, groups, model.units.time, f"{path.name}: loads, and fields over the body.")
        bounds = bounds_section(snapshots.error_bounds, times, model.units.time)
        fields = _pictures(snapshots, "", progress)
    sections = [("the run", head), ("curves", shown), ("bounds of its errors", bounds), ("fields", joined(fields))]
    settings = table_of(path, study)
    found = _life(path, settings, progress)
    return sections if not found else [*sections, ("life", joined(found[1:]))]
