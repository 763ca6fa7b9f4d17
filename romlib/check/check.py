"""The nonintrusivity check: what romlib recomputes from the displacement, against everything else the file has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from romlib.check.causes import Sample, explanations, kind_of_failure
from romlib.check.items import OF_REPLAYED_STRESS, REPLAYED_FORCE, Findings, items_of
from romlib.check.options import CheckOptions
from romlib.check.piece import PieceCheck, PieceMeasures
from romlib.check.report import CheckItem, CheckReport
from romlib.check.residual import (
    COMPUTED,
    REPLAYED,
    ResidualFile,
    ResidualNorms,
    constrained,
    shared_forces,
    shared_norms,
)
from romlib.check.units import unit_hints
from romlib.check.verdict import left_open
from romlib.errors import RomlibError
from romlib.laws.symbols import evaluated_model
from romlib.loads.forces import node_share, presence
from romlib.model import Model
from romlib.parallel.comm import Comm, serial
from romlib.parallel.pieces import Pieces
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots


def check(
    source: Snapshots | PreparedSnapshots, model: Model | None = None, comm: Comm | None = None,
    options: CheckOptions | None = None,
) -> CheckReport:
    """Measure how well a snapshots file is reproduced. Collective: every rank gets the same report.

    Pieces are shared out over ranks and treated one after another, their steps in blocks. Whatever the file or the
    model lacks is reported as absent; what a study states wrongly (a tag that does not exist, a missing density) fails
    the measurement that needs it, with the reason.

    Parameters
    ----------
    source : the file, open for reading on every rank, as it is or prepared by a study.
    model : in place of its own.
    comm : the ranks; by default this process alone.
    options : tolerances.

    Raises
    ------
    InputError : the file has no displacement, or its run began with a state; or there are more ranks than pieces.
    FileFormatError : the file is damaged.
    """
    prepared = PreparedSnapshots.of(source, model)
    prepared = replace(prepared, model=evaluated_model(prepared.model))
    snapshots, model = prepared.snapshots, prepared.model
    pieces = Pieces(serial() if comm is None else comm, snapshots.n_piece)
    options = CheckOptions() if options is None else options
    prepared.refuse_without_history("check")
    counts = pieces.sum(lambda piece: presence(prepared.mesh(piece), snapshots.n_shared))
    d = snapshots.dimension
    with ResidualFile(d=d) as scratch, ResidualFile(3, d) as compared:

        def measure(piece: int) -> PieceMeasures:
            mesh = prepared.mesh(piece)
            return PieceCheck(snapshots, piece, mesh, prepared.model).run(node_share(mesh, counts), scratch, compared)

        measures = pieces.each(measure)
        worst = pieces.collect(lambda piece: measures[piece].worst())
        findings, *others = pieces.collect(lambda piece: measures[piece].findings()).values()
        for other in others:
            findings.merge(other)
        if findings.residual is not None:
            findings.residual.merge(_shared(prepared, pieces, scratch))
        _compare_shared(findings, prepared, pieces, compared)
    items = items_of(findings, snapshots, model, options)
    hints = (*_explained(items, findings, worst, prepared, pieces), *unit_hints(model))
    return CheckReport(
        str(snapshots.path), str(model.units), snapshots.n_piece, snapshots.n_step, items,
        left_open(items, model, findings.moved, findings.internal_force_source == OF_REPLAYED_STRESS, options.accept),
        hints)


def _explained(
    items: Sequence[CheckItem], findings: Findings, worst: Mapping[int, Mapping[str, float]],
    prepared: PreparedSnapshots, pieces: Pieces,
) -> list[str]:
    """What single change would explain that the law or the loads fail, in the piece where they fail most. Collective.

    worst : of each piece, see `PieceMeasures.worst`.
    """
    kind = kind_of_failure(items)
    if kind is None or findings.failures:
        return []
    chosen = max(worst, key=lambda piece: worst[piece].get(kind, 0.0))
    step = len(prepared.times) - 1 if findings.residual is None else int(np.argmax(findings.residual.internal_max))

    def explain(piece: int) -> list[str]:
        try:
            return explanations(Sample(
                prepared.snapshots, piece, prepared.mesh(piece), prepared.model, kind, step))
        except RomlibError:  # the measurements have said what is wrong
            return []

    return pieces.collect(explain, only=[chosen])[chosen]


def _compare_shared(findings: Findings, prepared: PreparedSnapshots, pieces: Pieces, scratch: ResidualFile) -> None:
    """Internal forces at the nodes that pieces share, where they were compared at the others."""
    snapshots = prepared.snapshots
    replayed = "stress" in snapshots.fields  # besides those of the stored stress
    kinds = {"internal_force": COMPUTED, **({REPLAYED_FORCE: REPLAYED} if replayed else {})}
    of_law = (REPLAYED_FORCE,) if replayed else tuple(kinds)
    failed = "elements" in findings.failures or "replay" in findings.failures
    kinds = {name: kind for name, kind in kinds.items()
             if name in findings.deviations and not (failed and name in of_law)}
    if not snapshots.n_shared or not kinds:
        return

    def ids(piece: int) -> np.ndarray:
        mesh, found = prepared.mesh(piece), np.zeros((snapshots.n_shared, 2))
        if mesh.shared_index is not None:
            local = np.flatnonzero(mesh.shared_index >= 0)
            found[mesh.shared_index[local]] = np.column_stack([np.ones(len(local)), mesh.node_ids[local]])
        return found

    total = pieces.sum(ids)
    node_ids = np.rint(total[:, 1] / np.maximum(total[:, 0], 1.0)).astype(np.int64)
    times = np.asarray(snapshots.times, dtype=float)
    for name, deviation in shared_forces(scratch, snapshots.n_shared, times, node_ids, kinds, pieces).items():
        findings.deviations[name].merge(deviation)


def _shared(prepared: PreparedSnapshots, pieces: Pieces, scratch: ResidualFile) -> ResidualNorms:
    """The residual at the nodes that pieces share, where the forces of all of them are added first."""
    n_shared = prepared.snapshots.n_shared

    def facts(piece: int) -> np.ndarray:
        mesh = prepared.mesh(piece)
        rows = np.zeros((n_shared, 2 + mesh.dimension))  # present, constrained in x, y (, z), id of the node
        if mesh.shared_index is not None:
            local = np.flatnonzero(mesh.shared_index >= 0)
            rows[mesh.shared_index[local]] = np.column_stack([
                np.ones(len(local)), constrained(mesh, prepared.model)[local], mesh.node_ids[local]])
        return rows

    total = pieces.sum(facts)
    node_ids = np.rint(total[:, -1] / np.maximum(total[:, 0], 1.0)).astype(np.int64)
    return shared_norms(scratch, n_shared, prepared.snapshots.n_step, total[:, 1:-1] == 0.0, node_ids, pieces)
