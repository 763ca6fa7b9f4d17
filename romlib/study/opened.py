"""A snapshots file to be recomputed, with what a study states over it and with foreign laws at arm's length."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from romlib.laws.guarded import guarded_materials, guarded_model
from romlib.laws.symbols import evaluated_model
from romlib.model import Model
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.recut import RecutSnapshots
from romlib.study.references import validate_against
from romlib.study.study import Study


@contextmanager
def opened(
    path: Path, study: Study | None, guard: bool = True, n_piece: int = 1
) -> Iterator[tuple[PreparedSnapshots, Model]]:
    """The file as the study completes it, and its model with numbers for formulas, whose laws are to be called.

    guard : laws with foreign code run it in a process of their own, so that a crash of it is a LawError.
    n_piece : a file with fewer pieces is cut into so many, one for each rank.

    Raises
    ------
    StudyError : the study names what the file does not have. InputError, FileFormatError : the file cannot be read.
    """
    if study is not None and guard:
        study = study.model_copy(update={"materials": guarded_materials(study.materials)})
    with RecutSnapshots(path, n_piece) as snapshots:
        if study is not None:
            validate_against(study, snapshots)
        prepared = PreparedSnapshots.of(snapshots) if study is None else study.prepare(snapshots)
        model = evaluated_model(prepared.model)
        with guarded_model(model) if guard else nullcontext(model) as used:
            yield prepared, used
