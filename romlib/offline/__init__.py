"""The offline stage: from snapshots files to a ROM archive, in parallel over the pieces of the mesh."""
