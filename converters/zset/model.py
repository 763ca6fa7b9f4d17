"""The model of a snapshots file from a Zset deck, its material files, and the sets of its mesh."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from romlib_converters.zset.deck import Deck
from romlib_converters.zset.integration import scheme_notes
from romlib_converters.zset.material import ZsetMaterial, read_material
from romlib_converters.zset.source import uniform_value
from romlib_converters.zset.temperature import FieldFile
from romlib_converters.zset.tree import Block

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.mesh import Mesh
from romlib.model import Amplitude, Centrifugal, Load, Model, Omission, Pressure, UnitSystem
from romlib.words import plural

OTHER_CELLS = "other_cells"


@dataclass(frozen=True)
class NamedMaterial:
    """A material of the model, and the cell tag that it is on."""

    name: str
    cells: str
    material: ZsetMaterial


def read_materials(deck: Deck) -> list[NamedMaterial]:
    """The materials of a deck: each has the name of its file, with its elset where the file has several uses."""
    stems = [entry.file.stem for entry in deck.materials]
    if len({entry.elset for entry in deck.materials}) != len(deck.materials):
        found = ", ".join(f"{entry.file.name} on {entry.elset or 'all'}" for entry in deck.materials)
        raise UnsupportedError("two materials on the same elements", file=deck.file, place="***material", found=found)
    several = len(deck.materials) > 1
    return [NamedMaterial(
        entry.file.stem if stems.count(entry.file.stem) == 1 else f"{entry.file.stem}_{entry.elset or 'other'}",
        entry.elset or (OTHER_CELLS if several else "all"), read_material(entry.file, entry.number, entry.named))
        for entry in deck.materials]


def tag_other_cells(mesh: Mesh, materials: list[NamedMaterial], deck: Path) -> Mesh:
    """The mesh with the cell tag of the material that has no elset of its own; every cell must have one material.

    Raises
    ------
    FileFormatError : a cell without a material. UnsupportedError : a cell with two.
    """
    if not materials or materials[0].cells == "all":
        return mesh
    count = np.zeros(mesh.n_cell, np.int64)
    for material in materials:
        count[mesh.cell_tags.get(material.cells, np.empty(0, np.int64))] += 1
    if (count > 1).any():
        raise UnsupportedError("an element is in the elsets of two materials", file=deck,
                               expected="one material an element", place=f"element {mesh.cell_ids[count > 1][0]}")
    if any(material.cells == OTHER_CELLS for material in materials):
        return replace(mesh, cell_tags={**mesh.cell_tags, OTHER_CELLS: np.flatnonzero(count == 0)})
    if (count == 0).any():
        raise FileFormatError("elements have no material", file=deck, place=f"element {mesh.cell_ids[count == 0][0]}",
                              expected="every element in the elset of a material",
                              found=f"{plural(int((count == 0).sum()), 'element')} without")
    return mesh


def temperature_loads(deck: Deck) -> tuple[dict[str, tuple[Load, Amplitude]], list[FieldFile]]:
    """Loads and amplitudes of the temperature, and the field files that must become node arrays."""
    if deck.temperature is None:
        return {}, []
    uniform = _uniform(deck)
    return deck.temperature.loads(uniform), [field for field in deck.temperature.files if uniform(field) is None]


def _uniform(deck: Deck) -> Callable[[FieldFile], float | None]:
    size = deck.temperature.rec_size if deck.temperature else None
    return cache(lambda field: uniform_value(deck.folder, field, size))


def build_model(deck: Deck, materials: list[NamedMaterial], units: UnitSystem, omissions: list[Omission]) -> Model:
    """The model as the deck has it."""
    temperature, _ = temperature_loads(deck)
    clash = set(temperature) & set(deck.loads)
    if clash:
        raise UnsupportedError("a load and a temperature field have the same name", file=deck.file, place=clash.pop())
    return Model(
        units=units, materials={entry.name: entry.material.on(entry.cells) for entry in materials},
        constraints=deck.constraints, loads={**deck.loads, **{name: load for name, (load, _) in temperature.items()}},
        amplitudes={**deck.amplitudes, **{name: amplitude for name, (_, amplitude) in temperature.items()}},
        initial_time=0.0,
        initial_temperature=None if deck.temperature is None else deck.temperature.initial(_uniform(deck)),
        omissions=(*deck.omissions, *scheme_notes(_schemes(deck, materials)), *omissions))


def _schemes(deck: Deck, materials: list[NamedMaterial]) -> Iterator[Block]:
    """The schemes of all materials but elastic ones, which any scheme integrates exactly."""
    for entry, use in zip(materials, deck.materials):
        if entry.material.law != "elastic":
            yield from (scheme for elset, scheme in deck.schemes if elset in (None, use.elset))
            yield from entry.material.schemes


def check_sets(deck: Deck, materials: list[NamedMaterial], meshes: list[Mesh]) -> None:
    """FileFormatError for a set that the deck names and no mesh has."""
    used = [("nset", "node_tags", constraint.nodes) for constraint in deck.constraints.values()]
    used += [("faset", "face_tags", load.faces) for load in deck.loads.values() if isinstance(load, Pressure)]
    used += [("elset", "cell_tags", load.cells) for load in deck.loads.values() if isinstance(load, Centrifugal)]
    used += [("elset", "cell_tags", material.cells) for material in materials]
    for kind, attribute, name in used:
        known = {tag for mesh in meshes for tag in getattr(mesh, attribute)}
        if kind == "elset":
            known |= {"all", OTHER_CELLS}
        if name not in known:
            raise FileFormatError("the deck names a set that the mesh lacks", file=deck.file,
                                  place=f"{kind} {name}", expected=", ".join(sorted(known)), found=name)


def potential_masks(piece: Mesh, materials: list[NamedMaterial], n_points: np.ndarray) -> dict[str, np.ndarray]:
    """By potential: (n_ip,) whether the point's material has it. n_points : (n_cell,)."""
    masks: dict[str, np.ndarray] = {}
    for entry in materials:
        if entry.material.potential is not None:
            cells = np.full(piece.n_cell, entry.cells == "all")
            cells[piece.cell_tags.get(entry.cells, np.empty(0, np.int64))] = True
            mask = np.repeat(cells, n_points)
            masks[entry.material.potential] = mask | masks.get(entry.material.potential, False)
    return masks


def missing_results(folder: Path, stem: str) -> list[Omission]:
    """Result files that are not read."""
    return [Omission(name="ctnod", does_work=False, description="values extrapolated to nodes (.ctnod) are not read")
            ] if (folder / f"{stem}.ctnod").is_file() else []
