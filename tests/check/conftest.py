"""A small case solved here: a block of 2 x 2 x 3 hexahedra that yields under every kind of load, as a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import spsolve

from romlib.fem.piece import Piece
from romlib.laws.points import MaterialPoints, PointsResult
from romlib.laws.state import PointState
from romlib.loads.amplitudes import evaluate
from romlib.loads.forces import force_factor, force_names
from romlib.loads.temperature import temperature_at, temperature_terms
from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.partition import number_shared_nodes, partition
from romlib.model import Model
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter

TIMES = np.linspace(0.0, 1.0, 7)
MODEL = Model.model_validate({
    "units": "mm, N, MPa, s, degC",
    "materials": {"steel": {
        "law": "mises", "density": 8e-9,
        "parameters": {"young": 2e5, "poisson": 0.3, "yield": 150.0, "linear_hardening": 20000.0},
        "thermal_expansion": {"coefficient": 1e-5, "reference_temperature": 0.0}}},
    "constraints": {
        "bottom": {"nodes": "zmin", "components": ["x", "y", "z"]},
        "side": {"nodes": "xmax", "components": ["x"], "kind": "prescribed", "value": 8e-4}},
    "loads": {
        "pull": {"kind": "traction", "faces": "zmax", "direction": [0, 0, 1], "value": 150.0},
        "push": {"kind": "pressure", "faces": "ymin", "value": 20.0},
        "spin": {"kind": "centrifugal", "center": [0.5, -5.0, 0], "axis": [0, 0, 1], "speed": 1.5e4},
        "poke": {"kind": "nodal_force", "nodes": "edge", "direction": [0, 2.0, 0]},
        "weight": {"kind": "body_force", "direction": [0, 0, -9.81e7], "per": "mass"},
        "heat": {"kind": "temperature", "field": {"array": "hot"}},
        "room": {"kind": "temperature", "field": 20.0}},
    "amplitudes": {"pull": "sin(2*pi*t)", "push": "t", "spin": "t", "poke": "t**2", "weight": 1.0, "heat": "60*t",
                   "room": 1.0, "side": "t"},
})


@dataclass(frozen=True)
class Case:
    """A whole mesh, a model, and what the full-order solution has at `times`."""

    mesh: Mesh
    model: Model
    times: np.ndarray
    fields: dict[str, np.ndarray]

    def write(self, path: Path, n_piece: int = 1, names: tuple[str, ...] = (), dtype: str = "float64",
              **changed: np.ndarray) -> Path:
        """A snapshots file with these fields (all by default), some of them changed."""
        pieces = [self.mesh] if n_piece == 1 else number_shared_nodes(partition(self.mesh, n_piece))
        fields = {name: values for name, values in {**self.fields, **changed}.items() if not names or name in names}
        specs = {name: _spec(name, values, dtype) for name, values in fields.items()}
        operator = StrainOperator(self.mesh)
        cell_of = {int(cell): k for k, cell in enumerate(self.mesh.cell_ids)}
        with SnapshotsWriter(path, pieces, self.model, self.times, specs, solver="test") as writer:
            for piece, mesh in enumerate(pieces):
                part = StrainOperator(mesh)
                per_cell = operator.n_ip // self.mesh.n_cell
                cells = np.array([cell_of[int(cell)] for cell in mesh.cell_ids])
                ips = (cells[:, None] * per_cell + np.arange(per_cell)).ravel()
                for name, values in fields.items():
                    local = values[:, ips] if specs[name].place == "ip" else values[:, mesh.node_ids - 1]
                    if name == "internal_force" and n_piece > 1:
                        local = part.internal_force(self.fields["stress"][:, ips])
                    for step in range(len(self.times)):
                        writer.write(name, step, piece, local[step])
        return path


def _spec(name: str, values: np.ndarray, dtype: str) -> FieldSpec:
    place = "node" if name in ("displacement", "internal_force", "temperature") else "ip"
    return FieldSpec(place, values.shape[2], place == "ip" and values.shape[2] == 6, dtype, name)


def full_order(mesh: Mesh, model: Model, times: np.ndarray) -> dict[str, np.ndarray]:
    """Newton's method on all dofs: displacement, internal force, temperature, strain, stress, p, plastic strain."""
    piece = Piece(mesh, model)
    operator, points = piece.operator, piece.points
    external = sum(
        force_factor(model.loads[name], evaluate(model.amplitudes[name], times))[:, None] * unit.ravel()
        for name, unit in zip(force_names(model), piece.unit_forces(None)))
    nodal = temperature_at(temperature_terms(model, mesh), model.amplitudes, times)
    temperature = operator.interpolate(nodal)
    fixed, value = _prescribed(mesh, model, times)
    free = np.setdiff1d(np.arange(3 * mesh.n_node), fixed)
    B = operator.strain_matrix()
    weighted = sparse.diags(np.repeat(operator.weights, 6)) @ B
    u, state, history = np.zeros(3 * mesh.n_node), points.virgin(times[0], temperature[0]), []
    for k, time in enumerate(times):
        u[fixed] = value[k]
        u, result = _newton(partial(_response, points, B, state, time, temperature[k]), u, free, external[k], B,
                            weighted)
        state = result.state
        history.append({
            "displacement": u.reshape(-1, 3).copy(), "strain": state.strain, "stress": state.stress,
            "internal_force": operator.internal_force(state.stress[None])[0], "temperature": nodal[k][:, None],
            **{name: points.variable(state.states, name) for name in ("p", "plastic_strain")}})
    return {name: np.stack([record[name] for record in history]) for name in history[0]}


