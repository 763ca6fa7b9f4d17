"""romlib's mesh of a CalculiX deck: the solid elements and their nodes."""

from __future__ import annotations

from pathlib import Path

from romlib_converters.calculix.elements import OTHERS, SOLIDS, solid
from romlib_converters.keyword import places
from romlib_converters.keyword.mesh import InpMesh

from romlib.mesh.mesh import Mesh


def build_mesh(inp: InpMesh, deck: Path | None = None) -> Mesh:
    """See `romlib_converters.keyword.places.build_mesh`."""
    return places.build_mesh(inp, deck, solid, SOLIDS, OTHERS)
