"""The building blocks of a page: what is put in is escaped, and nothing is fetched or run."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from romlib.report.page import Html, document, element, image, note, number, pairs, table, text, tiles

NASTY = "<script>alert('x')</script> & \"quoted\" \u202eevil \x1b[31m <img src=http://x.org/y>"


class Reader(HTMLParser):
    """Names of the elements, their attributes, and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.said: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.said.append(data)


def test_text_from_files_becomes_no_element_anywhere():
    parts = [table(NASTY, (NASTY, "b"), [(NASTY, 1.5)]), pairs([(NASTY, NASTY)], NASTY), note(NASTY),
             tiles([(NASTY, NASTY)]), image(b"x", "png", NASTY), element("p", NASTY, class_=NASTY)]
    page = document(NASTY, [(NASTY, Html("".join(parts)))])
    read = Reader(page)
    assert "script" not in read.names and read.names.count("img") == 1
    assert not any("x.org" in (value or "") for name, value in read.attributes if name in ("src", "href"))
    assert "<script>alert('x')</script>" in "".join(read.said)
    assert "\u202e" not in page and "\x1b" not in page


@given(st.text())
def test_what_a_reader_sees_is_the_text_that_was_given(given_text):
    seen = "".join(Reader(element("p", given_text)).said)
    kept = re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", "\ufffd", given_text)
    assert seen == kept or "\r" in given_text


def test_a_page_names_no_other_place_and_forbids_the_browser_to_ask_one():
    page = document("x", [("a", image(b"123", "png", "picture")), ("b", note("n"))])
    read = Reader(page)
    links = [value for name, value in read.attributes if name in ("src", "href")]
    assert all(value.startswith(("data:image/", "#")) for value in links)
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'; img-src data:") in read.attributes
    assert "http" not in re.sub(r"http-equiv", "", page)
    targets = {value for name, value in read.attributes if name == "id"}
    assert {value[1:] for value in links if value.startswith("#")} <= targets


def test_an_image_is_in_the_page_as_it_is():
    data = bytes(range(256))
    found = re.search('src="data:image/png;base64,([^"]+)"', image(data, "png", "p"))
    assert base64.b64decode(found[1]) == data


@pytest.mark.parametrize("value, shown", [
    (None, "-"), (np.nan, "-"), (np.inf, "without end"), (0.0012345, "0.00123"), (12, "12"), ("x", "x")])
def test_numbers_are_short(value, shown):
    assert number(value) == shown


def test_what_is_html_already_is_not_escaped_twice():
    assert text(Html("<b>x</b>")) == "<b>x</b>" and element("p", element("b", "<")) == "<p><b>&lt;</b></p>"
