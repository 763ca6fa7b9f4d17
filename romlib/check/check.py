"""The nonintrusivity check: what romlib recomputes from the displacement, against everything else the file has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from romlib.check.items import OF_REPLAYED_STRESS, Findings, items_of
from romlib.check.options import CheckOptions
from romlib.check.piece import PieceCheck, PieceMeasures
from romlib.check.report import CheckReport
from romlib.check.residual import ResidualFile, ResidualNorms, constrained, shared_norms
from romlib.check.verdict import left_open
from romlib.laws.symbols import evaluated_model
from romlib.loads.forces import node_share, presence
from romlib.model import Model
from romlib.parallel.comm import Comm, pieces_of_rank, serial
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
    comm = serial() if comm is None else comm
    options = CheckOptions() if options is None else options
    prepared.refuse_without_history("check")
    pieces, n_shared = pieces_of_rank(snapshots.n_piece, comm), snapshots.n_shared
    with comm.agreement():
        present = {piece: presence(prepared.mesh(piece), n_shared) for piece in pieces}
    counts = comm.sum_pieces(present)
    with ResidualFile() as scratch:
        measures: dict[int, PieceMeasures] = {}
        with comm.agreement():
            for piece in pieces:
                mesh = prepared.mesh(piece)
                measures[piece] = PieceCheck(snapshots, piece, mesh, model).run(node_share(mesh, counts), scratch)
        findings = _gather(measures, comm)
        if findings.residual is not None:
            findings.residual.merge(_shared(prepared, pieces, scratch, comm))
    items = items_of(findings, snapshots, model, options)
    return CheckReport(
        str(snapshots.path), str(model.units), snapshots.n_piece, snapshots.n_step, items,
        left_open(items, model, findings.moved, findings.internal_force_source == OF_REPLAYED_STRESS, options.accept))


def _gather(measures: dict[int, PieceMeasures], comm: Comm) -> Findings:
    """The findings over all pieces, in piece order."""
    gathered = comm.allgather({piece: one.findings() for piece, one in measures.items()})
    by_piece = {piece: one for part in gathered for piece, one in part.items()}
    total: Findings | None = None
    for piece in sorted(by_piece):
        if total is None:
            total = by_piece[piece]
        else:
            total.merge(by_piece[piece])
    assert total is not None  # a file has a piece
    return total


def _shared(
    prepared: PreparedSnapshots, pieces: range, scratch: ResidualFile, comm: Comm
) -> ResidualNorms:
    """The residual at the nodes that pieces share, where the forces of all of them are added first."""
    snapshots = prepared.snapshots
    n_shared, n_step = snapshots.n_shared, snapshots.n_step
    parts: dict[int, np.ndarray] = {}
    with comm.agreement():
        for piece in pieces:
            mesh = prepared.mesh(piece)
            parts[piece] = np.zeros((n_shared, 5))  # present, constrained in x, y, z, id of the node
            if mesh.shared_index is not None:
                local = np.flatnonzero(mesh.shared_index >= 0)
                parts[piece][mesh.shared_index[local]] = np.column_stack([
                    np.ones(len(local)), constrained(mesh, prepared.model)[local], mesh.node_ids[local]])
    total = comm.sum_pieces(parts)
    node_ids = np.rint(total[:, 4] / np.maximum(total[:, 0], 1.0)).astype(np.int64)
    most = -(-snapshots.n_piece // comm.size)
    return shared_norms(scratch, n_shared, n_step, total[:, 1:4] == 0.0, node_ids, most, comm)
