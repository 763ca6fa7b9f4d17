"""A discretised piece of the full-order problem: its committed state, and the forces that it adds."""

from __future__ import annotations

import numpy as np

from romlib.errors import InputError
from romlib.fem.piece import Piece
from romlib.fullorder.state import PieceState
from romlib.laws.points import PointsResult
from romlib.laws.state import PointState
from romlib.mesh.mesh import Mesh
from romlib.model import Model

_SPHERE = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])


class SolvedPiece(Piece):
    """A piece while it is solved. state : its points at the last converged time. patterns : its unit forces.

    Raises
    ------
    InputError, LawError, UnsupportedError : the model and the mesh do not fit.
    """

    def __init__(
        self, number: int, mesh: Mesh, model: Model, share: np.ndarray, time: float, start: PieceState | None
    ) -> None:
        super().__init__(mesh, model)
        self.patterns = self.unit_forces(share)
        if start is None:
            self.state = self.points.virgin(time, self.temperature_at(time))
        else:
            self.state = self._checked(number, time, start)
        self.origin = self.state.temperature if start is None or start.origin is None else start.origin
        self._stiffness_of_heat = self._virgin_stiffness()

    def _checked(self, number: int, time: float, start: PieceState) -> PointState:
        given = start.points
        shapes = {"displacement": (np.shape(start.displacement), (self.mesh.n_node, self.mesh.dimension)),
                  "strain": (np.shape(given.strain), (self.points.n_ip, 6)),
                  "stress": (np.shape(given.stress), (self.points.n_ip, 6))}
        for name, (found, expected) in shapes.items():
            if found != expected:
                raise InputError("the state to start from is of another mesh", expected=expected,
                                 place=f"piece {number}, {name}", found=found)
        temperature = self.temperature_at(time) if given.temperature is None else given.temperature
        return PointState(time, given.strain, given.stress, given.states, temperature)

    def temperature_at(self, time: float) -> np.ndarray | None:
        """Temperature (n_ip,) of the loads, else the initial one, else None."""
        found = self.temperature(self.model.amplitudes, np.array([time]))
        return None if found is None else found[0]

    def _virgin_stiffness(self) -> np.ndarray | None:
        """|C_0 : I| (n_ip,) of the virgin material, or where expansion has axes what bounds |C_0 : e|, |e| = |I|; None
        where nothing expands."""
        if self.origin is None or not any(g.n_ip and g.thermal_expansion for g in self.points.groups):
            return None
        tangent = self.points.virgin_tangent(self.state.time, self.origin)
        found = np.linalg.norm(tangent @ _SPHERE, axis=1)
        for group in self.points.groups:
            if group.thermal_expansion is not None and not group.thermal_expansion.is_isotropic:
                found[group.selection] = np.sqrt(3.0) * np.linalg.norm(tangent[group.selection], axis=(1, 2))
        return found

    def thermal_force(self, temperature: np.ndarray | None) -> np.ndarray:
        """Bound (n_node,) of the nodal forces that the thermal strain would cause if it were held back."""
        if self._stiffness_of_heat is None:
            return np.zeros(self.mesh.n_node)
        thermal = self.points.mechanical_strain(np.zeros((self.operator.n_ip, 6)), temperature)
        return self.operator.force_size(np.linalg.norm(thermal, axis=1) / np.sqrt(3.0) * self._stiffness_of_heat)

    def force(self, trial: PointsResult, held: np.ndarray | None) -> np.ndarray:
        """Internal force (n_node, k) of a trial; with `held` (n_node, k), that after this further displacement, to
        first order: B^T (sigma + C : B held).
        """
        stress = trial.state.stress
        if held is not None:
            assert trial.tangent is not None
            strain = self.operator.strain(held[None])[0]
            stress = stress + np.matmul(trial.tangent, strain[:, :, None])[:, :, 0]
        return self.operator.internal_force(stress[None])[0]
