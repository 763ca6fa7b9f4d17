"""The README, held against the code: its tour runs, its commands and options exist, its tables are the models' keys."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
import unicodedata
from dataclasses import fields
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from romlib_plugins.umat import UmatParameters

from romlib.check import CheckOptions
from romlib.cli import app
from romlib.laws.chaboche import ChabocheParameters
from romlib.laws.elastic import ElasticParameters
from romlib.laws.mises import MisesParameters
from romlib.loads.expression import ALLOWED, compile_expression
from romlib.model import Case, Constraint, ExpressionAmplitude, Load, Material, TableAmplitude, UnitSystem
from romlib.model.material import ParameterTable
from romlib.model.tag import NodeTag
from romlib.model.temperature import TemperatureFile
from romlib.offline.options import OfflineOptions
from romlib.study import Study, TagDefinition, Training
from romlib.study.study import Header, Initial, MeshFile

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PLUGIN = ROOT / "docs" / "example_plugin"
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
LAUNCHER = ("OMPI_", "PMIX_", "PMI_", "PRTE_", "ORTE_")
# What the tour starts with is `make setup`: this environment is the one that it makes.
SETUP = ("make setup", ". .venv/bin/activate")


def section(title: str, text: str = README) -> str:
    """The text below a heading, up to the next one of the same or a higher level."""
    found = re.search(rf"^(#+) {re.escape(title)}\n", text, re.MULTILINE)
    assert found is not None, f"the README has no heading {title!r}"
    end = re.search(rf"^#{{1,{len(found[1])}}} ", re.sub(r"```.*?```", lambda m: "." * len(m[0]), text[found.end():],
                                                        flags=re.DOTALL), re.MULTILINE)
    return text[found.end():found.end() + end.start() if end else None]


def blocks(text: str, *languages: str) -> list[tuple[str, str]]:
    """Language and content of the fenced blocks, in order."""
    found = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(language, body) for language, body in found if language in languages]


def tables(text: str) -> list[list[dict[str, str]]]:
    """The tables of a text, a row as a mapping from the heading of its column."""
    found = []
    for lines in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        rows = [[cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
                for line in lines.splitlines()]
        found.append([dict(zip(rows[0], row, strict=True)) for row in rows[2:]])
    return found


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


STUDY = section("The study file")
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
    "offline": (section("`[offline]`", STUDY), 0, keys_of(OfflineOptions)),
    "case": (section("`[cases.NAME]`", STUDY), 0, keys_of(Case, leave=(
        "amplitudes", "temperature", "identity", "omissions"))),
    "temperature": (section("Temperatures in files", STUDY), 0, {
        f"temperature.{name}": info for name, info in keys_of(TemperatureFile).items()}),
}


def in_toml(value: Any) -> str:
    """A default as the README writes it."""
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
    headings = set(re.findall(r"^### `\[+(\w+)", STUDY, re.MULTILINE))
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
    for _, body in blocks(README, "toml"):
        tomllib.loads(body)


# --- commands ---------------------------------------------------------------------------------------------------------


@functools.cache
def options_of(command: str) -> set[str]:
    """The options of a command of romlib, from its own parser."""
    group = typer.main.get_command(app)
    parser = group if command == "" else group.commands[command]  # type: ignore[attr-defined]
    return {option for parameter in parser.params for option in (*parameter.opts, *parameter.secondary_opts)} | {
        "--help", "-h"}


def commands_of(text: str) -> list[tuple[str, list[str]]]:
    """Command and options of everything in the README that begins with `romlib` in code."""
    code = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    code += re.findall(r"^ {4}(\S.*)$", text, re.MULTILINE)
    code += [line for line in re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))]
    found = []
    for line in "\n".join(code).splitlines():
        for call in re.findall(r"(?:^|(?<=\s))romlib ([a-z]\w*)([^;&#]*)", line):
            found.append((call[0], re.findall(r"(?<=\s)--?[a-z][\w-]*", call[1])))
    return found


def test_every_command_and_option_named_exists():
    named = commands_of(README) + commands_of((PLUGIN / "README.md").read_text())
    assert len(named) > 30
    group = typer.main.get_command(app)
    for command, options in named:
        assert command in group.commands, command  # type: ignore[attr-defined]
        assert set(options) <= options_of(command), f"romlib {command} {options}"
    everywhere = set().union(*(options_of(command) for command in group.commands))  # type: ignore[attr-defined]
    prose = set(re.findall(r"`(--[a-z][\w-]*)", README)) - {"--system-site-packages"}
    assert prose <= everywhere


def test_every_command_of_romlib_is_named():
    group = typer.main.get_command(app)
    assert set(group.commands) <= {command for command, _ in commands_of(README)}  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["meshio", "calculix"])
def test_the_options_of_a_converter_are_documented(name):
    module = pytest.importorskip(f"romlib_converters.{name}")
    table = next(t for t in tables(section("Real solver files")) if any(f"convert {name}" in head for head in t[0]))
    cells = [next(iter(row.values())) for row in table]
    names = re.findall(r"(\w+)=", " ".join(re.sub(r"=\{[^}]*\}", "=", cell) for cell in cells))
    assert sorted(names) == sorted(module._OPTIONS)


def test_targets_of_make_extras_and_packages_are_those_of_the_files():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?:`|^ {4}|^)make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    packages = re.search(r"^PACKAGES := (.*)$", makefile.replace("\\\n", " "), re.MULTILINE)
    assert packages is not None
    listed = next(t for t in tables(section("Installation")) if "Debian package" in t[0])
    assert {name for row in listed for name in re.findall(r"`([\w-]+)`", row["Debian package"])} == set(
        packages[1].split())
    extras = next(t for t in tables(section("Installation")) if "extra" in t[0])
    setup = (ROOT / "setup.cfg").read_text()
    for row in extras:
        name, wanted = row["extra"].strip("`"), row["adds"].split(", ")
        block = re.search(rf"^{name} =\n((?: +\S+\n)+)", setup, re.MULTILINE)
        assert block is not None, name
        assert sorted(re.findall(r"^ +([\w-]+)", block[1], re.MULTILINE)) == sorted(wanted)


def test_exit_statuses_are_those_of_the_command_line():
    from romlib.cli import failures

    table = next(t for t in tables(section("Reading the output")) if "status" in t[0])
    meanings = {int(status): row["meaning"] for row in table for status in row["status"].split(",")}
    assert set(meanings) == {0, failures.FAILED, failures.WRONG_INPUT, failures.UNEXPECTED,
                             128 + signal.SIGINT, 128 + signal.SIGTERM}
    assert "check" in meanings[failures.FAILED] and "input" in meanings[failures.WRONG_INPUT]


# --- links ------------------------------------------------------------------------------------------------------------


def anchors(text: str) -> set[str]:
    """Anchors of the headings, as the usual hosts make them."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE):
        plain = unicodedata.normalize("NFC", heading.lower())
        found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", [ROOT / "README.md", PLUGIN / "README.md"], ids=lambda page: page.parent.name)
