"""Fields of a run at any nodes and integration points, from its reduced coordinates and the laws' values at points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from dataclasses import field as field_of_class
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from romlib.archive.rom import Rom
from romlib.errors import InputError
from romlib.mesh.mesh import Mesh
from romlib.mesh.whole import whole_mesh
from romlib.model import Model, UnitSystem
from romlib.results.places import Places
from romlib.results.scalar import Scalar
from romlib.results.spots import IpSpots, NodeSpots, Spots
from romlib.snapshots.error_bounds import ErrorBounds
from romlib.snapshots.schema import FieldSpec
from romlib.solution.largest import largest_von_mises
from romlib.solution.reader import FieldsReader
from romlib.tensors import von_mises
from romlib.words import unknown


class SolvedModel(Protocol):
    """What a file says was solved: its model, and the mesh of a piece with the node arrays that the model names."""

    @property
    def model(self) -> Model:
        """With amplitudes, temperatures and initial state of the run."""

    @property
    def with_arrays(self) -> Callable[[Mesh], Mesh]:
        """Adds the arrays to the mesh of a piece."""


class Reduced(Protocol):
    """What a reduced run is known by: see `romlib.solution.solution.Solution`."""

    reader: FieldsReader
    times: np.ndarray
    coordinates: np.ndarray
    clusters: np.ndarray
    lifting: np.ndarray
    hyper_reduced: bool

    @property
    def values(self) -> Callable[[str, int], np.ndarray]:
        """(field, block) -> (n_step, n_point, n_comp)."""

    @property
    def variables(self) -> Mapping[str, int]:
        """Fields of `values`, with their numbers of components."""

    @property
    def tensors(self) -> frozenset[str]:
        """Those that are symmetric tensors."""

    @property
    def error_bound(self) -> ErrorBounds:
        """Of the run."""

    def solved(self) -> SolvedModel:
        """The model of what was solved."""


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """What turns the few numbers of a run into fields: a `romlib.results.source.FieldSource`.

    Fields: "displacement" at the nodes; at the integration points "strain", "von_mises", and the dual fields of the
    ROM, or all that the laws have where these were integrated at all points. `rows` are numbers of steps (n_row,); the
    result has them as its first axis.
    """

    run: Reduced
    _known_coordinates: dict[str, np.ndarray] = field_of_class(default_factory=dict, repr=False)

    @property
    def _reader(self) -> FieldsReader:
        return self.run.reader

    @property
    def rom(self) -> Rom:
        """The data of the ROM."""
        return self._reader.archive

    @property
    def times(self) -> np.ndarray:
        """(n_step,)."""
        return self.run.times

    @property
    def n_step(self) -> int:
        """Number of times."""
        return len(self.run.times)

    @property
    def path(self) -> Path | None:
        """Of the ROM."""
        return self._reader.path or self._reader.fields_path

    @property
    def title(self) -> str:
        """The ROM's file."""
        return "a run of " + ("a ROM" if self._reader.path is None else self._reader.path.name)

    @property
    def model(self) -> Model:
        """The ROM's."""
        return self.rom.model

    @property
    def units(self) -> UnitSystem:
        """Of the model."""
        return self.rom.model.units

    @property
    def places(self) -> Places:
        """Of probes, for all runs of the ROM."""
        return self._reader.places

    @property
    def n_piece(self) -> int:
        """Number of pieces."""
        return self._reader.n_piece

    @property
    def error_bounds(self) -> ErrorBounds | None:
        """Of the run."""
        return self.run.error_bound

    @property
    def clusters(self) -> np.ndarray | None:
        """(n_step,), where there are several local bases."""
        return self.run.clusters if len(self.rom.clusters) > 1 else None

    def opened(self) -> AbstractContextManager[Any]:
        """Inside, the fields file is opened once at most."""
        return self._reader.session()

    def mesh(self, piece: int) -> Mesh:
        """A piece."""
        return self._reader.mesh(piece)

    def solved(self) -> tuple[Model, Mesh]:
        """The model of what was solved, and the whole mesh with the arrays that it names."""
        made = self.run.solved()
        with self.opened():
            return made.model, whole_mesh([made.with_arrays(self.mesh(piece)) for piece in range(self.n_piece)])

    def n_node(self, piece: int) -> int:
        """Nodes of a piece."""
        return self._reader.n_node(piece)

    def n_ip(self, piece: int) -> int:
        """Integration points of a piece."""
        return self._reader.n_ip(piece)

    @cached_property
    def fields(self) -> dict[str, FieldSpec]:
        """All fields that the run has."""
        own = list(self.rom.gappy) if self.run.hyper_reduced else list(self.run.variables)
        derived = ["von_mises"] if "stress" in own else []
        return {name: self.spec(name) for name in ["displacement", *own, "strain", *derived]}

    def spec(self, name: str) -> FieldSpec:
        """How a file describes a field; InputError for one that the ROM does not have."""
        if name == "displacement":
            return FieldSpec("node", self.rom.dimension)
        if name == "von_mises" and self._known("stress"):
            return FieldSpec("ip", 1)
        if name == "strain":
            return FieldSpec.symmetric("ip")
        n_comp = self.rom.gappy[self._known(name)].n_comp if self.run.hyper_reduced else (
            self.run.variables[self._known(name)])
        return FieldSpec.symmetric("ip") if name in self.run.tensors else FieldSpec("ip", n_comp)

    def field(self, name: str, rows: np.ndarray, piece: int) -> np.ndarray:
        """A field on a piece, (n_row, n_node or n_ip, n_comp); NaN where the material lacks it."""
        return self.displacement(rows, piece) if name == "displacement" else self.at_ips(name, rows, piece)

    def read(self, field: str, piece: int, steps: slice | int = slice(None)) -> np.ndarray:
        """As `romlib.snapshots.reader.Snapshots.read`."""
        values = self.field(field, np.atleast_1d(np.arange(self.n_step)[steps]), piece)
        return values if isinstance(steps, slice) else values[0]

    def at_points(self, name: str) -> np.ndarray:
        """Stress or an internal variable at `rom.points` as the laws computed it, (n_step, n_point, n_comp)."""
        if self.run.hyper_reduced:
            return self.run.values(name, 0)
        pieces, ips = self.rom.points.pieces, self.rom.points.ips
        blocks = {piece: self.run.values(name, piece) for piece in np.unique(pieces)}
        out = np.empty((self.n_step, len(pieces), blocks[pieces[0]].shape[2]))
        for piece, values in blocks.items():
            out[:, pieces == piece] = values[:, ips[pieces == piece]]
        return out

    def strain_at_points(self) -> np.ndarray:
        """Strain at `rom.points`, (n_step, n_point, 6), of what the ROM file has."""
        bases = self.rom.clusters
        return self._combine(np.arange(self.n_step), lambda k: bases[k].strain_modes, self.rom.lifting.strains)

    def largest(
        self, scalar: Scalar, spots: IpSpots, rows: np.ndarray, floor: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Von Mises stresses, of the few points where the largest may be: see `romlib.solution.largest`."""
        of_stress = scalar.field == "von_mises" or (scalar.field, scalar.component) == ("stress", "von_mises")
        if not (of_stress and self.run.hyper_reduced):
            return None
        modes = self._reader.dual_modes(spots.piece, "stress", spots)
        return largest_von_mises(self._reader.groups(spots, modes), modes, self._coordinates("stress", rows), floor)

    def at_spots(self, name: str, spots: Spots, rows: np.ndarray) -> np.ndarray:
        """A field at some places, (n_row, n, n_comp)."""
        if isinstance(spots, IpSpots):
            return self.at_ips(name, rows, spots.piece, spots)
        return spots.combined(self.displacement(rows, spots.piece, spots))

    def displacement(self, rows: np.ndarray, piece: int, spots: NodeSpots | None = None) -> np.ndarray:
        """At nodes of a piece (all: None), (n_row, n, d)."""
        return self._combine(rows, lambda k: self._reader.modes(piece, k, spots), self._reader.liftings(piece, spots))

    def at_ips(self, name: str, rows: np.ndarray, piece: int, spots: IpSpots | None = None) -> np.ndarray:
        """A field at integration points of a piece (all: None), (n_row, n, n_comp)."""
        reader = self._reader
        if name == "von_mises":
            return von_mises(self.at_ips("stress", rows, piece, spots))[..., None]
        if name == "strain":
            return self._combine(rows, lambda k: reader.strain_modes(piece, k, spots),
                                 reader.strain_liftings(piece, spots))
        if not self.run.hyper_reduced:
            values = self.run.values(self._known(name), piece)[rows]
            return values if spots is None else values[:, spots.ips]
        return np.tensordot(self._coordinates(self._known(name), rows), reader.dual_modes(piece, name, spots), axes=1)

    def _coordinates(self, name: str, rows: np.ndarray) -> np.ndarray:
        """(n_row, n_dual) of a dual field, by gappy POD from its values at the selected points.

        Those of all steps are few numbers, and kept: the next piece, and the next question, have the same.
        """
        if name not in self._known_coordinates:
            gappy = self.rom.gappy[name]
            measured = self.run.values(name, 0)[:, gappy.points]
            self._known_coordinates[name] = measured.reshape(len(measured), -1) @ gappy.operator.T
        return self._known_coordinates[name][rows]

    def _combine(self, rows: np.ndarray, modes: Callable[[int], np.ndarray], liftings: np.ndarray) -> np.ndarray:
        """sum_k a_k L_k + Phi gamma at `rows`, of modes(cluster) (n_mode, ...) and liftings (n_lift, ...)."""
        run = self.run
        values = np.tensordot(run.lifting[rows], liftings, axes=1)
        for cluster in np.unique(run.clusters[rows]):
            here = run.clusters[rows] == cluster
            basis = modes(int(cluster))
            values[here] += np.tensordot(run.coordinates[rows[here], :len(basis)], basis, axes=1)
        return values

    def _known(self, name: str) -> str:
        """The name of a field that is neither the displacement nor the strain."""
        if self.run.hyper_reduced:
            known, otherwise = list(self.rom.gappy), (
                "name it in offline.dual_fields of the study, or turn hyper-reduction off")
        else:
            known, otherwise = list(self.run.variables), "take a variable of the laws"
        if name not in known:
            derived = ["von_mises"] if "stress" in known else []
            raise InputError(f"the ROM has no field {name!r}",
                             **unknown(name, ["displacement", "strain", *derived, *known], otherwise))
        return name
