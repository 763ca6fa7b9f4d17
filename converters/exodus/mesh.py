"""The mesh of an Exodus file by ids: blocks of solids, what is none, and its sets of nodes, elements and sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from romlib_converters.common.elements import SolidElement, check_rules
from romlib_converters.common.plane import stated_kinematics
from romlib_converters.common.solver_mesh import SolverCells, SolverMesh
from romlib_converters.exodus.content import Block, ExodusContent
from romlib_converters.exodus.elements import OTHER, faces_of_sides, shape_of, solid
from romlib_converters.exodus.points import point_order

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.elements import ELEMENTS
from romlib.model import Omission
from romlib.words import plural


@dataclass(frozen=True, eq=False)
class SolidBlock:
    """A block of solids, and what they are."""

    block: Block
    element: SolidElement


def solid_blocks(
    content: ExodusContent, rules: Mapping[str, str], order: object
) -> tuple[list[SolidBlock], dict[str, int]]:
    """The blocks of solids, and how many elements of each other type there are.

    Parameters
    ----------
    rules : by cell type, where it is not the default. order : of points, as the user says, None for nothing said.

    Raises
    ------
    UnsupportedError : a type that is not known, or a solid that romlib lacks, with its name and number of nodes; no
    solid at all. InputError : a rule for cells that the file lacks.
    """
    found, others, unknown = [], dict[str, int](), []
    for block in content.blocks:
        shape = shape_of(block.type, content.dimension)
        if shape == OTHER:
            others[block.type] = others.get(block.type, 0) + block.count
            continue
        width = 0 if block.nodes is None else block.nodes.shape[1]
        element = None if shape is None or block.nodes is None else solid(shape, width, rules)
        if element is None:
            unknown.append(f"{plural(block.count, 'element')} {block.type or 'without a type'}"
                           + (f" of {plural(width, 'node')}" if width else "") + f" in {block.place}")
        else:
            found.append(SolidBlock(block, element))
    if unknown:
        solids = [name for name, one in ELEMENTS.items() if one.dimension == content.dimension]
        raise UnsupportedError("the file has elements that romlib lacks", file=content.file, found="; ".join(unknown),
                               expected=", ".join(solids), remedy="write the mesh with one of these elements")
    if not found:
        raise UnsupportedError("the file has no solid element", file=content.file, found=", ".join(
            f"{count} {kind}" for kind, count in others.items()) or "no element")
    check_rules(rules, list(dict.fromkeys(one.element.cell_type for one in found)), "option quadrature")
    if order is not None:
        found = [SolidBlock(one.block, replace(one.element, point_orders=(
            point_order(order, one.element, one.block.place, content.file),))) for one in found]
    return found, others


def solver_mesh(
    content: ExodusContent, blocks: list[SolidBlock], others: Mapping[str, int], kinematics: object = None
) -> SolverMesh:
    """The mesh by the numbers that the file's writer gave nodes and elements.

    kinematics : of a file in two dimensions, as the user says.

    Raises
    ------
    FileFormatError : a side that an element does not have. InputError : a kinematics that does not fit, or none.
    """
    cells = tuple(SolverCells(one.element, content.element_ids[one.block.elements],
                              content.ids_of(_nodes(one.block))) for one in blocks)
    cell_sets: dict[str, np.ndarray] = {}
    for one in blocks:
        name = one.block.name or f"block_{one.block.id}"
        ids = content.element_ids[one.block.elements]
        cell_sets[name] = np.concatenate([cell_sets[name], ids]) if name in cell_sets else ids
    for name, elements in content.element_sets():
        cell_sets.setdefault(name, content.element_ids[elements])
    node_sets = {name: content.node_ids[np.unique(nodes)] for name, nodes in content.node_sets()}
    points = content.points
    if content.dimension < 3:
        points = np.pad(points, ((0, 0), (0, 3 - content.dimension)))
    face_sets, notes = _face_sets(content, blocks)
    return SolverMesh(content.file, content.node_ids, points, cells, others, node_sets, cell_sets, face_sets,
                      notes=tuple(notes), kinematics=stated_kinematics(content.dimension, kinematics, content.file))


def _nodes(block: Block) -> np.ndarray:
    assert block.nodes is not None  # a block of solids has them
    return block.nodes


def _face_sets(
    content: ExodusContent, blocks: list[SolidBlock]
) -> tuple[dict[str, tuple[np.ndarray, np.ndarray]], list[Omission]]:
    block_of = np.full(content.n_element, -1)
    for k, one in enumerate(blocks):
        block_of[one.block.elements] = k
    found, notes = {}, []
    for name, elements, sides in content.side_sets():
        number = block_of[elements]
        faces = np.zeros(len(elements), dtype=np.int64)
        for k in np.unique(number[number >= 0]):
            of_sides = faces_of_sides(blocks[k].element.cell_type)
            here = np.flatnonzero(number == k)
            wrong = here[(sides[here] < 1) | (sides[here] > len(of_sides))]
            if len(wrong):
                raise FileFormatError("an element has no side of this number", file=content.file,
                                      place=f"side set {name}, element {content.element_ids[elements[wrong[0]]]}",
                                      expected=f"1 to {len(of_sides)}", found=int(sides[wrong[0]]))
            faces[here] = of_sides[sides[here] - 1]
        kept = number >= 0
        if not kept.all():
            notes.append(Omission(name=f"side set {name}", does_work=False, description=(
                f"{plural(int((~kept).sum()), 'side')} of elements that are no solids left out")))
        if kept.any():
            found[name] = content.element_ids[elements[kept]], faces[kept]
    return found, notes