def _response(
    points: MaterialPoints, B: sparse.spmatrix, start: PointState, time: float, temperature: np.ndarray, u: np.ndarray
) -> PointsResult:
    """What the law makes of a displacement at the end of an increment."""
    return points.integrate(start, time, (B @ u).reshape(-1, 6), temperature)


def _newton(
    integrate: Callable[[np.ndarray], PointsResult], u: np.ndarray, free: np.ndarray, external: np.ndarray,
    B: sparse.spmatrix, weighted: sparse.spmatrix,
) -> tuple[np.ndarray, PointsResult]:
    """Displacement (n_dof,) in equilibrium and the law's result; the step is halved where it overshoots."""
    result = integrate(u)
    for _ in range(60):
        residual = external - weighted.T @ result.state.stress.ravel()
        if np.abs(residual[free]).max() < 1e-11 * max(1.0, np.abs(residual).max()):
            return u, result
        stiffness = (weighted.T @ sparse.block_diag(result.tangent).tocsr() @ B).tocsr()[free][:, free].tocsc()
        du = np.zeros_like(u)
        du[free] = spsolve(stiffness, residual[free])
        for step in 0.5 ** np.arange(6):
            result = integrate(u + step * du)
            after = external - weighted.T @ result.state.stress.ravel()
            if np.linalg.norm(after[free]) < np.linalg.norm(residual[free]):
                break
        u = u + step * du
    raise AssertionError("the case of this test does not converge")


def _prescribed(mesh: Mesh, model: Model, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Constrained dofs (n,) and their values (n_step, n)."""
    dofs: dict[int, np.ndarray] = {}
    for name, constraint in model.constraints.items():
        history = np.zeros(len(times))
        if constraint.kind == "prescribed":
            history = constraint.value * evaluate(model.amplitudes[name], times)
        for component in constraint.components:
            for node in mesh.node_tags[constraint.nodes]:
                dofs[3 * int(node) + "xyz".index(component)] = history
    return np.array(list(dofs)), np.stack(list(dofs.values()), axis=1)


@pytest.fixture(scope="session")
def case() -> Case:
    """The solved case. "side" leaves out the nodes of the bottom, which are fixed."""
    mesh = box_mesh("hex8", (2, 2, 3), (1.0, 1.0, 1.5))
    hot = 1.0 + mesh.points[:, 0] * mesh.points[:, 2]
    tags = {**mesh.node_tags, "edge": np.flatnonzero((mesh.points[:, 2] > 0.9) & (mesh.points[:, 1] > 0.9))}
    tags["xmax"] = np.setdiff1d(tags["xmax"], tags["zmin"])
    mesh = replace(mesh, node_tags=tags, node_arrays={"hot": hot})
    return Case(mesh, MODEL, TIMES, full_order(mesh, MODEL, TIMES))


@pytest.fixture
def written(case: Case, tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Write the case under a new name: see `Case.write`."""
    count = 0

    def write(*arguments: object, **options: object) -> Path:
        nonlocal count
        count += 1
        return case.write(tmp_path / f"case{count}.vtkhdf", *arguments, **options)  # type: ignore[arg-type]

    yield write
