"""The .frd in its four forms says the same; what is truncated, contradictory or unknown is refused by name."""

from __future__ import annotations

import calculix_files as files
import numpy as np
import pytest
from calculix_files import FLOAT32, FLOAT64, LONG, SHORT, Content
from hypothesis import given
from hypothesis import strategies as st
from romlib_converters.calculix.elements import FRD_NODES, frd_nodes
from romlib_converters.calculix.frd import read_frd
from romlib_converters.calculix.source import open_results

from romlib.errors import FileFormatError, InputError, UnsupportedError

FORMS = [SHORT, LONG, FLOAT32, FLOAT64]
DIGITS = {SHORT: 6e-6, LONG: 6e-6, FLOAT32: 1e-7, FLOAT64: 0.0}


def example(n_record=3, seed=0):
    """Five nodes with ids that are neither in order nor without gaps; a wedge, a tetrahedron, two hexahedra."""
    random = np.random.default_rng(seed)
    ids = np.array([103, 7, 90, 106, 12])
    elements = [(5, 3, [7, 12, 90, 103]), (1, 3, [7, 12, 90, 106]), (9, 1, [7, 12, 90, 103, 106, 7, 12, 90]),
                (11, 5, list(range(15))), (12, 4, list(range(1, 21))), (14, 3, [7, 90, 103, 106])]
    records = []
    for k in range(n_record):
        sizes = 10.0 ** random.integers(-20, 20, (5, 3))  # of numbers that touch each other where they are negative
        records.append((1 + k // 2, 1 + k % 2, 0.1 * (k + 1), {
            "DISP": (["D1", "D2", "D3"], -random.random((5, 3)) * sizes),
            "SDV": ([f"SDV{i}" for i in range(1, 9)], random.standard_normal((5, 8)))}))
    return Content(ids, random.standard_normal((5, 3)), elements, records)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_all_forms_say_the_same(tmp_path, form, end):
    content = example()
    frd = read_frd(files.write_frd(tmp_path / "a.frd", content, form, end=end))
    assert frd.truncated == "" and frd.version == "2.20"
    assert np.array_equal(frd.node_ids, content.ids)
    assert np.abs(frd.points - content.points).max() <= (0.0 if form in (FLOAT32, FLOAT64) else 1e-5)
    found = {(int(i), kind): list(nodes) for kind, (ids, rows) in frd.elements.by_type.items()
             for i, nodes in zip(ids, rows)}
    assert found == {(number, kind): nodes for number, kind, nodes in content.elements}
    assert [(r.step, r.increment) for r in frd.records] == [(1, 1), (1, 2), (2, 1)]
    assert np.allclose([r.time for r in frd.records], [0.1, 0.2, 0.3])
    for record, (*_, blocks) in zip(frd.records, content.records):
        for name, (components, values) in blocks.items():
            assert record.blocks[name].components == tuple(components)
            np.testing.assert_allclose(frd.read(record.blocks[name]), values, rtol=DIGITS[form])


def test_exponents_of_three_digits_are_read(tmp_path):
    content = example()
    frd = read_frd(files.write_frd(tmp_path / "a.frd", content, LONG, digits=3))
    np.testing.assert_allclose(frd.read(frd.records[1].blocks["DISP"]), content.records[1][3]["DISP"][1], rtol=6e-6)


@pytest.mark.parametrize("form", [LONG, FLOAT64])
def test_values_in_another_order_of_nodes_go_to_their_nodes(tmp_path, form):
    content = example()
    path = files.write_frd(tmp_path / "a.frd", content, form)
    frd = read_frd(path)
    frd.node_ids, before = frd.node_ids[::-1], frd.read(frd.records[0].blocks["DISP"])
    assert np.array_equal(frd.read(frd.records[0].blocks["DISP"]), before[::-1])


@pytest.mark.parametrize("form", FORMS)
@given(part=st.floats(0.0, 1.0))
def test_a_truncated_file_is_refused_naming_the_last_complete_increment(tmp_path_factory, form, part):
    folder = tmp_path_factory.mktemp("truncated")
    content = example()
    whole = files.write_frd(folder / "whole.frd", content, form).read_bytes()
    path = folder / "truncated.frd"
    path.write_bytes(whole[:int(part * (len(whole) - 6))])
    with pytest.raises(FileFormatError) as refused:
        open_results(path, False)
    last = str(refused.value.found)
    if last.startswith("the last complete increment is "):  # and what is complete is what it was
        kept = open_results(path, True)
        assert kept.records[-1].place == last.removeprefix("the last complete increment is ")
        for record, (*_, blocks) in zip(kept.records, content.records):
            assert set(record.blocks) == set(blocks)
            for name, (_, values) in blocks.items():
                np.testing.assert_allclose(kept.read(record.blocks[name]), values, rtol=DIGITS[form])


