"""Accuracy that is asked for: tolerances are chosen for it, by runs that are left out; and it is judged and stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_problem import bar, pulled_bar, solve, write

import romlib
from romlib.archive.romfile import read_rom
from romlib.errors import InputError
from romlib.model import Model
from romlib.offline.accuracy import FINEST, TRAINED_PART, levels_of
from romlib.offline.left_out import left_out_runs, loads_in_words, outside, to_judge_by
from romlib.offline.options import OfflineOptions
from romlib.offline.rows import Rows
from romlib.offline.train import Trained, train
from romlib.offline.training import TrainingSet
from romlib.parallel.comm import world
from romlib.report.compare import compare
from romlib.snapshots.prepared import PreparedSnapshots, Role
from romlib.snapshots.reader import Snapshots

TIMES = np.linspace(0.0, 1.0, 17)
FORMULAS = {"low": "150*sin(2*pi*t)", "middle": "165*sin(2*pi*t)", "high": "180*sin(2*pi*t)",
            "between": "172*sin(2*pi*t)"}
FIELDS = ("stress", "p")


def pulled(formula: str) -> Model:
    return pulled_bar(amplitudes={"pull": formula})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Cycles of the pulled bar in two pieces, the same files for every rank."""
    comm = world()
    folder = comm.on_root(lambda: tmp_path_factory.mktemp("accuracy"))
    return comm.on_root(lambda: {
        name: write(folder / f"{name}.vtkhdf", bar(), pulled(formula), TIMES,
                    solve(bar(), pulled(formula), TIMES)[0], 2) for name, formula in FORMULAS.items()})


def trained(
    files: dict[str, Path], *names: str, validation: tuple[str, ...] = (), said: list[str] | None = None,
    **options: object,
) -> Trained:
    def opened(name: str, role: Role) -> PreparedSnapshots:
        snapshots = Snapshots(files[name])
        return PreparedSnapshots(snapshots, snapshots.model, name=name, role=role)

    training = TrainingSet([*(opened(name, "run") for name in names),
                            *(opened(name, "validation") for name in validation)])
    return train(training, OfflineOptions.model_validate({"dual_fields": FIELDS, "calibration": False, **options}),
                 world(), scratch_folder=files["low"].parent, progress=None if said is None else said.append)


def test_tolerances_are_by_hand_as_soon_as_one_is_given() -> None:
    usual = OfflineOptions(dual_fields=FIELDS)
    assert usual.chooses and usual.asked == {"displacement": 1e-3, "stress": 1e-2, "p": 2e-2}
    assert usual.pod_tolerance == usual.cubature_tolerance == 1e-4
    for given in ({"pod_tolerance": 1e-5}, {"modes": 5}, {"cubature_tolerance": 1e-3}, {"dual_tolerance": 1e-3},
                  {"cubature_points": 20}):
        options = OfflineOptions.model_validate({"dual_fields": FIELDS, **given})
        assert not options.chooses and options.by_hand == tuple(given) and options.asked == {}
        asked = OfflineOptions.model_validate({"dual_fields": FIELDS, "accuracy": {"p": 0.1}, **given}).asked
        assert asked == {"displacement": 1e-3, "stress": 1e-2, "p": 0.1}


def test_an_accuracy_of_what_the_rom_does_not_give_is_refused() -> None:
    with pytest.raises(ValueError, match="accuracy has 'p', which the ROM does not give: one of displacement, stress"):
        OfflineOptions.model_validate({"accuracy": {"p": 1e-2}})
    with pytest.raises(ValueError, match=r'dual_fields = \["stress", "p"\]'):
        OfflineOptions.model_validate({"accuracy": {"p": 1e-2}, "dual_fields": ["stress"]})
    with pytest.raises(ValueError, match="did you mean 'displacement'"):
        OfflineOptions.model_validate({"accuracy": {"displacment": 1e-2}})


def test_levels_begin_where_the_accuracy_says_and_end_with_what_gram_matrices_know() -> None:
    usual = levels_of({"displacement": 1e-3, "stress": 1e-2, "p": 2e-2})
    assert usual[0] == 1e-4 and usual[-1] == pytest.approx(FINEST)
    assert np.diff(np.log10(usual)) == pytest.approx(-0.5, abs=1e-2)
    assert levels_of({"displacement": 0.5, "stress": 0.9})[0] < 1e-2 and levels_of({"displacement": 1e-9})


