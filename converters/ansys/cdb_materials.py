"""Materials in a .cdb: MP, MPTEMP with MPDATA, and the tables (TB) of hardening and of anisotropic elasticity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from romlib_converters.ansys.blocks import Command, Lines
from romlib_converters.ansys.cdb import Cdb
from romlib_converters.ansys.materials import AnsysMaterial, Hardening, Property

from romlib.errors import FileFormatError

_MOST_TEMPERATURES = 100
_WRITTEN = ("R5", "UNBL")  # how CDWRITE begins the fields of MPTEMP and MPDATA
_OF_IDS = ("UMID", "UVID")  # who made the material
_OF_PLASTIC = ("PLAS", "PLASTIC")


@dataclass
class _Table:
    """A table that is being read: TB, and the values of each of its temperatures. points : of TBPT. option : TBOPT."""

    kind: str
    material: int
    place: str
    temperatures: list[float] = field(default_factory=list)
    values: dict[int, float] = field(default_factory=dict)
    points: list[tuple[float, float]] = field(default_factory=list)
    option: str = ""


def deck_materials(cdb: Cdb) -> list[AnsysMaterial]:
    """The materials of a .cdb, by their numbers.

    Raises
    ------
    FileFormatError : a number that cannot be read, with the line.
    """
    return list(_Reader(cdb.lines).read(cdb.commands).values())


class _Reader:
    """Goes through the commands once."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._found: dict[int, AnsysMaterial] = {}
        self._temperatures: list[float] = []
        self._values: dict[tuple[int, str], list[float]] = {}
        self._table: _Table | None = None

    def read(self, commands: Sequence[Command]) -> dict[int, AnsysMaterial]:
        """All materials, by number."""
        for command in commands:
            if command.name == "MP":
                self._mp(command)
            elif command.name == "MPTEMP":
                self._mptemp(command)
            elif command.name == "MPDATA":
                self._mpdata(command)
            elif command.name == "TB":
                self._finish()
                self._table = self._begin(command)
            elif command.name.startswith("TB") and self._table is not None:
                self._data(command)
        self._finish()
        return dict(sorted(self._found.items()))

    def _material(self, number: int) -> AnsysMaterial:
        return self._found.setdefault(number, AnsysMaterial(number))

    def _number(self, command: Command, word: str) -> float:
        try:
            value = float(word.upper().replace("D", "E"))
        except ValueError:
            value = float("nan")
        if not abs(value) < float("inf"):
            raise FileFormatError(f"a number of the command {command.name} cannot be read", file=self._lines.file,
                                  place=self._lines.place(command.line), expected="a finite number", found=word)
        return value

    def _count(self, command: Command, position: int) -> int:
        word = command.fields[position] if position < len(command.fields) else ""
        if not word.isdigit():
            raise FileFormatError(f"a number of the command {command.name} cannot be read", file=self._lines.file,
                                  place=self._lines.place(command.line), expected="a whole number",
                                  found=word or "none")
        return int(word)

    def _numbers(self, command: Command, first: int) -> list[float]:
        words = [word for word in command.fields[first:]]
        while words and not words[-1]:
            words.pop()
        return [self._number(command, word) if word else 0.0 for word in words]

    def _mp(self, command: Command) -> None:
        label, number, values = command.fields[0].upper(), self._count(command, 1), self._numbers(command, 2)
        if any(values[1:]):
            self._material(number).others.append(f"{label} is a polynomial of the temperature")
        elif values:
            self._material(number).properties[label] = Property((0.0,), (values[0],))

    def _mptemp(self, command: Command) -> None:
        written = command.fields[0].upper().startswith(_WRITTEN)
        if not any(command.fields[1 if written else 0:]):  # all temperatures are forgotten
            self._temperatures = []
            return
        first = self._count(command, 2 if written else 0)
        _place(self._temperatures, first, self._numbers(command, 3 if written else 1))

    def _mpdata(self, command: Command) -> None:
        written = command.fields[0].upper().startswith(_WRITTEN)
        at = 2 if written else 0
        label, number = command.fields[at].upper() if at < len(command.fields) else "", self._count(command, at + 1)
        word = command.fields[at + 2] if at + 2 < len(command.fields) else ""
        first = self._count(command, at + 2) if word else 1
        values = self._values.setdefault((number, label), [])
        if first == 1:
            values.clear()
        _place(values, first, self._numbers(command, at + 3))
        if label not in _OF_IDS:
            own = self._temperatures[:len(values)] if len(self._temperatures) >= len(values) else [0.0] * len(values)
            self._material(number).properties[label] = Property(tuple(own), tuple(values))

    def _begin(self, command: Command) -> _Table:
        fields = [*(word.upper() for word in command.fields), "", "", "", "", ""]
        kind = fields[4] or "BISO" if fields[0] in _OF_PLASTIC else fields[0]
        return _Table(kind, self._count(command, 1), self._lines.place(command.line), option=fields[4])

    def _data(self, command: Command) -> None:
        table, name = self._table, command.name
        assert table is not None
        if name.startswith("TBTE"):
            table.temperatures.append(self._number(command, command.fields[0] or "0"))
        elif name.startswith("TBDA"):
            first = self._count(command, 0) if command.fields[0] else 1
            table.values.update({first + k: value for k, value in enumerate(self._numbers(command, 1))})
        elif name.startswith("TBPT"):
            values = self._numbers(command, 1)
            if len(values) > 1:
                table.points.append((values[0], values[1]))

    def _finish(self) -> None:
        table, self._table = self._table, None
        if table is None:
            return
        material = self._material(table.material)
        what = f"TB,{table.kind} ({table.place})"
        if len(table.temperatures) > 1:
            material.others.append(f"{what} depends on temperature")
        elif table.kind in ("BISO", "BKIN", "MISO", "NLISO"):
            material.hardening.append(Hardening(table.kind, dict(table.values), tuple(table.points), what))
        elif table.kind == "ANEL" and table.option in ("", "0", "1") and material.matrix is None:
            material.matrix, material.flexibility = dict(table.values), table.option == "1"
        else:
            material.others.append(f"{what} is not read")


def _place(values: list[float], first: int, new: list[float]) -> None:
    """Put values at a position from one on."""
    end = first - 1 + len(new)
    if end <= _MOST_TEMPERATURES:
        values += [0.0] * (end - len(values))
        values[first - 1:end] = new
