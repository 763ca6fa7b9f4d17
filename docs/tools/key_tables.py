"""Tables of keys from the pydantic models: key, type, default and meaning of every field, those of tables inside as
`outer.inner`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from inspect import getclosurevars
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator
from pydantic.fields import FieldInfo
from romlib_plugins.umat import UmatParameters

from romlib.check.options import CheckOptions
from romlib.laws.chaboche import ChabocheParameters
from romlib.laws.cubic import CubicParameters
from romlib.laws.elastic import ElasticParameters
from romlib.laws.mises import MisesParameters
from romlib.laws.orthotropic import OrthotropicParameters
from romlib.life.table import Curve, LifeTable
from romlib.model import Case, Constraint, ExpressionAmplitude, Load, Material, TableAmplitude, UnitSystem
from romlib.model.clusters import ClusterOptions
from romlib.model.load import ArrayReference
from romlib.model.material import Formula, ParameterTable
from romlib.model.tag import NodeTag
from romlib.model.temperature import TemperatureFile
from romlib.offline.options import OfflineOptions
from romlib.study import TagDefinition, Training, Validation
from romlib.study.greedy import Greedy
from romlib.study.mesh_file import MeshFile
from romlib.study.study import CheckSettings, Header, Initial

BY_DEFAULT = re.compile(r"(?:^|[;,.] )[Bb]y default (.*?)(?=[.;](?: |$)|$)")
MARKED = re.compile(r"(<!-- generated: ([\w ]+) -->)\n.*?(<!-- end -->)", re.DOTALL)
HEAD = "| key | type | default | meaning |\n|---|---|---|---|\n"
ONE_LINE = (ArrayReference, ParameterTable)  # their keys stand in the type
NUMBER = "number"  # of a law: or a table in temperature, or a formula of parameters, as the page says above the tables
# What a marker in a page may ask for: the model, what precedes its keys, and the keys whose tables stand elsewhere.
TABLES: dict[str, tuple[type[BaseModel], str, tuple[str, ...]]] = {
    "study": (Header, "", ()),
    "material": (Material, "", ()),
    "elastic": (ElasticParameters, "", ()),
    "cubic": (CubicParameters, "", ()),
    "orthotropic": (OrthotropicParameters, "", ()),
    "mises": (MisesParameters, "", ()),
    "chaboche": (ChabocheParameters, "", ()),
    "umat": (UmatParameters, "", ("proof",)),
    "tag": (TagDefinition, "", ("nodes", "faces", "cells")),
    "tag definition": (NodeTag, "", ()),
    "constraint": (Constraint, "", ()),
    "initial": (Initial, "", ()),
    "mesh": (MeshFile, "", ()),
    "training": (Training, "", ("amplitudes", "temperature")),
    "validation": (Validation, "", ("amplitudes", "temperature")),
    "offline": (OfflineOptions, "", ("clusters",)),
    "clusters": (ClusterOptions, "", ()),
    "life": (LifeTable, "", ()),
    "check": (CheckSettings, "", ()),
    "case": (Case, "", ("amplitudes", "temperature", "identity", "omissions")),
    "greedy": (Greedy, "", ()),
    "temperature": (TemperatureFile, "temperature.", ()),
}
KINDS = {"loads": Load, "fatigue": Curve}  # of which each kind has keys of its own
SHORT = {UnitSystem | None: "text", TemperatureFile | None: "path"}  # what a table may be written as
NO_KEYS = {(OfflineOptions, "clusters")}  # a table of its own in a study


def filled(page: str) -> str:
    """A page with the tables that its markers ask for."""
    return MARKED.sub(lambda found: f"{found[1]}\n\n{table(found[2])}\n{found[3]}", page)


def table(name: str) -> str:
    """The table of a marker."""
    if name in KINDS:
        return kinds_table(KINDS[name])
    if name == "amplitudes":
        return amplitude_table()
    model, prefix, leave = TABLES[name]
    return HEAD + "".join(row(prefix + key, info, model) for key, info in keys_of(model, leave))


def keys_of(model: type[BaseModel], leave: tuple[str, ...] = ()) -> Iterator[tuple[str, FieldInfo]]:
    """Keys of a model in their order, each followed by those of the tables that it may hold."""
    for name, info in model.model_fields.items():
        if (model, name) in NO_KEYS:
            continue
        key = info.alias or name
        yield key, info
        if key in leave:
            continue
        inside = {inner: found for member in members(info.annotation) if is_table(member)
                  for inner, found in keys_of(member)}
        yield from ((f"{key}.{inner}", found) for inner, found in inside.items())


def row(key: str, info: FieldInfo, model: type[BaseModel]) -> str:
    """One row of a table."""
    return f"| `{key}` | {type_of(info)} | {default_of(info, key, model)} | {meaning_of(info)} |\n"


def kinds_table(union: Any) -> str:
    """What the kinds of a description are, and the keys of each."""
    kinds = ["| kind | what it is |\n|---|---|\n"]
    kinds += [f"| `{kind_of(load)}` | {as_markdown(' '.join((load.__doc__ or '').split()).rstrip('.'))} |\n"
              for load in members(union)]
    rows = ["".join(kinds) + "\n"]
    rows += ["| kind | key | type | default | meaning |\n|---|---|---|---|---|\n"]
    for load in members(union):
        rows += [f"| `{kind_of(load)}` | `{key}` | {type_of(info)} | {default_of(info, key, load)} | "
                 f"{meaning_of(info)} |\n" for key, info in load.model_fields.items() if key != "kind"]
    return "".join(rows)


def kind_of(load: type[BaseModel]) -> str:
    """The name of a kind of load."""
    (kind,) = get_args(load.model_fields["kind"].annotation)
    return str(kind)


def amplitude_table() -> str:
    """Keys of a formula and of a table over time, which may be in a file."""
    rows = {key: row(key, info, model) for model in (ExpressionAmplitude, TableAmplitude)
            for key, info in model.model_fields.items() if key != "kind"}
    rows["csv"] = "| `csv` | path | none | `time` and `value` from a file, in their place; its first two columns |\n"
    return HEAD + "".join(rows.values())


def members(annotation: Any) -> list[Any]:
    """The alternatives of an annotation, and what its lists hold."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return members(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [member for part in get_args(annotation) for member in members(part)]
    if origin in (tuple, list):
        return members(get_args(annotation)[0])
    return [annotation]