@pytest.mark.mpi
def test_a_rom_has_the_accuracy_that_is_asked_for_over_a_run_that_it_never_saw(
    files: dict[str, Path], tmp_path: Path
) -> None:
    asked = {"displacement": 8e-4, "stress": 9e-3, "p": 1e-2}
    said: list[str] = []
    with trained(files, "low", "middle", "high", validation=("between",), said=said, accuracy=asked) as made:
        accuracy, report = made.rom.archive.manifest.accuracy, made.report
        output = world().on_root(lambda: tmp_path / "x.rom")
        made.write(output)
    assert accuracy is not None and accuracy.met and accuracy.asked == asked and not accuracy.by_default
    for how in ("trained", "left out", "validation"):
        found = accuracy.largest(how)  # type: ignore[arg-type]
        assert found.keys() == asked.keys() and all(found[name] <= asked[name] for name in asked), how
    assert {run.run for run in accuracy.runs if run.how == "validation"} == {"between"}
    assert {run.run for run in accuracy.runs if run.how == "left out"} == {"middle"}  # between the others
    last = accuracy.attempts[-1]
    assert all(error <= TRAINED_PART * asked[name] for name, error in last.trained.items()) and last.left_out
    assert report.errors["validation p"] == accuracy.largest("validation")["p"]
    if world().rank == 0:
        assert any(line.startswith("accuracy: tolerances 8.0e-05: ") for line in said)
        stored = read_rom(output).manifest
        assert stored.accuracy == accuracy and stored.errors["left out p"] == accuracy.largest("left out")["p"]
        assert "between" not in read_rom(output).cases  # it trains nothing
        solution = romlib.load(output).solve(times=TIMES, amplitudes={"pull": FORMULAS["between"]})
        solution.write(tmp_path / "result.vtkhdf")
        with Snapshots(tmp_path / "result.vtkhdf") as result, Snapshots(files["between"]) as exact:
            compared = compare(result, PreparedSnapshots.of(exact), fields=["displacement", *FIELDS]).fields
        measured = {name: float(one.difference.max() / one.scale) for name, one in compared.items()}
        assert measured == pytest.approx(accuracy.largest("validation"), rel=1e-5)


@pytest.mark.mpi
def test_any_number_of_ranks_chooses_the_same(files: dict[str, Path]) -> None:
    with trained(files, "low", "high") as made:
        found = made.collection.options
    assert world().allgather((found.pod_tolerance, found.dual_tolerance)) == [
        (found.pod_tolerance, found.dual_tolerance)] * world().size
    assert found.pod_tolerance == pytest.approx(CHOSEN, rel=1e-9)


CHOSEN = 3.16e-5  # by one rank


def test_a_validation_run_changes_nothing_of_the_rom(files: dict[str, Path]) -> None:
    given = {"pod_tolerance": 1e-4, "cubature_tolerance": 1e-4}
    with trained(files, "low", "high", **given) as alone, trained(
            files, "low", "high", validation=("between",), **given) as both:
        one, other = alone.rom.archive, both.rom.archive
        assert both.report.sizes == alone.report.sizes
        results = [made.rom.solve(times=TIMES, amplitudes={"pull": FORMULAS["middle"]}) for made in (alone, both)]
    for name in ("POD of displacement", "POD of stress", "POD of p"):
        assert one.manifest.errors[name] == pytest.approx(other.manifest.errors[name], rel=1e-6)
    coordinates = [result.coordinates for result in results]  # of modes that are the same to rounding
    assert np.abs(coordinates[0] - coordinates[1]).max() < 2e-3 * np.abs(coordinates[0]).max()
    assert one.manifest.trained == other.manifest.trained and one.cases.keys() == other.cases.keys()


def test_an_accuracy_beside_given_tolerances_is_judged_and_the_worst_run_is_named(files: dict[str, Path]) -> None:
    with trained(files, "low", "middle", "high", validation=("between",), modes=2, cubature_tolerance=1e-2,
                 accuracy={"p": 1e-3}, error_limits={"displacement": 9.0, "stress": 9.0, "p": 9.0},
                 calibration=True) as made:
        accuracy = made.rom.archive.manifest.accuracy
    assert accuracy is not None and not accuracy.met and not accuracy.attempts
    over_training = next(one for one in accuracy.not_met if one.startswith("p: ") and "training run '" in one)
    assert "Tolerances were given (modes, cubature_tolerance)" in over_training and "by a factor of" in over_training
    over_other = next(one for one in accuracy.not_met if "validation run 'between'" in one)
    assert "pull from -172 to 172" in over_other and "'high' (pull from -180 to 180)" in over_other
    left_out = {run.run: run for run in accuracy.runs if run.how == "left out"}
    assert left_out["high"].outside == ["pull down to -180 (the others: -165 to -150)",
                                        "pull up to 180 (the others: 150 to 165)"]
    assert not left_out["middle"].outside and left_out["low"].outside