def test_links_resolve(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    assert links
    for link in links:
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


def test_every_picture_is_shown_and_small():
    pictures = set((ROOT / "docs" / "images").glob("*.png"))
    assert pictures == {ROOT / name for name in re.findall(r"\((docs/images/[\w.]+)\)", README)}
    assert all(picture.stat().st_size < 200_000 for picture in pictures)


def test_scripts_and_studies_named_exist():
    for name in re.findall(r"(?:python |`)((?:benchmarks|cases|docs|tests)/[\w./]+)", README):
        assert (ROOT / name).exists(), name


# --- messages ---------------------------------------------------------------------------------------------------------


def test_measurements_of_the_check_are_those_listed():
    from romlib.check.items import MEANING

    table = next(t for t in tables(section("Reading the output")) if "measurement fails" in t[0])
    listed = {name for row in table for name in re.findall(r"`([a-z_ ]+?)(?: \.\.\.)?`", row["measurement fails"])}
    assert listed - {"state"} == set(MEANING)


def test_messages_listed_are_raised_somewhere():
    files = [path for folder in ("romlib", "converters", "plugins") for path in sorted((ROOT / folder).rglob("*.py"))]
    sources = re.sub(r'"\s*\n\s*f?"', "", "\n".join(path.read_text() for path in files))  # parts of one message
    sources = re.sub(r"\{[^{}]*\}", "...", sources)
    for row in next(t for t in tables(section("What the messages mean")) if "message" in t[0]):
        words = [re.escape(part.strip()) for part in re.sub(r" \(.*\)$", "", row["message"]).split("...")]
        assert re.search(".{1,40}?".join(words), sources), row["message"]


# --- what can be pasted -----------------------------------------------------------------------------------------------


def environment(*packages: Path) -> dict[str, str]:
    """Of a shell that the README's lines are pasted into: this Python first, no MPI launcher above."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(LAUNCHER)}
    path = os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", "")])
    inherited.pop("PYTHONPATH", None)
    extra = {"PYTHONPATH": os.pathsep.join(map(str, packages))} if packages else {}
    return {**inherited, **ENVIRONMENT, **extra, "PATH": path}


def paste(script: str, folder: Path, *packages: Path, limit: float = 600.0) -> str:
    """Run lines in a shell that stops at the first that fails; what they print."""
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment(*packages), text=True,
                          capture_output=True, check=False, timeout=limit)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def tour() -> str:
    """One script of the tour: its shell blocks, and its Python blocks as Python would get them."""
    parts = []
    for language, body in blocks(section("A ten-minute tour"), "sh", "python"):
        parts.append(body if language == "sh" else f"python - <<'THE_END'\n{body}THE_END\n")
    script = "\n".join(parts)
    lines = script.splitlines()
    for line in SETUP:
        assert line in lines
    return "\n".join(line for line in lines if line not in SETUP)


def run_tour(folder: Path, coarse: bool) -> str:
    """Paste the tour in a copy of what it uses of the repository; a coarse plate takes seconds."""
    shutil.copytree(ROOT / "cases", folder / "cases", ignore=shutil.ignore_patterns("__pycache__"))
    if coarse:
        plate = folder / "cases" / "plate_demo" / "plate.py"
        source = plate.read_text()
        small = source.replace("n_side: int = 12, n_radial: int = 20, n_thickness: int = 2",
                               "n_side: int = 4, n_radial: int = 7, n_thickness: int = 1")
        assert small != source
        plate.write_text(small)
    return paste(tour(), folder)


def check_tour(folder: Path, printed: str) -> None:
    results = folder / "out" / "tour"
    made = {"plate.rom", "plate.fields.rom", "result.vtkhdf", "errors.png", "stress.png", "stress_over_time.png",
            "two_peaks.vtkhdf", "p.png", "two_cycles.vtkhdf"}
    assert made <= {path.name for path in results.iterdir()}
    for line in ("The check passed", "80 steps,", "p after each cycle", "largest displacement",
                 "the ROM has no load 'tractoin'"):
        assert line in printed
    quadrature = re.search(r"error of the quadrature: (\S+)", printed)
    assert quadrature is not None and 0 < float(quadrature[1]) < 5e-3
    errors = json.loads(paste("romlib compare result.vtkhdf reference.vtkhdf --json", results))["fields"]
    assert set(errors) == {"displacement", "stress", "p"}
    assert errors["displacement"]["relative_l2"] < 5e-3 and errors["stress"]["relative_l2"] < 2e-2


def needs_mpirun_and_pictures() -> None:
    pytest.importorskip("pyvista")
    if shutil.which("mpirun") is None:
        pytest.skip("the tour needs mpirun")


def test_the_tour_works_when_pasted(tmp_path):
    needs_mpirun_and_pictures()
    check_tour(tmp_path, run_tour(tmp_path, coarse=True))


@pytest.mark.slow
def test_the_tour_works_when_pasted_at_its_full_size(tmp_path):
    needs_mpirun_and_pictures()
    printed = run_tour(tmp_path, coarse=False)
    check_tour(tmp_path, printed)
    assert "79 of 7680" in printed


@pytest.mark.data
def test_the_commands_for_zset_work_when_pasted(data_dir, tmp_path):
    """On a computation of Zset; what the results section says of it is what is found."""
    for file in (data_dir / "zset" / "MecaSequential").iterdir():
        (tmp_path / file.name).symlink_to(file)
    text = section("Real solver files")
    (study,) = [body for _, body in blocks(text, "toml")]
    (tmp_path / "cube.toml").write_text(study)
    lines = [line for line in re.findall(r"^ {4}(romlib .*)$", text, re.MULTILINE)
             if "cube" in line and not line.startswith("romlib external")]  # which needs the solver
    assert len(lines) == 7
    paste("\n".join(lines), tmp_path)
    check = json.loads(paste("romlib check cube.vtkhdf --json", tmp_path))
    limits = {"strain": 1e-6, "stress": 1e-5, "state p": 1e-5, "internal_force": 1e-6, "equilibrium": 1e-5}
    values = {item["name"]: item["value"] for item in check["items"]}
    assert all(values[name] <= limit for name, limit in limits.items())
    errors = json.loads(paste("romlib compare result.vtkhdf cube.vtkhdf --json", tmp_path))["fields"]
    assert all(errors[name]["relative_l2"] < 1e-5 for name in ("displacement", "stress", "p"))
    (basis,) = json.loads(paste("romlib info cube.rom --json", tmp_path))["clusters"]
    assert basis["points"] <= 97


# --- the example package ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the example package as pip would leave it: its modules, and its metadata with the entry points."""
    site = tmp_path_factory.mktemp("site")
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text())
    for package in project["tool"]["setuptools"]["packages"]:
        shutil.copytree(PLUGIN / package, site / package, ignore=shutil.ignore_patterns("__pycache__"))
    metadata = project["project"]
    info = site / f"{metadata['name'].replace('-', '_')}-{metadata['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {metadata['name']}\nVersion: {metadata['version']}\n")
    (info / "entry_points.txt").write_text("\n".join(
        f"[{group}]\n" + "\n".join(f"{name} = {value}" for name, value in entries.items()) + "\n"
        for group, entries in metadata["entry-points"].items()))
    return site


