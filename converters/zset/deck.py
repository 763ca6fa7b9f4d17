"""Zset's deck (.inp): constraints, loads, materials, temperature and increments, as romlib describes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from romlib_converters.zset.tables import CONSTANT, Table, Tables
from romlib_converters.zset.temperature import FieldFile, TemperatureHistory, read_temperature
from romlib_converters.zset.tree import Block, Word, describe, read_tree

from romlib.errors import FileFormatError, UnsupportedError
from romlib.files import is_file
from romlib.model import ArrayReference, Centrifugal, Constraint, Load, Omission, Pressure, TableAmplitude
from romlib.model.case import MOST_TIMES
from romlib.model.constraint import Component
from romlib.words import listed, plural

COMPONENTS: dict[str, Component] = {"U1": "x", "U2": "y", "U3": "z"}

# Sections that describe the computation or are read elsewhere, and do no virtual work.
_SECTIONS = ("mesh", "resolution", "linear_solver", "bc", "parameter", "table", "output", "material", "return",
             "init_dof_value", "function")


@dataclass(frozen=True)
class MaterialFile:
    """The behaviour number `number` of a file, on an elset (None: on every cell that no other material has).

    named : where the deck names it, for messages.
    """

    elset: str | None
    file: Path
    number: int
    named: str


@dataclass
class Deck:
    """What a deck says. fields : (faset, file of one value a face) of the pressures.

    schemes : keywords *integration with the elset of their materials, None for those of all. sources : file and line of
    loads, constraints and materials, by "section.name".
    """

    file: Path
    mesh_file: str
    constraints: dict[str, Constraint] = field(default_factory=dict)
    loads: dict[str, Load] = field(default_factory=dict)
    amplitudes: dict[str, TableAmplitude] = field(default_factory=dict)
    face_fields: list[tuple[str, FieldFile]] = field(default_factory=list)
    temperature: TemperatureHistory | None = None
    materials: list[MaterialFile] = field(default_factory=list)
    schemes: list[tuple[str | None, Block]] = field(default_factory=list)
    omissions: list[Omission] = field(default_factory=list)
    resolution: Block | None = None
    sources: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the deck is, and what it names."""
        return self.file.parent

    @property
    def temperature_interpolation(self) -> str:
        """How the temperature gets from nodes to points, in romlib's words."""
        return "shape" if self.temperature is None else self.temperature.interpolation


@dataclass(frozen=True)
class _Entry:
    """A load or a prescribed constraint before it has a name: that of its table where nothing else has it."""

    table_name: str | None
    target: str
    kind: str
    item: Load | Constraint
    amplitude: TableAmplitude
    word: Word

    @property
    def source(self) -> str:
        return _source(self.word)


def is_deck(path: Path) -> bool:
    """Whether a file looks like a Zset deck (other solvers use .inp too)."""
    if not is_file(path):
        return False
    with open(path, "rb") as stream:
        return b"****calcul" in stream.read(1 << 16)


def read_deck(path: Path) -> Deck:
    """The computation that a deck describes.

    Raises
    ------
    InputError : no such file. FileFormatError : no computation in it, or a contradiction.
    UnsupportedError : a part that would change the result and is not read, by its name.
    """
    tree = read_tree(path)
    calcul = tree.first("calcul")
    if len(tree.all("calcul")) > 1:
        raise UnsupportedError("a deck with several computations is not read", file=path, expected="one ****calcul",
                               place=tree.all("calcul")[1].place, remedy="make a deck of each")
    if calcul is None:
        raise FileFormatError("the deck has no computation", file=path, expected="****calcul",
                              found=", ".join(f"****{child.name}" for child in tree.children))
    _refuse(calcul, "a mechanical computation", ("mechanical",))
    mesh = calcul.require("mesh")
    _refuse(mesh, "small strain in three dimensions", ("small_deformation", "3D"))
    file = mesh.require("file")
    if len(file.words) != 1:
        raise FileFormatError("the name of the mesh file is missing", file=file.file, place=file.place)
    deck = Deck(path, file.words[0].text, resolution=calcul.first("resolution"))
    tables = Tables(calcul)
    _boundary_conditions(deck, calcul, tables)
    _parameters(deck, calcul, tables)
    _materials(deck, calcul)
    _initial_values(calcul)
    if tree.first("return") is None:
        deck.omissions.append(Omission(name="unfinished_deck", does_work=True, description=(
            "the deck does not end with ****return: it may be truncated, and lack loads, constraints or materials")))
    deck.omissions += [_omission(section, "***") for section in calcul.children if section.name not in _SECTIONS]
    return deck