def test_one_training_run_is_judged_by_itself_and_that_is_said(files: dict[str, Path]) -> None:
    with trained(files, "high", calibration=True) as made:
        accuracy = made.rom.archive.manifest.accuracy
    assert accuracy is not None and accuracy.met and accuracy.by_default
    assert [run.how for run in accuracy.runs] == ["trained"]
    assert "there is one, and none can be left out" in accuracy.notes[0]


def test_what_cannot_be_met_ends_and_is_said(files: dict[str, Path]) -> None:
    asked = {"displacement": 1e-9, "stress": 1e-9, "p": 1e-9}
    with trained(files, "low", "high", accuracy=asked) as made:
        accuracy = made.rom.archive.manifest.accuracy
    assert accuracy is not None and not accuracy.met
    assert any("finer tolerances gained nothing more" in note for note in accuracy.notes)
    assert any(one.startswith("stress: ") and "more than the 1e-09 asked for" in one for one in accuracy.not_met)


def test_without_calibration_and_with_given_tolerances_nothing_is_left_out_and_that_is_said(
    files: dict[str, Path]
) -> None:
    with trained(files, "low", "high", pod_tolerance=1e-4) as made:
        accuracy = made.rom.archive.manifest.accuracy
    assert accuracy is not None and accuracy.asked == {} and accuracy.met
    assert accuracy.notes == ["no run was left out of the training: [offline] calibration = false"]


def test_a_validation_run_with_a_load_that_no_training_run_has_is_refused(
    files: dict[str, Path], tmp_path: Path
) -> None:
    pushed = pulled_bar(loads={"pull": {"kind": "traction", "faces": "xmax", "direction": [1.0, 0.2, 0.0]},
                               "push": {"kind": "pressure", "faces": "ymax"}},
                        amplitudes={"pull": "100*t", "push": "10*t"})
    path = write(tmp_path / "pushed.vtkhdf", bar(), pushed, TIMES, solve(bar(), pushed, TIMES)[0], 2)
    with pytest.raises(InputError, match="acts in a validation run that acts in no training run") as refused:
        trained({**files, "pushed": path}, "low", "high", validation=("pushed",))
    assert refused.value.place == "load 'push'" and refused.value.file == path


def test_a_run_that_is_left_out_counts_where_it_lies_between_the_others(files: dict[str, Path]) -> None:
    with Snapshots(files["low"]) as low, Snapshots(files["middle"]) as middle, Snapshots(files["high"]) as high:
        runs = [PreparedSnapshots.of(one) for one in (low, middle, high)]
        three, two, one = (left_out_runs(TrainingSet(runs[:n]), Rows.of(17 * n, None)) for n in (3, 2, 1))
    assert [bool(run.outside) for run in three] == [True, False, True]
    assert [run.beyond for run in three] == [False, False, True]
    assert three[0].rows.kept.tolist() == list(range(17, 51)) and to_judge_by(three) == [three[1]]
    assert to_judge_by(two) == [two[0]]  # none between the others: the one that goes no further
    assert one == []


def test_what_of_a_run_is_outside_the_others_is_said_in_words() -> None:
    many = {f"load{k}": (0.0, 1.0) for k in range(5)}
    words, further = outside(many, [{name: (0.0, 0.5) for name in many}])
    assert words[0] == "load0 up to 1 (the others: 0.5)" and words[-1] == "2 more" and further
    assert outside({"a": (0.0, 1.0)}, [{"a": (0.0, 2.0)}, {"a": (0.0, 3.0)}]) == (
        ["a up to 1 (the others: 2 to 3)"], False)
    assert outside({"a": (0.0, 1.0)}, [{"a": (0.0, 0.5)}, {"a": (-1.0, 3.0)}]) == ([], False)
    assert outside({"the parameter Y": (2.0, 2.0)}, [{"the parameter Y": (3.0, 3.0)}]) == (
        ["the parameter Y at 2 (the others: 3)"], True)
    assert loads_in_words(many) == "load0 from 0 to 1, load1 from 0 to 1, load2 from 0 to 1, 2 more"
    assert loads_in_words({"held": (1.0, 1.0)}) == "no load that moves"
