"""Zset (Zebulon): mesh .geof or .geo, deck .inp, material files, results .ut, .node and .integ, with subdomains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from romlib_converters.common.elements import check_rules
from romlib_converters.common.omissions import missing_increments
from romlib_converters.common.paths import case_path
from romlib_converters.common.sink import SUMMED, write_snapshots
from romlib_converters.zset.deck import Deck, deck_times, is_deck, read_deck
from romlib_converters.zset.elements import SOLIDS
from romlib_converters.zset.fields import PieceReader, fields_of, missing_components
from romlib_converters.zset.model import (
    NamedMaterial,
    build_model,
    check_sets,
    missing_results,
    potential_masks,
    read_materials,
    tag_other_cells,
    temperature_loads,
)
from romlib_converters.zset.nodal import nodal_field
from romlib_converters.zset.pieces import Meshed, WholeMeshFile, build_mesh, merge, with_fields
from romlib_converters.zset.points import find_point_orders
from romlib_converters.zset.source import (
    Computation,
    Source,
    find_mesh,
    fingerprint_files,
    locate,
    open_sources,
    read_mesh,
)

from romlib.files import is_file
from romlib.mesh.mesh import Mesh
from romlib.mesh.partition import number_shared_nodes, partition
from romlib.mesh.skin import add_skin
from romlib.mesh.validity import check_mesh
from romlib.model import Case, Model, Omission, Pressure, UnitSystem
from romlib.model.case import Times
from romlib.snapshots.converter import DeckModel, Progress, checked_options, read_units
from romlib.snapshots.nodal_fields import NodalField


class ZsetConverter:
    """Zset's files as a snapshots file; the deck's loads, materials and amplitudes go with them.

    The subdomains of a parallel computation become the pieces, unless another number of pieces is asked for.
    """

    name = "zset"
    suffixes = (".inp", ".ut", ".geof", ".geo")
    reads = "meshes .geof and .geo, decks .inp, material files, results .ut, .node and .integ, subdomains"
    reader = extra = None

    def can_read(self, path: Path) -> bool:
        """Whether a path is a Zset deck, a header of Zset results, or a folder with a deck and its results."""
        path = Path(path)
        if path.is_dir():
            return any(is_deck(deck) for deck in path.glob("*.inp")) and any(path.glob("*.ut"))
        if not is_file(path):
            return False
        if path.suffix == ".ut":
            with open(path, "rb") as stream:
                return b"**meshfile" in stream.read(1 << 12)
        return path.suffix == ".inp" and is_deck(path)

    def convert(
        self, source: Path | list[Path], target: Path, *, pieces: int | None = None, units: str | None = None,
        options: dict[str, Any] | None = None, progress: Progress | None = None,
    ) -> None:
        """Write the snapshots file of a computation; see `romlib.snapshots.converter.Converter`. There are no options.

        Parameters
        ----------
        source : deck (.inp), header of the results (.ut), or a folder with one deck that ran.
        pieces : number of pieces; None keeps Zset's subdomains.

        Raises
        ------
        InputError, FileFormatError, UnsupportedError : with file and place; nothing is left at `target`.
        """
        checked_options(self.name, options, ())
        unit_system = read_units(units)
        computation = locate(source)
        deck = None if computation.deck is None else read_deck(computation.deck)
        materials = [] if deck is None else read_materials(deck)
        sources = open_sources(computation, {name: kind.n_point for name, kind in SOLIDS.items()})
        meshes = _meshes(sources, deck, materials, computation.folder)
        kept = pieces is None or pieces == len(sources)
        cut = _pieces(meshes, None if kept else pieces, computation.folder)
        potentials = {entry.material.potential for entry in materials if entry.material.potential}
        header = sources[0].header
        fields = fields_of(header.node_variables, header.ip_variables, potentials)
        history = any(entry.material.law != "elastic" for entry in materials)
        omissions = _notes(computation, sources, history, potentials)
        model = (Model(units=unit_system, omissions=tuple(omissions)) if deck is None
                 else build_model(deck, materials, unit_system, omissions))
        orders = find_point_orders(sources, meshes, fields.get("strain"), fields["displacement"])
        # A piece that is a subdomain is read from that subdomain alone: its forces are its own part.
        readers = [PieceReader(piece, [sources[k]] if kept else sources,
                               potential_masks(piece, materials, piece.points_of_cells), orders)
                   for k, piece in enumerate(cut)]
        write_snapshots(
            target, cut, model, header.times, {name: field.spec for name, field in fields.items()},
            lambda record: ((name, piece, reader.read(field, record)) for piece, reader in enumerate(readers)
                            for name, field in fields.items()),
            solver="Zset", files=fingerprint_files(computation, deck, sources), options={"pieces": len(cut)},
            progress=progress, summed=() if kept else SUMMED)

    def nodal_field(self, source: Path, name: str) -> NodalField:
        """A scalar at nodes, of results that need not be mechanical; see `romlib.snapshots.nodal_fields.FieldReader`.

        Raises
        ------
        InputError : there is none of this name. FileFormatError, UnsupportedError : with file and place.
        """
        return nodal_field(Path(source), name)

    def read_case(self, source: Path) -> Case:
        """Times and amplitudes of a deck, which needs no results: the initial time, then every increment.

        Raises
        ------
        InputError, FileFormatError, UnsupportedError : with file and place.
        """
        path = case_path(source)
        deck = read_deck(path)
        temperature, _ = temperature_loads(deck)
        amplitudes = {**deck.amplitudes, **{name: amplitude for name, (_, amplitude) in temperature.items()}}
        return Case(times=Times(values=deck_times(deck)), amplitudes=amplitudes, description=f"Zset deck {path.name}")

    def read_mesh(self, source: Path, *, quadrature: dict[str, str] | None = None) -> Mesh:
        """A mesh in text (.geof) or binary (.geo), or that of a deck, with its sets; see
        `romlib.snapshots.converter.MeshReader`.

        Raises
        ------
        InputError : a rule of another shape of cell. FileFormatError, UnsupportedError : with file and place.
        """
        path = Path(source)
        mesh = self.read_deck(path).mesh if path.suffix.lower() == ".inp" else build_mesh(read_mesh(path))
        check_mesh(mesh, path)
        check_rules(quadrature or {}, [block.cell_type for block in mesh.blocks], "quadrature")
        return replace(mesh, blocks=tuple(
            replace(block, quadrature=(quadrature or {}).get(block.cell_type, block.quadrature))
            for block in mesh.blocks))

    def read_deck(self, source: Path) -> DeckModel:
        """The case of a deck as `read_case` has it, with the mesh that the deck names, and its model.

        Raises
        ------
        InputError, FileFormatError, UnsupportedError : with file and place.
        """
        case, path = self.read_case(source), Path(source)
        deck = read_deck(path)
        materials = read_materials(deck)
        whole = WholeMeshFile(read_mesh(find_mesh(deck.folder, deck.mesh_file)))
        mesh = _meshes([whole], deck, materials, deck.folder)[0]
        model = build_model(deck, materials, UnitSystem(), [])
        sources = dict(deck.sources)
        thermal = sources.pop("temperature", "")
        sources |= {f"loads.{name}": thermal for name, load in model.loads.items() if load.kind == "temperature"}
        sources |= {f"materials.{entry.name}": file.named.removeprefix("named in ")
                    for entry, file in zip(materials, deck.materials)}
        return DeckModel(case, add_skin([mesh])[0], model, {**sources, "initial_temperature": thermal})


def _meshes(sources: Sequence[Meshed], deck: Deck | None, materials: list[NamedMaterial], folder: Path) -> list[Mesh]:
    """A mesh a source, with the deck's arrays and the cell tags of its materials."""
    interpolation = "shape" if deck is None else deck.temperature_interpolation
    loaded = [] if deck is None else [load.faces for load in deck.loads.values() if isinstance(load, Pressure)]
    meshes = [build_mesh(source.mesh, interpolation, loaded) for source in sources]
    for mesh, source in zip(meshes, sources):
        check_mesh(mesh, source.mesh.file)
    if deck is None:
        return meshes
    check_sets(deck, materials, meshes)
    _, node_fields = temperature_loads(deck)
    meshes = [with_fields(mesh, source, deck, node_fields, folder) for mesh, source in zip(meshes, sources)]
    return [tag_other_cells(mesh, materials, deck.file) for mesh in meshes]


def _pieces(meshes: list[Mesh], pieces: int | None, folder: Path) -> list[Mesh]:
    """The subdomains as they are, or the whole mesh cut anew."""
    if pieces is None:
        return add_skin(number_shared_nodes(meshes))
    return add_skin(partition(merge(meshes, folder) if len(meshes) > 1 else meshes[0], pieces))


def _notes(computation: Computation, sources: list[Source], history: bool, potentials: set[str]) -> list[Omission]:
    """What the files have that is not read, or lack. history : whether a material remembers each increment."""
    header = sources[0].header
    notes = [Omission(name="mesh_groups", does_work=False, description=f"{source.mesh.file.name}, {note}")
             for source in sources for note in source.mesh.notes]
    notes += [Omission(name=f"components_of_{stem}", does_work=False, description=(
        f"{stem} is not compared as a whole: {header.file.name} lacks {', '.join(names)}"))
        for stem, names in missing_components(header.node_variables, header.ip_variables, potentials).items()]
    missing = header.missing_increments()
    if missing:
        notes.append(missing_increments(missing, "", "Let ***output save every increment", does_work=history))
    return notes + missing_results(computation.folder, header.file.stem)
