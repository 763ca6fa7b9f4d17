"""What is in a mesh, or in a deck, that a converter reads: for `romlib info`, as plain values and on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from romlib.cli.console import figure, pairs, size, table
from romlib.cli.next_steps import convert_line
from romlib.errors import FileFormatError, RomlibError
from romlib.mesh.kinematics import SOLID
from romlib.words import plural

if TYPE_CHECKING:
    from rich.console import Console

    from romlib.mesh.mesh import Mesh
    from romlib.mesh.summary import MeshSummary

_DECKS = (".inp", ".bdf", ".dat", ".nas", ".blk", ".cdb")  # have a model or a mesh, and no results


def describe_mesh(path: Path, known: str) -> dict[str, Any]:
    """Plain JSON values of the mesh in a file, with what a deck says besides. known : the kinds of files, for messages.

    Raises
    ------
    FileFormatError : no mesh that an installed converter reads. And what the converter raises.
    """
    from romlib.mesh.summary import summarise
    from romlib.snapshots.converter import DeckReader, MeshReader, deck_reader
    from romlib.snapshots.formats import names_that_know
    from romlib.study.meshes import mesh_suffixes, reader_of

    results = names_that_know(path) if path.suffix.lower() not in _DECKS else []
    if path.suffix.lower() not in mesh_suffixes():
        if results:
            _refuse_results(path, results[0], known)
        raise FileFormatError("romlib does not know this file", file=path, expected=known,
                              found=f"the suffix {path.suffix or 'of no file'!r}, and not HDF5 of romlib")
    reader = deck_reader(path) or reader_of(path)
    mesh, deck, unread = None, None, None
    if isinstance(reader, DeckReader):
        try:
            deck = reader.read_deck(path)
            mesh = deck.mesh
        except RomlibError as error:  # the mesh may be fine all the same
            unread = str(error)
            if not isinstance(reader, MeshReader):
                raise
    if mesh is None:
        mesh = _read(reader, path, known)
    found = summarise([mesh])
    return {
        "kind": "mesh", "file": str(path), "file_size": path.stat().st_size,
        "reader": getattr(reader, "name", type(reader).__name__), **_of_summary(found),
        "kinematics_stated": isinstance(reader, DeckReader),  # by the elements of a deck; a mesh does not say it
        "units": None, "model": None if deck is None else _of_deck(deck), "results": results,
        "unread": unread}


def _read(reader: Any, path: Path, known: str) -> Mesh:
    """The mesh; where the file has results and no mesh of its own, the error says which converter reads them."""
    from romlib.snapshots.converter import mesh_of, usable_converters
    try:
        return mesh_of(path, reader)
    except RomlibError as error:
        suffix = path.suffix.lower()
        names = [one.name for one in usable_converters() if suffix in one.suffixes and one.can_read(path)]
        name = names[0] if names and suffix not in _DECKS else None
        if name is None or name == "meshio":  # which reads the mesh of what it converts, and has said what is wrong
            raise
        _refuse_results(path, name, known, error)


def _refuse_results(path: Path, converter: str, known: str, error: RomlibError | None = None) -> NoReturn:
    raise FileFormatError(
        "these are results, which romlib reads by a converter", file=path, expected=known,
        found=f"a file that the converter {converter} reads",
        remedy=f"{convert_line(converter, path)}; then romlib info {path.stem}.vtkhdf") from error


def _of_summary(found: MeshSummary) -> dict[str, Any]:
    def box(low: np.ndarray, high: np.ndarray) -> dict[str, Any] | None:
        return {"min": low.tolist(), "max": high.tolist()} if np.isfinite(low).all() else None

    return {
        "kinematics": found.kinematics,
        "counts": {"nodes": found.n_node, "cells": found.n_cell, "integration_points": found.n_ip},
        "box": box(found.low, found.high), "volume": found.volume,
        "blocks": [{"cell_type": cell, "formulation": formulation, "quadrature": quadrature, "cells": n,
                    "points_per_cell": points} for cell, formulation, quadrature, n, points in found.blocks],
        "tags": [{"of": tag.kind, "name": tag.name, "count": tag.count, "box": box(tag.low, tag.high)}
                 for tag in found.tags],
        "arrays": found.arrays,
        "quality": {"jacobian": _worst(found.jacobian), "edges": _worst(found.edges), "faults": found.faults}}


def _worst(value: tuple[float, int] | None) -> dict[str, Any] | None:
    return None if value is None else {"value": value[0], "cell": value[1]}


def _of_deck(deck: Any) -> dict[str, Any]:
    from romlib.cli.file_info import case_summary, model_names

    return {**model_names(deck.model), "case": case_summary(deck.case),
            "omissions": [one.model_dump() for one in deck.model.omissions]}


def show_mesh(console: Console, d: dict[str, Any]) -> None:
    """A mesh, or a deck."""
    counts, quality = d["counts"], d["quality"]
    console.print(pairs(f"Mesh {d['file']}", [
        ("size", size(d["file_size"])), ("read by", f"the converter {d['reader']}"),
        ("units", "not stated: the study, or --units of `romlib convert`, says them"),
        ("mesh", f"{counts['nodes']} nodes, {plural(counts['cells'], 'cell')}, "
                 f"{plural(counts['integration_points'], 'integration point')}"),
        *([] if d["kinematics"] == SOLID else [(
            "kinematics", f"{d['kinematics']}, by its elements" if d["kinematics_stated"] else
            f"not stated: all cells are in a plane, taken as {d['kinematics']} here; [mesh] kinematics of a study says "
            "it")]),
        ("box", _box_in_words(d["box"])), ("volume", figure(d["volume"], 6)),
        *([] if quality["jacobian"] is None else [(
            "Jacobians", f"smallest over largest in a cell: {figure(quality['jacobian']['value'])} "
                         f"(cell {quality['jacobian']['cell']}); 1 is the best")]),
        *([] if quality["edges"] is None else [(
            "edges", f"longest over shortest in a cell: {figure(quality['edges']['value'])} "
                     f"(cell {quality['edges']['cell']})")])]))
    for fault in quality["faults"]:
        console.print(f"no solver can use this mesh: {fault}", style="yellow", soft_wrap=True)
    console.print()
    console.print(table("Cells", ("type", "formulation", "quadrature", "cells", "points a cell"), [
        (b["cell_type"], b["formulation"], b["quadrature"], b["cells"], b["points_per_cell"])
        for b in d["blocks"]], (3, 4)))
    console.print()
    if d["tags"]:
        console.print(table("Tags", ("name", "of", "number", "box"), [
            (tag["name"], tag["of"], tag["count"], _box_in_words(tag["box"])) for tag in d["tags"]], (2,)))
    else:
        console.print("no tags: define those of constraints and loads in the study, by planes or boxes")
    arrays = [(kind, ", ".join(names)) for kind, names in d["arrays"].items() if names]
    if arrays:
        console.print()
        console.print(pairs("Arrays", arrays))
    if d["model"] is not None:
        _show_deck(console, d["model"])
    if d["unread"] is not None:
        console.print(f"\nnote: what the deck says besides its mesh cannot be used: {d['unread']}", soft_wrap=True)
    console.print(f"\nA study to begin with, from this mesh: romlib init study {d['file']}" if d["results"] else
                  f"\nA study to begin with: romlib init study {d['file']}", soft_wrap=True)
    for name in d["results"][:1]:
        console.print(f"Where the file has results too, they are for the converter: "
                      f"{convert_line(name, Path(d['file']))}", soft_wrap=True)


def _show_deck(console: Console, model: dict[str, Any]) -> None:
    case = model["case"]
    console.print()
    console.print(pairs("Deck", [
        *((kind, ", ".join(f"{name} ({what})" for name, what in model[kind].items()) or "none")
          for kind in ("materials", "constraints", "loads")),
        ("times", case["times"]),
        ("amplitudes", "\n".join(f"{name}: {words}" for name, words in case["amplitudes"].items()) or "none")]))
    if model["omissions"]:
        console.print()
        console.print(table("In the deck, but not in a ROM", ("name", "does virtual work", "what it is"), [
            (one["name"], "yes" if one["does_work"] else "no", one["description"]) for one in model["omissions"]]))


def _box_in_words(box: dict[str, Any] | None) -> str:
    """Such as "0 to 3, 0 to 1, 0.5"; one number where there is no extent."""
    if box is None:
        return "empty"
    sides = ((figure(a, 4), figure(b, 4)) for a, b in zip(box["min"], box["max"]))
    return ", ".join(low if low == high else f"{low} to {high}" for low, high in sides)
