"""Writes .frd files as CalculiX does, in each of its four forms, from given content or from another .frd."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from romlib_converters.calculix.frd import read_frd

SHORT, LONG, FLOAT32, FLOAT64 = 0, 1, 2, 3


@dataclass
class Content:
    """nodes : ids (n,). elements : (id, type, nodes in the order of the .frd). records : (step, increment, time,
    {name: (components, values (n, n_comp))})."""

    ids: np.ndarray
    points: np.ndarray
    elements: list[tuple[int, int, list[int]]]
    records: list[tuple[int, int, float, dict[str, tuple[list[str], np.ndarray]]]] = field(default_factory=list)


def content_of(path: Path) -> Content:
    """What an existing .frd has."""
    frd = read_frd(path)
    elements = [(int(i), kind, [int(n) for n in nodes]) for kind, (ids, all_nodes) in frd.elements.by_type.items()
                for i, nodes in zip(ids, all_nodes)]
    records = [(record.step, record.increment, record.time,
                {name: (list(block.components), frd.read(block)) for name, block in record.blocks.items()})
               for record in frd.records]
    return Content(frd.node_ids, frd.points, elements, records)


def write_frd(path: Path, content: Content, form: int = FLOAT64, digits: int = 2, end: bytes = b"\n") -> Path:
    """digits : of the exponents of text numbers. end : of text lines."""
    parts = [b"    1C" + end, b"    1UVERSION           Version 2.20                             " + end]
    node_form = FLOAT64 if form == FLOAT32 else form
    parts.append(b"    2C" + b" " * 18 + b"%12d" % len(content.ids) + b" " * 37 + b"%1d" % form + end)
    parts += _records(content.ids, content.points, node_form, digits, end)
    binary = form in (FLOAT32, FLOAT64)
    parts.append(b"    3C" + b" " * 18 + b"%12d" % len(content.elements) + b" " * 37 + b"%1d" % min(form, 2) + end)
    for number, kind, nodes in content.elements:
        if binary:
            parts.append(np.array([number, kind, 0, 1, *nodes], "<i4").tobytes())
            continue
        width, per_line = (5, 15) if form == SHORT else (10, 10)
        parts.append(b" -1" + b"%*d" % (width, number) + b"%5d%5d%5d" % (kind, 0, 1) + end)
        for k in range(0, len(nodes), per_line):
            parts.append(b" -2" + b"".join(b"%*d" % (width, node) for node in nodes[k:k + per_line]) + end)
    parts += [] if binary else [b" -3" + end]
    for counter, (step, increment, time, blocks) in enumerate(content.records):
        for name, (components, values) in blocks.items():
            parts.append(b"    1PSTEP" + b"%26d%12d%12d          " % (counter + 1, increment, step) + end)
            parts.append(b"  100CL%5d%12.5E%12d" % (100 + counter, time, len(values)) + b" " * 20
                         + b"%2d%5d" % (0, increment) + b" " * 10 + b"%2d" % form + end)
            vector = name in ("DISP", "FORC")
            parts.append(b" -4  %-8s%5d    1" % (name.encode(), len(components) + vector) + end)
            for k, component in enumerate(components):
                parts.append(b" -5  %-8s    1    2%5d    0" % (component.encode(), k + 1) + end)
            parts += [b" -5  ALL         1    2    0    0    1ALL" + end] if vector else []
            parts += _records(content.ids, values, form, digits, end)
    path.write_bytes(b"".join(parts) + b" 9999" + end)
    return path


def _records(ids: np.ndarray, values: np.ndarray, form: int, digits: int, end: bytes) -> list[bytes]:
    if form in (FLOAT32, FLOAT64):
        kind = np.dtype([("id", "<i4"), ("v", "<f4" if form == FLOAT32 else "<f8", (values.shape[1],))])
        records = np.empty(len(ids), kind)
        records["id"], records["v"] = ids, values
        return [records.tobytes()]
    width = 5 if form == SHORT else 10
    lines = []
    for number, row in zip(ids, values):
        for k in range(0, len(row), 6):
            head = b" -1" + b"%*d" % (width, number) if k == 0 else b" -2" + b" " * width
            lines.append(head + b"".join(_text(value, digits) for value in row[k:k + 6]) + end)
    return [*lines, b" -3" + end]


def _text(value: float, digits: int) -> bytes:
    text = b"%12.5E" % value
    return text if digits == 2 else text[:-2] + b"0" * (digits - 2) + text[-2:]
