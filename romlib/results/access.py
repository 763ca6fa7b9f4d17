"""What a user asks of a result, whether it is a run in memory or a file: the same names, shapes and orders."""

from __future__ import annotations

import reprlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from romlib.blocks import refuse_beyond_memory
from romlib.errors import InputError
from romlib.mesh.mesh import Mesh
from romlib.model import UnitSystem
from romlib.results.maximum import Maximum, maximum
from romlib.results.probe import Probe
from romlib.results.probing import probe
from romlib.results.source import FieldSource
from romlib.snapshots.schema import FieldSpec

if TYPE_CHECKING:
    import xarray

Steps = int | slice | Sequence[int] | np.ndarray
ALL = slice(None)


class FieldAccess(ABC):
    """Fields of the whole mesh, probes, tables and pictures.

    The whole mesh has every node once, by ascending id of the solver; its cells and integration points are those of the
    first piece, then those of the second, and so on: the order of `mesh`, and of every array here. Arrays have the time
    first; symmetric tensors are Kelvin-Mandel vectors (`romlib.tensors.vtk_from_mandel` makes plain components); NaN
    where a material lacks a field.

    An array of all steps of the whole mesh may be large: ask for some `steps`, for one `piece`, or for a `probe`. One
    that does not fit into free memory is refused.
    """

    @property
    @abstractmethod
    def source(self) -> FieldSource:
        """Where the fields come from, piece by piece; for tools that show results."""

    @property
    def n_step(self) -> int:
        """Number of times, the initial one included."""
        return len(self.source.times)

    @property
    def n_piece(self) -> int:
        """Number of pieces of the mesh."""
        return self.source.n_piece

    @property
    def fields(self) -> Mapping[str, FieldSpec]:
        """The fields that there are: name -> place ("node" or "ip"), number of components, whether a tensor."""
        return self.source.fields

    @property
    @abstractmethod
    def stored_fields(self) -> tuple[str, ...]:
        """Those of `fields` that do not follow from others, as "von_mises" does of "stress"."""

    @property
    def units(self) -> UnitSystem:
        """Of all numbers; `units.of("stress")` is that of a field."""
        return self.source.units

    @property
    def mesh(self) -> Mesh:
        """The whole mesh; read when it is first asked for, and kept."""
        source = self.source
        with source.opened():
            return source.places.whole(source)

    def field(self, name: str, steps: Steps = ALL, piece: int | None = None) -> np.ndarray:
        """A field of the whole mesh, (n_step, n_node or n_ip, n_comp); without the first axis for one step.

        "displacement" at the nodes; at the integration points "strain" (of the displacement), "von_mises" (of the
        stress), and what else `fields` lists. NaN where the material lacks the field.

        Parameters
        ----------
        steps : a number (negative: from the end), a slice or a list of numbers; by default all.
        piece : that piece of the mesh alone, in its own order of nodes.

        Raises
        ------
        InputError : no such field, step or piece; or it does not fit into memory.
        """
        source, rows = self.source, self.rows(steps)
        with source.opened():
            values = self._whole(name, rows) if piece is None else source.field(name, rows, self.checked_piece(piece))
        return values[0] if isinstance(steps, (int, np.integer)) else values

    def displacement(self, steps: Steps = ALL, piece: int | None = None) -> np.ndarray:
        """Displacement of the nodes, (n_step, n_node, 3); see `field`."""
        return self.field("displacement", steps, piece)

    def at_nodes(self, name: str, steps: Steps = ALL) -> np.ndarray:
        """A field of the integration points taken to the nodes, (n_step, n_node, n_comp), as post-processors show it.

        Extrapolated in each cell by its shape functions, averaged over the cells of a material; between materials the
        larger value. "von_mises" is that of the averaged stress. Its largest value is not that of the integration
        points, where the law computed it: `romlib.nodal.average`. A nodal field comes as it is.

        Raises
        ------
        InputError : no such field or step; or it does not fit into memory.
        """
        from romlib.results.grid import at_nodes

        values = at_nodes(self, name, self.rows(steps))
        return values[0] if isinstance(steps, (int, np.integer)) else values

    def von_mises(self, steps: Steps = ALL, piece: int | None = None) -> np.ndarray:
        """Von Mises stress at the integration points, (n_step, n_ip); see `field`."""
        return self.field("von_mises", steps, piece)[..., 0]

    def probe(
        self, name: str, *, point: Sequence[float] | None = None, node: int | None = None, tag: str | None = None,
        reduce: str | None = None,
    ) -> Probe:
        """A field over time at one place (a point, or a node by id), or at the places of a tag; no full field is built.

        A nodal field at a point: by the shape functions of the cell that contains it, else at the nearest node. Fields
        of the integration points: at the nearest one, or all those of the tag's cells; for tags of nodes or faces those
        nearest to their nodes. `Probe.where` says which.

        Parameters
        ----------
        name : a field, or a component of it: "stress.xx", "stress.von_mises", "displacement.x".
        tag : of nodes, faces or cells; "all" has all cells.
        reduce : "max", "min" or "mean" over the places of a tag, at each time; a vector is then its length, a stress
            the von Mises stress, another tensor its norm. The mean over integration points is by volume.

        Raises
        ------
        InputError : not exactly one of point, node, tag; no such node, tag, field or component.
        """
        return probe(self.source, name, point, node, tag, reduce)

    def maximum(self, name: str, tag: str = "all") -> Maximum:
        """The largest value of a field over all times and the places of a tag, and when and where it is.

        Cheaper than a probe with reduce="max", which has the largest value of each time: a sweep of many runs asks for
        this one.

        Parameters
        ----------
        name : a field, or a component of it; a vector is its length, a stress the von Mises stress. tag : see `probe`.

        Raises
        ------
        InputError : no such field or tag, or no place of it has the field.
        """
        return maximum(self.source, name, tag)

    def reaction(self, name: str) -> Probe:
        """The force that a constraint exerts on the body over time, in the directions that it holds, (n_step, n).

        name : of the constraint, or of a node tag, of which it is all three directions. From the stress at all
        integration points, less the loads that act on the same nodes.

        Raises
        ------
        InputError : no such constraint or node tag; no stress.
        """
        from romlib.results.reactions import reaction

        return reaction(self.source, name)

    def to_xarray(
        self, fields: str | Sequence[str] | None = None, steps: Steps = ALL, piece: int | None = None
    ) -> xarray.Dataset:
        """Fields as an xarray.Dataset; see `romlib.results.tables.dataset_of`."""
        from romlib.results.tables import dataset_of

        return dataset_of(self, fields, steps, piece)

    def to_pyvista(self, step: int = -1, fields: str | Sequence[str] | None = None) -> Any:
        """The mesh at a step as a pyvista.UnstructuredGrid; see `romlib.results.grid.grid_of`."""
        from romlib.results.grid import grid_of

        return grid_of(self, step, fields)

    def plot(self, field: str = "displacement", path: str | Path | None = None, **options: Any) -> Any:
        """A picture of a field on the deformed mesh: see `romlib.plot`."""
        import romlib

        return romlib.plot(self, field, path, **options)

    def _whole(self, name: str, rows: np.ndarray) -> np.ndarray:
        """(n_row, n, n_comp) over all pieces."""
        source = self.source
        spec = source.spec(name)
        survey, at_nodes = source.places.survey(source), spec.place == "node"
        n = survey.numbering.n_node if at_nodes else int(survey.n_ips.sum())
        refuse_beyond_memory(8 * len(rows) * n * spec.n_comp, f"the field {name!r} of {len(rows)} steps", "field",
                             "ask for fewer steps (steps=...), for one piece (piece=...), or for a probe")
        out = np.empty((len(rows), n, spec.n_comp))
        first = 0
        for piece in range(source.n_piece):
            values = source.field(name, rows, piece)
            where = survey.numbering.numbers[piece] if at_nodes else slice(first, first + values.shape[1])
            out[:, where] = values
            first += values.shape[1]
        return out

    def checked_piece(self, piece: int) -> int:
        """The number of a piece; InputError where there is none."""
        n_piece = self.source.n_piece
        if isinstance(piece, bool) or not isinstance(piece, (int, np.integer)) or not 0 <= piece < n_piece:
            raise InputError(f"there is no piece {reprlib.repr(piece)}", file=self.source.path, place="piece",
                             expected=f"0 to {n_piece - 1}", remedy="leave piece out for the whole mesh")
        return int(piece)

    def rows(self, steps: Steps) -> np.ndarray:
        """Numbers of the steps that are asked for, (n_row,); InputError where there is no such step."""
        try:
            rows = np.atleast_1d(np.arange(self.n_step)[ALL if steps is None else steps])
        except (IndexError, TypeError, ValueError):
            rows = np.empty((0, 0))
        if rows.ndim != 1:
            raise InputError("there is no such step", place="steps", expected=f"0 to {self.n_step - 1}",
                             found=reprlib.repr(steps))
        return rows
