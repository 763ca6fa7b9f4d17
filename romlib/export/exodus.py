"""Exodus II files: times, a block for each material, sets from the tags, fields at nodes and in elements.

Source: G. D. Sjaardema, L. A. Schoof, V. R. Yarberry, EXODUS II: a finite element data model, Sandia 2019 (conventions
of names, node orders and side numbers), stored as NetCDF (`romlib.export.netcdf`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import romlib
from romlib.errors import UnsupportedError
from romlib.export.arrays import Array
from romlib.export.content import Content, Step
from romlib.export.netcdf import NetcdfWriter, Variable
from romlib.mesh.elements import element
from romlib.mesh.mesh import Mesh
from romlib.mesh.topology import parent_faces

# Name of the element, and its nodes in the order of the file: Exodus has the mid-side nodes of vertical edges before
# those of the top.
_ELEMENTS: Mapping[str, tuple[str, tuple[int, ...]]] = {
    "tet4": ("TETRA", (0, 1, 2, 3)), "tet10": ("TETRA10", tuple(range(10))),
    "hex8": ("HEX8", tuple(range(8))), "hex20": ("HEX20", (*range(12), 16, 17, 18, 19, 12, 13, 14, 15)),
    "hex27": ("HEX27", (*range(12), 16, 17, 18, 19, 12, 13, 14, 15, 26, 24, 25, 20, 21, 22, 23)),
    "wedge6": ("WEDGE", tuple(range(6))), "wedge15": ("WEDGE15", (*range(9), 12, 13, 14, 9, 10, 11)),
    "pyramid5": ("PYRAMID5", tuple(range(5))), "pyramid13": ("PYRAMID13", tuple(range(13))),
    **{f"{shape}{n}": (f"{shape.upper()}{n}", tuple(range(n)))
       for shape, n in (("tri", 3), ("tri", 6), ("quad", 4), ("quad", 8), ("quad", 9))}}
# Side numbers of Exodus, by the corners of the side.
_SIDES = {
    "tet": ((0, 1, 3), (1, 2, 3), (0, 2, 3), (0, 1, 2)),
    "hex": ((0, 1, 4, 5), (1, 2, 5, 6), (2, 3, 6, 7), (0, 3, 4, 7), (0, 1, 2, 3), (4, 5, 6, 7)),
    "wedge": ((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2), (3, 4, 5)),
    "pyramid": ((0, 1, 4), (1, 2, 4), (2, 3, 4), (0, 3, 4), (0, 1, 2, 3)),
    "tri": ((0, 1), (1, 2), (0, 2)), "quad": ((0, 1), (1, 2), (2, 3), (0, 3))}
_AXES = ("x", "y", "z")
_LINE = 80  # characters of a line of the title


@dataclass(frozen=True, eq=False)
class _Block:
    """name : of its material. cells : positions among those of the mesh. connectivity : in the order of Exodus."""

    name: str
    kind: str
    cells: np.ndarray
    connectivity: np.ndarray


def write_exodus(path: Path, target: Path, content: Content) -> None:
    """Write a series. path : of the temporary file; target : its name at the end, for messages.

    Raises
    ------
    UnsupportedError : an element that Exodus files of romlib do not have.
    """
    mesh, blocks = content.mesh, _blocks(content, target)
    steps = content.steps()
    first = next(steps)
    nodal, of_cells = _scalars(first.nodes), _scalars(first.cells)
    order = np.concatenate([np.empty(0, np.int64), *(block.cells for block in blocks)])
    node_sets = {name: nodes for name, nodes in mesh.node_tags.items() if len(nodes)}
    side_sets = _side_sets(mesh, order)
    names = {"name_nod_var": list(nodal), "name_elem_var": list(of_cells), "eb_names": [b.name for b in blocks],
             "ns_names": list(node_sets), "ss_names": list(side_sets)}
    longest = max([32, *(len(name.encode()) for part in names.values() for name in part)])
    dimensions = _dimensions(content, blocks, node_sets, side_sets, len(nodal), len(of_cells), longest + 1)
    attributes = {"api_version": np.float32(8.11), "version": np.float32(8.11), "floating_point_word_size": 8,
                  "file_size": 1, "maximum_name_length": longest, "int64_status": 0,
                  "title": f"romlib {romlib.__version__}: {content.title}"[:_LINE]}
    variables = _variables(blocks, node_sets, side_sets, len(nodal), len(of_cells), _AXES[:mesh.dimension])
    with NetcdfWriter(path, dimensions, attributes, variables, len(content.rows), target) as file:
        _write_fixed(file, mesh, blocks, node_sets, side_sets, names, order, longest + 1)
        _write_step(file, 0, first, blocks)
        for k, step in enumerate(steps, 1):
            _write_step(file, k, step, blocks)


def _blocks(content: Content, target: Path) -> list[_Block]:
    """Cells of one material and one element, in the order of the materials."""
    found: dict[tuple[int, str], list[tuple[np.ndarray, np.ndarray]]] = {}
    first = 0
    for block in content.mesh.blocks:
        if block.cell_type not in _ELEMENTS:
            raise UnsupportedError("Exodus files do not have this element", file=target, found=block.cell_type,
                                   expected=", ".join(_ELEMENTS))
        materials = content.materials[first:first + block.n_cell]
        for number in np.unique(materials):
            here = np.flatnonzero(materials == number)
            found.setdefault((int(number), block.cell_type), []).append(
                (first + here, np.asarray(block.connectivity)[here][:, _ELEMENTS[block.cell_type][1]]))
        first += block.n_cell
    names = [content.material_names[number] if number >= 0 else "cells" for number, _ in sorted(found)]
    return [_Block(name if names.count(name) == 1 else f"{name}_{kind}", kind,
                   np.concatenate([cells for cells, _ in parts]), np.concatenate([nodes for _, nodes in parts]))
            for name, ((_, kind), parts) in zip(names, sorted(found.items(), key=lambda item: item[0]))]


def _scalars(arrays: Sequence[Array]) -> dict[str, np.ndarray]:
    """Exodus has scalars only: readers put displacement_x, _y, _z together again, of two dimensions _x and _y."""
    return {name: values for array in arrays for name, values in array.scalars("_")}


def _side_sets(mesh: Mesh, order: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By face tag, numbers of the elements in the file and of their sides, from 1."""
    element_of = np.empty(len(order), dtype=np.int64)
    element_of[order] = np.arange(1, len(order) + 1)
    number = {kind: np.array([sides.index(tuple(sorted(face[:element(face_type).n_corner]))) + 1
                              for face_type, face in element(kind).faces])
              for kind in {block.cell_type for block in mesh.blocks} for sides in [_SIDES[element(kind).cell]]}
    found = {}
    for name, face_set in mesh.face_tags.items():
        if face_set.n_face:
            faces = parent_faces(mesh, face_set)
            sides = np.zeros(face_set.n_face, dtype=np.int64)
            for k, block in enumerate(mesh.blocks):
                here = faces.block == k
                sides[here] = number[block.cell_type][faces.local[here]]
            found[name] = element_of[faces.cell], sides
    return found


