"""A .cdb as CDWRITE writes it, made of a mesh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np


def cdb_text(
    nodes: Mapping[int, Sequence[float]], elements: Sequence[tuple[int, int, int, Sequence[int]]],
    types: Sequence[str], components: Sequence[str] = (), tail: Sequence[str] = (), end: str = "N,R5.3,LOC,       -1,",
    esys: Mapping[int, int] | None = None,
) -> str:
    """nodes : coordinates by id. elements : id, type, material, nodes. types, components, tail : lines. esys : the
    local system of elements by id."""
    lines = ["/COM,ANSYS RELEASE 2022 R2", "/PREP7", *types, f"NBLOCK,6,SOLID,{max(nodes):10d},{len(nodes):10d}",
             "(3i9,6e21.13e3)"]
    lines += [f"{number:9d}{0:9d}{0:9d}" + "".join(_real(x) for x in point) for number, point in nodes.items()]
    lines += [end, f"EBLOCK,19,SOLID,{max(e[0] for e in elements):10d},{len(elements):10d}", "(19i10)"]
    for number, kind, material, own in elements:
        head = [material, kind, 1, 1, (esys or {}).get(number, 0), 0, 0, 0, len(own), 0, number]
        lines.append("".join(f"{value:10d}" for value in [*head, *own[:8]]))
        lines += ["".join(f"{value:10d}" for value in own[k:k + 19]) for k in range(8, len(own), 19)]
    return "\n".join([*lines, "        -1", *components, *tail, "FINISH", ""])


def component(name: str, kind: str, ids: Sequence[int]) -> list[str]:
    """Lines of a component; a range is written as its first and minus its last number."""
    lines = [f"CMBLOCK,{name:8s},{kind},{len(ids):8d}  ! users node component definition", "(8i10)"]
    return lines + ["".join(f"{value:10d}" for value in ids[k:k + 8]) for k in range(0, len(ids), 8)]


def _real(value: float) -> str:
    mantissa, exponent = f"{value:.13E}".split("E")
    return f"{mantissa}E{int(exponent):+04d}".rjust(21)


CUBE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], dtype=float)
