"""Data lines that grow with the model, read at once: no Python loop over nodes or elements."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from romlib_converters._inp_cards import Card, Chunk, Row

from romlib.errors import FileFormatError

_BLOCK = 4 << 20  # bytes of text that become numbers at a time
_BLANKS = bytes.maketrans(b"dD", b"EE")
_EMPTY_FIELD = re.compile(rb"(?<=,)(?=,)|(?m:^)(?=,)")
_LINE_END = re.compile(rb",*\n[,\n]*")
# a line that begins with a name, or has a word after the id: "EALL,GRAV,...", "7,GRAV,..."
_NAMED_LINE = re.compile(rb"^[ \t]*(?:[A-Za-z_@\"]|\d+[ \t]*,[ \t]*[A-Za-z])[^\n]*", re.MULTILINE)
_NAME = re.compile(rb"[A-Za-z_@\"][^,\n]*")


def number_table(card: Card, width: int) -> np.ndarray:
    """The data lines of a card as numbers (n, width); fields that a line lacks are zero.

    Raises
    ------
    FileFormatError : a field that is no number, or a line with too many.
    """
    tables = [_table(chunk, block, width) for chunk in card.chunks for block in _blocks(chunk)]
    return np.concatenate(tables) if tables else np.empty((0, width))


def number_list(card: Card) -> tuple[np.ndarray, list[str]]:
    """All fields of the data lines: numbers (n,) in order, and those that are names.

    Raises
    ------
    FileFormatError : a field that is neither.
    """
    numbers, names = [np.empty(0)], []
    for chunk in card.chunks:
        for block in _blocks(chunk):
            named = _NAME.findall(block.text)
            names += [name.decode("latin-1").strip() for name in named]
            text = _NAME.sub(b"", block.text) if named else block.text
            fields = text.translate(_BLANKS, b" \t").replace(b",", b" ").split()  # an empty field is none
            numbers.append(_numbers(fields, Chunk(block.file, block.line, text)))
    return np.concatenate(numbers), names


def integer_records(card: Card, width: int) -> np.ndarray:
    """Records of `width` whole numbers (n, width), each of which may go on over several lines.

    Raises
    ------
    FileFormatError : the numbers do not make up whole records, or a record ends within a line.
    """
    values, names = number_list(card)
    if names or len(values) % width:
        raise FileFormatError("the data lines do not make up whole records", file=card.file, place=card.place,
                              expected=f"records of {width} whole numbers",
                              found=f"the name {names[0]}" if names else f"{len(values)} numbers")
    records = values.astype(np.int64)
    if (records != values).any():
        raise FileFormatError("a whole number is expected", file=card.file, place=card.place,
                              found=values[records != values][0])
    return records.reshape(-1, width)


def id_segments(card: Card, width: int) -> Iterator[tuple[Row | None, np.ndarray]]:
    """Lines whose first field is an id or the name of a set, in their order.

    Yields
    ------
    (row, empty) for a line that begins with a name, or has a word after its id; (None, numbers (n, width)) for the
    lines of ids and numbers between two such.
    """
    for chunk in card.chunks:
        end, line = 0, chunk.line
        for match in _NAMED_LINE.finditer(chunk.text):
            before = Chunk(chunk.file, line, chunk.text[end:match.start()])
            yield from _numbered(before, width)
            line += before.text.count(b"\n")
            fields = [part.strip() for part in match[0].decode("latin-1").split(",")]
            yield Row(tuple(fields), chunk.file, line), np.empty((0, width))
            end = match.end()
        yield from _numbered(Chunk(chunk.file, line, chunk.text[end:]), width)


def _numbered(chunk: Chunk, width: int) -> Iterator[tuple[None, np.ndarray]]:
    for block in _blocks(chunk):
        table = _table(chunk, block, width)
        if len(table):
            yield None, table


def _blocks(chunk: Chunk) -> Iterator[Chunk]:
    """The text in blocks of whole lines, so that the numbers of one block at a time exist as text."""
    start, line = 0, chunk.line
    while start < len(chunk.text):
        stop = len(chunk.text)
        if stop - start > _BLOCK:
            stop = chunk.text.find(b"\n", start + _BLOCK) + 1 or stop
        block = chunk.text[start:stop]
        yield Chunk(chunk.file, line, block)
        line += block.count(b"\n")
        start = stop


def _fields(text: bytes) -> bytes:
    """The text without blanks, with zeros for empty fields, without commas at line ends and without empty lines."""
    text = text.translate(_BLANKS, b" \t") + b"\n"
    text = _LINE_END.sub(b"\n", text)
    return _EMPTY_FIELD.sub(b"0", text).strip(b"\n")


def _table(chunk: Chunk, block: Chunk, width: int) -> np.ndarray:
    text = _fields(block.text)
    if not text:
        return np.empty((0, width))
    characters = np.frombuffer(text, np.uint8)
    ends = np.append(np.flatnonzero(characters == ord("\n")), len(text))
    commas = np.flatnonzero(characters == ord(","))
    counts = np.diff(np.searchsorted(commas, ends), prepend=0) + 1
    if counts.max() > width:
        raise FileFormatError("a line has too many fields", file=chunk.file,
                              place=f"data line {int(np.argmax(counts)) + 1} from line {block.line} on",
                              expected=f"at most {width}", found=int(counts.max()))
    values = _numbers(text.replace(b"\n", b",").split(b","), block)
    table = np.zeros((len(counts), width))
    row = np.repeat(np.arange(len(counts)), counts)
    table[row, np.arange(len(values)) - np.repeat(np.cumsum(counts) - counts, counts)] = values
    return table


def _numbers(fields: list[bytes], block: Chunk) -> np.ndarray:
    """Fields as numbers (n,)."""
    try:
        return np.array(fields, dtype=np.float64)
    except ValueError:
        wrong = next(one for one in fields if not _is_number(one))
        at = re.sub(rb"[ \t]+", b"", block.text).translate(_BLANKS).find(wrong)
        raise FileFormatError("a number is expected", file=block.file, expected="a number",
                              place=f"line {block.line + block.text.count(bytes([10]), 0, max(at, 0))} or after",
                              found=wrong.decode("latin-1")) from None


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
