"""The candidate cases of a greedy search: those that the study names, and those of its grid."""

from __future__ import annotations

import hashlib
import itertools
import re

from romlib.errors import StudyError
from romlib.loads.amplitudes import scaled
from romlib.model import Case
from romlib.study.greedy import Greedy, Grid
from romlib.study.study import Study
from romlib.words import plural, unknown

_SAFE = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9_+.-]{0,79}\Z")


def settings_of(study: Study) -> Greedy:
    """[greedy] of a study; StudyError where there is none."""
    if study.greedy is None:
        raise StudyError("the study says nothing of a greedy search", file=study.path, place="[greedy]",
                         remedy="add [greedy] with candidates, tolerance and budget")
    return study.greedy


def candidates_of(study: Study) -> dict[str, Case]:
    """The candidates by name, in the order of the study.

    Raises
    ------
    StudyError : an unknown case, one that is a training run, a name given twice, or none at all.
    """
    settings = settings_of(study)
    trained = {run.name for run in study.training}
    if settings.candidates is None:
        grown_from = () if settings.grid is None else (settings.grid.case,)
        names = [name for name in study.cases if name not in trained and name not in grown_from]
    else:
        names = list(settings.candidates)
    found: dict[str, Case] = {}
    for name in names:
        if name in trained:
            raise StudyError("a candidate is a training run already", file=study.path, place="greedy.candidates",
                             found=repr(name), remedy="leave it out, or give the case another name")
        if name in found:
            raise StudyError("a candidate is named twice", file=study.path, place="greedy.candidates",
                             found=repr(name))
        found[name] = _case(study, name, "greedy.candidates")
    if settings.grid is not None:
        for name, case in _grid(study, settings.grid).items():
            if name in found or name in trained:
                raise StudyError("two candidates, or a candidate and a training run, have one name", file=study.path,
                                 place="greedy.grid", found=repr(name), remedy="give the other one another name")
            found[name] = case
    if not found:
        raise StudyError("there is no candidate", file=study.path, place="greedy.candidates",
                         found=f"{plural(len(study.cases), 'case')}, "
                               f"{plural(len(trained & set(study.cases)), 'training run')} among them",
                         expected="cases that are no training runs", remedy="add [cases.NAME], or [greedy.grid]")
    return found


def _case(study: Study, name: str, place: str) -> Case:
    if name not in study.cases:
        raise StudyError("the study has no case of this name", file=study.path, place=place,
                         **unknown(name, list(study.cases)))
    return study.cases[name]


def _grid(study: Study, grid: Grid) -> dict[str, Case]:
    base = _case(study, grid.case, "greedy.grid.case")
    for load in grid.factors:
        if load not in base.amplitudes:
            raise StudyError(f"the case {grid.case!r} has no amplitude of this name", file=study.path,
                             place=f"greedy.grid.factors.{load}", **unknown(load, list(base.amplitudes)))
    names, axes = [*grid.factors, *grid.parameters], [*grid.factors.values(), *grid.parameters.values()]
    cases = {}
    for sizes in itertools.product(*axes):
        given = dict(zip(names, sizes, strict=True))
        parts = [f"{name}-{size!r}" for name, size in given.items()]
        if "-".join([grid.case, *parts]) in cases:
            raise StudyError("the grid has a size twice", file=study.path, place="greedy.grid", found=", ".join(parts))
        cases["-".join([grid.case, *parts])] = base.model_copy(update={
            "amplitudes": {name: scaled(amplitude, given[name]) if name in grid.factors else amplitude
                           for name, amplitude in base.amplitudes.items()},
            "parameters": {**base.parameters, **{name: given[name] for name in grid.parameters}}})
    return cases


def file_stem(name: str) -> str:
    """What files and folders of a candidate are called: its name, where any file system takes that."""
    if _SAFE.match(name):
        return name
    digits = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:8]
    return f"{re.sub(r'[^A-Za-z0-9_+-]', '_', name)[:60]}-{digits}"
