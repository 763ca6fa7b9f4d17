"""ROMs put together by hand, from chosen modes and all integration points, for the tests of several rooms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from romlib.archive.dictionary import Choosing, Dictionary
from romlib.archive.enrichment import Enrichment
from romlib.archive.indicator import CalibrationPair, Indicator
from romlib.archive.manifest import Manifest
from romlib.archive.pair import PairWriter
from romlib.archive.rom import (
    ControlPoints,
    GappyOperator,
    LiftingData,
    LocalBasis,
    Rom,
    SelectedPoints,
    SnapshotGrams,
    TemperatureAtPoints,
    TrainedTemperatures,
)
from romlib.archive.switching import Switching
from romlib.fem.piece import Piece
from romlib.loads.forces import force_names
from romlib.mesh.mesh import Mesh
from romlib.model import Case, Model

Field = Callable[[np.ndarray], np.ndarray]


def affine(axis: int, along: int | None = None) -> Field:
    """Displacement along `axis` that grows as the coordinate `along` (the same axis unless given)."""
    def field(points: np.ndarray) -> np.ndarray:
        u = np.zeros_like(points)
        u[:, axis] = points[:, axis if along is None else along]
        return u
    return field


def hand_made_rom(
    pieces: Sequence[Mesh], model: Model, modes: Sequence[Field], *, liftings: Mapping[str, Field] | None = None,
    dual: Mapping[str, tuple[int, bool]] | None = None, cases: dict[str, Case] | None = None, fingerprint: str = "abc",
) -> tuple[Rom, list[tuple[Mesh, list[np.ndarray], np.ndarray, dict[str, np.ndarray]]]]:
    """A ROM on all integration points with the solver's weights, and what the fields file has of each piece.

    dual : (n_comp, tensor) by field; the modes of a dual field are the constant fields, one a component.
    """
    liftings, dual = liftings or {}, dual or {}
    names = tuple(force_names(model))
    parts, points, data, axes = [], [], [], []
    for p, mesh in enumerate(pieces):
        piece = Piece(mesh, model)
        operator = piece.operator
        phi = np.array([mode(mesh.points) for mode in modes]).reshape(-1, mesh.n_node, 3)
        lift = np.array([field(mesh.points) for field in liftings.values()]).reshape(-1, mesh.n_node, 3)
        unit = piece.unit_forces(None)
        matrix = operator.interpolation_matrix(np.arange(operator.n_ip)).tocoo()
        parts.append({
            "strains": operator.strain(phi), "lift": operator.strain(lift), "weights": operator.weights,
            "loads": np.einsum("fni,kni->fk", unit, phi), "lift_loads": np.einsum("fni,kni->fk", unit, lift),
            "terms": piece.temperature_terms, "initial": piece.initial_temperature,
            "rows": matrix.row, "nodes": mesh.node_ids[matrix.col], "values": matrix.data})
        points.append((operator.cell_ids, operator.point_numbers, operator.coordinates,
                       np.full(operator.n_ip, p), np.arange(operator.n_ip), piece.points.material_index))
        data.append((mesh, [phi], lift, {
            name: np.tile(np.eye(n_comp)[:, None, :], (1, operator.n_ip, 1)) for name, (n_comp, _) in dual.items()}))
        found = piece.points.orientation
        axes.append(np.tile(np.eye(3), (operator.n_ip, 1, 1)) if found is None else found)
    selected = SelectedPoints(*(np.concatenate([row[k] for row in points]) for k in range(6)),
                              np.concatenate(axes) if any(
                                  one.orientation is not None for one in model.materials.values()) else None)

    def joined(name: str, axis: int = 0) -> np.ndarray:
        return np.concatenate([part[name] for part in parts], axis=axis)

    rom = Rom(
        Manifest(fingerprint, volume=float(joined("weights").sum()), n_ip=selected.n_point), model, cases or {},
        selected, names, [LocalBasis(joined("strains", 1), joined("weights"), sum(part["loads"] for part in parts))],
        LiftingData(tuple(liftings), joined("lift", 1), sum(part["lift_loads"] for part in parts)),
        {name: _gappy(name, n_comp, tensor, selected.n_point) for name, (n_comp, tensor) in dual.items()},
        _temperature(parts, selected.n_point))
    return rom, data


def clustered(
    made: tuple[Rom, list], pieces: Sequence[Mesh], groups: Sequence[Sequence[int]], snapshots: np.ndarray,
    labels: Sequence[int], keep_global: bool = True,
) -> tuple[Rom, list]:
    """A hand-made ROM and its fields, with local bases of its modes, and what they are switched by.

    groups : the modes of each local basis, by number. snapshots : (n_snapshot, n_mode + n_lift), coordinates of the
    training snapshots in all modes and the liftings; of the run "a". labels : the local basis of each.
    """
    rom, data = made
    whole = rom.clusters[0]
    chosen = [np.asarray(group) for group in groups] + ([np.arange(whole.n_mode)] if keep_global else [])
    bases = [replace(whole, strain_modes=whole.strain_modes[group], loads=whole.loads[:, group]) for group in chosen]
    tangent = np.concatenate([Piece(mesh, rom.model).virgin_tangent() for mesh in pieces])
    every = np.concatenate([whole.strain_modes, rom.lifting.strains])
    gram = np.einsum("ipa,p,pab,jpb->ij", every, whole.weights, tangent, every)
    gram = 0.5 * (gram + gram.T)
    fields = np.concatenate([*chosen, np.arange(whole.n_mode, len(every))])
    switching = Switching(
        ("a",), np.zeros(len(labels), dtype=int), np.arange(len(labels), dtype=float), np.asarray(labels),
        np.array([list(labels).index(k) for k in range(len(groups))]), gram[np.ix_(fields, fields)],
        gram[fields] @ snapshots.T, np.sqrt(np.einsum("si,ij,sj->s", snapshots, gram, snapshots)),
        len(groups) if keep_global else None)
    return replace(rom, clusters=bases, switching=switching), [
        (mesh, [phi[0][group] for group in chosen], lift, dual) for mesh, phi, lift, dual in data]


def with_dictionary(rom: Rom, drivers: Sequence[str], fallback: int | None = None) -> Rom:
    """The ROM with its first two bases in a dictionary, of four cases of one second in which all drivers grow evenly to
    0 or 0.1 (the first basis), 0.9 or 1 (the second).

    drivers : the mechanical loads and prescribed displacements, sorted.
    """
    kinds = {"largest": 1.0, "smallest": 0.0, "mean": 0.5, **{f"at {part} % of the time": part / 100
                                                              for part in (25, 50, 75)}}
    features = ("duration", *(f"{name}: {kind}" for name in drivers for kind in kinds))
    sizes, labels = np.array([0.0, 0.1, 0.9, 1.0]), np.array([0, 0, 1, 1])
    values = np.column_stack([np.ones(4), np.outer(sizes, list(kinds.values()) * len(drivers))])
    choosing = Choosing(kind="nearest case", features=features, cases=tuple("abcd"), scores={"nearest case": 1.0},
                        fallback=fallback)
    return replace(rom, switching=None, dictionary=Dictionary(
        choosing, np.zeros((0, rom.points.n_point)), values, labels, np.eye(2)[labels], np.zeros(0, dtype=np.uint8)))


def enriched(rom: Rom) -> Rom:
    """The ROM with an entry in the log of its additions, of no enrichment."""
    entry = Enrichment(number=1, kind="step", case="hot", digest="d", step=3, time=0.3, what="the largest bound",
                       before={"stress": 0.3}, found={"stress": 0.1}, after={"stress": 0.2}, modes=4, points=7,
                       seconds=1.5)
    return replace(rom, enrichments=(entry,))


def with_indicator(rom: Rom, fields: Sequence[str] = ("stress", "p")) -> Rom:
    """The ROM with factors of the bounds, and control points of the last two points; not those of any calibration."""
    n = rom.points.n_point
    last = np.arange(n - 2, n)
    bases = {name: rom.gappy[name].basis.reshape(rom.gappy[name].n_dual, n, -1)[:, last]
             for name in fields if name != "stress"}
    pair = CalibrationPair(left_out="a run", run="another", errors={name: 0.01 for name in fields},
                           misfits={name: 0.005 for name in fields}, unweighted={name: 0.005 for name in fields})
    indicator = Indicator(
        largest={name: (1.0,) * len(rom.clusters) for name in fields}, norms={name: 1.0 for name in fields},
        factors={"displacement": 0.5, **{name: 2.0 for name in fields}}, pairs=(pair,), source="made by hand")
    return replace(rom, indicator=indicator, control=ControlPoints(last, np.ones(2), bases))


def _gappy(name: str, n_comp: int, tensor: bool, n_point: int) -> GappyOperator:
    basis = np.tile(np.eye(n_comp), (1, n_point))
    return GappyOperator(name, n_comp, np.arange(n_point), np.linalg.pinv(basis).T, basis, tensor)


def _temperature(parts: list[dict], n_point: int) -> TemperatureAtPoints:
    first = np.cumsum([0, *(len(part["weights"]) for part in parts)])
    node_ids, columns = np.unique(np.concatenate([part["nodes"] for part in parts]), return_inverse=True)
    rows = np.concatenate([part["rows"] + start for part, start in zip(parts, first)])
    matrix = csr_matrix((np.concatenate([part["values"] for part in parts]), (rows, columns)), (n_point, len(node_ids)))
    initial = None if parts[0]["initial"] is None else np.concatenate([part["initial"] for part in parts])
    terms = {name: np.concatenate([part["terms"][name] for part in parts]) for name in parts[0]["terms"]}
    wide = np.full((1, len(terms)), 1e9)  # nothing is beyond the training
    trained = TrainedTemperatures(np.linalg.qr(np.stack(list(terms.values())).T)[0].T, -wide, wide) if terms else None
    return TemperatureAtPoints(terms, initial, node_ids, matrix, trained)


SNAPSHOTS = SnapshotGrams(("a", "b"), np.array([0, 0, 1]), np.array([0.0, 1.0, 0.0]), np.ones((1, 3)),
                          {"displacement": np.diag([1.0, 2.0, 3.0]), "stress": np.eye(3)})


def write_both(path: Path, rom: Rom, data: list, snapshots: SnapshotGrams | None = SNAPSHOTS) -> Path:
    """Write x.rom and x.fields.rom."""
    singular_values = {"displacement": np.array([2.0, 1.0])}
    if snapshots is not None:
        snapshots = replace(snapshots, weights=np.ones((len(rom.clusters), len(snapshots.times))))
    with PairWriter(path, rom.manifest.fingerprint, len(data), singular_values, snapshots) as pair:
        for piece, fields in enumerate(data):
            pair.write_piece(piece, *fields)
        pair.finish(rom)
    return path