def _refuse(block: Block, what: str, known: tuple[str, ...]) -> None:
    unknown = [word for word in block.arguments if word.text not in known]
    if unknown:
        raise UnsupportedError(f"romlib reads {what} only", file=block.file, place=block.place,
                               expected=", ".join(known), found=unknown[0].text)


def _omission(block: Block, stars: str) -> Omission:
    text = " ".join([f"{stars}{block.name}", *(word.text for word in block.words[:8])])
    return Omission(name=block.name, does_work=True, description=f"{text} (line {block.line} of the deck) is not read")


def _boundary_conditions(deck: Deck, calcul: Block, tables: Tables) -> None:
    entries: list[_Entry] = []
    for block in [child for section in calcul.all("bc") for child in section.children]:
        rows = [row for row in block.rows if row]
        if block.name == "impose_nodal_dof":
            entries += [entry for row in rows if (entry := _imposed(deck, row, tables)) is not None]
        elif block.name == "pressure":
            entries += [_pressure(deck, row, tables) for row in rows]
        elif block.name == "centrifugal":
            entries += [_centrifugal(row, tables) for row in rows]
        else:
            deck.omissions.append(_omission(block, "**"))
    uses = Counter(entry.table_name for entry in entries)
    for entry in entries:
        name = entry.table_name or f"{entry.kind}_{entry.target}"
        if uses[entry.table_name] > 1 and entry.table_name is not None:
            name = f"{entry.table_name}_{entry.target}"
        if name in deck.amplitudes or name in deck.constraints:
            name = f"{name}_{entry.kind}"
        if name in deck.amplitudes or name in deck.constraints:
            raise UnsupportedError("two loads of the same kind, set and table", file=deck.file, place=name)
        deck.amplitudes[name] = entry.amplitude
        if isinstance(entry.item, Constraint):
            deck.constraints[name] = entry.item
            deck.sources[f"constraints.{name}"] = deck.sources[f"prescribed.{name}"] = entry.source
        else:
            deck.loads[name] = entry.item
            deck.sources[f"loads.{name}"] = entry.source


def _source(word: Word) -> str:
    """File and line, in words."""
    return f"{word.file.name}, {word.place}"


def _row(row: list[Word], what: str, lengths: tuple[int, ...]) -> None:
    if len(row) not in lengths:
        raise FileFormatError("this boundary condition cannot be read", file=row[0].file, place=row[0].place,
                              expected=what, found=" ".join(word.text for word in row))


def _imposed(deck: Deck, row: list[Word], tables: Tables) -> _Entry | None:
    """`nset dof value [table]`: a fixed component where the value is zero."""
    _row(row, "nset, dof, value and table", (3, 4))
    nset, dof, value = row[0].text, row[1].text, row[2].number()
    if dof not in COMPONENTS:
        raise UnsupportedError("this degree of freedom is not read", file=row[1].file, place=row[1].place,
                               expected=", ".join(COMPONENTS), found=dof)
    components: tuple[Component, ...] = (COMPONENTS[dof],)
    if value == 0.0:
        deck.constraints[f"{nset}_{dof}"] = describe(Constraint, row[0], nodes=nset, components=components)
        deck.sources[f"constraints.{nset}_{dof}"] = _source(row[0])
        return None
    table = row[3] if len(row) == 4 else None
    return _Entry(table.text if table else None, f"{nset}_{dof}", "prescribed",
                  describe(Constraint, row[2], nodes=nset, components=components, kind="prescribed", value=value),
                  tables.read(table).amplitude(), row[0])


