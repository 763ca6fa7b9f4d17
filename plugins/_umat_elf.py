"""What an ELF file says of itself: machine, kind, symbols that it defines and lacks, libraries that it needs.

Read before a library is loaded, so that a wrong file is refused with words instead of the loader's. Layout: System V
ABI, chapter 4 and 5, and its 64-bit extension.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

MACHINES = {3: "x86 (32 bit)", 20: "PowerPC", 21: "PowerPC 64", 40: "ARM (32 bit)", 62: "x86-64", 183: "ARM 64",
            243: "RISC-V"}
SHARED = 3  # kind of file: neither relocatable (1) nor a program at a fixed address (2)
_DYNAMIC, _DYNSYM, _RELA = 6, 11, 4  # types of sections
_LOADED, _EXECUTABLE_SEGMENT = 1, 1  # type of a segment, and its flag
# Tags of dynamic entries. The loader also loads the libraries that filters and auditors name.
_NEEDED, _SONAME, _RPATH, _RUNPATH, _OTHERS = 1, 14, 15, 29, (0x7ffffffd, 0x7fffffff, 0x6ffffefb, 0x6ffffefc)
_FUNCTION, _INDIRECT = 2, 10  # types of symbols
_GLOBAL, _WEAK = 1, 2  # bindings
_DEFAULT, _PROTECTED = 0, 3  # visibilities
_FIRST_RESERVED_SECTION = 0xff00
# Relocations that put the address of a symbol into memory as it is: absolute, GLOB_DAT, JUMP_SLOT, by machine.
_ADDRESS_KINDS = {62: (1, 6, 7), 183: (257, 1025, 1026)}
_PAGE = 4096


@dataclass(frozen=True)
class Elf:
    """bits : 32 or 64. little : byte order. machine, kind : numbers of the header.

    functions : the functions that others may call and that its own code has, by name; their values. indirect : names
    that stand for a function which is chosen when the library is loaded. undefined : symbols that it must get
    elsewhere. needed : libraries that it names. run_paths : where they are looked for, as written. soname : its own
    name. slots : where in memory it keeps the addresses of symbols that are found when it is loaded. start : the
    address of its first page, from which values count. sections : how many headers of sections it has.
    All empty where the file is not for 64 bits or has no section headers.
    """

    bits: int
    little: bool
    machine: int
    kind: int
    functions: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    indirect: tuple[str, ...] = ()
    undefined: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    run_paths: tuple[str, ...] = ()
    soname: str | None = None
    slots: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    start: int = 0
    sections: int = 0

    @property
    def architecture(self) -> str:
        """In words."""
        name = MACHINES.get(self.machine, f"machine {self.machine}")
        return f"{name}, {'little' if self.little else 'big'} endian, {self.bits} bits"


def read_elf(path: Path) -> Elf | None:
    """The header and the dynamic symbols of a file; None where it is no ELF file, or a damaged one."""
    data = path.read_bytes()
    if len(data) < 64 or data[:4] != b"\x7fELF" or data[4] not in (1, 2) or data[5] not in (1, 2):
        return None
    bits, little = 32 * data[4], data[5] == 1
    order = "<" if little else ">"
    kind, machine = struct.unpack_from(f"{order}HH", data, 16)
    elf = Elf(bits, little, machine, kind)
    if bits != 64:
        return elf
    try:
        return _with_symbols(elf, data, order)
    except (struct.error, IndexError, ValueError, OverflowError):
        return None


def _with_symbols(elf: Elf, data: bytes, order: str) -> Elf:
    """The same with what its dynamic section, its symbols and its relocations say."""
    sections = _sections(data, order)
    segments = _segments(data, order)
    entries = [(*struct.unpack_from(f"{order}qQ", data, at), names)
               for at, names, _ in _entries(data, sections, _DYNAMIC)]
    names_of = {tag: [_text(data, names + value) for found, value, names in entries if found == tag]
                for tag in (_NEEDED, _SONAME, _RPATH, _RUNPATH, *_OTHERS)}
    functions: dict[str, tuple[int, ...]] = {}
    indirect, undefined = [], []
    for at, names, _ in _entries(data, sections, _DYNSYM):
        name_at, info, other, where, value = struct.unpack_from(f"{order}IBBHQ", data, at)
        binding, kind = info >> 4, info & 15
        if not name_at:
            continue
        name = _text(data, names + name_at)
        if where == 0:
            undefined += [name] if binding != _WEAK else []
        elif kind == _INDIRECT:
            indirect.append(name)
        elif (kind == _FUNCTION and binding in (_GLOBAL, _WEAK) and other & 3 in (_DEFAULT, _PROTECTED)
              and where < _FIRST_RESERVED_SECTION and _is_code(segments, value)):
            functions[name] = (*functions.get(name, ()), value)
    loaded = [address for kind, flags, address, size in segments if kind == _LOADED]
    return replace(
        elf, functions=functions, indirect=tuple(indirect), undefined=tuple(undefined),
        needed=tuple(name for tag in (_NEEDED, *_OTHERS) for name in names_of[tag]),
        run_paths=(*names_of[_RPATH], *names_of[_RUNPATH]), soname=next(iter(names_of[_SONAME]), None),
        slots=_slots(elf.machine, data, order, sections), start=min(loaded, default=0) // _PAGE * _PAGE,
        sections=len(sections))


def _sections(data: bytes, order: str) -> list[tuple[int, ...]]:
    (start,) = struct.unpack_from(f"{order}Q", data, 40)
    size, count = struct.unpack_from(f"{order}HH", data, 58)
    if start + size * count > len(data):
        raise ValueError("the section headers are beyond the end of the file")
    return [struct.unpack_from(f"{order}IIQQQQIIQQ", data, start + size * k) for k in range(count)]


def _segments(data: bytes, order: str) -> list[tuple[int, int, int, int]]:
    """(type, flags, address, size in memory) of each."""
    (start,) = struct.unpack_from(f"{order}Q", data, 32)
    size, count = struct.unpack_from(f"{order}HH", data, 54)
    headers = [struct.unpack_from(f"{order}IIQQQQQQ", data, start + size * k) for k in range(count)]
    return [(kind, flags, address, length) for kind, flags, _, address, _, _, length, _ in headers]


def _is_code(segments: list[tuple[int, int, int, int]], value: int) -> bool:
    return any(kind == _LOADED and flags & _EXECUTABLE_SEGMENT and address <= value < address + size
               for kind, flags, address, size in segments)


def _entries(data: bytes, sections: list[tuple[int, ...]], wanted: int) -> Iterator[tuple[int, int, int]]:
    """(position in the file, position of the names, linked section) of the entries of all sections of a type."""
    for section in sections:
        kind, offset, length, link, entry = section[1], section[4], section[5], section[6], section[9]
        if kind == wanted and entry:
            for at in range(offset, min(offset + length, len(data)), entry):
                yield at, sections[link][4], link


def _slots(machine: int, data: bytes, order: str, sections: list[tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """By symbol, the places that get its address."""
    kinds, found = _ADDRESS_KINDS.get(machine, ()), dict[str, tuple[int, ...]]()
    for at, symbols, link in _entries(data, sections, _RELA):
        place, info = struct.unpack_from(f"{order}QQ", data, at)
        if info & 0xffffffff not in kinds or sections[link][1] != _DYNSYM or not info >> 32:
            continue
        (name_at,) = struct.unpack_from(f"{order}I", data, symbols + (info >> 32) * sections[link][9])
        name = _text(data, sections[sections[link][6]][4] + name_at)
        found[name] = (*found.get(name, ()), place)
    return found


def _text(data: bytes, start: int) -> str:
    return data[start:data.index(b"\0", start)].decode(errors="replace")
