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

    file: Path
    field: str = "temperature"
    interpolate: bool = False
    within: Annotated[float, Field(ge=0.0, le=1.0)] = 0.01
    sha256: str = ""
