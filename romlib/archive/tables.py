"""The tables of what a ROM and its fields file may have: types, shapes, ranges."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from romlib.archive.dictionaryfile import dictionary_items
from romlib.archive.hdf5 import CHECKSUMS, FIELDS_SCHEMA, SCHEMA
from romlib.errors import FileFormatError
from romlib.snapshots.tables import MESH_SCOPES, mesh_items, mesh_relations
from romlib.storage.contents import Contents
from romlib.storage.opening import LOST
from romlib.storage.schema import FileSchema, Item


def _rom_items() -> Iterator[Item]:
    for name in ("romlib_kind", "fingerprint", "fields_id", "fields_digest"):
        yield Item(f"/@{name}", "text")
    yield Item("/@schema", "integer")
    for name in ("manifest", "model", "cases", "identity", "density_terms", "indicator", "enrichments"):
        yield Item(f"/{name}", "json")
    yield Item("/force_names", "json", ("n_force",))
    yield Item("/points/cell_ids", "integer", ("n_point",))
    yield Item("/points/numbers", "integer", ("n_point",), low=1)
    yield Item("/points/coordinates", "real", ("n_point", 3))
    yield Item("/points/pieces", "integer", ("n_point",), low=0, high="n_ip")  # a piece has a point at least
    yield Item("/points/ips", "integer", ("n_point",), low=0, high="n_ip")
    yield Item("/points/material_index", "integer", ("n_point",), low=0, high="n_material")
    yield Item("/points/orientation", "real", ("n_point", 3, 3))
    yield Item("/clusters/<k>/strain_modes", "real", ("n_mode", "n_point", 6))
    yield Item("/clusters/<k>/weights", "real", ("n_point",), low=0.0)
    yield Item("/clusters/<k>/loads", "real", ("n_force", "n_mode"))
    yield Item("/lifting/names", "json", ("n_lift",))
    yield Item("/lifting/strains", "real", ("n_lift", "n_point", 6))
    yield Item("/lifting/loads", "real", ("n_force", "n_lift"))
    yield Item("/gappy/<k>@field", "text")
    yield Item("/gappy/<k>@n_comp", "integer", low=1, binds="n_comp")
    yield Item("/gappy/<k>@tensor", "boolean")
    yield Item("/gappy/<k>/points", "integer", ("m",), low=0, high="n_point", unique=True)
    yield Item("/gappy/<k>/operator", "real", ("n_dual", "m*n_comp"))
    yield Item("/gappy/<k>/basis", "real", ("n_dual", "m*n_comp"))
    yield Item("/control/points", "integer", ("n_control",), low=0, high="n_point", unique=True)
    yield Item("/control/weights", "real", ("n_control",), low=0.0)
    yield Item("/control/names", "json", ("n_controlled",))
    yield Item("/control/bases/<k>", "real", ("n_control_dual", "n_control", "n_control_comp"), nan=True)
    yield Item("/switching@fallback", "integer", low=0)
    yield Item("/switching/run_names", "json", ("n_training_run",))
    yield Item("/switching/runs", "integer", ("n_snapshot",), low=0, high="n_training_run")
    yield Item("/switching/times", "real", ("n_snapshot",))
    yield Item("/switching/labels", "integer", ("n_snapshot",), low=0, high="n_local")
    yield Item("/switching/medoids", "integer", ("n_local",), low=0, high="n_snapshot", unique=True)
    yield Item("/switching/energy", "real", ("n_all", "n_all"))
    yield Item("/switching/products", "real", ("n_all", "n_snapshot"))
    yield Item("/switching/sizes", "real", ("n_snapshot",), low=0.0)
    yield from dictionary_items()
    yield Item("/temperature@shape", "integer", (2,), low=0)
    yield Item("/temperature/names", "json", ("n_term",))
    yield Item("/temperature/terms/<k>", "real", ("n_point",))
    yield Item("/temperature/initial", "real", ("n_point",))
    yield Item("/temperature/trained/modes", "real", ("n_thermal", "n_point"))
    for name in ("lowest", "highest"):
        yield Item(f"/temperature/trained/{name}", "real", ("n_run", "n_thermal"))
    yield Item("/temperature/node_ids", "integer", ("n_node",), unique=True)
    yield Item("/temperature/matrix/data", "real", ("n_entry",))
    yield Item("/temperature/matrix/indices", "integer", ("n_entry",), low=0, high="n_node")
    yield Item("/temperature/matrix/indptr", "integer", ("n_point+1",), low=0)


def _rom_relations(contents: Contents, _: str) -> None:
    """Counts that descriptions give, and the rows of the sparse matrix."""
    contents.bind("n_material", len(contents.json("/model", dict)["materials"]), "/model, materials")
    contents.bind("n_ip", int(contents.json("/manifest", dict)["n_ip"]), "/manifest, n_ip")
    contents.bind("n_cluster", contents.count("/clusters"), "/clusters")
    contents.bind("n_term", contents.count("/temperature/terms"), "/temperature/terms")
    contents.count("/gappy")
    if contents.has("/control"):
        contents.bind("n_controlled", contents.count("/control/bases"), "/control/bases")
    shape = tuple(int(n) for n in contents.attribute("/temperature", "shape"))
    for size, name in zip(shape, ("n_point", "n_node")):
        contents.bind(name, size, "/temperature, attribute shape")
    starts, n_entry = contents.array("/temperature/matrix/indptr"), contents.shape("/temperature/matrix/data")[0]
    if starts[0] != 0 or starts[-1] != n_entry or (np.diff(starts) < 0).any():
        raise FileFormatError("the rows of a sparse matrix overlap or leave its values", file=contents.path,
                              place="/temperature/matrix/indptr", expected=f"from 0 to {n_entry}, never falling",
                              remedy=LOST)


ROM = FileSchema(
    "ROM", _rom_items(), version=SCHEMA, version_attribute="/@schema", checksums=CHECKSUMS, relations=_rom_relations,
    scopes={name: ("k",) for name in ("n_mode", "n_comp", "n_dual", "m", "n_control_dual", "n_control_comp")})


def _fields_items() -> Iterator[Item]:
    for name in ("romlib_kind", "fingerprint", "id"):
        yield Item(f"/@{name}", "text")
    yield Item("/@schema", "integer")
    yield Item("/@n_piece", "integer", low=1, binds="n_piece")
    yield Item("/singular_value_names", "json", ("n_singular",))
    yield Item("/singular_values/<k>", "real", ("n_value",), low=0.0)
    yield Item("/snapshots/run_names", "json", ("n_run",))
    yield Item("/snapshots/runs", "integer", ("n_snapshot",), low=0, high="n_run")
    yield Item("/snapshots/times", "real", ("n_snapshot",))
    yield Item("/snapshots/weights", "real", ("n_cluster", "n_snapshot"), low=0.0)
    yield Item("/snapshots/gram_names", "json", ("n_gram",))
    yield Item("/snapshots/grams/<k>", "real", ("n_snapshot", "n_snapshot"))
    yield from mesh_items("/pieces/<p>/mesh", whole=True)
    yield Item("/pieces/<p>/modes/<k>", "real", ("n_mode", "n_node", "n_dim"), blocks=True)
    yield Item("/pieces/<p>/liftings", "real", ("n_lift", "n_node", "n_dim"), blocks=True)
    yield Item("/pieces/<p>/dual_names", "json", ("n_dual_field",))
    yield Item("/pieces/<p>/dual_modes/<k>", "real", ("n_dual", "n_ip", "n_comp"), nan=True, blocks=True)


def _fields_relations(contents: Contents, unit: str) -> None:
    if not unit:
        contents.bind("n_piece", contents.count("/pieces"), "/pieces")
        contents.bind("n_singular", contents.count("/singular_values"), "/singular_values")
        return
    if unit == "/snapshots":
        contents.bind("n_gram", contents.count("/snapshots/grams"), "/snapshots/grams")
        return
    piece = unit.rpartition("/")[2]
    contents.bind("n_ip", mesh_relations(contents, f"{unit}/mesh", piece, whole=True), f"{unit}/mesh", p=piece)
    contents.bind("n_cluster", contents.count(f"{unit}/modes"), f"{unit}/modes")
    contents.bind("n_dual_field", contents.count(f"{unit}/dual_modes"), f"{unit}/dual_modes")


FIELDS = FileSchema(
    "fields file", _fields_items(), version=FIELDS_SCHEMA, version_attribute="/@schema", checksums=CHECKSUMS,
    relations=_fields_relations, units=("/pieces/<p>", "/snapshots"),
    scopes={**MESH_SCOPES, "n_ip": ("p",), "n_mode": ("k",), "n_dual": ("k",), "n_comp": ("k",), "n_value": ("k",)})
