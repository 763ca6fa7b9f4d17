"""Data lines that grow with the model, read at once: no Python loop over nodes or elements.

What stands on a line behind the fields that a card has is not read, as CalculiX does it. A field is a name where it is
no number, also one that begins with a digit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np
from romlib_converters.keyword.cards import Card, Chunk, Row
from romlib_converters.keyword.numbers import WHOLE, numbers_of, truncated_number, whole_of

from romlib.errors import FileFormatError

_BLOCK = 4 << 20  # bytes of text that become numbers at a time
_EMPTY_FIELD = re.compile(rb"(?<=,)(?=,)|(?m:^)(?=,)")
_LINE_END = re.compile(rb",*\n[,\n]*")
# a line whose first field is no id, or with a word after the id: "EALL,GRAV,...", "2END,3,1.", "7,GRAV,..."
_NAMED_LINE = re.compile(rb"^(?:(?!" + WHOLE + rb"(?:,|$))[^\n]*[^\n,][^\n]*|" + WHOLE + rb",[A-Za-z][^\n]*)$",
                         re.MULTILINE)
_NAME = re.compile(rb"(?:(?<=,)|^)(?!" + WHOLE + rb"(?:,|$))[^,\n]+", re.MULTILINE)
_DIGITS = b"0123456789+-,\n"


def number_table(card: Card, width: int) -> np.ndarray:
    """The data lines of a card as numbers (n, width); fields that a line lacks are zero, those beyond are not read.

    Raises
    ------
    FileFormatError : a field that is no number.
    """
    tables = [_table(block, width) for chunk in card.chunks for block in _blocks(chunk)]
    return np.concatenate(tables) if tables else np.empty((0, width))


def ids_of(values: np.ndarray, card: Card) -> np.ndarray:
    """Numbers (n,) of a card as ids; FileFormatError where one is no whole number of at most ten digits."""
    ids, wrong = whole_of(values)
    if wrong is not None:
        raise FileFormatError("a whole number is expected", file=card.file, place=card.place,
                              expected="a number of a node or an element", found=f"{values[wrong]:.17g}")
    return ids


def check_digits(cards: Iterable[Card]) -> None:
    """FileFormatError where a number is so long that CalculiX, which takes 20 characters, reads another one."""
    for card in cards:
        for chunk in card.chunks if card.keyword != "HEADING" else ():
            for block in _blocks(chunk):
                found = truncated_number(_packed(block.text))
                if found is not None:
                    raise FileFormatError(
                        "CalculiX reads the first 20 characters of a number, and so another number", file=block.file,
                        place=f"line {_line_of(found, block)}, *{card.title}", expected="at most 20 characters",
                        found=found.decode(), remedy="write the number with fewer digits, and compute again")


def number_list(card: Card) -> tuple[np.ndarray, list[str]]:
    """All fields of the data lines: ids (n,) in order, and those that are names."""
    numbers, names = [np.empty(0)], []
    for chunk in card.chunks:
        for block in _blocks(chunk):
            text = _packed(block.text)
            if text.translate(None, _DIGITS):
                names += [name.decode() for name in _NAME.findall(text)]
                text = _NAME.sub(b"", text)
            numbers.append(_numbers(text.replace(b",", b" ").split(), block))  # an empty field is none
    return ids_of(np.concatenate(numbers), card), names


def line_lists(card: Card) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The numbers (n,) of the data lines, one after the other; how many each line has (n_line,), and where it begins.

    Empty fields are left out.
    """
    numbers, counts = [np.empty(0)], [np.empty(0, np.int64)]
    for chunk in card.chunks:
        for block in _blocks(chunk):
            lines = [line for line in re.sub(rb",{2,}", b",", _packed(block.text)).split(b"\n") if line.strip(b",")]
            text = b"\n".join(line.strip(b",") for line in lines)
            numbers.append(_numbers(text.replace(b"\n", b",").split(b",") if text else [], block))
            characters = np.frombuffer(text, np.uint8)
            ends = np.append(np.flatnonzero(characters == ord("\n")), len(text)) if text else np.empty(0, np.int64)
            commas = np.flatnonzero(characters == ord(","))
            counts.append(np.diff(np.searchsorted(commas, ends), prepend=0) + 1)
    count = np.concatenate(counts)
    return np.concatenate(numbers), count, np.cumsum(count) - count