def test_the_example_package_is_listed_and_ready(installed, tmp_path):
    found = json.loads(paste("romlib plugins --json", tmp_path, installed))
    rows = {row["name"]: row for kind in found.values() for row in kind}
    assert rows["maxwell"]["package"] == rows["npz"]["package"] == "romlib-example 0.1.0"
    assert rows["maxwell"]["state"] == rows["npz"]["state"] == "ready"


def test_the_code_of_the_example_is_what_the_readme_shows():
    shown = [body.rstrip() for _, body in blocks(section("Add a law and a converter from another package"), "python")]
    assert shown[0] == (PLUGIN / "romlib_example" / "maxwell.py").read_text().rstrip()
    converter = (PLUGIN / "romlib_example" / "npz.py").read_text()
    indented = "\n".join(f"        {line}" if line else line for line in shown[2].splitlines())
    assert indented in converter
    entries = tomllib.loads(blocks(section("Add a law and a converter from another package"), "toml")[0][1])
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]
    assert entries["project"]["entry-points"] == project["entry-points"]


def test_the_law_of_the_example_keeps_the_contract(installed, tmp_path):
    body = blocks(section("Add a law and a converter from another package"), "python")[1][1]
    tables = body.replace('"young": 1000.0', '"young": {"temperature": [0, 100], "value": [1000, 500]}').replace(
        "}))", "}), temperature=(0.0, 100.0))")
    assert tables != body
    for script in (body, tables):
        assert "LawReport(law='maxwell'" in paste(f"python - <<'THE_END'\n{script}THE_END\n", tmp_path, installed)


