"""The study file as its page documents it: its tables are the keys and defaults of the models."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import fields
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from docs_page import PAGES, README, blocks, page, section, tables
from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from romlib_plugins.umat import UmatParameters

from romlib.check import CheckOptions
from romlib.laws.chaboche import ChabocheParameters
from romlib.laws.elastic import ElasticParameters
from romlib.laws.mises import MisesParameters
from romlib.loads.expression import ALLOWED, compile_expression
from romlib.model import Case, Constraint, ExpressionAmplitude, Load, Material, TableAmplitude, UnitSystem
from romlib.model.clusters import ClusterOptions
from romlib.model.material import ParameterTable
from romlib.model.tag import NodeTag
from romlib.model.temperature import TemperatureFile
from romlib.offline.options import OfflineOptions
from romlib.study import Study, TagDefinition, Training
from romlib.study.greedy import Greedy
from romlib.study.study import Header, Initial, MeshFile


def documented(text: str, number: int = 0) -> dict[str, str]:
    """Key to default of the table of that number among those with keys."""
    table = [t for t in tables(text) if "key" in t[0] and "kind" not in t[0]][number]
    return {row["key"].strip("`"): row["default"] for row in table}


def members(annotation: Any) -> list[Any]:
    """The alternatives of an annotation, and what its lists hold."""
    if get_origin(annotation) is Annotated:
        return members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [member for part in get_args(annotation) for member in members(part)]
    if get_origin(annotation) in (tuple, list):
        return members(get_args(annotation)[0])
    return [annotation]


def keys_of(model: type[BaseModel], leave: tuple[str, ...] = ()) -> dict[str, Any]:
    """Key to field of a model, those of the models inside as `outer.inner`; a table in temperature is a number."""
    found: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        key = info.alias or name
        found[key] = info
        for inner in members(info.annotation):
            is_model = isinstance(inner, type) and issubclass(inner, BaseModel) and inner is not ParameterTable
            if is_model and key not in leave and inner.__name__ != "ArrayReference":
                found |= {f"{key}.{name}": field for name, field in keys_of(inner).items()}
    return found


STUDY = page("reference/study.md")
MATERIALS = section("`[materials.NAME]`", STUDY)
TAGS = section("`[tags.NAME]`", STUDY)
AMPLITUDES = section("Amplitudes", STUDY)
HEADER = section("`[study]`", STUDY)
SECTIONS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "study": (HEADER, 0, keys_of(Header, leave=("units",))),
    "units": (HEADER, 1, {f"units.{name}": info for name, info in UnitSystem.model_fields.items()}),
    "material": (MATERIALS, 0, keys_of(Material)),
    "elastic": (MATERIALS, 1, keys_of(ElasticParameters)),
    "mises": (MATERIALS, 2, keys_of(MisesParameters)),
    "chaboche": (MATERIALS, 3, keys_of(ChabocheParameters)),
    "umat": (MATERIALS, 4, keys_of(UmatParameters, leave=("proof",))),
    "tag": (TAGS, 0, keys_of(TagDefinition, leave=("nodes", "faces", "cells"))),
    "definition of a tag": (TAGS, 1, keys_of(NodeTag)),
    "constraint": (section("`[constraints.NAME]`", STUDY), 0, keys_of(Constraint)),
    "initial": (section("`[initial]`", STUDY), 0, keys_of(Initial)),
    "mesh": (section("`[mesh]`", STUDY), 0, keys_of(MeshFile)),
    "training": (section("`[[training]]`", STUDY), 0, keys_of(Training, leave=("amplitudes", "temperature"))),
    "offline": (section("`[offline]`", STUDY), 0, {
        key: info for key, info in keys_of(OfflineOptions).items() if not key.startswith("clusters")}),
    "clusters": (section("`[clusters]`", STUDY), 0, keys_of(ClusterOptions)),
    "case": (section("`[cases.NAME]`", STUDY), 0, keys_of(Case, leave=(
        "amplitudes", "temperature", "identity", "omissions"))),
    "greedy": (section("`[greedy]`", STUDY), 0, keys_of(Greedy)),
    "temperature": (section("Temperatures in files", STUDY), 0, {
        f"temperature.{name}": info for name, info in keys_of(TemperatureFile).items()}),
}


def in_toml(value: Any) -> str:
    """A default as the page writes it."""
    if isinstance(value, ParameterTable) and len(set(value.value)) == 1:
        value = value.value[0]
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f'`"{value}"`'
    if isinstance(value, float):
        return f"`{value:g}`"
    return f"`{json.dumps(value)}`"


def agrees(cell: str, value: Any) -> bool:
    """Whether a documented default is this one; numbers may be written in several ways."""
    try:
        return float(cell.strip("`")) == float(json.loads(in_toml(value).strip("`")))
    except (ValueError, TypeError):
        return cell == in_toml(value)


@pytest.mark.parametrize("name", SECTIONS)
def test_the_keys_of_a_table_are_those_of_the_model(name):
    text, number, model = SECTIONS[name]
    assert set(documented(text, number)) == set(model)


@pytest.mark.parametrize("name", SECTIONS)
def test_the_defaults_of_a_table_are_those_of_the_model(name):
    text, number, model = SECTIONS[name]
    given = {"name": "file stem"} if name == "training" else {}  # set when the file is read
    for key, cell in documented(text, number).items():
        info = model[key]
        if info.is_required():
            assert cell == "required" or key in given, key
        elif cell.startswith("`"):
            default = info.get_default(call_default_factory=True)
            if key == "pod_tolerance":  # where neither it nor modes is given
                default = OfflineOptions().pod_tolerance
            assert default is not PydanticUndefined and agrees(cell, default), f"{key}: {default!r}"
        else:
            assert cell != "required", key


def test_the_parts_of_a_study_are_documented():
    headings = set(re.findall(r"^## `\[+(\w+)", STUDY, re.MULTILINE))
    assert headings == set(Study.model_fields)


def test_the_tolerances_of_the_check_are_documented():
    expected = {field.name: field.default for field in fields(CheckOptions) if field.name != "accept"}
    table = documented(section("`[check]`", STUDY))
    assert {key: float(cell.strip("`")) for key, cell in table.items()} == expected


def test_every_kind_of_load_is_documented():
    table = next(t for t in tables(section("`[loads.NAME]`", STUDY)) if "kind" in t[0])
    found = {(row["kind"].strip("`"), row["key"].strip("`")): row["default"] for row in table}
    expected = {(get_args(load.model_fields["kind"].annotation)[0], key): info
                for load in members(Load) for key, info in load.model_fields.items() if key != "kind"}
    assert set(found) == set(expected)
    for place, cell in found.items():
        info = expected[place]
        assert (cell == "required") == info.is_required(), place
        assert info.is_required() or agrees(cell, info.default), place


def test_the_keys_of_amplitudes_are_documented():
    expected = {*ExpressionAmplitude.model_fields, *TableAmplitude.model_fields, "csv"}
    assert set(documented(AMPLITUDES)) == expected


def test_the_functions_of_a_formula_are_documented():
    listed = re.search(r"`(sin cos[^`]*)`", AMPLITUDES)
    assert listed is not None
    for name in listed[1].split():
        assert re.search(rf"\b{name}\b", ALLOWED)
        compile_expression(f"{name}(t, 1)" if name in ("min", "max") else f"{name}(t)")
    assert set(listed[1].split()) == set(re.findall(r"\b(sin|cos|tan|exp|log|sqrt|abs|min|max)\b", ALLOWED))


def test_the_amplitudes_shown_are_read(tmp_path):
    (example,) = [body for _, body in blocks(AMPLITUDES, "toml")]
    for name in re.findall(r'"([\w.]+\.csv)"', example):
        (tmp_path / name).write_text("time, value\n0, 0\n1, 5\n")
    names = tomllib.loads(example)["amplitudes"]
    loads = "\n".join(f'[loads.{name}]\nkind = "temperature"\nfield = 1.0' for name in names)
    study = f'[study]\nname = "x"\n{loads}\n[[training]]\nsnapshots = "x.vtkhdf"\n{example}'
    (tmp_path / "study.toml").write_text(study)
    amplitudes = Study.read(tmp_path / "study.toml").training[0].amplitudes
    assert set(amplitudes) == set(names) and amplitudes["cycles"].period == 2.0


def test_every_toml_block_is_toml():
    for text in [README, *map(page, PAGES)]:
        for _, body in blocks(text, "toml"):
            tomllib.loads(body)
