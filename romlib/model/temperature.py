"""Where the temperature history of a run or a case is, when it is in a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from romlib.model.base import Description


class TemperatureFile(Description):
    """A nodal temperature history in a file: linear between its times, constant outside.

    file : a snapshots file, or a thermal result that a converter reads. field : of one component, at nodes.
    interpolate : the file is of another mesh: take its field where the nodes are, and not by their ids.
    within : how far a node may lie outside of that mesh, as a part of its size; it then gets the value at the border.
    sha256 : of the file, where whoever wrote the description knows it; another file is then refused.
    """

    file: Path = Field(description=(
        'a snapshots file, a `.frd` of CalculiX, a `.ut` of Zset with its `.node`, or an `.xdmf`, `.pvd` or `.vtu`; '
        'it need not have displacements. `temperature = "FILE"` is short for this key alone'))
    field: str = Field(default="temperature", description=(
        "its scalar at nodes; by default what the solver calls the temperature (NT of CalculiX)"))
    interpolate: bool = Field(default=False, description=(
        "the file is of another mesh: its field is taken where the nodes are. Without it, by node ids, and a node "
        "that the file lacks is refused"))
    within: Annotated[float, Field(ge=0.0, le=1.0)] = Field(default=0.01, description=(
        "how far a node may lie outside of that mesh, as a part of its size; it gets the value at the border, and a "
        "note says how many do and how far"))
    sha256: str = Field(default="", description=(
        "of the file; another one is refused. `romlib convert --case` writes it; empty: not compared"))
