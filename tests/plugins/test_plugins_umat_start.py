"""Runs that begin with the state of a UMAT: two halves are the whole, of a ROM and at full order."""

from __future__ import annotations

import numpy as np
import pytest
from hand_made_rom import affine, hand_made_rom, write_both
from umat_bar import MESH, steel

import romlib
from romlib.errors import InputError
from romlib.laws.portable import portable_model
from romlib.model import Constraint, Model, Traction

TIMES = np.linspace(0.0, 1.0, 11)


def model(library) -> Model:
    return Model(
        materials={"steel": steel(str(library))}, loads={"pull": Traction(faces="xmax", direction=(1, 0, 0))},
        constraints={name: Constraint(nodes=f"{name}min", components=(name,)) for name in "xyz"},
        amplitudes={"pull": "250*sin(5*t)"})


def test_a_rom_goes_on_from_a_file_with_the_state_of_a_umat(j2evp, tmp_path, monkeypatch):
    monkeypatch.setenv("ROMLIB_LIBRARY_PATH", str(j2evp.parent))
    rom = romlib.load(write_both(tmp_path / "bar.rom", *hand_made_rom(
        [MESH], portable_model(model(j2evp)), (affine(0), affine(1), affine(2)),
        dual={"stress": (6, True), "p": (1, False)})))
    whole = rom.solve(times=TIMES)
    assert whole.at_points("p").max() > 1e-4
    rom.solve(times=TIMES[:5]).write_state(tmp_path / "half.state")
    second = rom.solve(times=TIMES[4:], start=tmp_path / "half.state")
    for name in ("stress", "p"):
        of = whole.at_points(name)[4:]
        np.testing.assert_allclose(second.at_points(name), of, rtol=0, atol=1e-12 * np.abs(of).max())


def test_a_full_order_run_goes_on_from_a_file_with_the_state_of_a_umat(j2evp, tmp_path):
    pytest.importorskip("petsc4py")
    from romlib.fullorder.arrays import solve_to_arrays
    from romlib.fullorder.options import SolverOptions
    from romlib.fullorder.record import Output, solve_to_file
    from romlib.fullorder.start import start_of
    from romlib.parallel.comm import serial
    from romlib.parallel.pieces import Pieces
    from romlib.states.source import saved_state

    options, described = SolverOptions(linear_tolerance=1e-12), model(j2evp)
    whole = solve_to_arrays(MESH, described, TIMES, options=options)
    solve_to_file(Output(tmp_path / "half.vtkhdf", ("stress", "p", "plastic_strain"), state=tmp_path / "half.state"),
                  [MESH], {0: MESH}, described, TIMES[:5], Pieces(serial(), 1), options=options)
    for name, bound in (("half.state", 1e-12), ("half.vtkhdf", 1e-6)):
        start = start_of(saved_state(tmp_path / name), {0: MESH}, described, TIMES[4])
        second = solve_to_arrays(MESH, described, TIMES[4:], options=options, start=start)
        np.testing.assert_allclose(second.stress, whole.stress[4:], rtol=0, atol=bound * np.abs(whole.stress).max())
        np.testing.assert_allclose(second.variable("p"), whole.variable("p")[4:], rtol=0, atol=bound)
    harder = described.model_copy(update={"materials": {"steel": steel(str(j2evp), depvar=9)}})
    with pytest.raises(InputError, match=r"another material"):
        start_of(saved_state(tmp_path / "half.state"), {0: MESH}, harder, TIMES[4])
