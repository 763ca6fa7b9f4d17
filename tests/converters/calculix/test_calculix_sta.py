"""Times of increments that the solver chose: from the .sta in more digits than the .frd has."""

from __future__ import annotations

import numpy as np
import pytest
from romlib_converters.calculix.sta import read_sta, sta_times
from romlib_converters.keyword.cards import Card
from romlib_converters.keyword.history import Step
from test_calculix_ccx import FOOT, block, solved
from test_calculix_ccx import pytestmark as needs_ccx

from romlib.check import check
from romlib.model import Material

STA = """SUMMARY OF JOB INFORMATION
  STEP      INC     ATT  ITRS     TOT TIME     STEP TIME      INC TIME
     1          1     1     2  0.100000E+01  0.100000E+01  0.100000E+01
     1          2     1     2  0.200000E+01  0.200000E+01  0.100000E+01
     2          1     1U    4  0.300000E+01  0.100000E+01  0.100000E+01
     2          1     2     2  0.200012E+01  0.123456E-03  0.123456E-03
     2          2     1     2  0.200025E+01  0.246912E-03  0.123456E-03
"""
CARD = Card("STEP", "STEP", {}, None, 1)
STEPS = [Step(1, 0.0, 2.0, CARD, np.array([2.0])), Step(2, 2.0, 3.0, CARD, np.array([3.0]))]


def test_times_are_sums_of_the_lengths_of_converged_increments(tmp_path):
    (tmp_path / "a.sta").write_text(STA)
    lengths = read_sta(tmp_path / "a.sta")
    assert lengths == {(1, 1): 1.0, (1, 2): 1.0, (2, 1): 1.23456e-4, (2, 2): 1.23456e-4}
    times = sta_times(lengths, [(1, 2), (2, 1), (2, 2)], np.array([2.0, 2.00012, 2.00025]), STEPS)
    assert times == pytest.approx([2.0, 2.000123456, 2.000246912], abs=1e-15)


def test_a_file_of_another_run_is_not_believed(tmp_path):
    (tmp_path / "a.sta").write_text(STA)
    lengths = read_sta(tmp_path / "a.sta")
    assert sta_times(lengths, [(1, 2), (2, 1)], np.array([2.0, 2.1]), STEPS) is None
    assert sta_times(lengths, [(1, 2), (2, 3)], np.array([2.0, 2.1]), STEPS) is None
    assert sta_times({}, [(1, 1)], np.array([1.0]), STEPS) is None
    (tmp_path / "b.sta").write_text("something else\n1 2 3 4 5 6 x\n")
    assert read_sta(tmp_path / "b.sta") == read_sta(tmp_path / "none.sta") == read_sta(None) == {}


@needs_ccx
def test_creep_over_increments_that_the_solver_chose_is_reproduced(tmp_path):
    """Norton's law, p' = (J(s) / K)^n, is `chaboche` without a threshold, which a study states."""
    creep = "*MATERIAL,NAME=M\n*ELASTIC\n200000.,0.3\n*CREEP\n1.e-14,5.,0.\n*SOLID SECTION,ELSET=EALL,MATERIAL=M\n"
    text = (block("C3D8") + creep + FOOT + "*STEP,INC=500\n*VISCO,CETOL=1.E-4\n0.01,2.\n*CONTROLS,PARAMETERS=FIELD\n"
            "1.E-9,1.E-7\n*DLOAD\nEALL,P4,100.\n*NODE OUTPUT,DOUBLE\nU,RF\n*EL PRINT,ELSET=EALL\nS\n*END STEP\n")
    with solved(tmp_path, text) as snapshots:
        assert [(one.name, one.does_work) for one in snapshots.model.omissions] == [("material_M", True)]
        law = Material(law="chaboche", cells="EALL", parameters={
            "young": 200000.0, "poisson": 0.3, "K": 1e-14 ** (-1 / 5), "n": 5.0, "R0": 0.0})
        report = check(snapshots, snapshots.model.model_copy(update={"materials": {"M": law}}))
        assert np.diff(snapshots.times).std() > 0.01  # chosen
    assert report["stress"].value <= 5e-7 and report["equilibrium"].value <= 1e-7


@needs_ccx
def test_increments_that_were_not_written_are_counted(tmp_path):
    plastic = "*MATERIAL,NAME=M\n*ELASTIC\n200000.,0.3\n*PLASTIC\n100.,0.\n*SOLID SECTION,ELSET=EALL,MATERIAL=M\n"
    steps = ("*STEP,INC=500\n*STATIC\n0.05,1.,1.e-5,0.05\n*BOUNDARY\nTOP,3,3,0.01\n*NODE OUTPUT,DOUBLE,FREQUENCY=3\n"
             "U,RF\n*END STEP\n")
    with solved(tmp_path, block("C3D8") + plastic + FOOT + steps) as snapshots:
        taken = len(read_sta(tmp_path / "job.sta"))
        note, = (one for one in snapshots.model.omissions if one.name == "missing_increments")
        assert snapshots.n_step < taken and note.description.startswith(f"{taken - snapshots.n_step} increments")