def is_table(member: Any) -> bool:
    """Whether a value is a table whose keys are documented."""
    return isinstance(member, type) and issubclass(member, BaseModel) and member not in ONE_LINE


def type_of(info: FieldInfo) -> str:
    """The type of a field in words."""
    short = SHORT.get(info.annotation)
    words = in_words(Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation)
    return f"{short} or {words}" if short else words


def in_words(annotation: Any) -> str:
    """An annotation in words: `number > 0`, `list of text`, `"a" or "b"`."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return constrained(in_words(arguments[0]), arguments[1:])
    if origin in (Union, UnionType):
        parts = list(dict.fromkeys("formula" if part == Formula else in_words(part)
                                   for part in arguments if part is not NoneType))
        if {"number", "table in temperature"} <= set(parts):
            return NUMBER
        if TableAmplitude in arguments:
            return "amplitude"
        return " or ".join(["table" if part.startswith("table ") and len(parts) > 1 else part for part in parts])
    if origin is Literal:
        return ", ".join(f"`{json.dumps(value)}`" for value in arguments)
    if origin is dict:
        return "table" if arguments[1] is Any else f"table of {plural(in_words(arguments[1]))}"
    if origin is tuple and arguments[-1] is not Ellipsis:
        return f"{len(arguments)} numbers"
    if origin in (tuple, list):
        return f"list of {plural(in_words(arguments[0]))}"
    if annotation is ArrayReference:
        return '`{ array = "NAME" }`'
    if annotation is ParameterTable:
        return "table in temperature"
    if is_table(annotation):
        return "table"
    return {str: "text", int: "integer", float: "number", bool: "true or false", Path: "path", NoneType: "none",
            Any: "anything"}.get(annotation, str(annotation))


def plural(words: str) -> str:
    """Several of a type."""
    first, _, rest = words.partition(" ")
    return f"{first}s {rest}".strip() if first in ("number", "integer", "path", "table", "amplitude") else words


def constrained(words: str, metadata: tuple[Any, ...]) -> str:
    """A type with the bounds that its annotation states, or that the validator of a law's parameter has."""
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    bounds = []
    for entry in metadata:
        for part in [entry, *getattr(entry, "metadata", [])]:
            bounds += [f"{sign} {in_toml(getattr(part, name))}" for name, sign in signs.items()
                       if getattr(part, name, None) is not None]
        if isinstance(entry, BeforeValidator) and words == "table in temperature":
            words = NUMBER
        elif isinstance(entry, BeforeValidator) and words == "table":
            words = "list of numbers or table"
        if isinstance(entry, AfterValidator):
            bounds.append(getclosurevars(entry.func).nonlocals.get("condition", ""))
    return " ".join([words, " and ".join(filter(None, bounds))]).strip()


def default_of(info: FieldInfo, key: str, model: type[BaseModel]) -> str:
    """The default of a field as a study would write it, or as its description has it after the words `by default`."""
    if model is CheckSettings:
        return f"`{in_toml(getattr(CheckOptions(), key))}`"
    if BY_DEFAULT.search(info.description or ""):
        return as_markdown(BY_DEFAULT.search(info.description or "")[1])  # type: ignore[index]
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True)
    if isinstance(value, ParameterTable) and len(set(value.value)) == 1:
        value = value.value[0]
    if value is None or isinstance(value, BaseModel):
        return "none"
    return f"`{in_toml(value)}`"


def in_toml(value: Any) -> str:
    """A value as a study would write it."""
    if isinstance(value, float):
        return re.sub(r"e([+-])0*", lambda match: "e" + match[1].replace("+", ""), f"{value:g}" if abs(value) >= 1e-3
                      or value == 0 else f"{value:e}".replace(".000000", ""))
    return json.dumps(value)


def meaning_of(info: FieldInfo) -> str:
    """The description of a field without its default."""
    words = BY_DEFAULT.sub("", info.description or "").rstrip(".")
    return as_markdown(words[:1].lower() + words[1:] if words[1:2].islower() or words[1:2] == " " else words)


def as_markdown(description: str) -> str:
    """A description in a cell: words in quotes, which a study writes so, as code."""
    parts = [part if part.startswith("`") else re.sub(r'("[\w, /^.-]+")', r"`\1`", part)
             for part in re.split(r"(`[^`]*`)", description)]
    return "".join(parts).replace("|", r"\|")
