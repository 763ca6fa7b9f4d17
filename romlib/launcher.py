"""What an MPI launcher tells the processes that it starts, by environment variables. Costs nothing to import."""

from __future__ import annotations

import os

# What the launchers of Open MPI, MPICH, Intel MPI and MVAPICH, and srun with PMI, set for the ranks they start.
_SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS", "MV2_COMM_WORLD_SIZE")
_RANKS = ("OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK")


def launched_ranks() -> int | None:
    """Number of ranks that an MPI launcher announces in the environment; 0 if it hides it, None without a launcher."""
    for name in _SIZES:
        if os.environ.get(name, "").isdigit():
            return int(os.environ[name])
    return 0 if any(name in os.environ for name in _RANKS) else None


def is_first_rank() -> bool:
    """Whether no launcher says that this is another rank than the first."""
    return all(os.environ.get(name, "0") == "0" for name in _RANKS)
