"""Dual fields (stress, internal variables) of a piece, recomputed by its laws from a history of displacement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from romlib.laws.points import MaterialPoints
from romlib.laws.replay import Replay
from romlib.laws.state import PointState
from romlib.model import Amplitude

if TYPE_CHECKING:
    from romlib.fem.piece import Piece

STRESS = "stress"


def dual_fields(points: MaterialPoints) -> dict[str, int]:
    """Fields that the laws give, with their numbers of components."""
    return {STRESS: 6, **points.variables()}


class PieceReplay:
    """The laws along a history, a block of steps after the other; memory is one block.

    Parameters
    ----------
    amplitudes : of the run, for its temperature. fields : names of the dual fields that are wanted, of `dual_fields`.
    start : the state to go on from, instead of the virgin one.
    """

    def __init__(
        self, piece: Piece, amplitudes: Mapping[str, Amplitude], fields: list[str], start: PointState | None = None
    ) -> None:
        self._piece, self._amplitudes = piece, amplitudes
        known = dual_fields(piece.points)
        self.widths = {field: known[field] for field in fields}
        self._replay = Replay(piece.points, piece.model.initial_time, start=start)

    @property
    def step_bytes(self) -> int:
        """What a step takes: its strain and the fields."""
        return 8 * self._piece.operator.n_ip * (6 + sum(self.widths.values()))

    @property
    def state(self) -> PointState | None:
        """The state at the last time; None before the first block."""
        return self._replay.state

    def block(self, times: np.ndarray, strain: np.ndarray) -> dict[str, np.ndarray]:
        """Each field (n_step, n_ip, n_comp) at the next times (n_step,), of total strain (n_step, n_ip, 6).

        Raises
        ------
        LawError : an increment fails however short. InputError : times that do not increase; no amplitude.
        """
        points, temperature = self._piece.points, self._piece.temperature(self._amplitudes, times)
        block = {field: np.empty((*strain.shape[:2], width)) for field, width in self.widths.items()}
        for k, time in enumerate(times):
            state = self._replay.advance(time, strain[k], None if temperature is None else temperature[k])
            for field, values in block.items():
                values[k] = state.stress if field == STRESS else points.variable(state.states, field)
        return block
