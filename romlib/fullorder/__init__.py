"""The full-order reference solver: small-strain quasi-static Newton on PETSc, distributed over the pieces of a mesh."""
