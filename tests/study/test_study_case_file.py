"""A case in a file of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from romlib.errors import StudyError
from romlib.model import Case, ExpressionAmplitude, Identity, Omission, Part, TableAmplitude, Times
from romlib.study import read_case_file, write_case_file
from romlib.study.case_file import case_to_toml

finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)


@st.composite
def tables(draw) -> TableAmplitude:
    times = sorted(draw(st.lists(finite, min_size=1, max_size=5)))
    values = draw(st.lists(finite, min_size=len(times), max_size=len(times)))
    period = draw(st.none() | st.floats(min_value=1e-3, max_value=1e3))
    return TableAmplitude(time=tuple(times), value=tuple(values), period=period, start=draw(finite),
                          end=draw(st.none() | finite))


times = st.one_of(
    st.lists(finite, min_size=2, max_size=6, unique=True).map(lambda v: Times(values=tuple(sorted(v)))),
    st.floats(min_value=1e-3, max_value=1e3).map(lambda v: Times(start=-v, stop=v, step=v / 7)))
expressions = st.sampled_from(["2*t", "sin(2*pi*t)", "max(t, 0.5)"]).map(lambda e: ExpressionAmplitude(expression=e))
cases = st.builds(Case, times=times, amplitudes=st.dictionaries(names, tables() | expressions, max_size=3),
                  description=st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20))


@given(case=cases)
def test_a_case_is_read_back_as_it_was_written(case, tmp_path_factory):
    path = tmp_path_factory.mktemp("case") / "case.toml"
    path.write_text(case_to_toml(case), encoding="utf-8")
    assert read_case_file(path) == case


def test_a_case_file_has_the_keys_of_a_case_of_the_study(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text("""
        times = { stop = 1.0, step = 0.25 }
        amplitudes.traction = "110*sin(2*pi*t)"
        amplitudes.heat = 20
        """)
    case = read_case_file(path)
    assert case.times == Times(stop=1.0, step=0.25)
    assert case.amplitudes == {"traction": ExpressionAmplitude(expression="110*sin(2*pi*t)"),
                               "heat": TableAmplitude(time=(0.0,), value=(20.0,))}


@pytest.mark.parametrize(("text", "words"), [
    ("times = [0, 1]\namplitude.x = 1\n", ["amplitude", "did you mean 'amplitudes'"]),
    ("amplitudes.x = 1\n", ["times", "missing"]),
    ("times = [0, 1]\namplitudes.x = 't+'\n", ["amplitudes.x", "formula"]),
])
def test_a_wrong_case_file_is_refused_by_key(tmp_path, text, words):
    path = tmp_path / "case.toml"
    path.write_text(text)
    with pytest.raises(StudyError) as error:
        read_case_file(path)
    for word in [str(path), *words]:
        assert word in str(error.value)


def test_writing_leaves_no_other_file_and_replaces_the_old_one(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text("old")
    case = Case(times=Times(values=(0.0, 1.0)))
    write_case_file(path, case)
    assert read_case_file(path) == case
    assert list(tmp_path.iterdir()) == [path]


parts = st.builds(Part, kind=names, source=names, count=finite, norm=finite, unknown=st.booleans(),
                  value=st.lists(finite, max_size=3).map(tuple), sketch=st.lists(finite, max_size=4).map(tuple),
                  content=st.dictionaries(names, st.recursive(
                      finite | names | st.booleans(), lambda inner: st.lists(inner, max_size=2)
                      | st.dictionaries(names, inner, max_size=2), max_leaves=4), max_size=3))
by_name = st.dictionaries(names, parts, max_size=2)
identities = st.builds(Identity, units=names, initial_time=finite, tolerance=finite, nodes=parts, cells=parts,
                       held=parts, linear=parts, initial_temperature=st.none() | parts, materials=by_name,
                       constraints=by_name, prescribed=by_name, loads=by_name)
omissions = st.builds(Omission, name=names, description=names, does_work=st.booleans())


@given(case=cases, identity=identities, omissions=st.lists(omissions, max_size=2).map(tuple),
       accepted=st.lists(names, max_size=2).map(tuple))
def test_what_the_deck_of_a_case_has_is_read_back_too(case, identity, omissions, accepted, tmp_path_factory):
    case = case.model_copy(update={"identity": identity, "omissions": omissions, "accepted": accepted})
    path = tmp_path_factory.mktemp("case") / "case.toml"
    path.write_text(case_to_toml(case), encoding="utf-8")
    assert read_case_file(path) == case
