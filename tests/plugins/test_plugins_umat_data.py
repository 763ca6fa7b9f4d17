"""CalculiX runs whose material was the UMAT J2EVP, called through its interface for UMATs: romlib calls the same."""

from __future__ import annotations

import pytest
from romlib_converters.calculix import CalculixConverter
from umat_example import J2EVP, SAME_AS_J2EVP

from romlib.check import check
from romlib.model import Material
from romlib.snapshots.reader import Snapshots

MATERIAL = "@ABAQUS_J2EVP_J2EVP"


@pytest.fixture(scope="module", params=["small_c3d8", "small_c3d20r"])
def snapshots(request, data_dir, tmp_path_factory):
    """float64 displacements; stress and STATEV at the integration points with seven digits, from the .dat file."""
    path = tmp_path_factory.mktemp(request.param) / "x.vtkhdf"
    CalculixConverter().convert(data_dir / "calculix" / f"{request.param}.inp", path)
    with Snapshots(path) as file:
        yield file


@pytest.mark.data
def test_the_material_of_the_deck_is_called_when_the_user_takes_it_over(snapshots, j2evp, monkeypatch):
    """A converter calls nothing, so that its file has no proof: the file's material is refused, the user's is not."""
    monkeypatch.setenv("ROMLIB_LIBRARY_PATH", str(j2evp.parent))
    stated = snapshots.model.materials[MATERIAL]
    assert stated.parameters["library"] == "libJ2EVP.so"
    refused = check(snapshots)
    assert refused.verdict == "undecided" and "state the material in a study of your own" in " ".join(refused.undecided)
    own = Material(law=stated.law, parameters=stated.parameters)
    report = check(snapshots, snapshots.model.model_copy(update={"materials": {MATERIAL: own}}))
    assert report["stress"].value <= 1e-6 and report["state statev"].value <= 1e-6
    assert report["internal_force"].value <= 1e-10 and report.passed


@pytest.mark.data
def test_with_names_each_state_variable_is_measured(snapshots, j2evp):
    material = Material(law="umat", parameters={"library": str(j2evp), "temperature": "calculix", **J2EVP})
    report = check(snapshots, snapshots.model.model_copy(update={"materials": {MATERIAL: material}}))
    assert report["state p"].value <= 1e-6 and report["state plastic_strain"].value <= 1e-6


@pytest.mark.data
def test_the_built_in_law_of_the_same_equations_gives_the_same_stress(snapshots):
    material = Material(law="chaboche", parameters=SAME_AS_J2EVP)
    report = check(snapshots, snapshots.model.model_copy(update={"materials": {MATERIAL: material}}))
    assert report["stress"].value <= 1e-6
