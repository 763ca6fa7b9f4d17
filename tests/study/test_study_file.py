"""The study file: what it accepts, what it refuses and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from romlib.errors import StudyError
from romlib.model import (
    Constraint,
    ExpressionAmplitude,
    Material,
    Model,
    NodalForce,
    Pressure,
    TableAmplitude,
    Traction,
    UnitSystem,
)
from romlib.study import Study

STUDY = """
[study]
name = "plate"
units = "mm, N, MPa, s"
[materials.plate]
cells = "all"
law = "mises"
parameters = { young = 70000, poisson = 0.2, yield = 243, linear_hardening = 2250 }
[tags.symx]
nodes = { array = "symx" }
[tags.loaded]
faces = { array = "group", value = 2 }
[constraints.symx]
nodes = "symx"
components = ["x"]
[loads.traction]
kind = "traction"
faces = "loaded"
direction = [0, 1, 0]
[[training]]
snapshots = "train_A95.vtkhdf"
amplitudes.traction = "95*sin(2*pi*t)"
[[training]]
snapshots = "runs/train_A120.vtkhdf"
name = "large"
amplitudes.traction = { time = [0, 1], value = [0, 120] }
[offline]
pod_tolerance = 1e-4
cubature_tolerance = 1e-4
dual_fields = ["stress", "p"]
[cases.test]
times = { stop = 1.0, step = 0.025 }
amplitudes.traction = "110*sin(2*pi*t)"
"""


def read(folder: Path, text: str = STUDY) -> Study:
    path = folder / "study.toml"
    path.write_text(text)
    return Study.read(path)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(StudyError) as error:
        read(folder, text)
    return str(error.value)


def test_the_study_of_the_documentation_is_read(tmp_path):
    study = read(tmp_path)
    assert study.name == "plate" and study.study.units == UnitSystem()
    assert study.materials["plate"].parameters["yield"] == 243
    assert isinstance(study.loads["traction"], Traction) and study.loads["traction"].direction == (0, 1, 0)
    assert study.node_tags["symx"].array == "symx" and study.face_tags["loaded"].value == 2 and not study.cell_tags
    assert [run.name for run in study.training] == ["train_A95", "large"]
    assert study.training[0].amplitudes["traction"] == ExpressionAmplitude(expression="95*sin(2*pi*t)")
    assert study.training[1].amplitudes["traction"] == TableAmplitude(time=(0, 1), value=(0, 120))
    assert study.offline.pod_tolerance == 1e-4 and study.offline.modes is None
    assert study.cases["test"].times.stop == 1.0
    assert study.text == STUDY


def test_paths_are_relative_to_the_study_file(tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    study = read(tmp_path)
    assert study.training[1].snapshots == tmp_path / "runs" / "train_A120.vtkhdf"
    assert study.run_of(tmp_path / "runs" / ".." / "train_A95.vtkhdf") is study.training[0]
    assert study.run_of(tmp_path / "other.vtkhdf") is None


def test_a_training_file_has_the_role_that_the_study_gives_it(tmp_path):
    text = STUDY.replace('name = "large"', 'name = "large"\nrole = "record"')
    assert [run.role for run in read(tmp_path, text).training] == ["run", "record"]
    said = refusal(tmp_path, text.replace('role = "record"', 'role = "recrod"'))
    assert "training #2.role" in said and "'record'" in said and "recrod" in said


def test_a_number_of_modes_replaces_the_tolerance(tmp_path):
    options = read(tmp_path, STUDY.replace("pod_tolerance = 1e-4", "modes = 9")).offline
    assert options.modes == 9 and options.pod_tolerance is None
    assert read(tmp_path, '[study]\nname = "x"\n').offline.pod_tolerance == 1e-4
    assert "not both" in refusal(tmp_path, STUDY.replace("pod_tolerance", "modes = 9\npod_tolerance"))


@pytest.mark.parametrize(("right", "wrong", "key", "words"), [
    ("pod_tolerance", "pod_tolerence", "offline.pod_tolerence", ["pod_tolerance, modes", "mean 'pod_tolerance'"]),
    ("law =", "lav =", "materials.plate.lav", ["did you mean 'law'"]),
    ("[offline]", "[ofline]", "ofline", ["did you mean 'offline'", "training"]),
    ('kind = "traction"', 'kind = "tration"', "loads.traction.kind", ["centrifugal", "did you mean 'traction'"]),
    ('kind = "traction"\n', "", "loads.traction.kind", ["missing", "nodal_force"]),
    ("direction = [0, 1, 0]\n", "", "loads.traction.direction", ["missing", "expected: direction of the force"]),
    ('["x"]', '["w"]', "constraints.symx.components #1", ["'w'", "one of x, y, z"]),
    ("[0, 1, 0]", "[0, 1]", "loads.traction.direction #3", ["missing"]),
    ('array = "symx"', 'aray = "symx"', "tags.symx.nodes.aray", ["one of array, value, plane, box"]),
    ("stop = 1.0, step", "stop = 1.0, stp", "cases.test.times.stp", ["start, stop, step"]),
    ("cubature_tolerance = 1e-4", "cubature_tolerance = -1", "offline.cubature_tolerance", ["-1", "greater than 0"]),
    ('"110*sin(2*pi*t)"', '"110*sinus(t)"', "cases.test.amplitudes.traction", ["sinus", "sqrt"]),
    ("value = [0, 120]", "value = [0]", "training #2.amplitudes.traction", ["2 times and 1 value"]),
    ('"mm, N, MPa, s"', '"mm, N, Pa, s"', "study.units", ["MPa"]),
    ('name = "large"', 'name = "train_A95"', "training #2.name", ["two training runs"]),
    ('["stress", "p"]', '"stress"', "offline.dual_fields", ["a list", "'stress'"]),
])
def test_a_wrong_entry_is_named_with_its_key_and_what_is_allowed(tmp_path, right, wrong, key, words):
    assert right in STUDY
    message = refusal(tmp_path, STUDY.replace(right, wrong, 1))
    for word in [key, str(tmp_path / "study.toml"), *words]:
        assert word in message


def test_every_wrong_entry_is_named_at_once(tmp_path):
    message = refusal(tmp_path, STUDY.replace("law =", "lav =").replace("[0, 1, 0]", '"up"').replace("95*", "95*/"))
    for key in ("materials.plate.lav", "loads.traction.direction", "training #1.amplitudes.traction"):
        assert key in message


def test_a_file_that_is_no_study_is_refused_by_name(tmp_path):
    with pytest.raises(StudyError, match="no such study"):
        Study.read(tmp_path / "absent.toml")
    assert "line 2" in refusal(tmp_path, "[study]\nname = plate\n")
    (tmp_path / "binary.toml").write_bytes(b"\x89HDF\xff\xfe")
    with pytest.raises(StudyError, match="not a text file"):
        Study.read(tmp_path / "binary.toml")


@pytest.mark.parametrize("text", [
    "0,0\n1,2.5\n", "time,value\n0, 0\n1, 2.5\n", "# from the rig\nt;F\n0;0\n\n1;2.5\n", "0 0\n1\t2.5"])
def test_an_amplitude_is_read_from_a_csv_file_beside_the_study(tmp_path, text):
    (tmp_path / "load.csv").write_text(text)
    study = read(tmp_path, STUDY.replace('"110*sin(2*pi*t)"', '"load.csv"'))
    assert study.cases["test"].amplitudes["traction"] == TableAmplitude(time=(0, 1), value=(0, 2.5))
    study = read(tmp_path, STUDY.replace('"110*sin(2*pi*t)"', '{ csv = "load.csv", period = 1.0 }'))
    assert study.cases["test"].amplitudes["traction"] == TableAmplitude(time=(0, 1), value=(0, 2.5), period=1.0)


@pytest.mark.parametrize(("text", "words"), [
    ("time,value\n0,0\n1,abc\n", ["load.csv", "line 3", "1,abc"]),
    ("0,0,0\n", ["line 1"]),
    ("0,0\n1,nan\n", ["line 2", "not finite"]),
    ("time,value\n", ["no lines"]),
    ("1,0\n0,0\n", ["must not decrease"]),
])
def test_a_csv_file_with_a_bad_line_is_refused_by_line(tmp_path, text, words):
    (tmp_path / "load.csv").write_text(text)
    message = refusal(tmp_path, STUDY.replace('"110*sin(2*pi*t)"', '"load.csv"'))
    for word in ["cases.test.amplitudes.traction", *words]:
        assert word in message


def test_a_missing_csv_file_is_named(tmp_path):
    message = refusal(tmp_path, STUDY.replace('"110*sin(2*pi*t)"', '"absent.csv"'))
    assert str(tmp_path / "absent.csv") in message and "cases.test.amplitudes.traction" in message


def test_the_study_goes_over_the_deck_by_name_and_keeps_the_rest(tmp_path):
    deck = Model(
        materials={"plate": Material(law="elastic"), "other": Material(law="elastic", cells="b")},
        constraints={"bottom": Constraint(nodes="bottom", components=("y",))},
        loads={"wind": Pressure(faces="skin"), "traction": NodalForce(nodes="tip", direction=(1, 0, 0))},
        amplitudes={"wind": TableAmplitude(time=(0,), value=(2,)), "traction": TableAmplitude(time=(0,), value=(3,))},
        initial_time=0.5)
    study = read(tmp_path)
    model = study.complete(deck)
    assert model.materials["plate"].law == "mises" and model.materials["other"].law == "elastic"
    assert set(model.constraints) == {"bottom", "symx"}
    assert isinstance(model.loads["traction"], Traction) and isinstance(model.loads["wind"], Pressure)
    assert model.amplitudes == deck.amplitudes and model.initial_time == 0.5
    trained = study.complete(deck, study.training[0])
    assert trained.amplitudes["traction"] == study.training[0].amplitudes["traction"]
    assert trained.amplitudes["wind"] == deck.amplitudes["wind"]
    assert deck.materials["plate"].law == "elastic"


def test_the_study_may_override_the_initial_state(tmp_path):
    study = read(tmp_path, STUDY + "\n[initial]\ntime = -1.0\ntemperature = 20.0\n")
    model = study.complete(Model())
    assert model.initial_time == -1.0 and model.initial_temperature == 20.0


def test_different_units_are_refused_only_where_both_are_stated(tmp_path):
    metres = Model(units=UnitSystem.model_validate("m, N, Pa, s"))
    with pytest.raises(StudyError, match="different units"):
        read(tmp_path).complete(metres)
    unstated = read(tmp_path, STUDY.replace('units = "mm, N, MPa, s"\n', ""))
    assert unstated.complete(metres).units.length == "m"
    kelvin = Model(units=UnitSystem.model_validate("mm, N, MPa, s, K"))
    assert read(tmp_path).complete(kelvin).units.temperature == "K"  # the study does not state a temperature
