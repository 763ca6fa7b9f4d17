"""Meshes that gmsh has partitioned: a file may have all partitions, or be one part of several."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from romlib.errors import UnsupportedError
from romlib.words import listed


def refuse_part(n_partition: int, partitions: Mapping[int, set[int]], ghosts: bool, file: Path) -> None:
    """Refuse a file that is not the whole of a partitioned mesh.

    Parameters
    ----------
    n_partition : that the mesh has, 0 where the file does not say it. partitions : those that are in the file, by
        dimension of their elements. ghosts : whether elements are ghosts in other partitions.

    Raises
    ------
    UnsupportedError : a part, or a mesh with ghosts in a version that does not say which of them are repeated.
    """
    if ghosts:
        raise UnsupportedError("elements of a partitioned mesh are ghosts in other partitions: which of them the file "
                               "repeats cannot be told", file=file, remedy="save the mesh without ghost cells "
                               "(gmsh: Mesh.PartitionCreateGhostCells = 0), or as version 4.1")
    here = partitions.get(max(partitions, default=0), set())
    if len(here) < max(n_partition, 2):
        of = f" of {n_partition}" if n_partition else ""
        raise UnsupportedError("the file is one part of a mesh that gmsh has partitioned", file=file,
                               expected="all partitions in one file", found=f"partition {listed(sorted(here))}{of}",
                               remedy="save the mesh in one file (gmsh: Mesh.PartitionSplitMeshFiles = 0)")
