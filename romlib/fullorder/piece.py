"""A piece of the mesh with all that the solver needs of it: operators, laws, loads, temperature, committed state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from romlib.errors import InputError
from romlib.fullorder.state import PieceState
from romlib.laws.points import MaterialPoints, PointsResult
from romlib.loads.forces import force_names, unit_force
from romlib.loads.temperature import initial_temperature, temperature_at, temperature_terms
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Model

_SPHERE = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])


@dataclass(eq=False)
class Trial:
    """A trial state of a piece: total strain (n_ip, 6), and what the laws give for it."""

    strain: np.ndarray
    result: PointsResult


class Piece:
    """One piece; the committed state is `displacement`-free: strain, stress, states and temperature at `time`.

    Raises
    ------
    InputError, LawError, UnsupportedError : the model and the mesh do not fit.
    """

    def __init__(
        self, number: int, mesh: Mesh, model: Model, share: np.ndarray, time: float, start: PieceState | None
    ) -> None:
        self.number, self.mesh, self._model = number, mesh, model
        self.operator = StrainOperator(mesh)
        initial = initial_temperature(model, mesh)
        self.points = MaterialPoints.from_mesh(model, mesh, self.operator, initial)
        names = force_names(model)
        self.patterns = np.zeros((len(names), mesh.n_node, 3))
        for k, name in enumerate(names):
            self.patterns[k] = unit_force(
                model.loads[name], mesh, model.materials, self.operator, name=name, node_share=share)
        self._terms = {name: self.operator.interpolate(field)
                       for name, field in temperature_terms(model, mesh).items()}
        self._initial = None if initial is None else self.operator.interpolate(initial)
        self._begin(time, start)

    def _begin(self, time: float, start: PieceState | None) -> None:
        n_ip = self.operator.n_ip
        if start is None:
            self.strain, self.stress = np.zeros((n_ip, 6)), np.zeros((n_ip, 6))
            self.states, self.temperature = self.points.initial_state(), self.temperature_at(time)
        else:
            for name, array, shape in (("displacement", start.displacement, (self.mesh.n_node, 3)),
                                       ("stress", start.stress, (n_ip, 6))):
                if np.shape(array) != shape:
                    raise InputError("the state to start from is of another mesh", expected=shape,
                                     place=f"piece {self.number}, {name}", found=np.shape(array))
            self.strain = self.operator.strain(np.asarray(start.displacement, dtype=float)[None])[0]
            self.stress, self.states = np.array(start.stress, dtype=float), [np.array(s) for s in start.states]
            self.temperature = self.temperature_at(time) if start.temperature is None else start.temperature
        self.origin = self.temperature if start is None or start.origin is None else start.origin
        self._stiffness_of_heat = self._virgin_stiffness()

    def temperature_at(self, time: float) -> np.ndarray | None:
        """Temperature (n_ip,) of the loads, else the initial one, else None."""
        at = temperature_at(self._terms, self._model.amplitudes, np.array([time]))
        return self._initial if at is None else at[0]

    def _virgin_stiffness(self) -> np.ndarray | None:
        """|C_0 : I| (n_ip,) of the virgin material; None where nothing expands."""
        if self.origin is None or not any(g.n_ip and g.thermal_expansion for g in self.points.groups):
            return None
        n_ip, temperature = self.operator.n_ip, self.origin
        strain = -self.points.mechanical_strain(np.zeros((n_ip, 6)), temperature)  # no mechanical strain
        result = self.points.integrate(strain, strain, np.zeros((n_ip, 6)), self.points.initial_state(), temperature,
                                       temperature, 0.0, 1.0, True)
        assert result.tangent is not None
        return np.linalg.norm(result.tangent @ _SPHERE, axis=1)

    def thermal_force(self, temperature: np.ndarray | None) -> np.ndarray:
        """Bound (n_node,) of the nodal forces that the thermal strain would cause if it were held back."""
        if self._stiffness_of_heat is None:
            return np.zeros(self.mesh.n_node)
        thermal = self.points.mechanical_strain(np.zeros((self.operator.n_ip, 6)), temperature)[:, 0]
        return self.operator.force_size(np.abs(thermal) * self._stiffness_of_heat)

    def integrate(self, u: np.ndarray, temperature: np.ndarray | None, time: float, dt: float) -> Trial:
        """The laws at displacement u (n_node, 3), from the committed state at `time` over dt, with tangents."""
        strain = self.operator.strain(u[None])[0]
        result = self.points.integrate(
            self.strain, strain, self.stress, self.states, self.temperature, temperature, time, dt, True)
        return Trial(strain, result)

    def force(self, trial: Trial, held: np.ndarray | None) -> np.ndarray:
        """Internal force (n_node, 3) of a trial; with `held` (n_node, 3), that after this further displacement, to
        first order: B^T (sigma + C : B held).
        """
        stress = trial.result.stress
        if held is not None:
            assert trial.result.tangent is not None
            strain = self.operator.strain(held[None])[0]
            stress = stress + np.matmul(trial.result.tangent, strain[:, :, None])[:, :, 0]
        return self.operator.internal_force(stress[None])[0]

    def commit(self, trial: Trial, temperature: np.ndarray | None) -> None:
        """Make a converged trial the committed state."""
        self.strain, self.stress, self.states = trial.strain, trial.result.stress, trial.result.states
        self.temperature = temperature
