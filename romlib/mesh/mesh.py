"""The data of a mesh, or of one piece of it: points, cell blocks, tags, arrays. Other modules do the work."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from romlib.mesh.kinematics import SOLID, Kinematics, kinematics, padded
from romlib.mesh.quadrature import rule


@dataclass(frozen=True)
class CellBlock:
    """Cells of one type, formulation and quadrature.

    cell_type : name in `romlib.mesh.elements.ELEMENTS` (tet4, tet10, hex8, hex20, hex27, wedge6, ...; in two
        dimensions tri3, tri6, quad4, quad8, counter-clockwise).
    connectivity : (n_cell, n_node of the element), positions in `Mesh.points`, VTK node order.
    cell_ids : (n_cell,), the solver's own ids.
    formulation : "standard" (a reduced rule with plain shape functions is "standard" with another quadrature), or one
        of `romlib.mesh.mean_dilatation.FORMULATIONS` ("B-bar"); any other name of what the solver did is refused.
    quadrature : name in `romlib.mesh.quadrature.RULES`, the solver's rule.
    temperature_interpolation : "shape" (shape functions) or "mean" (mean of the nodes), as the solver does.
    """

    cell_type: str
    connectivity: np.ndarray
    cell_ids: np.ndarray
    quadrature: str
    formulation: str = "standard"
    temperature_interpolation: str = "shape"

    @property
    def n_cell(self) -> int:
        """Number of cells of the block."""
        return len(self.connectivity)


@dataclass(frozen=True)
class FaceBlock:
    """Faces of one type: connectivity (n_face, n_node), outward normal by the right hand.

    face_type : tri3, tri6, quad4, quad8 or quad9; in two dimensions line2 or line3, whose normal is on their right,
        which is outward of a counter-clockwise cell.
    """

    face_type: str
    connectivity: np.ndarray


@dataclass(frozen=True)
class FaceSet:
    """The faces of one tag. arrays : one value a face, over the blocks in order, each (n_face,)."""

    blocks: tuple[FaceBlock, ...]
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def n_face(self) -> int:
        """Number of faces over all blocks."""
        return sum(len(block.connectivity) for block in self.blocks)


@dataclass(frozen=True)
class Mesh:
    """A piece (subdomain) of a mesh; a whole mesh is one piece.

    points : (n_node, dimension). node_ids : (n_node,), the solver's, the same for a node in every piece that has it.
    blocks : cells; "cell k" counts through the blocks in order; so do integration points, cell by cell.
    node_tags, cell_tags : positions of nodes and cells. face_tags : face sets ("skin" is the outer skin of the whole
        mesh, without the interfaces between pieces). "all" is a cell tag that every mesh has implicitly.
    node_arrays : (n_node,) or (n_node, k); cell_arrays : (n_cell,) or (n_cell, k).
    shared_index : (n_node,), -1 inside the piece, else the number of the node among the nodes that several pieces
        share (0 ... n_shared - 1 over the whole mesh).
    kinematics : "solid", "plane strain" or "axisymmetric" (`romlib.mesh.kinematics`): what the displacement makes of
        the six components of the strain. It gives the dimension, 3 or 2, of points, displacements and forces.
    thickness : of a body in plane strain, in the unit of length: its volumes and forces are of this thickness; one
        otherwise. Those of an axisymmetric body are of the whole circumference.
    """

    points: np.ndarray
    blocks: tuple[CellBlock, ...]
    node_ids: np.ndarray
    node_tags: dict[str, np.ndarray] = field(default_factory=dict)
    cell_tags: dict[str, np.ndarray] = field(default_factory=dict)
    face_tags: dict[str, FaceSet] = field(default_factory=dict)
    node_arrays: dict[str, np.ndarray] = field(default_factory=dict)
    cell_arrays: dict[str, np.ndarray] = field(default_factory=dict)
    shared_index: np.ndarray | None = None
    kinematics: str = SOLID
    thickness: float = 1.0

    def __repr__(self) -> str:
        tags = ", ".join(dict.fromkeys([*self.node_tags, *self.face_tags, *self.cell_tags]))
        return f"Mesh({self.n_node} nodes, {self.n_cell} cells; tags {tags or 'none'})"

    @property
    def motion(self) -> Kinematics:
        """What the displacement makes of the strain; UnsupportedError where there is none of this name."""
        return kinematics(self.kinematics)

    @property
    def dimension(self) -> int:
        """Components of points, displacements and forces."""
        return self.motion.dimension

    @property
    def coordinates(self) -> np.ndarray:
        """The points in space, (n_node, 3): in two dimensions with a third coordinate, zero."""
        return padded(self.points)

    @property
    def n_node(self) -> int:
        """Number of nodes of this piece."""
        return len(self.points)

    @property
    def n_cell(self) -> int:
        """Number of cells of this piece over all blocks."""
        return sum(block.n_cell for block in self.blocks)

    @property
    def points_of_cells(self) -> np.ndarray:
        """Number of integration points of each cell, (n_cell,)."""
        return np.concatenate([np.full(block.n_cell, rule(block.quadrature).n_point) for block in self.blocks])

    @property
    def cell_ids(self) -> np.ndarray:
        """The solver's ids of all cells, (n_cell,)."""
        return np.concatenate([block.cell_ids for block in self.blocks])
