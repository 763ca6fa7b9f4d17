"""VTK's XML files without their data: the tree of elements, and where in the file the text of each array is.

Arrays are most of a file. They are neither parsed as XML nor held in memory: the file is searched for tags in blocks,
and what is between the tags of an array, or behind the underscore of AppendedData, stays where it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from xml.etree.ElementTree import Element

import numpy as np
from romlib_converters.meshio.xml import parse_xml

from romlib.errors import FileFormatError

_BLOCK = 1 << 20  # bytes: small enough to stay in the processor's cache
_LONGEST = 1 << 14  # bytes of a tag
_TAG = re.compile(rb'</?[A-Za-z_](?:[^<>"\']|"[^"]*"|\'[^\']*\')*>')
_SKIPPED = ((b"<!--", b"-->"), (b"<![CDATA[", b"]]>"), (b"<?", b"?>"))
_DATA_END = b"</AppendedData>"


@dataclass(frozen=True)
class Span:
    """Bytes of a file, from `start` up to `end`."""

    file: Path
    start: int
    end: int

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self.end - self.start

    def read(self, first: int = 0, count: int | None = None) -> bytes:
        """`count` bytes from byte `first` of the span on, fewer where it ends before; None: all of them."""
        last = self.size if count is None else min(first + count, self.size)
        with open(self.file, "rb", buffering=0) as stream:
            stream.seek(self.start + first)
            return _whole(stream, max(last - first, 0))

    def array(self, first: int, count: int) -> np.ndarray:
        """The same as an array of uint8 that may be written to."""
        found = np.empty(max(min(count, self.size - first), 0), dtype=np.uint8)
        with open(self.file, "rb", buffering=0) as stream:
            stream.seek(self.start + first)
            done = 0
            while done < len(found) and (n := stream.readinto(found[done:].data)):
                done += n
        return found[:done]

    def equals(self, other: Span) -> bool:
        """Whether both have the same bytes; a block of each is in memory."""
        if self.size != other.size:
            return False
        mine, theirs = bytearray(_BLOCK), bytearray(_BLOCK)
        with open(self.file, "rb", buffering=0) as one, open(other.file, "rb", buffering=0) as two:
            one.seek(self.start)
            two.seek(other.start)
            for left in range(self.size, 0, -_BLOCK):
                count = min(left, _BLOCK)
                if one.readinto(memoryview(mine)[:count]) != count or two.readinto(memoryview(theirs)[:count]) != count:
                    return False
                if mine != theirs:
                    return False
        return True


@dataclass(frozen=True, eq=False)
class Document:
    """root : without the text of arrays. appended : behind the underscore of AppendedData, empty where there is none.

    encoding : of the latter.
    """

    root: Element
    file: Path
    appended: Span
    encoding: str
    texts: tuple[Span, ...]

    def text(self, array: Element) -> Span:
        """Where the text of a DataArray is; empty where it has none."""
        mark = (array.text or "").strip()
        return self.texts[int(mark)] if mark else Span(self.file, 0, 0)


def open_document(file: Path) -> Document:
    """The elements of a file.

    Raises
    ------
    FileFormatError : it is not well-formed, or ends within its data. UnsupportedError : it declares entities.
    """
    with open(file, "rb", buffering=0) as stream:
        return _Index(stream, file).document()


class _Index:
    """One walk over the tags of a file."""

    def __init__(self, stream: BinaryIO, file: Path) -> None:
        self._stream, self._file = stream, file
        self._size = stream.seek(0, 2)
        self._start, self._block = 0, b""
        self._kept: list[bytes] = []
        self._copied = 0
        self._texts: list[Span] = []
        self._appended, self._encoding = Span(file, 0, 0), "base64"

    def document(self) -> Document:
        at = self._find(b"<", 0)
        while at >= 0:
            at = self._find(b"<", self._step(at))
        self._kept.append(self._bytes(self._copied, self._size))
        root = parse_xml(b"".join(self._kept), self._file)
        return Document(root, self._file, self._appended, self._encoding, tuple(self._texts))

    def _step(self, at: int) -> int:
        """Take what begins at a "<"; where to go on. What is no tag is left to the parser, with all that follows."""
        head = self._bytes(at, at + _LONGEST)
        for begin, end in _SKIPPED:
            if head.startswith(begin):
                found = self._find(end, at)
                return found + len(end) if found >= 0 else self._size
        tag = _TAG.match(head)
        if head.startswith(b"<!"):
            return at + 1
        if tag is None:
            if head.startswith(b"<AppendedData"):
                raise self._ends()
            return self._size
        stop = at + tag.end()
        if re.match(rb"<DataArray[\s>]", head) and not tag.group().endswith(b"/>"):
            return self._take_text(stop)
        if re.match(rb"<AppendedData[\s>]", head) and not tag.group().endswith(b"/>"):
            return self._take_data(tag.group(), stop)
        return stop

    def _take_text(self, start: int) -> int:
        end = self._find(b"<", start)
        end = self._size if end < 0 else end
        if end > start:
            self._kept += [self._bytes(self._copied, start), b"%d" % len(self._texts)]
            self._texts.append(Span(self._file, start, end))
            self._copied = end
        return end

    def _take_data(self, tag: bytes, start: int) -> int:
        end = self._last(_DATA_END)
        if end < start:
            raise self._ends()
        mark = self._find(b"_", start)
        if not start <= mark < end or self._bytes(start, mark).strip():
            raise FileFormatError("the appended data do not begin with an underscore", file=self._file,
                                  place="<AppendedData>")
        encoding = re.search(rb'encoding\s*=\s*["\'](\w+)["\']', tag)
        self._encoding = encoding.group(1).decode() if encoding else "base64"
        self._appended = Span(self._file, mark + 1, end)
        self._kept.append(self._bytes(self._copied, start))
        self._copied = end
        return end

    def _ends(self) -> FileFormatError:
        return FileFormatError("the file ends within its appended data", file=self._file, expected=_DATA_END.decode())

    def _bytes(self, start: int, end: int) -> bytes:
        """Bytes of the file, from the block at hand if it has them."""
        end = min(end, self._size)
        if self._start <= start and end <= self._start + len(self._block):
            return self._block[start - self._start:end - self._start]
        if end - start > _BLOCK // 2:
            self._stream.seek(start)
            return _whole(self._stream, end - start)
        self._load(start)
        return self._block[:end - start]

    def _load(self, start: int) -> None:
        self._stream.seek(start)
        self._start, self._block = start, _whole(self._stream, min(_BLOCK, self._size - start))

    def _find(self, what: bytes, start: int) -> int:
        """Where `what` is next; -1 where it is not."""
        while start < self._size:
            if not self._start <= start < self._start + len(self._block):
                self._load(start)
            found = self._block.find(what, start - self._start)
            if found >= 0:
                return self._start + found
            end = self._start + len(self._block)
            if end >= self._size:
                return -1
            start = max(end - len(what) + 1, start + 1)
            self._load(start)
        return -1

    def _last(self, what: bytes) -> int:
        """Where `what` is for the last time; -1 where it is not."""
        end = self._size
        while end > 0:
            start = max(end - _BLOCK, 0)
            self._load(start)
            found = self._block[:end - start].rfind(what)
            if found >= 0:
                return start + found
            if not start:
                return -1
            end = start + len(what) - 1
        return -1


def _whole(stream: BinaryIO, count: int) -> bytes:
    """So many bytes, which an unbuffered stream may give in parts; fewer at the end of the file."""
    data = stream.read(count)
    while len(data) < count:
        part = stream.read(count - len(data))
        if not part:
            break
        data += part
    return data
