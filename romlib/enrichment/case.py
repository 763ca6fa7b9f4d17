"""A case that a ROM has solved, on the pieces of its mesh: what a full-order step of it starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import numpy as np

from romlib.archive.fieldsfile import FieldsFile
from romlib.blocks import blocks
from romlib.errors import InputError
from romlib.fem.piece import Piece
from romlib.fullorder.start import start_of
from romlib.fullorder.state import PieceState
from romlib.mesh.mesh import Mesh
from romlib.model import Material
from romlib.model.model import START_STATE
from romlib.parallel.comm import Comm
from romlib.parallel.pieces import Pieces
from romlib.solution.solution import Solution
from romlib.states.state import SavedState

_BLOCK_BYTES = 128 * 2**20


class SolvedCase:
    """A context manager, while which the fields file of the ROM is open. Collective.

    solution : of the case, or of its beginning where the ROM did not get further; the same on every rank.
    times : (n_step,) of the case; by default those of the solution. materials : in place of those that the ROM has,
    such as the study's own, whose libraries are where the study says. start : the state that the solution began with,
    of a record of the same case; the solution is then that from there on.

    model : of the case, with all its amplitudes. pieces : who has which. mine : the meshes of this rank's pieces, with
    all that the model names. everything : on rank 0 those of all pieces, each made when it is asked for; None
    elsewhere.

    Raises
    ------
    InputError : the run began with a state: without the history before it no state can be replayed.
    """

    def __init__(
        self, solution: Solution, comm: Comm, times: np.ndarray | None = None,
        materials: Mapping[str, Material] | None = None, start: SavedState | None = None,
    ) -> None:
        self.solution, self._comm, self._materials = solution, comm, materials
        self.times = np.asarray(solution.times if times is None else times, dtype=float)
        self._start, self.first = start, int(np.argmin(np.abs(self.times - solution.times[0])))

    def __enter__(self) -> Self:
        solution, comm = self.solution, self._comm
        with comm.agreement():
            made, times = solution.solved(times=self.times), self.times
            if made.model.initial_time != times[0] or (self._start is None and self.first):
                raise InputError("a run that began with a state cannot be enriched", place="--start",
                                 expected="a case from its beginning", found=f"a start at time {times[0]:.6g}",
                                 remedy="enrich the ROM on the whole case")
            self.model = made.model.model_copy(update={  # of the whole case: what was before the start is known
                "omissions": tuple(one for one in made.model.omissions if one.name != START_STATE)})
            if self._materials is not None:
                self.model = self.model.model_copy(update={"materials": dict(self._materials)})
            self._with_arrays = made.with_arrays
            self._fields: FieldsFile = solution.open_fields()
        self.pieces = Pieces(comm, self._fields.n_piece)
        self.mine = self.pieces.each(self.mesh)
        self.everything = _Meshes(self) if comm.rank == 0 else None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fields.close()

    def mesh(self, piece: int) -> Mesh:
        """A piece with its tags, and the node arrays that the model names."""
        return self._with_arrays(self._fields.mesh(piece))

    def piece(self, piece: int) -> Piece:
        """A piece of this rank, discretised."""
        return Piece(self.mine[piece], self.model)

    def replayed(self, piece: int, step: int) -> PieceState:
        """The displacement of the ROM at an output time, and the state that the laws reach along its history.

        Such a state is one that the laws can have, at every point, whatever the ROM does at its few points. Memory is
        that of a block of steps.
        """
        here, first, n_known = self.piece(piece), self.first, 0
        displacement, before = np.zeros((here.mesh.n_node, here.mesh.dimension)), None
        if self._start is not None:
            known = start_of(self._start, {piece: here.mesh}, self.model, float(self.times[first])).pieces[piece]
            displacement, before, n_known = known.displacement, known.points, 1
        replay = here.replay(self.model.amplitudes, [], before)
        for block in blocks(step + 1 - first - n_known, replay.step_bytes + displacement.nbytes, _BLOCK_BYTES):
            steps = slice(n_known + block.start, n_known + block.stop)
            history = self.solution.displacement(steps, piece=piece)
            replay.block(self.times[first:][steps], here.operator.strain(history))
            displacement = history[-1]
        assert replay.state is not None  # there is a step
        origin = here.temperature(self.model.amplitudes, self.times[:1])
        return PieceState(displacement, replay.state, None if origin is None else origin[0])


class _Meshes(Sequence[Mesh]):
    def __init__(self, case: SolvedCase) -> None:
        self._case = case

    def __len__(self) -> int:
        return self._case.pieces.n

    def __getitem__(self, piece):  # type: ignore[no-untyped-def, override]
        if not 0 <= piece < len(self):
            raise IndexError(piece)
        return self._case.mesh(piece)
