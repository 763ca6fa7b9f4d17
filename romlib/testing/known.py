"""What the author of a converter knows of a sound file, compared with what was converted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from romlib.errors import RomlibError
from romlib.mesh.elements import element
from romlib.mesh.mesh import FaceSet, Mesh
from romlib.mesh.operator import StrainOperator
from romlib.snapshots.reader import Snapshots
from romlib.tensors import vtk_from_mandel
from romlib.words import plural, shortlist

Values = Callable[[np.ndarray, float], np.ndarray]
Ids = Sequence[int] | np.ndarray


@dataclass(frozen=True)
class Known:
    """Everything that may be known; None, or nothing, where it is not. See `romlib.testing.check_converter`."""

    displacement: Values | None = None
    fields: Mapping[str, Values] = field(default_factory=dict)
    times: Sequence[float] | np.ndarray | None = None
    n_node: int | None = None
    n_cell: int | None = None
    cell_types: Mapping[str, int] | None = None
    node_ids: Ids | None = None
    cell_ids: Ids | None = None
    node_tags: Mapping[str, Ids] = field(default_factory=dict)
    cell_tags: Mapping[str, Ids] = field(default_factory=dict)
    face_tags: Mapping[str, Sequence[Ids]] = field(default_factory=dict)
    omissions: Sequence[str] = ()
    tolerance: float = 1e-6


def differences_from(known: Known, file: Snapshots) -> tuple[list[str], float | None]:
    """What differs, in words, and the relative error of the displacement (None where it is not known)."""
    meshes = [file.mesh(piece) for piece in range(file.n_piece)]
    problems = _counts(known, file, meshes) + _tags(known, meshes)
    for piece, mesh in enumerate(meshes):
        problems += [f"mesh of piece {piece}: {words}" for words in mesh_faults(mesh)]
    said = [one.name for one in file.model.omissions]
    problems += [f"omissions: {name!r} is not said; found {', '.join(said) or 'none'}" for name in known.omissions
                 if name not in said]
    if "displacement" not in file.fields:
        return [*problems, f"fields: no displacement; found {', '.join(file.fields) or 'none'}"], None
    if not all(np.isfinite(file.read("displacement", piece)).all() for piece in range(file.n_piece)):
        problems.append("displacement: a value is not finite")
    error = None
    exact = dict(known.fields) | ({} if known.displacement is None else {"displacement": known.displacement})
    for name, values in exact.items():
        if name not in file.fields:
            problems.append(f"fields: no {name}; found {', '.join(file.fields)}")
            continue
        distance = _distance(file, meshes, name, values)
        error = distance if name == "displacement" else error
        if not distance <= known.tolerance:
            problems.append(f"{name}: differs from the known one by {distance:.2e}, allowed {known.tolerance:.0e}")
    return problems, error


def mesh_faults(mesh: Mesh) -> list[str]:
    """What is wrong with a piece, whatever the solver."""
    faults = []
    if not np.isfinite(mesh.points).all():
        faults.append("a coordinate is not finite")
    for what, ids in (("node", mesh.node_ids), ("cell", mesh.cell_ids)):
        if len(np.unique(ids)) != len(ids):
            faults.append(f"a {what} id stands twice")
    used = np.concatenate([block.connectivity.ravel() for block in mesh.blocks])
    if used.min() < 0 or used.max() >= mesh.n_node:
        return [*faults, "a cell has a node that does not exist"]
    if len(np.unique(used)) != mesh.n_node:
        faults.append(f"{plural(mesh.n_node - len(np.unique(used)), 'node')} without a cell")
    for kind, tags, n in (("node", mesh.node_tags, mesh.n_node), ("cell", mesh.cell_tags, mesh.n_cell)):
        faults += [f"{kind} tag {name}: a position does not exist, or stands twice" for name, tag in tags.items()
                   if len(tag) and (tag.min() < 0 or tag.max() >= n or len(np.unique(tag)) != len(tag))]
    try:
        StrainOperator(mesh)
    except RomlibError as error:  # cells that are flat or inside out
        faults.append(str(error))
    return faults


def _counts(known: Known, file: Snapshots, meshes: list[Mesh]) -> list[str]:
    problems = []
    for what, expected, found in (("node", known.n_node, file.n_node_total), ("cell", known.n_cell, file.n_cell_total)):
        if expected is not None and expected != found:
            problems.append(f"counts: expected {plural(expected, what)}, found {found}")
    times = known.times
    if times is not None and not (len(times) == file.n_step and np.allclose(times, file.times, rtol=1e-6, atol=0)):
        problems.append(f"times: expected {np.asarray(times)}, found {file.times}")
    if known.cell_types is not None:
        types: dict[str, int] = {}
        for block in (block for mesh in meshes for block in mesh.blocks):
            types[block.cell_type] = types.get(block.cell_type, 0) + block.n_cell
        if types != dict(known.cell_types):
            problems.append(f"cell types: expected {dict(known.cell_types)}, found {types}")
    for what, wanted, ids in (("node", known.node_ids, [mesh.node_ids for mesh in meshes]),
                              ("cell", known.cell_ids, [mesh.cell_ids for mesh in meshes])):
        if wanted is not None:
            problems += _ids_differ(f"{what} ids", wanted, np.concatenate(ids))
    return problems


def _ids_differ(what: str, expected: Ids, found: np.ndarray) -> list[str]:
    lacking, strange = np.setdiff1d(expected, found), np.setdiff1d(found, expected)
    parts = [f"{words} {shortlist('id', ids, 5)}" for words, ids in (("without", lacking), ("with", strange))
             if len(ids)]
    return [f"{what}: {' and '.join(parts)}"] if parts else []


def _tags(known: Known, meshes: list[Mesh]) -> list[str]:
    problems = []
    for kind, expected in (("node", known.node_tags), ("cell", known.cell_tags)):
        for name, wanted in expected.items():
            tags = [(getattr(mesh, f"{kind}_tags").get(name), getattr(mesh, f"{kind}_ids")) for mesh in meshes]
            if any(where is None for where, _ in tags):
                problems.append(f"{kind} tag {name}: there is none; found "
                                f"{', '.join(getattr(meshes[0], f'{kind}_tags')) or 'none'}")
            else:
                found = np.concatenate([ids[where] for where, ids in tags])
                problems += _ids_differ(f"{kind} tag {name}", wanted, found)
    for name, faces in known.face_tags.items():
        if any(name not in mesh.face_tags for mesh in meshes):
            problems.append(f"face tag {name}: there is none; found {', '.join(meshes[0].face_tags)}")
            continue
        wanted_faces = {frozenset(int(node) for node in face) for face in faces}
        there = set().union(*(_corners(mesh, mesh.face_tags[name]) for mesh in meshes))
        if wanted_faces != there:
            problems.append(f"face tag {name}: {plural(len(wanted_faces - there), 'face')} missing, "
                            f"{len(there - wanted_faces)} too many")
    return problems


def _corners(mesh: Mesh, faces: FaceSet) -> set[frozenset[int]]:
    return {frozenset(row) for block in faces.blocks
            for row in mesh.node_ids[block.connectivity[:, :element(block.face_type).n_corner]].tolist()}


def _distance(file: Snapshots, meshes: list[Mesh], name: str, values: Values) -> float:
    """The largest difference over the largest value."""
    spec, largest, distance = file.fields[name], 0.0, 0.0
    for piece, mesh in enumerate(meshes):
        points = mesh.points if spec.place == "node" else StrainOperator(mesh).coordinates
        found = file.read(name, piece)
        found = vtk_from_mandel(found) if spec.tensor else found
        exact = np.array([values(points, time) for time in file.times]).reshape(found.shape)
        largest, distance = max(largest, np.abs(exact).max()), max(distance, np.abs(found - exact).max())
    return float(distance / largest) if largest else float(distance)