def _dimensions(
    content: Content, blocks: Sequence[_Block], node_sets: Mapping[str, np.ndarray],
    side_sets: Mapping[str, tuple[np.ndarray, np.ndarray]], n_nodal: int, n_of_cells: int, len_name: int,
) -> dict[str, int | None]:
    mesh = content.mesh
    sizes: dict[str, int | None] = {
        "len_string": 33, "len_line": _LINE + 1, "four": 4, "len_name": len_name, "time_step": None,
        "num_dim": mesh.dimension,
        "num_nodes": mesh.n_node, "num_elem": mesh.n_cell, "num_el_blk": len(blocks)}
    for k, block in enumerate(blocks, 1):
        sizes |= {f"num_el_in_blk{k}": len(block.cells), f"num_nod_per_el{k}": block.connectivity.shape[1]}
    sizes |= {"num_node_sets": len(node_sets)} if node_sets else {}
    sizes |= {f"num_nod_ns{k}": len(nodes) for k, nodes in enumerate(node_sets.values(), 1)}
    sizes |= {"num_side_sets": len(side_sets)} if side_sets else {}
    sizes |= {f"num_side_ss{k}": len(cells) for k, (cells, _) in enumerate(side_sets.values(), 1)}
    sizes |= {"num_nod_var": n_nodal} if n_nodal else {}
    return sizes | ({"num_elem_var": n_of_cells} if n_of_cells else {})


