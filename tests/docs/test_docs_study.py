"""The page of the study: every key of every model that a study may have is in it, described; its examples are read."""

from __future__ import annotations

import re
import sys
import tomllib
from typing import Any

import pytest
from docs_page import DOCS, PAGES, README, blocks, page, section, tables
from pydantic import BaseModel
from romlib_plugins.umat import UmatParameters

from romlib.check import CheckOptions
from romlib.laws.chaboche import ChabocheParameters
from romlib.laws.elastic import ElasticParameters
from romlib.laws.mises import MisesParameters
from romlib.laws.registry import build_law
from romlib.loads.expression import ALLOWED, compile_expression
from romlib.model.case import Case
from romlib.model.identity import Identity
from romlib.model.model import Omission
from romlib.offline.options import OfflineOptions
from romlib.study import Study

sys.path.insert(0, str(DOCS / "tools"))
import key_tables

STUDY = page("reference/study.md")
AMPLITUDES = section("Amplitudes", STUDY)
LAWS = (ElasticParameters, MisesParameters, ChabocheParameters, UmatParameters)
WRITTEN_BY_PROGRAMS = (Identity, Omission)  # parts of converted cases


def models_of(model: type[BaseModel]) -> set[type[BaseModel]]:
    """A model and those that its fields may hold."""
    found = {model}
    for info in model.model_fields.values():
        for member in values_of(info.annotation):
            if isinstance(member, type) and issubclass(member, BaseModel) and member not in found:
                found |= models_of(member)
    return found


def values_of(annotation: Any) -> list[Any]:
    """What an annotation is made of, through alternatives, lists and tables."""
    return [annotation, *(part for argument in getattr(annotation, "__args__", ())
                          for part in values_of(argument))]


def described() -> list[tuple[type[BaseModel], str]]:
    models = set().union(*map(models_of, (Study, *LAWS)))
    left = set().union(*map(models_of, WRITTEN_BY_PROGRAMS))
    return sorted(((model, name) for model in models - left for name in model.model_fields if name != "kind"),
                  key=lambda place: (place[0].__name__, place[1]))


def test_every_field_of_a_study_has_a_description():
    missing = [f"{model.__module__}.{model.__name__}.{name}" for model, name in described()
               if not model.model_fields[name].description]
    assert not missing
    assert len(described()) > 120


def test_every_field_of_a_study_is_in_the_page():
    """Whatever table its key stands in; keys of tables inside are written with a dot."""
    keys = {key for table in tables(STUDY) for row in table if "key" in row
            for key in re.findall(r"[\w]+", row["key"])}
    rest = {(model.__name__, name) for model, name in described()
            if (model.model_fields[name].alias or name) not in keys}
    assert rest - {(name, key) for name, key in rest if name in ("Study", "Proof")} == {("OfflineOptions", "clusters")}


def test_every_table_that_can_be_generated_is_in_the_page():
    assert set(re.findall("<!-- generated: (.*) -->", STUDY)) == {
        *key_tables.TABLES, *key_tables.KINDS, "amplitudes"}


def test_the_parts_of_a_study_are_documented():
    headings = set(re.findall(r"^## `\[+(\w+)", STUDY, re.MULTILINE))
    assert headings == set(Study.model_fields)


@pytest.mark.parametrize("model, key, shown", [
    (OfflineOptions, "control_points", "0"), (OfflineOptions, "dual_fields", '["stress"]'),
    (Case, "description", '""'), (UmatParameters, "symbol", '"umat_"'), (MisesParameters, "kinematic", "0"),
])
def test_a_default_is_written_as_in_a_study(model, key, shown):
    info = model.model_fields[key]
    assert key_tables.default_of(info, key, model) == f"`{shown}`"
    assert tomllib.loads(f"x = {shown}")["x"] == pytest.approx(
        0 if key == "kinematic" else list(info.default) if key == "dual_fields" else info.default)


def test_the_defaults_of_the_check_are_those_of_the_page():
    (table,) = [t for t in tables(section("`[check]`", STUDY)) if "key" in t[0]]
    options = CheckOptions()
    assert {row["key"].strip("`"): float(row["default"].strip("`")) for row in table} == {
        name: value for name, value in options.__dict__.items() if name != "accept"}


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


@pytest.mark.parametrize("number", range(len(blocks(STUDY, "toml"))))
def test_an_example_of_the_page_is_read_as_a_study(number, tmp_path):
    body = blocks(STUDY, "toml")[number][1]
    if body.startswith("amplitudes."):
        pytest.skip("keys of a training run: read above")
    parts = tomllib.loads(body)
    rest = "".join(f"{text}\n" for key, text in (
        ("study", '[study]\nname = "x"'), ("training", '[[training]]\nsnapshots = "x.vtkhdf"')) if key not in parts)
    (tmp_path / "study.toml").write_text(rest + body)
    study = Study.read(tmp_path / "study.toml")
    for name, material in study.materials.items():
        if material.law != "umat" and not parts.get("parameters"):
            build_law(material)
        assert name in parts["materials"]


def test_every_toml_block_is_toml():
    for text in [README, *map(page, PAGES)]:
        for _, body in blocks(text, "toml"):
            tomllib.loads(body)
