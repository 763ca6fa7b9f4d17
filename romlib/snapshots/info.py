"""A structured description of a snapshots file, for `romlib info`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from romlib.mesh.mesh import Mesh
from romlib.mesh.quadrature import rule
from romlib.model import Model
from romlib.snapshots.reader import Snapshots
from romlib.storage.manifest import checksums_in_words


def info(path: Path | str) -> dict[str, Any]:
    """What a snapshots file holds, as plain JSON values; only meshes and descriptions are read, no field.

    Returns
    -------
    kind, file, file_size (bytes), schema_version, romlib_version, solver, case, units, fingerprint,
    checksums; steps (count, first, last); counts of the whole model (nodes, cells, integration_points, pieces,
    shared_nodes); fields, blocks and pieces as rows of a table; tags and arrays (sizes summed over the pieces); model
    (the names it has, and the parameters of its materials); error_bounds (of a result of a ROM, or None); clusters (the
    local basis of each step of such a result, or None); omissions.
    """
    with Snapshots(path) as snapshots:
        tags: dict[str, Counter[str]] = {kind: Counter() for kind in ("nodes", "cells", "faces")}
        arrays: dict[str, set[str]] = {kind: set() for kind in ("nodes", "cells", "faces")}
        blocks: Counter[tuple[str, str, str]] = Counter()
        pieces = []
        for piece in range(snapshots.n_piece):
            mesh = snapshots.mesh(piece)
            _count(mesh, tags, arrays, blocks)
            pieces.append({"piece": piece, "nodes": mesh.n_node, "cells": mesh.n_cell,
                           "integration_points": snapshots.n_ip(piece)})
        return {
            **_header(snapshots), "pieces": pieces,
            "blocks": [{"cell_type": cell, "formulation": formulation, "quadrature": quadrature, "cells": n,
                        "points_per_cell": rule(quadrature).n_point}
                       for (cell, formulation, quadrature), n in blocks.items()],
            "tags": {kind: dict(counts) for kind, counts in tags.items()},
            "arrays": {kind: sorted(names) for kind, names in arrays.items()},
        }


def parameters_of(model: Model) -> dict[str, dict[str, Any]]:
    """What a study would state of each material but its law: cells, parameters, density, expansion.

    Without `proof`, the histories by which a library is recognised: they are the file's and not the user's to state.
    """
    found = {}
    for name, material in model.materials.items():
        stated = material.model_dump(mode="json", exclude={"law", "file"}, exclude_none=True)
        stated["parameters"] = {key: value for key, value in stated["parameters"].items() if key != "proof"}
        found[name] = stated
    return found


def _count(mesh: Mesh, tags: dict[str, Counter[str]], arrays: dict[str, set[str]],
           blocks: Counter[tuple[str, str, str]]) -> None:
    tags["nodes"].update({name: len(nodes) for name, nodes in mesh.node_tags.items()})
    tags["cells"].update({name: len(cells) for name, cells in mesh.cell_tags.items()})
    tags["faces"].update({name: faces.n_face for name, faces in mesh.face_tags.items()})
    arrays["nodes"].update(mesh.node_arrays)
    arrays["cells"].update(mesh.cell_arrays)
    arrays["faces"].update(f"{tag}: {name}" for tag, faces in mesh.face_tags.items() for name in faces.arrays)
    blocks.update({(b.cell_type, b.formulation, b.quadrature): 0 for b in mesh.blocks})
    for block in mesh.blocks:
        blocks[block.cell_type, block.formulation, block.quadrature] += block.n_cell


def _header(snapshots: Snapshots) -> dict[str, Any]:
    model = snapshots.model
    return {
        "kind": "snapshots", "file": str(snapshots.path), "file_size": snapshots.path.stat().st_size,
        "schema_version": snapshots.schema_version, "romlib_version": snapshots.romlib_version,
        "solver": snapshots.solver, "case": snapshots.case, "units": str(model.units),
        "fingerprint": snapshots.fingerprint,
        "checksums": checksums_in_words(snapshots.checksums),
        "steps": {"count": snapshots.n_step, "first": float(snapshots.times[0]), "last": float(snapshots.times[-1])},
        "counts": {"nodes": snapshots.n_node_total, "cells": snapshots.n_cell_total,
                   "integration_points": snapshots.n_ip_total, "pieces": snapshots.n_piece,
                   "shared_nodes": snapshots.n_shared},
        "fields": [{"name": name, "place": spec.place, "components": spec.n_comp, "tensor": spec.tensor,
                    "dtype": spec.dtype, "original_name": spec.original_name, "unit": model.units.of(name)}
                   for name, spec in snapshots.fields.items()],
        "model": {"materials": {name: m.law for name, m in model.materials.items()},
                  "constraints": {name: c.kind for name, c in model.constraints.items()},
                  "loads": {name: load.kind for name, load in model.loads.items()},
                  "parameters": parameters_of(model), "values": model.parameters, "amplitudes": list(model.amplitudes),
                  "initial_time": model.initial_time},
        "error_bounds": None if snapshots.error_bounds is None else snapshots.error_bounds.to_dict(),
        "clusters": None if snapshots.clusters is None else snapshots.clusters.tolist(),
        "omissions": [omission.model_dump() for omission in model.omissions],
    }
