"""The certificate of a snapshots file, such as a result of the online stage, with what a study states over it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from romlib.certificate import Certificate
from romlib.certificate import certify as certify_file
from romlib.certificate.certify import LINEAR_TOLERANCE, PASSES
from romlib.certificate.record import error_file
from romlib.fullorder.options import SolverOptions
from romlib.parallel.comm import Comm, world
from romlib.snapshots.outputs import check_output
from romlib.study.inputs import files_of
from romlib.study.opened import opened
from romlib.study.study import Study


def certify(
    file: str | Path, study: Study | str | Path | None = None, comm: Comm | None = None, *,
    output: str | Path | None = None, passes: int = PASSES, guard: bool = True, options: SolverOptions | None = None,
    progress: Callable[[str], None] | None = None,
) -> Certificate:
    """Estimate the errors of a snapshots file by its residual of equilibrium. Collective.

        certificate = romlib.certify("result.vtkhdf")
        certificate.estimates["stress"].relative

    Parameters
    ----------
    study : read already, or its file, for what the file does not have: materials, constraints, loads, and, if it is a
        training run, amplitudes. comm : the ranks; by default all that an MPI launcher has started, else one.
    output : a snapshots file for the residual and the errors as fields. passes : see
        `romlib.certificate.certify.certify`. guard : run foreign code of laws in a process of its own.
    options : of the linear solver. progress : called on rank 0 with a sentence.

    Raises
    ------
    InputError, LawError, StudyError, FileFormatError : on every rank: nothing can be said of this file, and why.
    """
    comm = world() if comm is None else comm
    options = options or SolverOptions(linear_tolerance=LINEAR_TOLERANCE)
    path, target = Path(file), None if output is None else Path(output)
    with comm.agreement():
        declared = None if study is None else Study.of(study)
        if target is not None:
            stated = None if declared is None else declared.path
            inputs = [path, *([] if stated is None else files_of(stated))]
            comm.on_root(lambda: check_output(target, inputs))
        with opened(path, declared, guard, comm.size) as (prepared, model):
            kept = nullcontext(None) if target is None else error_file(target, prepared, model, passes, comm)
            with kept as on_block:
                return certify_file(prepared, model, comm, passes=passes, options=options, on_block=on_block,
                                    on_progress=progress if comm.rank == 0 else None)
