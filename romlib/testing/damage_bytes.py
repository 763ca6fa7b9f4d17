"""Damage to a file seen as bytes or as lines of text: what disks, transfers, editors and other programs do to files.

Each function takes a random generator and the content, and returns the damaged content with words that say what was
done, or None where it cannot be done to this content.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from random import Random

Damaged = tuple[bytes, str] | None
_NUMBER = re.compile(rb"(?<![\w.])[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?(?![\w.])")
_WORD = re.compile(rb"[A-Za-z_][\w]*")
HOSTILE_NUMBERS = (
    b"nan", b"inf", b"-inf", b"-1", b"0", b"1e308", b"-1e308", b"1e-308", b"9223372036854775808", b"4294967297",
    b"2147483648", b"-2147483649", b"1e400", b"0x10", b"1_000", b"1,5", b"--1", b"+", b"1e", b"9" * 400,
    b"1." + b"0" * 999, b"0.1", b"2", b"1000000", b"*", b"")
HOSTILE_WORDS = (
    b"", b"x" * 5000, b"a\0b", b"\xc3\xa9t\xc3\xa9", b"\xe9t\xe9", b"../../../etc/passwd", b"/dev/zero", b"\x1b[31mred",
    b"%s%n", b"'", b'"', b"<", b"&lt;", b"[", b"{", b"}", b"*", b"**", b"#", b"\t", b"\\", b"all", b"skin", b"None")


def is_text(content: bytes) -> bool:
    """Whether content has lines to damage: no zero byte in its first part, and few that no text has."""
    head = content[:4096]
    odd = sum(byte < 9 or 13 < byte < 32 for byte in head)
    return b"\0" not in head and odd * 20 <= len(head)


def damage(rng: Random, content: bytes) -> tuple[bytes, str]:
    """The content with one random damage, and what it was."""
    kinds = [*_ON_BYTES, *(_ON_TEXT * 2 if is_text(content) else _ON_BINARY)]
    for _ in range(20):
        done = kinds[rng.randrange(len(kinds))](rng, content)
        if done is not None and done[0] != content:
            return done
    return content + b"\0", "a zero byte appended"


def _truncate(rng: Random, content: bytes) -> Damaged:
    if not content:
        return None
    length = 0 if rng.random() < 0.05 else rng.randrange(len(content))
    return content[:length], f"truncated to its first {length} of {len(content)} bytes"


def _flip_bit(rng: Random, content: bytes) -> Damaged:
    if not content:
        return None
    position, bit = rng.randrange(len(content)), rng.randrange(8)
    return _put(content, position, bytes([content[position] ^ 1 << bit])), f"bit {bit} of byte {position} flipped"


def _set_byte(rng: Random, content: bytes) -> Damaged:
    if not content:
        return None
    position, value = rng.randrange(len(content)), rng.choice((0, 255, 10, 42, 48, rng.randrange(256)))
    return _put(content, position, bytes([value])), f"byte {position} set to {value}"


def _swap_bytes(rng: Random, content: bytes) -> Damaged:
    if len(content) < 2:
        return None
    position = rng.randrange(len(content) - 1)
    return (_put(content, position, content[position:position + 2][::-1]),
            f"bytes {position} and {position + 1} swapped")


def _block(rng: Random, content: bytes) -> tuple[int, int]:
    length = min(len(content) // 2, rng.choice((1, 4, 8, 64, 512, 4096)))
    return rng.randrange(len(content) - length), length


def _move_block(rng: Random, content: bytes) -> Damaged:
    if len(content) < 4:
        return None
    first, length = _block(rng, content)
    block, kind = content[first:first + length], rng.choice(("removed", "repeated", "zeroed", "swapped", "random"))
    if kind == "removed":
        damaged = content[:first] + content[first + length:]
    elif kind == "repeated":
        damaged = content[:first] + block + content[first:]
    elif kind == "zeroed":
        damaged = _put(content, first, bytes(length))
    elif kind == "random":
        damaged = _put(content, first, rng.randbytes(length))
    else:
        other = rng.randrange(len(content) - length)
        damaged = _put(_put(content, first, content[other:other + length]), other, block)
    return damaged, f"block of {length} bytes at {first} {kind}"


def _append(rng: Random, content: bytes) -> Damaged:
    tail = rng.choice((b"\0" * 8, b"\n\n", b"garbage \xff\xfe\n", content[-200:], content))
    return content + tail, f"{len(tail)} bytes appended"


def _lines(rng: Random, content: bytes) -> Damaged:
    lines = content.splitlines(keepends=True)
    if len(lines) < 2:
        return None
    k = rng.randrange(len(lines) - 1)
    kind = rng.choice(("removed", "repeated", "swapped with the next", "moved", "emptied"))
    if kind == "removed":
        n = min(rng.choice((1, 1, 2, 5)), len(lines) - k)
        del lines[k:k + n]
        kind = f"to {k + n} removed"
    elif kind == "repeated":
        lines.insert(k, lines[k])
    elif kind == "emptied":
        lines[k] = b"\n"
    elif kind == "moved":
        lines.insert(rng.randrange(len(lines) - 1), lines.pop(k))
    else:
        lines[k], lines[k + 1] = lines[k + 1], lines[k]
    return b"".join(lines), f"line {k + 1} {kind}"


def _number(rng: Random, content: bytes) -> Damaged:
    return _replaced(rng, content, _NUMBER, HOSTILE_NUMBERS, "number")


def _word(rng: Random, content: bytes) -> Damaged:
    return _replaced(rng, content, _WORD, HOSTILE_WORDS, "word")


def _replaced(rng: Random, content: bytes, pattern: re.Pattern, by: tuple[bytes, ...], what: str) -> Damaged:
    start = rng.randrange(len(content) + 1)
    match = pattern.search(content, start) or pattern.search(content)
    if match is None:
        return None
    new = rng.choice(by)
    line = content.count(b"\n", 0, match.start()) + 1
    return (content[:match.start()] + new + content[match.end():],
            f"{what} {match[0][:20]!r} in line {line} replaced by {new[:20]!r}")


def _exchange_words(rng: Random, content: bytes) -> Damaged:
    """A word takes the place of another one of the same file: what is known, where it does not belong."""
    words = list(_WORD.finditer(content[:200_000]))
    if len(words) < 2:
        return None
    one, other = rng.choice(words), rng.choice(words)
    line = content.count(b"\n", 0, one.start()) + 1
    return (content[:one.start()] + other[0] + content[one.end():],
            f"word {one[0][:20]!r} in line {line} replaced by {other[0][:20]!r}")


def _text_form(rng: Random, content: bytes) -> Damaged:
    forms: dict[str, Callable[[bytes], bytes]] = {
        "a byte order mark put in front": lambda c: b"\xef\xbb\xbf" + c,
        "line ends as of Windows": lambda c: c.replace(b"\n", b"\r\n"),
        "line ends as of old Macs": lambda c: c.replace(b"\n", b"\r"),
        "in UTF-16": lambda c: c.decode("latin-1").encode("utf-16"),
        "in upper case": bytes.upper, "in lower case": bytes.lower,
        "tabs for blanks": lambda c: c.replace(b" ", b"\t"),
        "in one line": lambda c: c.replace(b"\n", b" "),
    }
    name = rng.choice(list(forms))
    return forms[name](content), name


def _special_number(rng: Random, content: bytes) -> Damaged:
    """Four or eight bytes that may be a number become one that is not finite, huge or negative."""
    form = rng.choice(("<f", ">f", "<d", ">d", "<i", ">i", "<q", ">q"))
    size = struct.calcsize(form)
    if len(content) < size:
        return None
    position = rng.randrange(len(content) // size) * size if len(content) > size else 0
    value = (rng.choice((float("nan"), float("inf"), -1.0, 0.0, 1e30, 1.0)) if form[1] in "fd"
             else rng.choice((-1, 0, 2**31 - 1, -2**31, 1)))
    return _put(content, position, struct.pack(form, value)), f"{form} {value} written at byte {position}"


def _other_byte_order(rng: Random, content: bytes) -> Damaged:
    size = rng.choice((4, 8))
    whole = len(content) // size * size
    turned = b"".join(content[k:k + size][::-1] for k in range(0, min(whole, 200_000), size))
    return turned + content[len(turned):], f"byte order of every {size} bytes turned"


def _put(content: bytes, position: int, new: bytes) -> bytes:
    return content[:position] + new + content[position + len(new):]


_ON_BYTES = (_truncate, _flip_bit, _set_byte, _swap_bytes, _move_block, _append)
_ON_TEXT = (_lines, _number, _number, _word, _exchange_words, _text_form)
_ON_BINARY = (_special_number, _special_number, _other_byte_order)
