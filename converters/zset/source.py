"""Where the files of a Zset computation are: one set of results, or one a subdomain (NAME-001, NAME-002, ...)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from romlib_converters.common.paths import one_path
from romlib_converters.zset.deck import Deck, is_deck
from romlib_converters.zset.geo import MAGIC, read_geo
from romlib_converters.zset.geof import ZsetMesh, read_geof
from romlib_converters.zset.results import DTYPE, ResultHeader, map_records, read_field_file, read_ut
from romlib_converters.zset.temperature import FieldFile
from romlib_converters.zset.tree import read_tree

from romlib.errors import FileFormatError, InputError
from romlib.files import is_file, kind_of
from romlib.mesh.ids import IdIndex
from romlib.words import plural

MOST_SUBDOMAINS = 100_000
_SUBDOMAIN = re.compile(r"(.+)-(\d{3,})")


@dataclass(frozen=True)
class Computation:
    """The deck, if there is one, and the headers of the results: one, or one a subdomain in their order."""

    deck: Path | None
    headers: tuple[Path, ...]
    subdomains: bool

    @property
    def folder(self) -> Path:
        """Where the results are."""
        return self.headers[0].parent


@dataclass(frozen=True, eq=False)
class Source:
    """Results with their mesh. number : of the subdomain (from one), or None.

    node_map, ip_map : (n_record, values a record), or None where the header has no such variables.
    """

    mesh: ZsetMesh
    header: ResultHeader
    number: int | None
    node_map: np.ndarray
    ip_map: np.ndarray | None
    ip_path: Path
    node_path: Path

    @cached_property
    def nodes(self) -> IdIndex:
        """Positions of node ids in the files."""
        return IdIndex(self.mesh.node_ids)

    @cached_property
    def elements(self) -> IdIndex:
        """Positions of element ids in the files."""
        return IdIndex(self.mesh.element_ids)

    @property
    def files(self) -> list[Path]:
        """What the results were read from."""
        maps = [self.node_path] + ([self.ip_path] if self.ip_map is not None else [])
        return [self.header.file, self.mesh.file, *maps]


def locate(source: Path | list[Path]) -> Computation:
    """The computation of a deck, a .ut header, or a folder with one computation that ran.

    Raises
    ------
    InputError : there is none, or there are several. FileFormatError : a subdomain is missing.
    """
    path = one_path(source, "Zset", ".ut")
    if path.is_dir():
        decks = [deck for deck in sorted(path.glob("*.inp")) if is_deck(deck) and _headers(deck.with_suffix(""))]
        if len(decks) != 1:
            raise InputError("the folder must have one deck with results", file=path, remedy="name the deck itself",
                             expected="one NAME.inp with NAME.ut",
                             found=", ".join(deck.name for deck in decks) or "none")
        path = decks[0]
    base = path.with_suffix("")
    match = _SUBDOMAIN.fullmatch(base.name)
    if path.suffix == ".ut" and match and not base.with_suffix(".inp").exists():
        base = base.with_name(match[1])
    headers = _headers(base)
    if not headers:
        raise InputError("the computation has no results", file=path, expected=f"{base.name}.ut or {base.name}-001.ut",
                         found="neither", remedy="run the solver, or name the deck that ran; the times and loads of a "
                                                 "deck without results can be read as a case")
    deck = base.with_suffix(".inp")
    computation = Computation(deck if deck.is_file() else None, tuple(headers), headers[0].stem != base.name)
    _check_count(computation, base.with_suffix(".cut"))
    return computation


def _headers(base: Path) -> list[Path]:
    whole = base.with_name(f"{base.name}.ut")
    if whole.is_file():
        return [whole]
    found = {int(match[2]): path for path in base.parent.glob(f"{base.name}-*.ut")
             if (match := _SUBDOMAIN.fullmatch(path.stem)) and match[1] == base.name}
    return [found[number] for number in sorted(found)]


def _check_count(computation: Computation, cut: Path) -> None:
    """Every subdomain that the .cut lists, or that numbers from 001 without a gap, must have its results."""
    if not computation.subdomains:
        return
    numbers = [subdomain_number(header) for header in computation.headers]
    expected = max(numbers)
    if cut.is_file():
        block = read_tree(cut).first("decomposition")
        domains = block.first("domains") if block else None
        if domains is None or not domains.words:
            raise FileFormatError("the list of subdomains has no number of domains", file=cut, expected="**domains N")
        expected = domains.words[0].integer(most=MOST_SUBDOMAINS)
    missing = sorted(set(range(1, expected + 1)) - set(numbers))
    if missing or len(numbers) != expected:
        raise FileFormatError("the results of a subdomain are missing", file=computation.folder,
                              expected=f"{expected} subdomains", found=f"{len(numbers)}",
                              place=f"subdomain {missing[0]}" if missing else cut.name)


def subdomain_number(path: Path) -> int:
    """The number at the end of a subdomain's file name."""
    match = _SUBDOMAIN.fullmatch(path.stem)
    if match is None:
        raise InputError("this is not the file of a subdomain", file=path, expected="NAME-001, NAME-002, ...")
    return int(match[2])