def test_an_increment_of_which_a_part_is_missing_is_not_complete(tmp_path):
    content = example()
    del content.records[-1][3]["SDV"]
    path = files.write_frd(tmp_path / "a.frd", content)
    path.write_bytes(path.read_bytes()[:-6])
    assert [r.increment for r in open_results(path, True).records] == [1, 2]


def test_an_empty_file_and_another_format_are_refused(tmp_path):
    (tmp_path / "empty.frd").write_bytes(b"")
    with pytest.raises(FileFormatError, match="empty"):
        read_frd(tmp_path / "empty.frd")
    (tmp_path / "other.frd").write_bytes(b"*NODE\n1,0,0,0\n")
    with pytest.raises(FileFormatError, match=r"no \.frd"):
        read_frd(tmp_path / "other.frd")
    with pytest.raises(InputError, match="cannot be read"):
        read_frd(tmp_path / "none.frd")


@pytest.mark.parametrize("form", [LONG, FLOAT64])
def test_a_value_that_is_not_finite_names_time_and_node(tmp_path, form):
    content = example()
    content.records[1][3]["DISP"][1][3, 2] = np.nan
    frd = read_frd(files.write_frd(tmp_path / "a.frd", content, form))
    with pytest.raises(FileFormatError, match=r"DISP of step 1, increment 2, time 0\.2, node 106"):
        frd.read(frd.records[1].blocks["DISP"])


@pytest.mark.parametrize("form", [LONG, FLOAT64])
def test_a_node_twice_is_refused(tmp_path, form):
    content = example()
    content.ids[1] = 103
    with pytest.raises(FileFormatError, match="node 103"):
        read_frd(files.write_frd(tmp_path / "a.frd", content, form))


@pytest.mark.parametrize("form", [LONG, FLOAT64])
def test_a_node_without_a_value_is_named(tmp_path, form):
    frd = read_frd(files.write_frd(tmp_path / "a.frd", example(), form))
    frd.node_ids = np.append(frd.node_ids, 999)
    with pytest.raises(FileFormatError, match="none at node 999"):
        frd.read(frd.records[0].blocks["DISP"])


@pytest.mark.parametrize("form", [LONG, FLOAT64])
def test_an_unknown_element_type_is_refused(tmp_path, form):
    content = example()
    content.elements.insert(2, (77, 63, [1, 2]))
    with pytest.raises(UnsupportedError, match="found: 63"):
        read_frd(files.write_frd(tmp_path / "a.frd", content, form))


def test_a_block_that_is_longer_than_its_header_says_is_refused(tmp_path):
    path = files.write_frd(tmp_path / "a.frd", example(), LONG)
    text = path.read_bytes()
    at = text.index(b"  100CL")
    path.write_bytes(text[:at] + text[at:].replace(b"           5", b"           4", 1))
    with pytest.raises(FileFormatError, match=r"(?s)not as long.*time 0\.1.*4 nodes"):
        read_frd(path)


def test_a_number_that_is_none_is_refused(tmp_path):
    path = files.write_frd(tmp_path / "a.frd", example(), LONG)
    text = bytearray(path.read_bytes())
    at = text.index(b"-5  ALL") + text[text.index(b"-5  ALL"):].index(b"\n") + 20
    text[at:at + 3] = b"x.y"
    path.write_bytes(bytes(text))
    frd = read_frd(path)
    with pytest.raises(FileFormatError, match=r"cannot be read"):
        frd.read(frd.records[0].blocks["DISP"])


def test_modes_of_vibration_are_no_history(tmp_path):
    path = files.write_frd(tmp_path / "a.frd", example(), LONG)
    text = path.read_bytes()
    at = text.index(b"  100CL") + 56
    path.write_bytes(text[:at] + b" 2" + text[at + 2:])
    with pytest.raises(UnsupportedError, match="modes of vibration"):
        read_frd(path)


@pytest.mark.parametrize("kind", sorted(FRD_NODES))
def test_node_orders_are_permutations_that_undo_themselves(kind):
    order = frd_nodes(kind)
    assert np.array_equal(order[order], np.arange(FRD_NODES[kind]))


@pytest.mark.data
@pytest.mark.parametrize("name", ["plast", "small_c3d20r", "small_c3d8", "plate_train"])
def test_files_of_the_solver_survive_all_forms(data_dir, tmp_path, name):
    content = files.content_of(data_dir / "calculix" / f"{name}.frd")
    content.records = content.records[:2]
    for form in FORMS:
        again = files.content_of(files.write_frd(tmp_path / f"{form}.frd", content, form))
        assert sorted(again.elements) == sorted(content.elements)
        for (*_, blocks), (*_, expected) in zip(again.records, content.records):
            for block, (components, values) in expected.items():
                assert blocks[block][0] == components
                np.testing.assert_allclose(blocks[block][1], values, rtol=DIGITS[form], atol=1e-44)
