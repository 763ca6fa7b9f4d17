"""XML of strangers: parsed without entities, no deeper than any format needs; files that it names stay beside it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NoReturn
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np

from romlib.errors import FileFormatError, UnsupportedError

_DEEPEST = 64


def number_of(text: str) -> float:
    """A number of a file; ValueError where it is none, or Python's alone: `1_000` is a typing error in a file."""
    if "_" in text:
        raise ValueError(f"could not convert string to float: {text!r}")
    return float(text)


def parse_xml(content: bytes, file: Path) -> ElementTree.Element:
    """The root element of a document.

    A document type may be named, as XDMF files do, but nothing is fetched for it; entities are refused, because they
    read other files or grow without bound.

    Raises
    ------
    UnsupportedError : the document declares entities. FileFormatError : it is not well-formed, with line and column.
    """
    parser = expat.ParserCreate()
    builder = ElementTree.TreeBuilder()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise FileFormatError("the XML is nested deeper than its format allows", file=file,
                                  place=f"line {parser.CurrentLineNumber}", expected=f"at most {_DEEPEST} levels")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> NoReturn:
        raise UnsupportedError("the XML declares entities", file=file, place=f"line {parser.CurrentLineNumber}",
                               expected="data alone", remedy="write the file without a document type of its own")

    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = parser.ExternalEntityRefHandler = refuse
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise FileFormatError("the file is damaged or incomplete: its XML ends or breaks off", file=file,
                              place=f"line {error.lineno}, column {error.offset}",
                              found=expat.errors.messages[error.code]) from error
    return builder.close()


def beside(file: Path, name: str, what: str) -> Path:
    """The path of a file that `file` names, which has to be in its folder or below.

    Raises
    ------
    UnsupportedError : an absolute name, or one that leads out of the folder. FileFormatError : no such file.
    """
    name = name.strip()
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not name or "\0" in name:
        raise FileFormatError(f"{what} has no name", file=file, found=repr(name))
    if PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor or ".." in parts:
        raise UnsupportedError("a file names another one outside its own folder", file=file, place=what, found=name,
                               expected="a file in the same folder, or below it",
                               remedy="put the files side by side, and write the name without a path")
    path = file.resolve().parent / name
    if not path.is_file():
        raise FileFormatError("a file of the time series is missing", file=path, place=f"{what}, named by {file}",
                              remedy=f"keep it next to {file.name}")
    return path


def text_numbers(text: str, dtype: np.dtype, expected: int | None, file: Path, place: str) -> np.ndarray:
    """The numbers of a text of XML. expected : how many there are, where that is known.

    Raises
    ------
    FileFormatError : another number of them, or something that is none.
    """
    words = text.split()
    if expected is not None and len(words) != expected:
        raise FileFormatError("an array has the wrong length", file=file, place=place, expected=expected,
                              found=len(words))
    try:
        if "_" in text:  # Python's own way to write a number, which no file means
            raise ValueError(next(word for word in words if "_" in word))
        return np.array(words, dtype=np.float64 if dtype.kind == "f" else dtype).astype(dtype, copy=False)
    except (ValueError, OverflowError) as error:
        raise FileFormatError("a number cannot be read", file=file, place=place, expected=f"numbers of type {dtype}",
                              found=str(error)) from error