def _variables(
    blocks: Sequence[_Block], node_sets: Mapping[str, np.ndarray],
    side_sets: Mapping[str, tuple[np.ndarray, np.ndarray]], n_nodal: int, n_of_cells: int, axes: Sequence[str],
) -> list[Variable]:
    def of_sets(short: str, dimension: str, n: int) -> list[Variable]:
        return [Variable(f"{short}_status", "i4", (dimension,), {}),
                Variable(f"{short}_prop1", "i4", (dimension,), {"name": "ID"}),
                Variable(f"{short}_names", "S1", (dimension, "len_name"), {})] if n else []

    found = [Variable("time_whole", "f8", ("time_step",), {}),
             *(Variable(f"coord{axis}", "f8", ("num_nodes",), {}) for axis in axes),
             Variable("coor_names", "S1", ("num_dim", "len_name"), {}),
             Variable("node_num_map", "i4", ("num_nodes",), {}), Variable("elem_num_map", "i4", ("num_elem",), {}),
             *of_sets("eb", "num_el_blk", len(blocks)), *of_sets("ns", "num_node_sets", len(node_sets)),
             *of_sets("ss", "num_side_sets", len(side_sets))]
    found += [Variable(f"connect{k}", "i4", (f"num_el_in_blk{k}", f"num_nod_per_el{k}"),
                       {"elem_type": _ELEMENTS[block.kind][0]}) for k, block in enumerate(blocks, 1)]
    found += [Variable(f"node_ns{k}", "i4", (f"num_nod_ns{k}",), {}) for k in range(1, len(node_sets) + 1)]
    found += [Variable(f"{what}_ss{k}", "i4", (f"num_side_ss{k}",), {}) for k in range(1, len(side_sets) + 1)
              for what in ("elem", "side")]
    for kind, n in (("nod", n_nodal), ("elem", n_of_cells)):
        found += [Variable(f"name_{kind}_var", "S1", (f"num_{kind}_var", "len_name"), {})] if n else []
    found += [Variable(f"vals_nod_var{j}", "f8", ("time_step", "num_nodes"), {}) for j in range(1, n_nodal + 1)]
    return found + [Variable(f"vals_elem_var{j}eb{k}", "f8", ("time_step", f"num_el_in_blk{k}"), {})
                    for k in range(1, len(blocks) + 1) for j in range(1, n_of_cells + 1)]


def _write_fixed(
    file: NetcdfWriter, mesh: Mesh, blocks: Sequence[_Block], node_sets: Mapping[str, np.ndarray],
    side_sets: Mapping[str, tuple[np.ndarray, np.ndarray]], names: Mapping[str, Sequence[str]], order: np.ndarray,
    len_name: int,
) -> None:
    axes = _AXES[:mesh.dimension]
    for axis, along in zip(axes, mesh.coordinates.T):
        file.write(f"coord{axis}", along)
    file.write("coor_names", _characters(axes, len_name))
    file.write("node_num_map", _numbers(mesh.node_ids))
    file.write("elem_num_map", _numbers(mesh.cell_ids[order]))
    for short, n in (("eb", len(blocks)), ("ns", len(node_sets)), ("ss", len(side_sets))):
        if n:
            file.write(f"{short}_status", np.ones(n))
            file.write(f"{short}_prop1", np.arange(1, n + 1))
    for name, texts in names.items():
        if texts:
            file.write(name, _characters(texts, len_name))
    for k, block in enumerate(blocks, 1):
        file.write(f"connect{k}", block.connectivity + 1)
    for k, nodes in enumerate(node_sets.values(), 1):
        file.write(f"node_ns{k}", np.asarray(nodes) + 1)
    for k, (cells, sides) in enumerate(side_sets.values(), 1):
        file.write(f"elem_ss{k}", cells)
        file.write(f"side_ss{k}", sides)


def _write_step(file: NetcdfWriter, record: int, step: Step, blocks: Sequence[_Block]) -> None:
    file.write("time_whole", np.array([step.time]), record)
    for j, values in enumerate(_scalars(step.nodes).values(), 1):
        file.write(f"vals_nod_var{j}", values, record)
    for j, values in enumerate(_scalars(step.cells).values(), 1):
        for k, block in enumerate(blocks, 1):
            file.write(f"vals_elem_var{j}eb{k}", values[block.cells], record)


def _numbers(ids: np.ndarray) -> np.ndarray:
    """The solver's ids; numbers from 1 where they need more than 32 bits."""
    fit = not len(ids) or (ids.min() > 0 and ids.max() < 2**31)
    return ids if fit else np.arange(1, len(ids) + 1)


def _characters(texts: Sequence[str], length: int) -> np.ndarray:
    """Texts as rows of characters, filled up with zeros."""
    return np.array([text.encode() for text in texts], dtype=f"S{length}").view("S1").reshape(len(texts), length)
