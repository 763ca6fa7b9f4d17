"""CalculiX: results .frd (text and binary), deck .inp, and values at integration points from the .dat."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from romlib_converters.calculix.bare import bare_mesh, rows_of
from romlib_converters.calculix.dat import DatFields
from romlib_converters.calculix.deck import Deck, is_deck, read_deck, read_deck_mesh
from romlib_converters.calculix.expanded import WEDGES, Wedges, refuse_solids
from romlib_converters.calculix.frd import FrdFile, FrdRecord
from romlib_converters.calculix.frd_data import FrdElements
from romlib_converters.calculix.model import ModelBuilder
from romlib_converters.calculix.nodal import nodal_field
from romlib_converters.calculix.sections import SectionAxes
from romlib_converters.calculix.source import Computation, locate, notes_of, open_results, record_times
from romlib_converters.calculix.sta import read_sta
from romlib_converters.common.paths import case_path
from romlib_converters.common.sink import Values, write_snapshots
from romlib_converters.keyword.cards import Card, where
from romlib_converters.keyword.case import DeckCases, deck_model, increment_times
from romlib_converters.keyword.mesh import InpMesh
from romlib_converters.keyword.model import NLGEOM
from romlib_converters.keyword.places import Places
from romlib_converters.keyword.relations import adjustment, with_relations
from romlib_converters.keyword.systems import NodeSystems

from romlib.errors import FileFormatError, InputError
from romlib.mesh.mesh import Mesh
from romlib.mesh.partition import Rows, partition, rows_in
from romlib.mesh.skin import add_skin
from romlib.mesh.validity import check_mesh
from romlib.model import Model, Omission, UnitSystem
from romlib.snapshots.converter import DeckModel, Progress, checked_options, read_units
from romlib.snapshots.nodal_fields import NodalField
from romlib.snapshots.schema import FieldSpec
from romlib.tensors import mandel_from_vtk
from romlib.words import plural, unknown

_OPTIONS = ("deck", "incomplete", "elements", "thickness", "nodal_fields", "dat")
# romlib's field and number of components by the name of the .frd; others are extrapolated to nodes: see `nodal_fields`
_FIELDS = {"DISP": ("displacement", 3), "FORC": ("internal_force", 3), "NDTEMP": ("temperature", 1)}
_NODAL = ("STRESS", "SDV")
_VECTORS = ("DISP", "FORC")
_ACROSS = 1e-6  # of the largest component: rounding leaves less of one across the plane


class CalculixConverter(DeckCases):
    """CalculiX's files as a snapshots file; the deck's materials, loads, constraints and amplitudes go with them.

    Options
    -------
    deck : the deck, where it does not have the name of the results. incomplete : take a truncated .frd up to its last
    complete increment. elements : types by those of the .frd, where there is no deck; thickness : of a body in plane
    strain then, 1 by default. nodal_fields : results at nodes to carry along beside displacement, force and
    temperature, as nodal_NAME; default STRESS and SDV where they are. dat : whether to take values at integration
    points from the .dat.
    """

    name = "calculix"
    suffixes = (".frd", ".inp")
    reads = "results .frd (text and binary), decks .inp, values at integration points of .dat"
    reader = extra = None

    def can_read(self, path: Path) -> bool:
        """Whether a path is a .frd, a keyword deck, or a folder with a .frd."""
        path = Path(path)
        if path.is_dir():
            return any(path.glob("*.frd"))
        if not path.is_file():
            return False
        if path.suffix.lower() == ".frd":
            with open(path, "rb") as stream:
                return stream.read(6) in (b"    1C", b"    1U")
        return path.suffix.lower() == ".inp" and is_deck(path)

    def convert(
        self, source: Path | list[Path], target: Path, *, pieces: int | None = None, units: str | None = None,
        options: dict[str, Any] | None = None, progress: Progress | None = None,
    ) -> None:
        """Write the snapshots file of a computation; see `romlib.snapshots.converter.Converter`.

        Parameters
        ----------
        source : deck (.inp), results (.frd), or a folder with one .frd.

        Raises
        ------
        InputError, FileFormatError, UnsupportedError : with file and place; nothing is left at `target`.
        """
        options = checked_options(self.name, options, _OPTIONS)
        unit_system = read_units(units)
        computation = locate(source, options)
        deck = None if computation.deck is None else read_deck(computation.deck)  # it says first what is not reduced
        frd = open_results(computation.frd, options.get("incomplete", False))
        steps = [] if deck is None else deck.steps
        lengths = read_sta(computation.sta)
        times, known = record_times(frd.records, steps, lengths)
        omissions = notes_of(frd, steps, times, known, lengths)
        bare = None if deck is not None else bare_mesh(frd, options.get("elements"), options.get("thickness"))
        given: Deck | Mesh = deck or bare
        results = _Results(frd, _nodal_names(options), deck, given if isinstance(given, Mesh) else given.places.mesh)
        mesh, dat, model = _model(computation, frd, given, times, unit_system, omissions, results, options)
        tied = [] if deck is None else [link.keys // 3 for link in deck.links.found if link.card.keyword == "TIE"]
        rows = rows_of(frd, mesh, np.unique(np.concatenate([np.empty(0, np.int64), *tied])))
        frd.elements = FrdElements({})  # which are in the mesh, and take as much room as it
        results.rows = slice(None) if np.array_equal(rows, np.arange(len(frd.node_ids))) else rows
        del rows
        if tied and frd.records[0].blocks["DISP"].binary:  # then the coordinates are those the solver computed with
            mesh = replace(mesh, points=frd.points[results.rows, :mesh.dimension])
        check_mesh(mesh, computation.deck or computation.frd)
        cut = add_skin(partition(mesh, pieces or 1))
        sources: list[tuple[_Results | DatFields, bool]] = [(results, True), *([] if dat is None else [(dat, False)])]
        places = [rows_in(mesh, piece) for piece in cut]

        def values(record: int) -> Values:
            for file, at_nodes in sources:
                for name in file.specs:
                    whole = file.read(name, record)
                    for piece, (nodes, ips) in enumerate(places):
                        yield name, piece, whole[nodes if at_nodes else ips]

        write_snapshots(
            target, cut, model, times, {name: spec for file, _ in sources for name, spec in file.specs.items()}, values,
            solver=f"CalculiX {frd.version}".strip(), options={"pieces": len(cut), **options}, progress=progress,
            files=[computation.frd, *([] if deck is None else deck.files), *([] if dat is None else [dat.path])])

    def read_deck(self, source: Path) -> DeckModel:
        """See `DeckCases.read_deck`."""
        deck = read_deck(case_path(source))
        found = deck_model(ModelBuilder(deck, increment_times(deck)))
        return replace(found, model=with_relations(found.model, deck), tolerance=adjustment(deck))

    def nodal_field(self, source: Path, name: str) -> NodalField:
        """A scalar at nodes, of results that need not be mechanical; see `romlib.snapshots.nodal_fields.FieldReader`.

        Raises
        ------
        InputError : there is none of this name. FileFormatError, UnsupportedError : with file and place.
        """
        path = Path(source)
        return nodal_field(path if path.suffix.lower() == ".frd" else path.with_suffix(".frd"), name)

    def _places(self, deck: Path) -> tuple[InpMesh, Places]:
        return read_deck_mesh(deck)


class _Results:
    """The results at nodes that go into the file. rows : where the mesh's nodes are in the .frd.

    What a step of the deck writes in local systems of nodes (GLOBAL=NO) is turned to the global one. Of a model in two
    dimensions vectors have two components; see `romlib_converters.calculix.expanded`.
    """

    def __init__(self, frd: FrdFile, nodal: tuple[str, ...] | None, deck: Deck | None, mesh: Mesh) -> None:
        self.frd = frd
        self.rows: Rows = np.empty(0, np.int64)
        self._kept: dict[str, np.ndarray] = {}
        self._n_axis = mesh.dimension
        self._wedges = Wedges(mesh, frd.path.name) if mesh.motion.axisymmetric else None
        if mesh.dimension == 2:
            refuse_solids(frd)
        self._local = [] if deck is None else deck.output.local
        self._systems: NodeSystems | None = None
        if deck is not None and any(self._local):
            self._systems = deck.links.systems
        self.notes: list[Omission] = [] if self._wedges is None or not self._wedges.linear else [WEDGES]
        self.specs: dict[str, FieldSpec] = {}
        self._names: dict[str, str] = {}
        shared = set.intersection(*(set(record.blocks) for record in frd.records))
        turned = _in_local_sections(deck)
        for name, block in frd.records[0].blocks.items():
            if turned is not None and name not in _FIELDS:
                if name in (nodal or _NODAL):
                    self.notes.append(Omission(name=f"frd_{name}", does_work=False, description=(
                        f"{name} is left out: {turned.place} of {turned.file.name} writes it, with GLOBAL=NO, in the "
                        "systems of *ORIENTATION")))
                continue
            if name == "FORC" and self._wedges is not None:
                self.notes.append(Omission(name=f"frd_{name}", does_work=False, description=(
                    "FORC is left out: of an axisymmetric model CalculiX writes forces without the part along the "
                    "radius that those round the axis have")))
            elif name in _FIELDS or name in (_NODAL if nodal is None else nodal):
                if name in shared:
                    field, n_comp = _FIELDS.get(name, (f"nodal_{name.lower()}", len(block.components)))
                    self._add(name, field, n_comp)
                else:
                    self.notes.append(Omission(name=f"frd_{name}", does_work=False, description=(
                        f"{name} is not in every increment of {frd.path.name}; it is left out")))
        absent = sorted(set(nodal or ()) - set(frd.records[0].blocks))
        if absent:
            raise InputError("the results have no such block", file=frd.path, place="option nodal_fields",
                             **unknown(absent[0], frd.records[0].blocks))

    def _add(self, name: str, field: str, n_comp: int) -> None:
        block = self.frd.records[0].blocks[name]
        if len(block.components) != n_comp:
            raise FileFormatError(f"{name} does not have {plural(n_comp, 'component')}", file=self.frd.path,
                                  place=block.place, found=", ".join(block.components))
        single = not block.binary or block.layout.real == "<f4"
        tensor = n_comp == 6 and name not in ("SDV",)
        self._names[field] = name
        n_comp = self._n_axis if name in _VECTORS else n_comp
        self.specs[field] = FieldSpec("node", n_comp, tensor, "float32" if single else "float64", original_name=name)

    def read(self, field: str, record: int) -> np.ndarray:
        """Values (n_node, n_comp) of a record; tensors, which the .frd has in VTK's order, in Kelvin-Mandel form."""
        at = self.frd.records[record]
        values = self._kept[field] = self.frd.read(at.blocks[self._names[field]], self._kept.get(field))
        values = values[self.rows]
        if self._systems is not None and self._names[field] in self._local[at.step - 1]:  # as many as the deck's steps
            values = self._systems.turned(values)
        if self._names[field] in _VECTORS:
            values = self._in_plane(values, at)
        if self.specs[field].dtype == "float32" and len(values) and np.abs(values).max() > np.finfo(np.float32).max:
            raise FileFormatError("a value is larger than single precision has", file=self.frd.path,
                                  place=at.blocks[self._names[field]].place, found=float(np.abs(values).max()))
        return mandel_from_vtk(values) if self.specs[field].tensor else values

    def _in_plane(self, values: np.ndarray, record: FrdRecord) -> np.ndarray:
        """Vectors (n_node, 3) with the components of the model; along a radius what CalculiX has of them undone."""
        if self._n_axis == 3:
            return values
        values, across = values[:, :2], np.abs(values[:, 2]).max(initial=0.0)
        if across > _ACROSS * np.abs(values).max(initial=0.0):
            raise FileFormatError("a vector has a component across the plane of its model", file=self.frd.path,
                                  place=record.place, expected=0.0, found=float(across))
        return values if self._wedges is None else np.column_stack([self._wedges.radial(values[:, 0]), values[:, 1]])


