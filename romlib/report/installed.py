"""The converters and laws that are installed, and whether each can be loaded."""

from __future__ import annotations

import inspect
from importlib.metadata import EntryPoint, entry_points

GROUPS = {"converters": "romlib.converters", "laws": "romlib.laws"}


def installed_plugins() -> dict[str, list[dict[str, str]]]:
    """By kind, one row a plugin: name, package (with version), description, state ("ready", or what it lacks)."""
    found: dict[str, list[dict[str, str]]] = {}
    for kind, group in GROUPS.items():
        entries = {(entry.name, entry.value): entry for entry in entry_points(group=group)}
        found[kind] = [_row(entries[key]) for key in sorted(entries)]
    return found


def _row(entry: EntryPoint) -> dict[str, str]:
    package = f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else entry.value.split(":")[0]
    row = {"name": entry.name, "package": package, "description": "", "state": "ready"}
    try:
        plugin = entry.load()
    except Exception as error:  # whatever a foreign package does at import, the list goes on
        row["state"] = f"cannot be loaded: {error}"
        return row
    row["description"] = (inspect.getdoc(plugin) or "").partition("\n")[0]
    return row
