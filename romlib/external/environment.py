"""The environment variables of a solver that romlib starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from romlib.launcher import launched_ranks

# What the launchers of Open MPI, MPICH, Intel MPI and MVAPICH tell the ranks that they start: a solver that is started
# by a rank, and may have a launcher of its own, would take itself for that rank.
_LAUNCHER = ("OMPI_", "PMIX_", "PMI_", "PRTE_", "ORTE_", "HYDRA_", "MPI_LOCAL", "MV2_")
_OF_THE_USER = "OMPI_ALLOW_RUN_AS_ROOT"


def solver_environment(folder: Path, additions: Mapping[str, str]) -> dict[str, str]:
    """This process's variables without those of an MPI launcher that started it; PWD; the additions.

    folder : that the solver runs in. additions : they replace variables of the same name.
    """
    inherited = dict(os.environ)
    if launched_ranks() is not None:
        inherited = {name: value for name, value in inherited.items()
                     if name.startswith(_OF_THE_USER) or not name.startswith(_LAUNCHER)}
    return {**inherited, "PWD": str(folder), **additions}
