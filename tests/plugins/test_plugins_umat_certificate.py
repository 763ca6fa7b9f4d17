"""A certificate replays UMATs, in a process of their own: a solution is in equilibrium, another load is not."""

from __future__ import annotations

import pytest
from romlib_plugins.umat import UmatLaw
from umat_bar import write_bar
from umat_example import J2EVP

import romlib
from romlib.parallel.comm import serial

pytest.importorskip("petsc4py")


@pytest.fixture
def folder(tmp_path, j2evp):
    """bar.vtkhdf and study.toml, with the solver's list of state variables."""
    write_bar(tmp_path, UmatLaw.from_parameters({"library": str(j2evp), **J2EVP}), str(j2evp), statev=True)
    return tmp_path


@pytest.mark.parametrize("guard", [True, False])
def test_a_solution_of_a_umat_is_in_equilibrium(folder, guard):
    found = romlib.certify(folder / "bar.vtkhdf", folder / "study.toml", serial(), guard=guard)
    assert found.relative_residual.max() < 1e-9
    assert set(found.estimates) == {"displacement", "stress"}  # the list itself is none of the law's variables
    assert all(one.relative < 1e-8 for one in found.estimates.values())


def test_a_load_that_was_not_the_solvers_is_found(folder):
    study = folder / "study.toml"
    text = study.read_text()
    before, values = text.split("value = ", 1)
    along, rest = values.split("]", 1)
    larger = [1.05 * float(value) for value in along.strip("[").split(",")]
    study.write_text(f"{before}value = {larger}{rest}")
    found = romlib.certify(folder / "bar.vtkhdf", study, serial(), guard=False)
    assert found.relative_residual.max() > 0.01 and found.estimates["stress"].relative == pytest.approx(0.05, rel=0.05)


def test_a_library_that_is_not_there_is_named(folder):
    study = folder / "study.toml"
    study.write_text(study.read_text().replace("libJ2EVP.so", "libNOWHERE.so"))
    with pytest.raises(romlib.RomlibError, match=r"libNOWHERE\.so"):
        romlib.certify(folder / "bar.vtkhdf", study, serial(), guard=False)
