"""A UMAT along material axes: J2 plasticity has no directions, so that results do not show the axes of its calls."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from umat_example import J2EVP

from romlib.check.solver_state import split_statev
from romlib.fem.piece import Piece
from romlib.mesh.box import box_mesh
from romlib.model import Material, Model, Orientation, Traction
from romlib.model.constraint import Constraint
from romlib.online.variables import Variables
from romlib.tensors import mandel_from_umat_strain, rotate, umat_strain_from_mandel

TIMES = np.linspace(0.0, 1.0, 6)
AXES = Orientation(center=(-1.0, -2.0, 0.0), axis=(0.1, 0.2, 1.0), turn=20.0, about=1)
FIELDS = ["stress", "p", "plastic_strain"]


def model(library, orientation=None, **variables):
    parameters = {**J2EVP, "library": str(library), **variables}
    return Model(
        materials={"m": Material(law="umat", parameters=parameters, orientation=orientation)},
        constraints={"clamp": Constraint(nodes="xmin", components=("x", "y", "z"))},
        loads={"pull": Traction(faces="xmax", direction=(1.0, 0.3, 0.2))}, amplitudes={"pull": "220*t"})


def history(model, mesh):
    """The fields along a given motion."""
    piece = Piece(mesh, model)
    matrix = np.random.default_rng(3).normal(size=(3, 3)) * 2e-3
    u = TIMES[:, None, None] * (mesh.points @ matrix.T)
    replay = piece.replay(model.amplitudes, ["stress", *piece.points.variables()])
    return piece, replay, replay.block(TIMES, piece.operator.strain(u))


MESH = box_mesh("hex8", (2, 1, 1), (2.0, 1.0, 1.0))


def test_stress_and_tensors_are_global_and_the_rest_of_statev_is_along_the_axes(j2evp):
    _, _, expected = history(model(j2evp), MESH)
    piece, replay, found = history(model(j2evp, AXES), MESH)
    assert expected["p"].max() > 1e-3
    for name in FIELDS:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-10 * np.abs(expected[name]).max())
    raw = {"variables": {"p": 1}}
    listed = history(model(j2evp, AXES, **raw), MESH)[2]["statev"]
    local = rotate(expected["plastic_strain"], piece.points.orientation)
    np.testing.assert_allclose(mandel_from_umat_strain(listed), local, atol=1e-10)
    state, = replay.state.states  # the law's own, and what a file of a state has
    np.testing.assert_allclose(state[:, piece.points.groups[0].law.state_variables["plastic_strain"]], local[-1],
                               atol=1e-10)


def test_the_list_that_a_solver_wrote_along_the_axes_is_compared_in_the_global_frame(j2evp):
    piece, _, found = history(model(j2evp, AXES), MESH)
    local = umat_strain_from_mandel(rotate(found["plastic_strain"], piece.points.orientation))
    statev = np.concatenate([found["p"], local], axis=2)
    split, wrong = split_statev(piece.points, statev)
    assert wrong is None
    for name in ("p", "plastic_strain"):
        np.testing.assert_allclose(split[name], found[name], atol=1e-14)


def test_values_at_the_points_of_a_rom_are_global_too(j2evp):
    piece, replay, found = history(model(j2evp, AXES), MESH)
    state, = replay.state.states
    values = Variables.of(piece.points).values([np.stack([state, state])], "plastic_strain")
    np.testing.assert_allclose(values, np.stack([found["plastic_strain"][-1]] * 2), atol=1e-14)


def test_a_run_begins_with_a_record_of_a_file_as_with_the_state_itself(j2evp, tmp_path):
    """A snapshots file has tensors in the global frame, the law its state along the axes."""
    pytest.importorskip("petsc4py", reason="the full-order solver needs petsc4py")
    from romlib.fullorder.arrays import solve_to_arrays
    from romlib.fullorder.options import SolverOptions
    from romlib.fullorder.start import start_of
    from romlib.snapshots.schema import FieldSpec
    from romlib.snapshots.writer import SnapshotsWriter
    from romlib.states.records import record_state

    tight, half = SolverOptions(tolerance=1e-12), 3
    whole = solve_to_arrays(MESH, model(j2evp, AXES), TIMES, options=tight)
    plain = solve_to_arrays(MESH, model(j2evp), TIMES, options=tight)
    assert np.abs(whole.displacement - plain.displacement).max() < 1e-8 * np.abs(plain.displacement).max()
    fields = {"displacement": whole.displacement, **{
        name: whole.stress if name == "stress" else whole.variable(name) for name in FIELDS}}
    specs = {name: FieldSpec("node" if name == "displacement" else "ip", values.shape[2],
                             name in ("stress", "plastic_strain"), "float64") for name, values in fields.items()}
    elastic = model(j2evp, AXES).model_copy(update={"materials": {}})
    with SnapshotsWriter(tmp_path / "a.vtkhdf", [MESH], elastic, TIMES, specs, solver="romlib") as file:
        for step in range(len(TIMES)):
            for name, values in fields.items():
                file.write(name, step, 0, values[step])
    saved = replace(record_state(tmp_path / "a.vtkhdf", TIMES[half]), materials=None)
    start = start_of(saved, {0: MESH}, model(j2evp, AXES), TIMES[half])
    rest = solve_to_arrays(MESH, model(j2evp, AXES), TIMES[half:], options=tight, start=start)
    for name in FIELDS:
        expected = fields[name][half:]
        found = rest.stress if name == "stress" else rest.variable(name)
        np.testing.assert_allclose(found, expected, atol=1e-8 * np.abs(expected).max())
