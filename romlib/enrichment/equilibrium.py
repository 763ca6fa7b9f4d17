"""A ROM's run of a case, brought towards equilibrium: one linear solve with the initial stiffness an output time.

    R = f_ext - B^T sigma(u)       e = K_0^-1 R       u + e,   Sigma = sigma(u) + C_0 : eps(e)

u is the ROM's displacement and sigma(u) the laws' stress along it, at all points. Sigma is in equilibrium with the
loads, which a ROM's stress is not: so it may make modes of the stress, from whose span the misfit of the bounds is
measured, and which a ROM's own stresses would make blind. No time step is taken.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from romlib.blocks import blocks
from romlib.certificate.balance import Block
from romlib.certificate.certify import BLOCK_BYTES, LINEAR_TOLERANCE
from romlib.certificate.correction import Corrector, on_pieces
from romlib.enrichment.case import SolvedCase
from romlib.fullorder.options import SolverOptions
from romlib.fullorder.problem import Problem
from romlib.fullorder.record import field_specs
from romlib.laws.portable import portable_model
from romlib.laws.symbols import evaluated_model
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.writer import SnapshotsWriter


def write_equilibrated(path: Path, run: Path, case: SolvedCase, options: SolverOptions | None = None) -> None:
    """Write u + e, Sigma and the internal variables along u, at every output time; the file appears when it is whole.

    Collective; memory is that of a block of steps.

    Parameters
    ----------
    run : a snapshots file with the displacement u, from the beginning of the case. options : of the linear solver.

    Raises
    ------
    LawError : the laws cannot be integrated along u. InputError : the initial stiffness is singular.
    """
    comm, model = case.pieces.comm, evaluated_model(case.model)
    names = list(case.solution.rom.gappy)
    chosen = replace(options or SolverOptions(), linear_tolerance=LINEAR_TOLERANCE)
    with ExitStack() as stack:
        writer: SnapshotsWriter | None = None
        with comm.agreement():
            snapshots = stack.enter_context(Snapshots(run))
            specs = field_specs(model, names, snapshots.dimension)
        problem = Problem(case.mine, model, model.initial_time, case.pieces, chosen, None)
        corrector = Corrector(snapshots, problem, 1, names)
        with comm.agreement():
            if comm.rank == 0:
                assert case.everything is not None
                writer = stack.enter_context(SnapshotsWriter(
                    path, case.everything, portable_model(case.model), snapshots.times, specs,
                    solver="romlib enrich, brought towards equilibrium"))

        def write(name: str, step: int, piece: int, values: np.ndarray) -> None:
            assert writer is not None
            writer.write(name, step, piece, values)

        for steps in blocks(snapshots.n_step, corrector.step_bytes, BLOCK_BYTES):
            block = corrector.advance(steps)
            moved = on_pieces(problem, block.error)
            fields: dict[str, Block] = {"displacement": {
                piece: u + moved[piece] for piece, u in block.motion.displacement.items()}, **block.solution}
            for k, step in enumerate(range(steps.start, steps.stop)):
                for name in specs:
                    case.pieces.stream(partial(_values, fields[name], k), partial(write, name, step))
        with comm.agreement():
            stack.close()  # the file appears here: where that fails, every rank has to know


def _values(block: Block, k: int, piece: int) -> np.ndarray:
    return block[piece][k]