def open_sources(computation: Computation, n_point: dict[str, int]) -> list[Source]:
    """Results and meshes of all subdomains; n_point : integration points by element type."""
    sources = [_open(header, computation, n_point) for header in computation.headers]
    first = sources[0].header
    for source in sources[1:]:
        header = source.header
        same = header.node_variables == first.node_variables and header.ip_variables == first.ip_variables
        if not same or not np.array_equal(header.times, first.times):
            raise FileFormatError("the subdomains do not have the same variables and times", file=header.file,
                                  expected=f"those of {first.file.name}, {plural(first.n_record, 'record')}",
                                  found=plural(header.n_record, "record"))
    return sources


def _open(path: Path, computation: Computation, n_point: dict[str, int]) -> Source:
    header = read_ut(path)
    mesh = read_mesh(find_mesh(computation.folder, header.mesh_file))
    node_path, ip_path = path.with_suffix(".node"), path.with_suffix(".integ")
    n_node, n_ip = len(mesh.node_ids), sum(n_point[name] * len(rows) for name, (rows, _) in mesh.connectivity.items())
    node_variables, ip_variables = len(header.node_variables), len(header.ip_variables)
    if not {"U1", "U2", "U3"} <= set(header.node_variables):
        raise FileFormatError("the results have no displacement", file=path, expected="**node U1 U2 U3",
                              found=" ".join(header.node_variables) or "no node variables")
    node_map = map_records(node_path, header, n_node * node_variables,
                           f"{plural(node_variables, 'variable')} of {plural(n_node, 'node')}")
    ip_map = None
    if ip_variables:
        ip_map = map_records(ip_path, header, n_ip * ip_variables,
                             f"{plural(ip_variables, 'variable')} of {plural(n_ip, 'integration point')}")
    return Source(mesh, header, subdomain_number(path) if computation.subdomains else None, node_map, ip_map, ip_path,
                  node_path)


def find_mesh(folder: Path, name: str) -> Path:
    """The mesh file that a deck or header names: where it says, or beside it."""
    path = folder / name
    beside = folder / Path(name.replace("\\", "/")).name
    return path if is_file(path) or not is_file(beside) else beside


def read_mesh(path: Path) -> ZsetMesh:
    """A mesh in text or in binary."""
    if is_file(path):
        with open(path, "rb") as stream:
            if stream.read(len(MAGIC)) == MAGIC:
                return read_geo(path)
    return read_geof(path)


def subdomain_file(folder: Path, name: str, number: int | None) -> Path | None:
    """The field file of a subdomain (stem-001.node), or None where only the whole model's exists."""
    path = folder / name
    if number is None:
        return path
    own = path.with_name(f"{path.stem}-{number:03d}{path.suffix}")
    return own if is_file(own) else None


def uniform_value(folder: Path, field: FieldFile, rec_size: int | None) -> float | None:
    """The value of a field that is the same everywhere, else None."""
    path = folder / field.file
    parts = [path]
    if kind_of(path) is None:
        parts = sorted(path.parent.glob(f"{path.stem}-[0-9][0-9][0-9]*{path.suffix}"))
    if not parts:
        raise InputError("the field file that the deck names does not exist", file=path,
                         remedy="put it beside the deck")
    values = []
    for part in parts:
        whole = rec_size if part == path and rec_size else part.stat().st_size // DTYPE.itemsize
        if part != path and field.record != 1:
            return None  # the size of a subdomain's record is not known here; a uniform field is a field too
        values.append(read_field_file(part, field.record, whole, "values"))
    every = np.concatenate(values)
    return float(every[0]) if every.size and (every == every[0]).all() else None


def fingerprint_files(computation: Computation, deck: Deck | None, sources: list[Source]) -> list[Path]:
    """Every file that the snapshots come from, each once, in a fixed order."""
    files = [] if deck is None else [deck.file, *(material.file for material in deck.materials)]
    names = [] if deck is None else [field.file for _, field in deck.face_fields]
    if deck is not None and deck.temperature is not None:
        names += [field.file for field in deck.temperature.files]
    for name in names:
        own = [path for s in sources if (path := subdomain_file(computation.folder, name, s.number)) is not None]
        files += own if len(own) == len(sources) else [computation.folder / name]
    files += [path for source in sources for path in source.files]
    return list(dict.fromkeys(files))
