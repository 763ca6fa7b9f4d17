"""The one place that loads petsc4py, and only when a solution is asked for."""

from __future__ import annotations

import functools
from typing import Any

from romlib.errors import RomlibError
from romlib.parallel.comm import Comm

PREFIX = "romlib_"


@functools.cache
def load() -> Any:
    """The module `petsc4py.PETSc`, initialised without the arguments of the command line.

    PETSc reads the environment variable PETSC_OPTIONS; options for the linear solver carry the prefix `romlib_`. Files
    with options (.petscrc and petscrc in the working folder, ~/.petscrc) are not read: they can name a library to load,
    and the working folder may be one that came with somebody else's files.

    Raises
    ------
    RomlibError : petsc4py is missing, or it was built for complex numbers.
    """
    try:
        import petsc4py

        petsc4py.init(["romlib", "-skip_petscrc", "-no_signal_handler"])
        from petsc4py import PETSc
    except ImportError as error:
        raise RomlibError(
            f"the full-order solver, and a certificate, need petsc4py, which cannot be imported ({error})\n  to do: "
            "install it for the MPI of this environment (Debian: `make setup` does; conda: petsc4py; or pip install "
            "'romlib-mechanics[fullorder]')") from error
    if PETSc.ScalarType().dtype.kind == "c":
        raise RomlibError("petsc4py was built for complex numbers, and the full-order solver is real\n  to do: install "
                          "a real build of PETSc (Debian: libpetsc-real-dev)")
    return PETSc


def communicator(comm: Comm) -> Any:
    """PETSc's communicator for these ranks.

    Raises
    ------
    RomlibError : PETSc belongs to another MPI than the launcher of this run.
    """
    PETSc = load()
    if comm.size == 1:
        return PETSc.COMM_SELF
    if PETSc.COMM_WORLD.getSize() != comm.size:
        raise RomlibError(
            f"this run has {comm.size} ranks, but PETSc sees {PETSc.COMM_WORLD.getSize()}\n  to do: install a petsc4py "
            "that was built with the same MPI as mpi4py and mpirun")
    return PETSc.COMM_WORLD