def _pressure(deck: Deck, row: list[Word], tables: Tables) -> _Entry:
    """`faset value [table]` or `faset file FILE [record] [table]`: Zset pushes along the normal, romlib against."""
    faset = row[0].text
    value: float | ArrayReference
    if len(row) > 1 and row[1].text == "file":
        _row(row, "faset, file, its name, record and table", (3, 4, 5))
        numbered = len(row) > 3 and row[3].try_number() is not None
        source = FieldFile(row[2].text, row[3].integer() if numbered else 1)
        deck.face_fields.append((faset, source))
        value, rest = ArrayReference(array=source.name), row[4 if numbered else 3:]
    else:
        _row(row, "faset, value and table", (2, 3))
        value, rest = row[1].number(), row[2:]
    table: Table = tables.read(rest[0]) if rest else CONSTANT
    return _Entry(rest[0].text if rest else None, faset, "pressure", Pressure(faces=faset, value=value),
                  table.amplitude(-1.0), row[0])


def _centrifugal(row: list[Word], tables: Tables) -> _Entry:
    """`elset (center) axis speed [table]`; the table multiplies the speed before it is squared."""
    text = " ".join(word.text for word in row)
    parts = text.replace("(", " ( ").replace(")", " ) ").split()
    words = iter([Word(part, row[0].file, row[0].line) for part in parts])
    try:
        elset, center, axis = next(words).text, _vector(words), _vector(words)
        rest = list(words)
    except StopIteration:
        rest = []
    if not 1 <= len(rest) <= 2:
        raise FileFormatError("this centrifugal load cannot be read", file=row[0].file, place=row[0].place,
                              expected="elset (center) axis speed table", found=text)
    table = rest[1] if len(rest) == 2 else None
    if axis == (0.0, 0.0, 0.0):
        raise FileFormatError("the axis of a centrifugal load has no direction", file=row[0].file, place=row[0].place,
                              found=text)
    load = Centrifugal(cells=_cells(elset), center=center, axis=axis, speed=rest[0].number())
    return _Entry(table.text if table else None, elset, "centrifugal", load, tables.read(table).amplitude(), row[0])


def _vector(words: Iterator[Word]) -> tuple[float, float, float]:
    """`( x y z )`, or an axis `d1`, `d2`, `d3`."""
    first = next(words)
    if first.text in ("d1", "d2", "d3"):
        x, y, z = (float(first.text == f"d{k}") for k in (1, 2, 3))
        return x, y, z
    x, y, z = (next(words).number() for _ in range(3))
    last = next(words)
    if first.text != "(" or last.text != ")":
        raise FileFormatError("a vector is expected here", file=first.file, place=first.place,
                              expected="(x y z), d1, d2 or d3", found=f"{first.text} ... {last.text}")
    return x, y, z


def _cells(elset: str) -> str:
    return "all" if elset == "ALL_ELEMENT" else elset


def _parameters(deck: Deck, calcul: Block, tables: Tables) -> None:
    for block in [child for section in calcul.all("parameter") for child in section.children]:
        name = block.arguments[0].text if block.arguments else ""
        if name != "temperature":
            deck.omissions.append(Omission(
                name=f"parameter_{name or block.name}", does_work=False, description=(
                    f"**{block.name} {name} (line {block.line} of the deck): no romlib law reads this parameter")))
        elif block.name != "file" or deck.temperature is not None:
            raise UnsupportedError("this description of the temperature is not read", file=block.file,
                                   place=block.place, expected="one **file temperature", found=f"**{block.name} {name}")
        else:
            deck.temperature = read_temperature(block, tables)
            deck.sources["temperature"] = f"{block.file.name}, {block.place}"


