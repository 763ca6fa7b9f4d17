"""The nonintrusivity check, of one file or of all training runs of a study."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from romlib.check import CheckOptions, CheckReport, check
from romlib.offline.roles import is_whole
from romlib.parallel.comm import Comm
from romlib.snapshots.reader import Snapshots
from romlib.study.opened import opened
from romlib.study.references import validate_against
from romlib.study.runs import compare_runs
from romlib.study.study import Study, Training, Validation


def check_file(path: Path, study: Study | None, comm: Comm, guard: bool = True) -> CheckReport:
    """Check one snapshots file, with what a study states over it. Collective.

    guard : laws with foreign code run it in a process of their own, so that a crash of it is a finding.
    """
    with opened(path, study, guard, comm.size) as (prepared, model):
        options = replace(CheckOptions() if study is None else study.check.options(), accept=prepared.accepted)
        return check(prepared, model, comm, options)


def check_training(
    study: Study, comm: Comm, progress: Callable[[str], None], names_only: bool = False, checked: Collection[str] = ()
) -> dict[str, CheckReport]:
    """Check training and validation runs before anything is computed from them; by name, what was measured. Collective.

    names_only : look up the study's names in the files, and measure nothing. checked : the names of runs that have
    passed the check before.

    Raises
    ------
    CheckError : a run failed, with the measurements and what that usually means; or too little was compared to tell.
    StudyError : unknown names. InputError : the runs are not runs of one model, which is found first.
    """
    reports = {}
    runs: tuple[Training | Validation, ...] = (*study.training, *study.validation)
    if names_only or len(runs) > 1:  # what is found without a law comes before hours of one
        for run in runs:
            with Snapshots(run.snapshots) as snapshots:
                validate_against(study, snapshots)
        compare_runs(study, comm)
    for run in runs:
        if names_only or run.name in checked or not is_whole(run.role):  # others have no history
            continue
        report = check_file(run.snapshots, study, comm)
        reports[run.name] = report
        report.raise_if_failed()
        measured = [item for item in report.items if item.status in ("pass", "warn") and item.tolerance is not None]
        warned = [item.name for item in measured if item.status == "warn"]
        note = f"; warnings: {', '.join(warned)}" if warned else ""
        progress(f"check of {run.name}: {len(measured)} measurements within their tolerances{note}")
    return reports