def _model(
    computation: Computation, frd: FrdFile, given: Deck | Mesh, times: np.ndarray, units: UnitSystem,
    omissions: list[Omission], results: _Results, options: dict[str, Any],
) -> tuple[Mesh, DatFields | None, Model]:
    """Mesh, printed values and model. given : the deck; or the mesh alone, when the model is what the results say."""
    deck = None if isinstance(given, Mesh) else given
    if deck is None:
        mesh, model = given, Model(units=units)
    else:
        for name in ("elements", "thickness"):
            if name in options:
                raise InputError("the deck says which elements there are, and how thick they are", file=deck.file,
                                 place=f"option {name}", remedy="leave the option out")
        mesh, model = ModelBuilder(deck, np.concatenate([[0.0], times])).build(units)
        model = with_relations(model, deck)
        if len(frd.records) and frd.records[-1].step > len(deck.steps):
            raise FileFormatError("the results have more steps than the deck", file=frd.path,
                                  expected=plural(len(deck.steps), "step"), found=frd.records[-1].place,
                                  remedy="convert with the deck that was computed")
    finite = any(one.name == NLGEOM for one in model.omissions)
    dat, fields = None, ("stress", "statev", "p") if finite else ("stress", "strain", "statev", "p")
    if computation.dat is not None:
        dat = DatFields(computation.dat, mesh, times, fields, None if deck is None else SectionAxes(deck, mesh).at)
        omissions = omissions + [Omission(name=f"dat_{name}", does_work=False, description=(
            f"{name} of {dat.path.name} is left out: {why}")) for name, why in dat.left_out.items()]
    if deck is not None and options.get("dat", True):
        omissions = omissions + _not_printed(deck, frd.path.with_suffix(".dat").name, dat, fields)
    return mesh, dat, model.model_copy(update={"omissions": (*model.omissions, *omissions, *results.notes)})


def _not_printed(deck: Deck, name: str, dat: DatFields | None, fields: tuple[str, ...]) -> list[Omission]:
    """Notes on what the deck lets *EL PRINT write and the .dat does not have, such as that of an older computation."""
    found = "there is no" if dat is None else "it is not in"
    have = () if dat is None else (*dat.specs, *dat.left_out)
    return [Omission(name=f"dat_{field}", does_work=False, description=(
        f"{field} is asked for by {where(card)}, but {found} {name}: compute again, and keep the .dat by the results"))
        for field, card in deck.output.printed.items() if field in fields and field not in have]


def _in_local_sections(deck: Deck | None) -> Card | None:
    """The card by which results of elements are in systems of sections."""
    if deck is None or not any(section.orientation for section in deck.sections):
        return None
    return deck.output.elements


def _nodal_names(options: dict[str, Any]) -> tuple[str, ...] | None:
    """Blocks of the .frd to carry along; None where the option is not given."""
    if "nodal_fields" not in options:
        return None
    given = options["nodal_fields"]
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise InputError("names of results are needed", place="option nodal_fields", found=given,
                         expected='a list such as ["STRESS", "SDV"]')
    return tuple(one.upper() for one in given)
