"""[clusters] of a study: what it accepts, what it refuses and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from romlib.errors import StudyError
from romlib.study import Study

STUDY = '[study]\nname = "strip"\n[offline]\ncubature_tolerance = 1e-3\n'


def read(folder: Path, text: str) -> Study:
    (folder / "study.toml").write_text(text)
    return Study.read(folder / "study.toml")


def test_the_clusters_of_a_study_are_those_that_it_trains_with(tmp_path: Path) -> None:
    study = read(tmp_path, STUDY + '[clusters]\nnumber = 8\ndissimilarity = "energy"\nkeep_global = false\n')
    options = study.training_options
    assert options.clusters.number == 8 and options.clusters.dissimilarity == "energy"
    assert not options.clusters.keep_global and options.cubature_tolerance == 1e-3
    assert read(tmp_path, STUDY).training_options.clusters.number == 1


@pytest.mark.parametrize("table, words", [
    ("[clusters]\nnumber = 0\n", ("clusters.number",)),
    ("[clusters]\nnumbre = 4\n", ("clusters.numbre", "number")),
    ("[clusters]\nnumber = 4\ndissimilarity = \"grassmann\"\n", ("clusters", "grassmann", "stress")),
    ("[offline.clusters]\nnumber = 4\n", ("offline.clusters", "[clusters]")),
    ("[clusters]\nminimum_modes = 0\n", ("clusters.minimum_modes",)),
    ("[clusters]\nnumber = \"Auto\"\n", ("clusters.number", "integer", "or auto", "did you mean 'auto'")),
    ("[clusters]\nnumber = true\n", ("clusters.number", "True", "integer")),
    ("[clusters]\nchoose = \"input\"\nseed = 4294967296\n", ("clusters.seed", "4294967295")),
    ("[clusters]\nchoose = \"input\"\nends = true\n", ("clusters", "ends", "state")),
])
def test_what_clusters_cannot_be_is_refused_with_its_key(tmp_path: Path, table: str, words: tuple[str, ...]) -> None:
    text = STUDY + table
    with pytest.raises(StudyError) as caught:
        read(tmp_path, text)
    assert all(word in str(caught.value) for word in words)
