"""What is installed: a distribution with a name of its own, found from any folder, without what no stage needs yet."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from hand_made_rom import affine, hand_made_rom, write_both
from test_imports import SOURCES

import romlib
from romlib.mesh.box import box_mesh
from romlib.model import Case, Constraint, Material, Model, Traction

ROOT = Path(__file__).resolve().parent.parent
NAME = "romlib-mechanics"
TEXTS = [path for folder in ("romlib", "converters", "plugins", "docs") for path in (ROOT / folder).rglob("*")
         if path.suffix in (".py", ".md")] + [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


def python(script: str, folder: Path) -> str:
    """What a fresh interpreter prints that was started in a folder."""
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def configuration():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def test_the_distribution_has_its_own_name_and_the_version_of_the_package(configuration):
    assert configuration["metadata"]["name"] == NAME
    assert metadata.version(NAME) == romlib.__version__ == configuration["metadata"]["version"]


def test_no_other_distribution_claims_the_laws_and_converters():
    """One that was installed under a former name would; `make setup` removes it."""
    entries = [entry for group in ("romlib.laws", "romlib.converters") for entry in metadata.entry_points(group=group)
               if entry.module.split(".")[0] in SOURCES]
    assert entries and {entry.dist.name for entry in entries} == {NAME}


def test_a_folder_called_romlib_in_the_working_directory_does_not_hide_the_package(tmp_path):
    for name in SOURCES:  # the clone as the folder that contains it shows it: a folder that is no package itself
        (tmp_path / name / name).mkdir(parents=True)
    script = (f"import {', '.join(SOURCES)}; "
              "print(romlib.__version__, romlib_converters.__file__, romlib_plugins.__file__)")
    assert python(script, tmp_path).startswith(f"{romlib.__version__} ")


def test_the_folder_on_the_path_has_every_package_under_its_import_name_and_nothing_else():
    links = {path.name: path.resolve() for path in (ROOT / "src").iterdir() if path.suffix != ".egg-info"}
    assert links == SOURCES


def test_what_a_message_or_a_page_says_to_install_exists(configuration):
    """`pip install romlib` would fetch the unrelated package of that name."""
    extras = set(configuration["options.extras_require"])
    named = 0
    for path in TEXTS:
        text = path.read_text()
        assert not re.search(r"\bromlib\[|pip install '?romlib\b(?!-)", text), path
        for found in re.findall(rf"{NAME}\[([\w,]+)\]", text):
            named += 1
            assert set(found.split(",")) <= extras, f"{path}: {found}"
    assert named >= 5


def test_the_example_plugin_asks_for_this_distribution():
    project = tomllib.loads((ROOT / "docs" / "example_plugin" / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == [NAME]


def test_romlib_online_imports_neither_scikit_learn_nor_joblib(tmp_path):
    """They are installed for what is to come, and cost a second where they are imported."""
    bar = box_mesh("hex8", (1, 1, 1), (1.0, 1.0, 1.0))
    model = Model(
        materials={"steel": Material(law="elastic", parameters={"young": 2e5, "poisson": 0.3})},
        constraints={name: Constraint(nodes=f"{name}min", components=(name,)) for name in "xyz"},
        loads={"pull": Traction(faces="xmax", direction=(1, 0, 0))})
    case = Case(times=[0.0, 1.0], amplitudes={"pull": "10*t"})
    write_both(tmp_path / "bar.rom", *hand_made_rom([bar], model, [affine(k) for k in range(3)], cases={"one": case}))
    found = python(
        "import sys\n"
        "from romlib.cli import main\n"
        "sys.argv = ['romlib', 'online', 'bar.rom', '--case', 'one', '-o', 'x.vtkhdf']\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as end:\n"
        "    assert not end.code\n"
        "print('imported:', sorted({'sklearn', 'joblib', 'numba'} & set(sys.modules)))\n", tmp_path)
    assert (tmp_path / "x.vtkhdf").is_file()
    assert found.endswith("imported: ['numba']")