def test_the_example_of_the_plugin_page_is_exact(installed, tmp_path):
    """The history of the bar is exact, so the check sees rounding only, and the ROM of a linear law has no error."""
    page = (PLUGIN / "README.md").read_text()
    lines = re.findall(r"^ {6}(\w.*)$", page, re.MULTILINE)
    assert lines[0] == "python docs/example_plugin/creep.py" and len(lines) == 5
    pasted = [line.strip() for line in re.findall(r"^ {4}(\S.*)$", section(
        "Add a law and a converter from another package"), re.MULTILINE) if "bar" in line or "creep" in line]
    assert pasted[:5] == lines
    shutil.copytree(PLUGIN, tmp_path / "docs" / "example_plugin", ignore=shutil.ignore_patterns("__pycache__"))
    also = ["romlib check bar.vtkhdf --study study.toml --json > check.json",
            "romlib online bar.rom --case bar -o again.vtkhdf",
            "romlib compare again.vtkhdf bar.vtkhdf --json > errors.json"]
    paste("\n".join([*lines, *also]), tmp_path, installed)
    check = json.loads((tmp_path / "check.json").read_text())
    values = {item["name"]: item["value"] for item in check["items"]}
    assert check["passed"] and values["equilibrium"] < 1e-12
    errors = json.loads((tmp_path / "errors.json").read_text())["fields"]
    assert errors["displacement"]["relative_l2"] < 1e-6


def test_the_converter_of_the_example_refuses_what_it_cannot_read(installed, tmp_path):
    script = """
import numpy as np
np.savez("short.npz", points=np.zeros((8, 3)), hex8=np.arange(8)[None], times=[0.0, 1.0])
np.savez("wrong.npz", points=np.zeros((8, 3)), hex8=np.arange(8)[None], times=[0.0, 1.0],
         displacement=np.zeros((3, 8, 3)))
open("text.npz", "w").write("no archive")
"""
    paste(f"python - <<'THE_END'\n{script}THE_END\n", tmp_path, installed)
    for name, expected in (("short", "lacks an array"), ("wrong", "does not fit"), ("text", "not one NumPy archive")):
        done = subprocess.run(["romlib", "convert", "npz", f"{name}.npz", "-o", "x.vtkhdf"], cwd=tmp_path, text=True,
                              env=environment(installed), capture_output=True, check=False)
        assert done.returncode == 2 and expected in done.stderr and f"{name}.npz" in done.stderr
        assert not (tmp_path / "x.vtkhdf").exists()