def integer_records(card: Card, width: int) -> np.ndarray:
    """Records of `width` whole numbers (n, width), each of which may go on over several lines.

    What a line has behind the end of a record is not read.

    Raises
    ------
    FileFormatError : the last record is not whole, or something is no whole number.
    """
    values, counts, starts = line_lists(card)
    ends = starts + counts
    whole = width * np.arange(1, len(values) // width + 1)
    if not len(values) % width and np.isin(whole, ends).all():
        return ids_of(values, card).reshape(-1, width)
    return ids_of(values[_rows_kept(counts, starts, width, card)], card).reshape(-1, width)


def _rows_kept(counts: np.ndarray, starts: np.ndarray, width: int, card: Card) -> np.ndarray:
    """Positions of the numbers that belong to records, where some line has more than its record lacks."""
    left, kept = 0, []
    for count, start in zip(counts.tolist(), starts.tolist()):
        left = left or width
        kept.append(np.arange(start, start + min(count, left)))
        left = max(left - count, 0)
    if left:
        raise FileFormatError("the data lines do not make up whole records", file=card.file, place=card.place,
                              expected=f"records of {width} whole numbers", found=f"{left} are missing in the last one")
    return np.concatenate([np.empty(0, np.int64), *kept])


def id_segments(card: Card, width: int) -> Iterator[tuple[Row | None, np.ndarray]]:
    """Lines whose first field is an id or the name of a set, in their order.

    Yields
    ------
    (row, empty) for a line that begins with a name, or has a word after its id; (None, numbers (n, width)) for the
    lines of ids and numbers between two such.
    """
    for chunk in card.chunks:
        text = _packed(chunk.text)
        end, line = 0, chunk.line
        for match in _NAMED_LINE.finditer(text):
            before = Chunk(chunk.file, line, text[end:match.start()])
            yield from _numbered(before, width)
            line += before.text.count(b"\n")
            yield Row(tuple(match[0].decode().rstrip(",").split(",")), chunk.file, line), np.empty((0, width))
            end = match.end()
        yield from _numbered(Chunk(chunk.file, line, text[end:]), width)


def _numbered(chunk: Chunk, width: int) -> Iterator[tuple[None, np.ndarray]]:
    for block in _blocks(chunk):
        table = _table(block, width)
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


def _packed(text: bytes) -> bytes:
    """The text without blanks, which mean nothing."""
    return text.translate(None, b" \t")


def _fields(text: bytes) -> bytes:
    """The text without blanks, with zeros for empty fields, without commas at line ends and without empty lines."""
    text = _LINE_END.sub(b"\n", _packed(text) + b"\n")
    return _EMPTY_FIELD.sub(b"0", text).strip(b"\n")


def _table(block: Chunk, width: int) -> np.ndarray:
    text = _fields(block.text)
    if not text:
        return np.empty((0, width))
    characters = np.frombuffer(text, np.uint8)
    ends = np.append(np.flatnonzero(characters == ord("\n")), len(text))
    commas = np.flatnonzero(characters == ord(","))
    counts = np.diff(np.searchsorted(commas, ends), prepend=0) + 1
    fields = text.replace(b"\n", b",").split(b",")
    row = np.repeat(np.arange(len(counts)), counts)
    column = np.arange(len(fields)) - np.repeat(np.cumsum(counts) - counts, counts)
    if counts.max() > width:
        kept = np.flatnonzero(column < width)
        fields, row, column = [fields[k] for k in kept], row[kept], column[kept]
    table = np.zeros((len(counts), width))
    table[row, column] = _numbers(fields, block)
    return table


def _numbers(fields: list[bytes], block: Chunk) -> np.ndarray:
    """Fields as numbers (n,)."""
    values, wrong = numbers_of(fields)
    if wrong is not None:
        found = fields[wrong]
        raise FileFormatError("a number is expected", file=block.file, expected="a number",
                              place=f"line {_line_of(found, block)}", found=found.decode())
    return values


def _line_of(found: bytes, block: Chunk) -> int:
    lines = _packed(block.text).split(b"\n")
    return block.line + next((k for k, line in enumerate(lines) if found in line.split(b",")), 0)
