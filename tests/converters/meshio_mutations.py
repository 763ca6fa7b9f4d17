"""Damage to files, by chance: cut, flipped, deleted and repeated lines, swapped bytes, other numbers."""

from __future__ import annotations

import re

import numpy as np

_NUMBERS = [b"0", b"-1", b"nan", b"inf", b"1e400", b"99999999999999999999", b"4294967295", b"", b"x", b"1e308", b"-0.5"]


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """The content with one to three changes."""
    for _ in range(int(rng.integers(1, 4))):
        if not content:
            return content
        content = _CHANGES[int(rng.integers(len(_CHANGES)))](content, rng)
    return content


def _truncated(content: bytes, rng: np.random.Generator) -> bytes:
    return content[:int(rng.integers(len(content)))]


def _flipped(content: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for at in rng.integers(len(content), size=int(rng.integers(1, 8))):
        changed[at] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _without_a_line(content: bytes, rng: np.random.Generator) -> bytes:
    lines = content.split(b"\n")
    del lines[int(rng.integers(len(lines)))]
    return b"\n".join(lines)


def _with_a_line_again(content: bytes, rng: np.random.Generator) -> bytes:
    lines = content.split(b"\n")
    lines.insert(int(rng.integers(len(lines))), lines[int(rng.integers(len(lines)))])
    return b"\n".join(lines)


def _swapped(content: bytes, rng: np.random.Generator) -> bytes:
    changed, (a, b) = bytearray(content), rng.integers(len(content), size=2)
    n = int(rng.integers(1, 64))
    changed[a:a + n], changed[b:b + n] = changed[b:b + n], changed[a:a + n]
    return bytes(changed)


def _with_another_number(content: bytes, rng: np.random.Generator) -> bytes:
    found = list(re.finditer(rb"(?<![\w.])-?\d+(?:\.\d*)?(?:e[+-]?\d+)?(?![\w.])", content[:200_000]))
    if not found:
        return content
    match = found[int(rng.integers(len(found)))]
    return content[:match.start()] + _NUMBERS[int(rng.integers(len(_NUMBERS)))] + content[match.end():]


def _with_another_word(content: bytes, rng: np.random.Generator) -> bytes:
    found = list(re.finditer(rb'"[^"\n]{0,40}"', content[:200_000]))
    if not found:
        return content
    a, b = (found[int(k)] for k in rng.integers(len(found), size=2))
    return content[:a.start()] + b.group() + content[a.end():]


_CHANGES = [_truncated, _flipped, _without_a_line, _with_a_line_again, _swapped, _with_another_number,
            _with_another_word]
