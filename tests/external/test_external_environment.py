"""Environment variables of a solver."""

from __future__ import annotations

from pathlib import Path

import pytest

from romlib.external.environment import solver_environment


@pytest.fixture
def launched(monkeypatch):
    for name in ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "OMPI_MCA_orte_x", "PRTE_LAUNCHED"):
        monkeypatch.setenv(name, "2")
    monkeypatch.setenv("OMPI_ALLOW_RUN_AS_ROOT", "1")
    monkeypatch.setenv("LICENCE_SERVER", "somewhere")


def test_a_launcher_above_does_not_reach_the_solver(launched):
    found = solver_environment(Path("/scratch"), {})
    assert not [name for name in found if name.startswith(("OMPI_COMM", "OMPI_MCA", "PMIX_", "PRTE_"))]
    assert found["OMPI_ALLOW_RUN_AS_ROOT"] == "1" and found["LICENCE_SERVER"] == "somewhere"


def test_without_a_launcher_settings_of_mpi_are_kept(monkeypatch):
    for name in ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS", "MV2_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMPI_MCA_btl", "tcp")
    assert solver_environment(Path("/scratch"), {})["OMPI_MCA_btl"] == "tcp"


def test_additions_replace_and_the_folder_is_told(monkeypatch):
    monkeypatch.setenv("NAME", "old")
    found = solver_environment(Path("/scratch"), {"NAME": "new"})
    assert found["NAME"] == "new" and found["PWD"] == "/scratch"
