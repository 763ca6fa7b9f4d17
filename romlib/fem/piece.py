"""One discretised piece: all that is built from its mesh and the model, each part when first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from romlib.fem.points import material_points
from romlib.fem.replay import PieceReplay
from romlib.laws.points import MaterialPoints
from romlib.laws.state import PointState
from romlib.laws.symbols import evaluated_model
from romlib.loads.forces import force_names, unit_force
from romlib.loads.temperature import initial_temperature, temperature_at, temperature_terms
from romlib.mesh.mass import mass_matrix
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Amplitude, Model


class Piece:
    """A piece of a mesh with the model's laws, loads and temperatures.

    mesh : with the tags and arrays that the model names. model : materials and loads; formulas in the materials are
    evaluated.

    Raises
    ------
    InputError : a formula names a parameter without a value; see `evaluated_model`.
    """

    def __init__(self, mesh: Mesh, model: Model) -> None:
        self.mesh, self.model, self._stated = mesh, evaluated_model(model), model

    def with_parameters(self, parameters: Mapping[str, float]) -> Piece:
        """The same piece with other values of the parameters; all that does not depend on them is shared."""
        if dict(parameters) == self._stated.parameters:
            return self
        other = copy(self)  # with what is cached
        other._stated = self._stated.model_copy(update={"parameters": dict(parameters)})
        other.model = evaluated_model(other._stated)
        other.points = self.points.with_materials(other.model.materials)
        return other

    @cached_property
    def operator(self) -> StrainOperator:
        """Strain operator; InputError where a cell is not valid."""
        return StrainOperator(self.mesh)

    @cached_property
    def points(self) -> MaterialPoints:
        """The integration points with their laws; raises what `material_points` does."""
        return material_points(self.model.materials, self.mesh, self.operator, self.initial_temperature)

    @cached_property
    def initial_temperature(self) -> np.ndarray | None:
        """(n_ip,), temperature of the virgin state, free of strain; None where the model has no temperature."""
        nodal = initial_temperature(self.model, self.mesh)
        return None if nodal is None else self.operator.interpolate(nodal)

    @cached_property
    def temperature_terms(self) -> dict[str, np.ndarray]:
        """Field of each temperature load at the points, (n_ip,)."""
        return {name: self.operator.interpolate(field)
                for name, field in temperature_terms(self.model, self.mesh).items()}

    def temperature(self, amplitudes: Mapping[str, Amplitude], times: np.ndarray) -> np.ndarray | None:
        """(n_step, n_ip): of the temperature loads, else the initial one, which then holds, else None."""
        found = temperature_at(self.temperature_terms, amplitudes, times)
        if found is None and self.initial_temperature is not None:
            return np.broadcast_to(self.initial_temperature, (len(times), self.operator.n_ip))
        return found

    def virgin_tangent(self) -> np.ndarray:
        """(n_ip, 6, 6), free of strain at the initial temperature; see `MaterialPoints.virgin_tangent`."""
        return self.points.virgin_tangent(self.model.initial_time, self.initial_temperature)

    def unit_forces(self, node_share: np.ndarray | None) -> np.ndarray:
        """(n_force, n_node, k): each force at amplitude one, in the order of `force_names`; see `unit_force`."""
        names = force_names(self.model)
        forces = np.zeros((len(names), self.mesh.n_node, self.mesh.dimension))
        for k, name in enumerate(names):
            forces[k] = unit_force(self.model.loads[name], self.mesh, self.model.materials, self.operator, name=name,
                                   node_share=node_share)
        return forces

    def apply_mass(self, fields: np.ndarray) -> np.ndarray:
        """M u of nodal fields (n, n_node, n_comp), with the exact mass matrix of unit density."""
        flat = np.ascontiguousarray(fields.transpose(1, 0, 2))
        product = self._mass @ flat.reshape(self.mesh.n_node, -1)
        return np.ascontiguousarray(product.reshape(flat.shape).transpose(1, 0, 2))

    def apply_virgin_stiffness(self, fields: np.ndarray) -> np.ndarray:
        """K u of nodal fields (n, n_node, k), of the virgin tangents with the positive weights of the points."""
        operator = self.operator
        stress = np.matmul(self.virgin_tangent(), operator.strain(fields)[..., None])[..., 0]
        return operator.internal_force(stress * (operator.positive_weights / operator.weights)[:, None])

    @cached_property
    def _mass(self) -> csr_matrix:
        return mass_matrix(self.mesh)

    def replay(
        self, amplitudes: Mapping[str, Amplitude], fields: list[str], start: PointState | None = None
    ) -> PieceReplay:
        """The laws along a displacement history with these amplitudes; see `PieceReplay`."""
        return PieceReplay(self, amplitudes, fields, start)
