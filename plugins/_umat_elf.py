"""What an ELF file says of itself: machine, kind, symbols that it defines and lacks, libraries that it needs.

Read before a library is loaded, so that a wrong file is refused with words instead of the loader's. Layout: System V
ABI, chapter 4 and 5, and its 64-bit extension.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

MACHINES = {3: "x86 (32 bit)", 20: "PowerPC", 21: "PowerPC 64", 40: "ARM (32 bit)", 62: "x86-64", 183: "ARM 64",
            243: "RISC-V"}
RELOCATABLE, EXECUTABLE, SHARED = 1, 2, 3
_DYNAMIC, _DYNSYM = 6, 11  # types of sections
_NEEDED = 1  # tag of a dynamic entry
_FUNCTION_KINDS, _WEAK = (2, 10), 2


@dataclass(frozen=True)
class Elf:
    """bits : 32 or 64. little : byte order. machine, kind : numbers of the header.

    functions : names of the functions that it defines. undefined : symbols that it must get elsewhere.
    needed : libraries that it names. All empty where the file is not for 64 bits or has no section headers.
    """

    bits: int
    little: bool
    machine: int
    kind: int
    functions: tuple[str, ...] = ()
    undefined: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()

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
    if bits != 64:
        return Elf(bits, little, machine, kind)
    try:
        functions, undefined, needed = _dynamic_symbols(data, order)
    except (struct.error, IndexError, ValueError):
        return None
    return Elf(bits, little, machine, kind, functions, undefined, needed)


def _dynamic_symbols(data: bytes, order: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Functions defined, symbols undefined (not weak), libraries needed."""
    (start,) = struct.unpack_from(f"{order}Q", data, 40)
    size, count = struct.unpack_from(f"{order}HH", data, 58)
    if start + size * count > len(data):
        raise ValueError("the section headers are beyond the end of the file")
    sections = [struct.unpack_from(f"{order}IIQQQQIIQQ", data, start + size * k) for k in range(count)]
    functions, undefined, needed = [], [], []
    for section in sections:
        kind, offset, length, link, entry = section[1], section[4], section[5], section[6], section[9]
        if kind not in (_DYNAMIC, _DYNSYM) or not entry:
            continue
        names = sections[link][4]
        for at in range(offset, offset + length, entry):
            if kind == _DYNAMIC:
                tag, value = struct.unpack_from(f"{order}qQ", data, at)
                if tag == _NEEDED:
                    needed.append(_text(data, names + value))
                continue
            name, info, _, where = struct.unpack_from(f"{order}IBBH", data, at)
            if not name:
                continue
            if where == 0:
                if info >> 4 != _WEAK:
                    undefined.append(_text(data, names + name))
            elif info & 15 in _FUNCTION_KINDS:
                functions.append(_text(data, names + name))
    return tuple(functions), tuple(undefined), tuple(needed)


def _text(data: bytes, start: int) -> str:
    return data[start:data.index(b"\0", start)].decode(errors="replace")
