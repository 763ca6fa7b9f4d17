"""Fields of a run at any nodes and integration points, from its reduced coordinates and the laws' values at points."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

import numpy as np

from romlib.archive.fieldsfile import FieldsFile
from romlib.archive.rom import Rom
from romlib.errors import InputError
from romlib.mesh.operator import StrainOperator
from romlib.snapshots.schema import FieldSpec
from romlib.solution.locate import IpSpots, NodeSpots
from romlib.tensors import von_mises
from romlib.words import unknown

_held: ContextVar[tuple[Reconstruction, FieldsFile] | None] = ContextVar("_held", default=None)


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """What turns the few numbers of a run into fields. Its parts are those of `romlib.solution.solution.Solution`.

    Fields: "displacement" at the nodes; at the integration points "strain", "von_mises", and the dual fields of the
    ROM. `rows` are numbers of steps (n_row,); the result has them as its first axis.
    """

    rom: Rom
    coordinates: np.ndarray
    clusters: np.ndarray
    lifting: np.ndarray
    hyper_reduced: bool
    point_values: Callable[[str, int], np.ndarray]
    tensors: frozenset[str]
    open_fields: Callable[[], FieldsFile]

    @contextmanager
    def opened(self) -> Iterator[FieldsFile]:
        """The fields file: that which is open already where this is asked for inside, since opening looks at all of it.

        It belongs to one thread.
        """
        held = _held.get()
        if held is not None and held[0] is self:
            yield held[1]
            return
        with self.open_fields() as fields:
            token = _held.set((self, fields))
            try:
                yield fields
            finally:
                _held.reset(token)

    def spec(self, name: str) -> FieldSpec:
        """How a file describes a field; InputError for one that the ROM does not have."""
        if name == "displacement":
            return FieldSpec("node", 3)
        if name == "von_mises":
            return FieldSpec("ip", 1)
        if name in ("stress", "strain") or name in self.tensors:
            return FieldSpec.symmetric("ip")
        n_comp = self.rom.gappy[self._known(name)].n_comp if self.hyper_reduced else (
            self.point_values(name, 0).shape[2])
        return replace(FieldSpec("ip"), n_comp=n_comp)

    def field(self, name: str, rows: np.ndarray, piece: int) -> np.ndarray:
        """A field on a piece, (n_row, n_node or n_ip, n_comp); NaN where the material lacks it."""
        return self.displacement(rows, piece) if name == "displacement" else self.at_ips(name, rows, piece)

    def at_points(self, name: str) -> np.ndarray:
        """Stress or an internal variable at `rom.points` as the laws computed it, (n_step, n_point, n_comp)."""
        if self.hyper_reduced:
            return self.point_values(name, 0)
        pieces, ips = self.rom.points.pieces, self.rom.points.ips
        blocks = {piece: self.point_values(name, piece) for piece in np.unique(pieces)}
        out = np.empty((len(self.coordinates), len(pieces), blocks[pieces[0]].shape[2]))
        for piece, values in blocks.items():
            out[:, pieces == piece] = values[:, ips[pieces == piece]]
        return out

    def at_spots(self, name: str, spots: NodeSpots | IpSpots) -> np.ndarray:
        """A field over time at some places, (n_step, n, n_comp)."""
        rows = np.arange(len(self.coordinates))
        if isinstance(spots, IpSpots):
            return self.at_ips(name, rows, spots.piece, spots.ips)
        return np.einsum("sn,tni->tsi", spots.matrix, self.displacement(rows, spots.piece, spots.nodes))

    def displacement(self, rows: np.ndarray, piece: int, nodes: np.ndarray | None = None) -> np.ndarray:
        """At nodes of a piece (all: None), (n_row, n, 3)."""
        with self.opened() as fields:
            return self._combine(rows, lambda k: fields.modes(piece, k, nodes), fields.liftings(piece, nodes))

    def at_ips(self, name: str, rows: np.ndarray, piece: int, ips: np.ndarray | None = None) -> np.ndarray:
        """A field at integration points of a piece (all: None), (n_row, n, n_comp)."""
        if name == "von_mises":
            return von_mises(self.at_ips("stress", rows, piece, ips))[..., None]
        if name == "strain":
            return self._strain(rows, piece, ips)
        if not self.hyper_reduced:
            values = self.point_values(name, piece)[rows]
            return values if ips is None else values[:, ips]
        gappy = self.rom.gappy[self._known(name)]
        measured = self.point_values(name, 0)[rows][:, gappy.points]
        with self.opened() as fields:
            modes = fields.dual_modes(piece, name, ips)
        return np.tensordot(measured.reshape(len(rows), -1) @ gappy.operator.T, modes, axes=1)

    def _strain(self, rows: np.ndarray, piece: int, ips: np.ndarray | None) -> np.ndarray:
        with self.opened() as fields:
            operator = StrainOperator(fields.mesh(piece))

            def strain(u: np.ndarray) -> np.ndarray:
                return operator.strain(u) if ips is None else operator.strain_at(u, ips)
            return self._combine(rows, lambda k: strain(fields.modes(piece, k)), strain(fields.liftings(piece)))

    def _combine(self, rows: np.ndarray, modes: Callable[[int], np.ndarray], liftings: np.ndarray) -> np.ndarray:
        """sum_k a_k L_k + Phi gamma at `rows`, of modes(cluster) (n_mode, ...) and liftings (n_lift, ...)."""
        values = np.tensordot(self.lifting[rows], liftings, axes=1)
        for cluster in np.unique(self.clusters[rows]):
            here = self.clusters[rows] == cluster
            basis = modes(int(cluster))
            values[here] += np.tensordot(self.coordinates[rows[here], :len(basis)], basis, axes=1)
        return values

    def _known(self, name: str) -> str:
        if name not in self.rom.gappy:
            raise InputError(f"the ROM has no field {name!r}",
                             **unknown(name, ["displacement", "strain", "von_mises", *self.rom.gappy],
                                       "name it in offline.dual_fields of the study, or turn hyper-reduction off"))
        return name
