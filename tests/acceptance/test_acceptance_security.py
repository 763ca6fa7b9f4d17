"""docs/security.md, sentence by sentence: what opening a file must not do. The numbers are those of the page."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from romlib.errors import InputError
from romlib.loads.expression import compile_expression
from romlib.mesh.box import box_mesh
from romlib.model import ExpressionAmplitude, Material, Model
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
MESH = box_mesh("hex8", (1, 1, 1), (1.0, 1.0, 1.0))
STEEL = Material(law="elastic", parameters={"young": 200.0, "poisson": 0.3})
# Where a sentence is tested, when not here.
ELSEWHERE = {
    1: "tests/test_imports.py", 2: "tests/loads", 3: "tests/plugins/test_plugins_umat_files.py",
    4: "tests/plugins/test_plugins_umat_library.py", 5: "tests/plugins/test_plugins_umat_trust.py",
    6: "tests/plugins/test_plugins_umat_trust.py", 7: "tests/plugins/test_plugins_umat_own.py",
    8: "tests/plugins/test_plugins_umat_own.py", 9: "tests/plugins/test_plugins_umat_trust.py",
    10: "tests/plugins/test_plugins_umat_trust.py", 11: "tests/laws/test_laws_hostile.py",
    12: "tests/fullorder/test_fullorder_petsc.py", 13: "tests/cli/test_cli_console.py",
    14: "tests/dictionary/test_dictionary_stored.py"}


def write(path: Path, model: Model) -> Path:
    """A snapshots file of two steps."""
    with SnapshotsWriter(path, [MESH], model, [0.0, 1.0], {"displacement": FieldSpec("node", 3)}) as writer:
        for step in range(2):
            writer.write("displacement", step, 0, 1e-4 * step * MESH.points)
    return path


def test_every_sentence_of_the_page_has_its_test():
    numbers = [int(found) for found in re.findall(r"^(\d+)\. ", PAGE, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1)) and set(numbers) == set(ELSEWHERE)
    assert all((ROOT / path).exists() for path in ELSEWHERE.values())


def test_1_no_module_that_reads_files_unpickles_or_executes():
    for path in [*(ROOT / "romlib").rglob("*.py"), *(ROOT / "converters").rglob("*.py")]:
        if path.parent.name == "parallel":  # messages between the ranks of one run
            continue
        text = path.read_text()
        for word in (r"^\s*(import|from) (pickle|marshal|shelve|dill|joblib)\b", r"(?<![\w.])(eval|exec)\(",
                     r"allow_pickle\s*=\s*True", r"yaml\.load"):
            found = re.search(word, text, re.MULTILINE)
            assert found is None, (path, found)


@pytest.mark.parametrize("formula", [
    "__import__('os').system('touch RAN')", "t.__class__.__mro__", "(lambda: 1)()", "[x for x in (1,)]",
    "sin.__call__(t)", "open('RAN', 'w')", "'a' * 10**9", "t" + "+t" * 100_000, "(" * 5000 + "t" + ")" * 5000,
    "f'{t}'"])
def test_2_a_formula_is_data(tmp_path, romlib_command, formula, monkeypatch):
    monkeypatch.chdir(tmp_path)
    amplitude = ExpressionAmplitude.model_construct(expression=formula)  # past the validation, as others may write it
    model = Model(materials={"steel": STEEL}).model_copy(update={"amplitudes": {"pull": amplitude}})
    path = write(tmp_path / "x.vtkhdf", model)
    for command in ("info", "check"):
        done = romlib_command(command, path)
        assert done.exit_code != 3 and "Traceback" not in done.stderr
    with pytest.raises(InputError):
        compile_expression(formula)
    assert not (tmp_path / "RAN").exists()


@pytest.mark.parametrize("command", ["info", "check", "compare", "plot"])
def test_3_a_library_with_a_folder_is_refused_by_every_command(tmp_path, romlib_command, command, monkeypatch):
    """Also where the material is on no cell."""
    monkeypatch.setattr("romlib.snapshots.writer.refuse_library_paths", lambda *_: None)  # a writer with bad intentions
    other = Material(law="umat", cells="none", parameters={"library": "/tmp/libX.so"})
    path = write(tmp_path / "x.vtkhdf", Model(materials={"steel": STEEL, "other": other}))
    words = {"info": (path,), "check": (path,), "compare": (path, path),
             "plot": (path, "--field", "displacement", "-o", tmp_path / "x.png")}
    done = romlib_command(command, *words[command])
    assert done.exit_code == 2 and "must not say where code is loaded from" in done.stderr


def test_12_the_working_folder_is_not_asked(tmp_path):
    """Python modules that romlib imports, settings of matplotlib, options of PETSc: all there, none of them used."""
    script = Path(sys.executable).with_name("romlib")
    if not script.exists():
        pytest.skip("the command romlib is not installed beside this Python")
    path = write(tmp_path / "x.vtkhdf", Model(materials={"steel": STEEL}))
    for name in ("numpy", "h5py", "romlib_plugins", "numba", "matplotlib", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("open('RAN', 'w')\n")
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nfigure.dpi: 7\nsavefig.dpi: 7\n")
    plot = ("plot", path, "--field", "displacement", "--time", "all", "-o", tmp_path / "x.png")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for words in (("info", path), ("check", path), plot):
        done = subprocess.run([str(script), *map(str, words)], cwd=tmp_path, capture_output=True, text=True,
                              check=False, env=environment)
        assert not (tmp_path / "RAN").exists(), words
        assert "Traceback" not in done.stderr
    if (tmp_path / "x.png").exists():
        from matplotlib.image import imread

        assert imread(tmp_path / "x.png").shape[0] > 100  # not at 7 points an inch


def test_a_name_with_mathematics_in_it_is_drawn_as_it_is(tmp_path, romlib_command):
    pytest.importorskip("matplotlib")
    path = write(tmp_path / "a$\\frac$b_{.vtkhdf", Model(materials={"steel": STEEL}))
    done = romlib_command("plot", path, "--field", "displacement", "--time", "all", "-o", tmp_path / "x.png")
    assert done.exit_code == 0, f"{done}"
    assert (tmp_path / "x.png").stat().st_size > 1000


@pytest.mark.parametrize("law", ["elastic", "umat", "nowhere"])
def test_5_converted_umats_are_called_from_the_users_own_study_only(tmp_path, romlib_command, law):
    parameters = {"elastic": STEEL.parameters, "umat": {"library": "libX.so"}, "nowhere": {"library": "libX.so"}}[law]
    path = write(tmp_path / "x.vtkhdf", Model(materials={"steel": Material(law=law, parameters=parameters)}))
    done = romlib_command("check", path, "--json")
    found = {item["name"]: item for item in json.loads(done.stdout)["items"]}["replay"]
    assert (found["status"] == "pass") == (law == "elastic")
    if law == "umat":
        assert "recognises it" in found["detail"] and "study of your own" in found["detail"]


def test_the_page_names_what_the_code_has():
    from romlib_plugins import _umat_kernel, _umat_library, _umat_space

    assert _umat_library.SEARCH_VARIABLES[0] in PAGE
    assert f"({_umat_kernel.GAP} numbers, behind STATEV {_umat_space.GUARD_ZONE})" in PAGE
