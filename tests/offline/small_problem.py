"""A dense, serial Newton on small meshes: the full-order reference of the offline tests, written apart from romlib."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from romlib.fem.piece import Piece
from romlib.loads.amplitudes import evaluate
from romlib.loads.forces import force_factor, force_names, unit_force
from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import Mesh
from romlib.mesh.partition import number_shared_nodes, partition
from romlib.mesh.skin import add_skin
from romlib.model import Model
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter

STEEL = {"law": "mises", "parameters": {"young": 200e3, "poisson": 0.3, "yield": 200.0, "linear_hardening": 2000.0}}
RUBBER = {"law": "elastic", "parameters": {"young": 50e3, "poisson": 0.4}}


def bar(cell_type: str = "hex8") -> Mesh:
    """A bar 4 x 1 x 1 along x."""
    return box_mesh(cell_type, (6, 2, 2), size=(4.0, 1.0, 1.0))


def pulled_bar(**changes: object) -> Model:
    """The bar clamped at one end, under a traction of unit amplitude across the other."""
    return Model.model_validate({
        "materials": {"steel": STEEL},
        "constraints": {"clamp": {"nodes": "xmin", "components": ["x", "y", "z"]}},
        "loads": {"pull": {"kind": "traction", "faces": "xmax", "direction": [1.0, 0.2, 0.0]}},
        "amplitudes": {"pull": "150*sin(2*pi*t)"}, **changes})


def moved_bar() -> Model:
    """The bar clamped at one end, the other moved along x, under a traction that varies apart from it."""
    return pulled_bar(
        constraints={"clamp": {"nodes": "xmin", "components": ["x", "y", "z"]},
                     "end": {"nodes": "xmax", "components": ["x"], "kind": "prescribed", "value": 0.01}},
        loads={"shear": {"kind": "traction", "faces": "ymax", "direction": [0.0, 0.3, 1.0]}},
        amplitudes={"end": "sin(2*pi*t)", "shear": "2*t"})


def moved_runs() -> dict[str, Model]:
    """Two runs of the moved bar, by name, whose end and traction move differently."""
    one = moved_bar()
    return {"one": one, "two": one.model_copy(update={"amplitudes": pulled_bar(
        amplitudes={"end": "1.2*t", "shear": "sin(3*t)"}).amplitudes})}


def solve(mesh: Mesh, model: Model, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Displacement and internal force, each (n_step, n_node, 3); equilibrium to 1e-10 of the internal force."""
    piece = Piece(mesh, model)
    operator, points = piece.operator, piece.points
    temperature = piece.temperature(model.amplitudes, times)
    warm = [None] * len(times) if temperature is None else list(temperature)
    matrix, weights = operator.strain_matrix().toarray(), operator.weights
    held = {}
    for name, constraint in model.constraints.items():
        moves = constraint.kind == "prescribed"
        history = constraint.value * evaluate(model.amplitudes[name], times) if moves else 0 * times
        for component in constraint.components:
            for node in mesh.node_tags[constraint.nodes]:
                held[3 * node + "xyz".index(component)] = history
    free = np.setdiff1d(np.arange(3 * mesh.n_node), list(held))
    forces = sum(
        np.outer(force_factor(model.loads[name], evaluate(model.amplitudes[name], times)),
                 unit_force(model.loads[name], mesh, model.materials, operator, name=name))
        for name in force_names(model)) + np.zeros((len(times), 3 * mesh.n_node))
    u, state = np.zeros(3 * mesh.n_node), points.virgin(times[0], warm[0])
    out, internal = [u.reshape(-1, 3).copy()], [np.zeros((mesh.n_node, 3))]

    def stiffness(tangent: np.ndarray) -> np.ndarray:
        product = np.einsum("p,pij,pjk->pik", weights, tangent, matrix.reshape(-1, 6, len(u)))
        return matrix.T @ product.reshape(-1, len(u))

    fixed = np.array(sorted(held))
    for step in range(1, len(times)):
        # The held nodes move first, the others follow elastically: the strain does not gather in the cells at the end.
        start = points.integrate(state, state.time + 1.0, state.strain, state.temperature)
        elastic, move = stiffness(start.tangent), np.array([held[dof][step] for dof in fixed]) - u[fixed]
        u[fixed] += move
        u[free] -= np.linalg.solve(elastic[np.ix_(free, free)], elastic[np.ix_(free, fixed)] @ move)
        for _ in range(30):
            result = points.integrate(state, times[step], (matrix @ u).reshape(-1, 6), warm[step])
            force = matrix.T @ (weights[:, None] * result.state.stress).ravel()
            residual = (forces[step] - force)[free]
            if np.linalg.norm(residual) <= 1e-10 * max(np.linalg.norm(force), 1.0):
                break
            u[free] += np.linalg.solve(stiffness(result.tangent)[np.ix_(free, free)], residual)
        else:
            raise AssertionError(f"the reference did not converge at step {step}")
        state = result.state
        out.append(u.reshape(-1, 3).copy())
        internal.append(force.reshape(-1, 3))
    return np.array(out), np.array(internal)


def write(path: Path, mesh: Mesh, model: Model, times: np.ndarray, u: np.ndarray, n_piece: int = 1) -> Path:
    """The displacement as a snapshots file."""
    pieces = number_shared_nodes(add_skin(partition(mesh, n_piece) if n_piece > 1 else [mesh]))
    position = {int(node): k for k, node in enumerate(mesh.node_ids)}
    with SnapshotsWriter(path, pieces, model, times, {"displacement": FieldSpec("node", 3)}) as writer:
        for p, piece in enumerate(pieces):
            nodes = [position[int(node)] for node in piece.node_ids]
            for step in range(len(times)):
                writer.write("displacement", step, p, u[step][nodes])
    return path
