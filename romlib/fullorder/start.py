"""The state that a full-order run begins with, from a state of any kind; and the state of its end, as a file."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from romlib.errors import InputError
from romlib.fem.piece import Piece
from romlib.fullorder.state import Drive, PieceState, State
from romlib.identity.contents import material_content
from romlib.laws.points import MaterialPoints
from romlib.laws.portable import portable_model
from romlib.laws.state import PointState
from romlib.laws.symbols import evaluated_model
from romlib.mesh.mesh import Mesh
from romlib.model import Model
from romlib.parallel.pieces import Pieces
from romlib.states.file import StateWriter
from romlib.states.state import NodeState, SavedState, StateBlock, refuse_other_materials, select, select_nodes


def driven(model: Model) -> tuple[str, ...]:
    """What the amplitudes of `Drive` belong to."""
    prescribed = [name for name, constraint in model.constraints.items() if constraint.kind == "prescribed"]
    return (*model.loads, *prescribed)


def start_of(saved: SavedState, meshes: Mapping[int, Mesh], model: Model, time: float) -> State:
    """The state of this rank's pieces, however the mesh was cut when it was made.

    Parameters
    ----------
    time : at which the run begins.

    Raises
    ------
    InputError : a state of another time, mesh or material, or of a ROM.
    """
    if abs(saved.time - time) > 1e-9 * max(1.0, abs(saved.time)):
        raise InputError(
            "the run does not begin at the time of the state that it starts from", file=saved.what, place="times",
            expected=f"{saved.time:.12g}, the time of the state, as the first time", found=f"{time:.12g}",
            remedy="begin the times of the case with that of the state")
    refuse_other_materials(saved, evaluated_model(portable_model(model)).materials)
    found = {}
    for p, mesh in meshes.items():
        displacement, increment = select_nodes(saved, np.asarray(mesh.node_ids), mesh.dimension)
        piece = Piece(mesh, model)
        values, strain = select(saved, piece.points), piece.operator.strain(displacement[None])[0]
        points = PointState(saved.time, strain, values.stress, values.states, values.temperature)
        found[p] = PieceState(displacement, points, values.origin, increment)
    return State(saved.time, found, saved.reference_force, saved.increment, _drive_of(saved, model))


def _drive_of(saved: SavedState, model: Model) -> Drive | None:
    names, run = driven(model), saved.run
    if saved.rom is not None or saved.names != names or not {"drive", "largest", "dt"} <= set(run):
        return None
    arrays = [run[name] for name in ("drive", "largest", "change") if name in run]
    if any(array.shape != (len(names),) for array in arrays) or run["dt"].shape != (1,):
        raise InputError("the state to start from contradicts itself", file=saved.what, place="/run",
                         expected=f"{len(names)} amplitudes", found=[array.shape for array in arrays])
    dt = float(run["dt"][0])
    return Drive(run["drive"], run["largest"], run.get("change") if dt > 0.0 else None, dt)


def write_state(
    path: str | Path, state: State, meshes: Mapping[int, Mesh], points: Mapping[int, MaterialPoints], model: Model,
    pieces: Pieces, stack: ExitStack,
) -> None:
    """Write the state of a run, one piece at a time, by rank 0; it appears when `stack` is closed. Collective.

    Parameters
    ----------
    meshes, points : of this rank's pieces. model : whose initial time is that of the virgin state.
    """
    drive, run = state.drive, {}
    if drive is not None:
        run = {"drive": drive.now, "largest": drive.largest, "dt": np.array([drive.dt])}
        if drive.change is not None:
            run["change"] = drive.change
    used = evaluated_model(portable_model(model)).materials
    materials = {name: material_content(material) for name, material in used.items()}
    saved = SavedState(state.time, model.initial_time, str(path), materials, (), None, run, state.reference_force,
                       state.increment, driven(model))

    def block(p: int) -> StateBlock:
        piece, laws, now = state.pieces[p], points[p], state.pieces[p].points
        return StateBlock(
            p, laws.cells, laws.numbers, laws.coordinates, laws.material_index, laws.material_names, now.strain,
            now.stress, now.states, now.temperature, piece.origin, laws.strain_free_temperature,
            NodeState(np.asarray(meshes[p].node_ids), piece.displacement, piece.increment), laws.orientation)

    writer: StateWriter | None = None
    with pieces.comm.agreement():
        if pieces.comm.rank == 0:
            writer = stack.enter_context(StateWriter(path, saved))

    def consume(_: int, one: StateBlock) -> None:
        assert writer is not None
        writer.write(one)

    pieces.stream(block, consume)
    with pieces.comm.agreement():
        if writer is not None:
            writer.complete()
