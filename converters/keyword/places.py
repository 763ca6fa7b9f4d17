"""romlib's mesh of a deck: the solid elements and their nodes, the sets as tags, the surfaces as face tags."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from romlib_converters.common.elements import SolidElement
from romlib_converters.keyword.cards import Card
from romlib_converters.keyword.mesh import InpMesh
from romlib_converters.keyword.plane import common_kinematics, in_plane, section_thickness

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.elements import element
from romlib.mesh.ids import IdIndex
from romlib.mesh.kinematics import PLANE_STRAIN, SOLID
from romlib.mesh.mesh import FaceBlock, FaceSet, Mesh
from romlib.model import Omission
from romlib.words import plural

# Faces 1, 2, ... of Abaqus and CalculiX by corners, numbered from one; in two dimensions these are edges.
_FACES = {
    "tri": ((1, 2), (2, 3), (3, 1)),
    "quad": ((1, 2), (2, 3), (3, 4), (4, 1)),
    "tet": ((1, 2, 3), (1, 4, 2), (2, 4, 3), (3, 4, 1)),
    "hex": ((1, 2, 3, 4), (5, 8, 7, 6), (1, 5, 6, 2), (2, 6, 7, 3), (3, 7, 8, 4), (4, 8, 5, 1)),
    "wedge": ((1, 2, 3), (4, 5, 6), (1, 2, 5, 4), (2, 3, 6, 5), (3, 1, 4, 6)),
}
_SOLID = "C3D"  # how the names of solids begin
_MOST_FACES = 6
_FACES_A_CELL = 8  # a face has the key: position of its cell times this, plus the solver's number less one


class Places:
    """Where the deck's nodes, elements and faces are in a mesh of solids. mesh : without tags."""

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self._node_index, self._cell_index = IdIndex(mesh.node_ids), IdIndex(mesh.cell_ids)
        self._bounds = np.cumsum([0, *(block.n_cell for block in mesh.blocks)])

    def nodes(self, ids: np.ndarray) -> np.ndarray:
        """Positions (n,) of node ids, -1 where a node is in no solid element."""
        return self._node_index.find(ids)

    def cells(self, ids: np.ndarray) -> np.ndarray:
        """Positions (n,) of element ids, -1 where an element is no solid."""
        return self._cell_index.find(ids)

    def face_keys(self, faces: np.ndarray) -> np.ndarray:
        """Keys of faces (element id, number from one), (n, 2); those of elements that are no solids are left out.

        Raises
        ------
        FileFormatError : a number that no element has.
        """
        cells = self.cells(faces[:, 0])
        wrong = np.flatnonzero((faces[:, 1] < 1) | (faces[:, 1] > _MOST_FACES))
        if len(wrong):
            raise FileFormatError("an element has no such face", place=f"element {faces[wrong[0], 0]}",
                                  expected=f"faces 1 to {_MOST_FACES}", found=int(faces[wrong[0], 1]))
        return (cells * _FACES_A_CELL + faces[:, 1] - 1)[cells >= 0]

    @staticmethod
    def of_keys(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Positions of cells (n,), and the solver's numbers of the faces less one (n,)."""
        return keys // _FACES_A_CELL, keys % _FACES_A_CELL

    def face_set(self, keys: np.ndarray, arrays: dict[str, np.ndarray] | None = None) -> FaceSet:
        """The faces of keys (n,), outward, with arrays (n,) in the order of the keys.

        Raises
        ------
        FileFormatError : a face that its element does not have.
        """
        cells, numbers = keys // _FACES_A_CELL, keys % _FACES_A_CELL
        found: dict[str, list[np.ndarray]] = {}
        rows: dict[str, list[np.ndarray]] = {}
        for first, block in zip(self._bounds, self.mesh.blocks):
            kind, own = element(block.cell_type), face_of(block.cell_type)
            inside = (cells >= first) & (cells < first + block.n_cell)
            if (numbers[inside] >= len(own)).any():
                wrong = cells[inside][numbers[inside] >= len(own)][0]
                raise FileFormatError("an element has no such face", place=f"element {self.mesh.cell_ids[wrong]}",
                                      expected=f"faces 1 to {len(own)}", found=int(numbers[inside].max()) + 1)
            for number, face in enumerate(own):
                mine = np.flatnonzero(inside & (numbers == number))
                if len(mine):
                    face_type, nodes = kind.faces[face]
                    found.setdefault(face_type, []).append(block.connectivity[cells[mine] - first][:, nodes])
                    rows.setdefault(face_type, []).append(mine)
        blocks = tuple(FaceBlock(kind, np.concatenate(found[kind])) for kind in sorted(found))
        order = np.concatenate([np.empty(0, np.int64), *(part for kind in sorted(rows) for part in rows[kind])])
        return FaceSet(blocks, {name: values[order] for name, values in (arrays or {}).items()})


def face_of(cell_type: str) -> np.ndarray:
    """Romlib's face of an element (position in `Element.faces`) by the solver's number of the face, less one."""
    kind = element(cell_type)
    own = {frozenset(nodes[:element(face_type).n_corner]): k for k, (face_type, nodes) in enumerate(kind.faces)}
    return np.array([own[frozenset(node - 1 for node in face)] for face in _FACES[kind.cell]])


def _refuse_others(
    inp: InpMesh, others: Collection[str], solid: Callable[[str, Path, str], SolidElement]
) -> None:
    """UnsupportedError for the first element that cannot be reproduced; see `build_mesh`."""
    with_solids = any(group.kind.startswith(_SOLID) for group in inp.groups)
    for group in inp.groups:
        if group.kind in others:
            continue
        try:
            solid(group.kind, group.card.file, group.card.place)
        except UnsupportedError as error:
            if not with_solids or group.kind.startswith(_SOLID):
                raise
            raise UnsupportedError(
                error.what, file=error.file, place=error.place, expected="solids alone", found=error.found,
                remedy="where such elements only draw the surfaces of the solids, as gmsh writes them, leave them out "
                       "of the deck; of a mesh for romlib solve give the .msh") from error


def build_mesh(
    inp: InpMesh, deck: Path | None, solid: Callable[[str, Path, str], SolidElement], solids: Collection[str],
    others: Collection[str], formulations: Mapping[str, str] | None = None, sections: Sequence[Card] = (),
) -> Mesh:
    """The solid elements, or those of a model in two dimensions, one block a type, with their nodes; no tags yet.

    Parameters
    ----------
    deck : their file, for messages. solid : the element of a type, or the reason why there is none (it raises).
    solids : types that there are, for messages. others : types of elements that are no solids. formulations : by type,
        where it is not the standard one. sections : the *SOLID SECTION cards, which have the thickness of a body in
        plane strain.

    Raises
    ------
    UnsupportedError : an element that cannot be reproduced, a deck without solids or with several kinds of model.
    FileFormatError : an element with a node that the deck does not define, plane elements whose nodes are in no plane.
    """
    kinds = [kind for kind in dict.fromkeys(group.kind for group in inp.groups if len(group.ids))
             if kind not in others]
    _refuse_others(inp, others, solid)
    if not kinds:
        first = inp.groups[0].card if inp.groups else None
        raise UnsupportedError("the deck has no solid elements", expected=", ".join(solids),
                               file=deck if first is None else first.file, place=None if first is None else first.place,
                               found=", ".join(dict.fromkeys(group.kind for group in inp.groups)) or "no elements")
    used = np.unique(np.concatenate([group.nodes.ravel() for group in inp.groups if group.kind in kinds]))
    at = IdIndex(inp.node_ids).find(used)
    if (at < 0).any():
        missing = int(used[at < 0][0])
        card = next(group.card for group in inp.groups if (group.nodes == missing).any())
        raise FileFormatError("an element has a node that the deck does not define", file=card.file, place=card.place,
                              found=f"node {missing}")
    blocks = []
    for kind in kinds:
        mine = [group for group in inp.groups if group.kind == kind]
        nodes = np.searchsorted(used, np.concatenate([group.nodes for group in mine]))
        block = solid(kind, mine[0].card.file, mine[0].card.place).block(
            nodes, np.concatenate([group.ids for group in mine]))
        blocks.append(replace(block, formulation=(formulations or {}).get(kind, block.formulation)))
    mine = [group for group in inp.groups if group.kind in kinds and len(group.ids)]
    motion = common_kinematics(mine)
    if motion == SOLID:
        return Mesh(inp.points[at], tuple(blocks), used)
    return Mesh(in_plane(inp.points[at], used, mine[0].card), tuple(blocks), used, kinematics=motion,
                thickness=section_thickness(sections, inp) if motion == PLANE_STRAIN else 1.0)


def set_tags(inp: InpMesh, places: Places) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, FaceSet]]:
    """Node, cell and face tags: every set and surface of the deck, as far as it is on solids."""
    node_tags = {one.name: _present(places.nodes(one.ids)) for one in inp.node_sets.values()}
    cell_tags = {one.name: _present(places.cells(one.ids)) for one in inp.element_sets.values()}
    node_tags.update({one.name: _present(places.nodes(one.nodes)) for one in inp.node_surfaces.values()})
    face_tags = {one.name: places.face_set(places.face_keys(one.faces)) for one in inp.surfaces.values()}
    return node_tags, cell_tags, face_tags


def _present(positions: np.ndarray) -> np.ndarray:
    return positions[positions >= 0]


def other_elements(inp: InpMesh, others: Collection[str]) -> Iterable[Omission]:
    """One omission for each kind of element that is no solid."""
    for kind in dict.fromkeys(group.kind for group in inp.groups if group.kind in others):
        mine = [group for group in inp.groups if group.kind == kind]
        yield Omission(name=f"elements_{kind}", does_work=True, description=(
            f"{plural(sum(len(group.ids) for group in mine), 'element')} {kind} ({mine[0].card.place}) are no solids: "
            "their forces are not in the reduced model"))
