"""The table of what a state file may have: types, shapes, ranges."""

from __future__ import annotations

from collections.abc import Iterator

from romlib.storage.contents import Contents
from romlib.storage.schema import FileSchema, Item

KIND = "state"
# The first was never written: files without checksums have version 1 in all kinds of files.
VERSION = 2
ARRAYS = ("gamma", "lifting", "elastic_factors", "elastic_pivots", "factors", "factors_pivots", "drive_force",
          "drive_lifting", "last_force", "last_lifting", "remainder", "drive", "largest", "change", "dt", "cluster",
          "barred")


def _items() -> Iterator[Item]:
    yield Item("/@romlib_kind", "text")
    yield Item("/@schema", "integer")
    yield Item("/header", "json")
    for name in ARRAYS:
        yield Item(f"/run/{name}", "number", None)
    block = "/blocks/<p>"
    yield Item(f"{block}@piece", "integer", low=0)
    yield Item(f"{block}/cells", "integer", ("n_point",))
    yield Item(f"{block}/numbers", "integer", ("n_point",), low=1)
    yield Item(f"{block}/coordinates", "real", ("n_point", 3))
    yield Item(f"{block}/material_index", "integer", ("n_point",), low=0, high="n_material")
    yield Item(f"{block}/strain", "real", ("n_point", 6))
    yield Item(f"{block}/stress", "real", ("n_point", 6))
    yield Item(f"{block}/states/<k>", "real", ("n_of", "n_state"))
    for name in ("temperature", "origin", "strain_free"):
        yield Item(f"{block}/{name}", "real", ("n_point",))
    yield Item(f"{block}/orientation", "real", ("n_point", 3, 3))
    yield Item(f"{block}/nodes/ids", "integer", ("n_node",), unique=True)
    yield Item(f"{block}/nodes/displacement", "real", ("n_node", "n_dim"))
    yield Item(f"{block}/nodes/increment", "real", ("n_node", "n_dim"))


def _relations(contents: Contents, unit: str) -> None:
    if unit:
        contents.count(f"{unit}/states")
        return
    contents.bind("n_material", len(contents.json("/header", dict)["materials"]), "/header, materials")
    contents.count("/blocks")


STATE = FileSchema(
    "state file", _items(), version=VERSION, version_attribute="/@schema", checksums="/checksums",
    relations=_relations, units=("/blocks/<p>",),
    scopes={"n_point": ("p",), "n_node": ("p",), "n_of": ("p", "k"), "n_state": ("p", "k")})
