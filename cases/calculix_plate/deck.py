"""CalculiX decks: a mesh as cards, and a history of the plate's top edge as steps.

What makes a deck good for a reduced order model: every increment is written, in double precision (*NODE OUTPUT,
DOUBLE); a new step begins at every turn of the load, so that no increment jumps over it; Newton's method is iterated
further than by default (*CONTROLS), because the displacement is all that romlib has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from romlib.mesh.mesh import Mesh

LIBRARY, FUNCTION = "J2EVP", "J2EVP"  # both in capitals: CalculiX turns the names in its decks into them
MATERIAL = f"@ABAQUS_{LIBRARY}_{FUNCTION}"
PROPS = (200_000.0, 0.3, 150.0, 100.0, 50.0, 1000.0, 300.0, 5.0)  # E, nu, R0, Q, b, H, K, n: N, mm, s
N_STATE = 7  # p, and the plastic strain
STRETCH = 0.04  # mm, of the top edge at amplitude 1
# Largest residual force over the mean force, and largest correction of the displacement over its increment.
CONTROLS = "*CONTROLS,PARAMETERS=FIELD\n1.E-8,1.E-4"
_PER_LINE = 8


@dataclass(frozen=True)
class Segment:
    """Until `time` the amplitude goes to `value`, straight, in increments of `step`."""

    time: float
    value: float
    step: float


# A fast cycle, a slow one with holds, and what the reduced model is asked for: other turns, rates and holds.
HISTORIES = {
    "fast": (Segment(0.4, 1.0, 0.04), Segment(1.2, -1.0, 0.04), Segment(1.6, 0.0, 0.04)),
    "slow": (Segment(1.0, 0.7, 0.1), Segment(2.0, 0.7, 0.2), Segment(4.0, -0.8, 0.1), Segment(5.0, -0.8, 0.2),
             Segment(6.5, 0.5, 0.1)),
    "held_out": (Segment(0.5, 0.85, 0.05), Segment(1.1, 0.85, 0.1), Segment(1.9, -0.6, 0.05), Segment(2.5, 0.6, 0.05)),
}
TRAINING, HELD_OUT = ("fast", "slow"), "held_out"


def write_deck(path: Path, mesh: Mesh, segments: Iterable[Segment], print_points: bool = False) -> None:
    """The whole deck of a history. print_points : stress and STATEV at integration points too, into NAME.dat."""
    path.write_text("\n".join([
        *mesh_cards(mesh, "C3D20R"), *material_cards(), *history_cards(list(segments), print_points), ""]))


def mesh_cards(mesh: Mesh, element: str) -> Iterator[str]:
    """Nodes (set NALL), elements (set EALL) and node sets. Up to 20 nodes, CalculiX orders them as VTK does."""
    yield "*NODE,NSET=NALL"
    for node, (x, y, z) in zip(mesh.node_ids.tolist(), mesh.points.tolist()):
        yield f"{node},{x!r},{y!r},{z!r}"
    yield f"*ELEMENT,TYPE={element},ELSET=EALL"
    (block,) = mesh.blocks
    for cell, nodes in zip(block.cell_ids.tolist(), mesh.node_ids[block.connectivity]):
        yield ",\n".join(_lines([cell, *nodes.tolist()]))
    for name, positions in mesh.node_tags.items():
        yield f"*NSET,NSET={name}"
        yield ",\n".join(_lines(mesh.node_ids[positions].tolist()))


def _lines(numbers: list[int]) -> list[str]:
    return [",".join(map(str, numbers[k:k + _PER_LINE])) for k in range(0, len(numbers), _PER_LINE)]


def material_cards() -> Iterator[str]:
    """A material whose name tells CalculiX which function of which library to call."""
    yield f"*MATERIAL,NAME={MATERIAL}"
    yield f"*USER MATERIAL,CONSTANTS={len(PROPS)}"
    yield ",".join(map(repr, PROPS))
    if len(PROPS) % 8 == 0:
        yield "0."  # CalculiX reads the temperature after the constants: a line of its own, when theirs are full
    yield "*DEPVAR"
    yield str(N_STATE)
    yield f"*SOLID SECTION,ELSET=EALL,MATERIAL={MATERIAL}"


def history_cards(segments: list[Segment], print_points: bool) -> Iterator[str]:
    """Symmetry, the amplitude in total time, and a step a segment."""
    table = [(0.0, 0.0), *((segment.time, segment.value) for segment in segments)]
    yield "*AMPLITUDE,NAME=PULL,TIME=TOTAL TIME"
    for k in range(0, len(table), _PER_LINE // 2):
        yield ",".join(f"{time!r},{value!r}" for time, value in table[k:k + _PER_LINE // 2])
    yield "*BOUNDARY\nXSYM,1\nYSYM,2\nZSYM,3"
    for (start, _), segment in zip(table, segments):
        yield f"*STEP,INC=1000\n*STATIC,DIRECT\n{segment.step!r},{round(segment.time - start, 12)!r}\n{CONTROLS}"
        yield f"*BOUNDARY,AMPLITUDE=PULL\nTOP,2,2,{STRETCH!r}"
        yield "*NODE OUTPUT,DOUBLE\nU,RF"
        if print_points:
            yield "*EL PRINT,ELSET=EALL\nS,SDV"
        yield "*END STEP"


def times(segments: Iterable[Segment]) -> np.ndarray:
    """The ends of all increments, with the initial time first."""
    found, start = [0.0], 0.0
    for segment in segments:
        count = round((segment.time - start) / segment.step)
        found += np.linspace(start, segment.time, count + 1)[1:].tolist()
        start = segment.time
    return np.array(found)
