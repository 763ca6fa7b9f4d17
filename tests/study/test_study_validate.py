"""Validation runs: in the study, where they train nothing, and files that a finished ROM is compared with."""

from __future__ import annotations

from pathlib import Path

import pytest
from pulled_bar import STUDY, write_bar
from terminal import as_json, run

import romlib
from romlib.errors import InputError, StudyError
from romlib.study import Study

LOADS = {"low": 290.0, "high": 320.0, "between": 305.0}
RUNS = """
[[training]]
snapshots = "low.vtkhdf"
amplitudes.traction = "290*t"
[[training]]
snapshots = "high.vtkhdf"
amplitudes.traction = "320*t"
[[validation]]
snapshots = "between.vtkhdf"
amplitudes.traction = "305*t"
"""
HEAD, TAIL = STUDY.split("[[training]]")[0], STUDY[STUDY.index("[cases.harder]"):]


def study(*changes: tuple[str, str], options: str = 'dual_fields = ["stress", "p"]') -> str:
    text = f"{HEAD}{RUNS}[offline]\n{options}\n{TAIL}"
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs of the bar, and the ROM of two of them."""
    folder = tmp_path_factory.mktemp("validated")
    for name, load in LOADS.items():
        write_bar(folder / f"{name}.vtkhdf", load=load)
    (folder / "study.toml").write_text(study())
    with romlib.train(folder / "study.toml") as trained:
        trained.write(folder / "bar.rom")
    return folder


def test_errors_over_validation_runs_are_stored_and_no_part_of_the_training(folder: Path) -> None:
    manifest = romlib.load(folder / "bar.rom").manifest
    assert manifest.accuracy is not None and manifest.accuracy.by_default
    found = {run.run: run for run in manifest.accuracy.runs if run.how == "validation"}
    assert found.keys() == {"between"} and set(found["between"].errors) == {"displacement", "stress", "p"}
    assert found["between"].errors["displacement"] < 1e-3
    assert manifest.trained["traction"] == (0.0, 320.0) and "between.vtkhdf" in manifest.inputs
    assert manifest.errors["validation p"] == found["between"].errors["p"]


def test_a_file_says_what_the_validation_run_of_the_study_said(folder: Path) -> None:
    rom = romlib.load(folder / "bar.rom")
    found = romlib.validate(rom, folder / "between.vtkhdf", study=folder / "study.toml")
    stored = next(run for run in rom.manifest.accuracy.runs if run.how == "validation").errors  # type: ignore[union-attr]
    assert found.met and found.asked == {"displacement": 1e-3, "stress": 1e-2, "p": 2e-2}
    assert found.runs[0].errors == pytest.approx(stored, rel=1e-3, abs=1e-7)  # what Gram matrices tell


def test_a_run_beyond_the_training_that_is_not_met_is_named(folder: Path, tmp_path: Path) -> None:
    write_bar(tmp_path / "far.vtkhdf", load=500.0)  # the study says other loads than these
    (tmp_path / "far.toml").write_text(study(("between.vtkhdf", "far.vtkhdf"), ("305*t", "490*t")))
    found = romlib.validate(folder / "bar.rom", [tmp_path / "far.vtkhdf"], study=tmp_path / "far.toml",
                            accuracy={"p": 0.01})
    expected = 1.0 - (490.0 - 243.0) / (500.0 - 243.0)
    assert not found.met and found.runs[0].errors["p"] == pytest.approx(expected, rel=1e-6)
    assert found.not_met == [f"p: {expected:.2g} over {tmp_path / 'far.vtkhdf'}, more than the 0.01 asked for"]
    assert any("490" in note for note in found.notes[str(tmp_path / "far.vtkhdf")])  # outside of the training


def test_the_command_ends_with_one_where_an_error_is_above_and_says_which(folder: Path) -> None:
    file, declared = folder / "between.vtkhdf", folder / "study.toml"
    said = as_json("validate", folder / "bar.rom", file, "--study", declared, "--json")
    assert said["met"] and said["runs"][0]["how"] == "validation"
    result = run("validate", folder / "bar.rom", file, "--study", declared, "--accuracy", "p=1e-15", code=1)
    assert "accuracy not met: p:" in result.stdout
    result = run("validate", folder / "bar.rom", file, "--accuracy", "p=often", code=2)
    assert "found 'p=often'" in " ".join(result.stderr.replace("│", " ").split())


def test_info_shows_each_run_and_how_tolerances_were_chosen(folder: Path) -> None:
    shown = run("info", folder / "bar.rom").stdout
    assert "Accuracy (by default)" in shown and "validation runs" in shown
    assert "Errors over each run" in shown and "How the tolerances were chosen" in shown
    assert as_json("info", folder / "bar.rom", "--json")["accuracy"]["met"]
    described = as_json("info", folder / "study.toml", "--json")
    assert [one["name"] for one in described["validation"]] == ["between"]


def test_an_accuracy_that_the_study_states_and_the_rom_misses_is_an_exit_status_beside_the_rom(
    folder: Path, tmp_path: Path
) -> None:
    for name in LOADS:
        (tmp_path / f"{name}.vtkhdf").symlink_to(folder / f"{name}.vtkhdf")
    options = 'dual_fields = ["stress", "p"]\nmodes = 1\naccuracy = { p = 1e-15 }\nerror_limits = { p = 9, stress = 9 }'
    (tmp_path / "study.toml").write_text(study(options=options))
    result = run("offline", tmp_path / "study.toml", "-o", tmp_path / "bar.rom", code=1)
    assert "accuracy not met: p:" in result.stdout and "ROM written to" in result.stdout
    assert (tmp_path / "bar.rom").is_file()


def test_a_training_run_does_not_validate(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the ROM was trained with this run") as refused:
        romlib.validate(folder / "bar.rom", folder / "low.vtkhdf", study=folder / "study.toml")
    assert refused.value.file == folder / "low.vtkhdf" and refused.value.found == "the training run low"
    for name in LOADS:
        (tmp_path / f"{name}.vtkhdf").symlink_to(folder / f"{name}.vtkhdf")
    write_bar(tmp_path / "copy.vtkhdf", load=LOADS["low"])
    (tmp_path / "study.toml").write_text(study(("between.vtkhdf", "copy.vtkhdf"), ("305*t", "290*t")))
    with pytest.raises(StudyError, match="a validation run is a training run") as same:
        romlib.train(tmp_path / "study.toml")
    assert same.value.place == "validation #1" and "copy.vtkhdf" in str(same.value.found)


def test_a_file_of_another_mesh_is_no_validation(folder: Path, tmp_path: Path) -> None:
    write_bar(tmp_path / "wide.vtkhdf", load=305.0, width=2.0)
    text = study(("between.vtkhdf", "wide.vtkhdf")).replace("max = [3, 1, 1]", "max = [3, 2, 1]")
    (tmp_path / "wide.toml").write_text(text)
    with pytest.raises(InputError, match="differs from what was trained") as refused:
        romlib.validate(folder / "bar.rom", tmp_path / "wide.vtkhdf", study=tmp_path / "wide.toml")
    assert refused.value.file == tmp_path / "wide.vtkhdf"


def test_a_file_that_says_of_no_load_is_not_solved_as_if_none_had_acted(folder: Path) -> None:
    with pytest.raises(InputError, match=r"which loads acted[\s\S]*\[\[validation\]\]"):
        romlib.validate(folder / "bar.rom", folder / "between.vtkhdf")
    with pytest.raises(InputError, match=r"amplitude of 'traction' in this run is not known[\s\S]*--study"):
        text = study((RUNS[RUNS.index("[[validation]]"):], ""))
        (folder / "without.toml").write_text(text)
        romlib.validate(folder / "bar.rom", folder / "between.vtkhdf", study=folder / "without.toml")


def test_keys_of_a_validation_run_are_those_of_a_training_run_without_a_role(tmp_path: Path) -> None:
    def read(text: str) -> Study:
        (tmp_path / "study.toml").write_text(text)
        return Study.read(tmp_path / "study.toml")

    assert [run.name for run in read(study()).validation] == ["between"]
    with pytest.raises(StudyError, match="validation"):
        read(study(('snapshots = "between.vtkhdf"', 'snapshots = "between.vtkhdf"\nrole = "record"')))
    with pytest.raises(StudyError, match="two runs have the name 'low'"):
        read(study(('snapshots = "between.vtkhdf"', 'snapshots = "between.vtkhdf"\nname = "low"')))
    with pytest.raises(StudyError, match="this key is not known"):
        read(study(('snapshots = "between.vtkhdf"', 'snapshot = "between.vtkhdf"')))


def test_an_amplitude_of_a_validation_run_that_belongs_to_no_load_is_named(folder: Path, tmp_path: Path) -> None:
    for name in LOADS:
        (tmp_path / f"{name}.vtkhdf").symlink_to(folder / f"{name}.vtkhdf")
    (tmp_path / "study.toml").write_text(study(('amplitudes.traction = "305*t"', 'amplitudes.tractoin = "305*t"')))
    with pytest.raises(StudyError) as refused:
        romlib.train(tmp_path / "study.toml")
    assert "validation #1.amplitudes" in str(refused.value) and "traction" in str(refused.value)


def test_a_training_run_of_another_mesh_is_refused_for_its_mesh(folder: Path, tmp_path: Path) -> None:
    """Its times and loads are those of a training run."""
    write_bar(tmp_path / "wide.vtkhdf", load=320.0, width=2.0)
    text = study(("max = [3, 1, 1]", "max = [3, 2, 1]")).replace("305*t", "320*t")
    (tmp_path / "wide.toml").write_text(text.replace("between.vtkhdf", "wide.vtkhdf"))
    with pytest.raises(InputError, match="differs from what was trained"):
        romlib.validate(folder / "bar.rom", tmp_path / "wide.vtkhdf", study=tmp_path / "wide.toml")