def _materials(deck: Deck, calcul: Block) -> None:
    """`*file FILE [number]` or `*this_file [number]`, on the elset that `**elset` or an earlier `*elset` names."""
    for section in calcul.all("material"):
        _material_files(deck, section, None)
        for block in section.all("elset"):
            elset = block.arguments[0].text if block.arguments else ""
            _material_files(deck, block, None if elset == "ALL_ELEMENT" else elset)


def _material_files(deck: Deck, block: Block, elset: str | None) -> None:
    for child in block.children:
        words = list(child.arguments)
        if child.name == "elset" and child.stars == 1 and words:
            elset = None if words[0].text == "ALL_ELEMENT" else words[0].text
        elif child.name in ("file", "this_file"):
            file = deck.file if child.name == "this_file" else deck.folder / words.pop(0).text if words else None
            if file is None:
                raise FileFormatError("the name of the material file is missing", file=child.file, place=child.place)
            deck.materials.append(MaterialFile(
                elset, file, words[0].integer() if words else 1, f"named in {child.file.name}, {child.place}"))
        elif child.name == "integration":
            deck.schemes.append((elset, child))
        elif child.name != "elset":
            raise UnsupportedError("this option of a material is not read", file=child.file, place=child.place,
                                   expected="*file, *this_file, *integration, **elset", found=child.name)


def _initial_values(calcul: Block) -> None:
    for block in calcul.all("init_dof_value"):
        wrong = [word for word in block.words if word.try_number() not in (None, 0.0) or word.text == "file"]
        if wrong:
            raise UnsupportedError("only initial displacements of zero are read", file=block.file, place=block.place,
                                   expected=0, found=wrong[0].text)


def deck_times(deck: Deck) -> tuple[float, ...]:
    """Times that the deck asks for: zero, then every increment of every cycle.

    Raises
    ------
    FileFormatError : the deck has no increments. UnsupportedError : a schedule that is not read.
    """
    resolution = deck.resolution
    blocks = [child for child in (resolution.children if resolution else []) if child.name in ("cycles", "sequence")]
    if len(blocks) != 1:
        place = resolution.place if resolution else "***resolution"
        raise UnsupportedError("a schedule is read from one **cycles or one **sequence", file=deck.file, place=place,
                               found=f"{len(blocks)} of them")
    block = blocks[0]
    ends, increments = (np.array(block.require(name).numbers()) for name in ("time", "increment"))
    increasing = (np.diff(ends, prepend=0.0) > 0).all()
    whole = ((increments >= 1) & (increments == np.floor(increments))).all()
    if not len(ends) or len(ends) != len(increments) or not increasing or not whole:
        raise FileFormatError("increasing times are needed, each with a number of increments", file=block.file,
                              place=block.place,
                              found=f"times {listed(ends[:9])}; increments {listed(increments[:9])}")
    cycles = block.arguments[0].integer() if block.name == "cycles" and block.arguments else 1
    if cycles * increments.sum() > MOST_TIMES:
        raise UnsupportedError("the deck asks for more increments than romlib solves at once", file=block.file,
                               place=block.place, expected=f"at most {MOST_TIMES}",
                               found=f"{cycles * increments.sum():.3g}")
    starts = np.concatenate([[0.0], ends[:-1]])
    one = np.concatenate([np.linspace(a, b, int(n) + 1)[1:] for a, b, n in zip(starts, ends, increments)])
    times = np.concatenate([[0.0], *(one + ends[-1] * cycle for cycle in range(cycles))])
    if not (np.diff(times) > 0).all():
        raise FileFormatError("an increment is lost in the rounding of the times", file=block.file, place=block.place,
                              found=f"{plural(len(times) - 1, 'increment')} up to {times[-1]:g}")
    return tuple(times.tolist())
