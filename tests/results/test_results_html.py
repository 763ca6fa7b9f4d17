"""Tables for notebooks: what there is to see, and nothing that is markup."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from romlib.results.html import Table


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


def test_what_comes_from_a_file_is_escaped_and_shortened():
    table = Table("<script>alert(1)</script>", ["<b>", "x"])
    table.add(("<img src=x onerror=1>", 3.5))
    table.add(("a" * 1000, ""))
    table.note("<i>note</i>")
    found = Tags(table.html())
    assert set(found.tags) == {"div", "p", "b", "table", "thead", "tr", "th", "tbody", "td"}
    assert "<script>alert(1)</script>" in found.texts and "<img src=x onerror=1>" in found.texts
    assert max(map(len, found.texts)) < 310


@pytest.mark.parametrize("what", ["rom", "solution", "probe", "largest"])
def test_objects_show_what_they_are(rom, solution, what):
    shown = {"rom": rom, "solution": solution, "probe": solution.probe("stress", node=5),
             "largest": solution.probe("p", tag="all", reduce="max")}[what]
    text = " ".join(Tags(shown._repr_html_()).texts)
    for expected in {"rom": ("box.rom", "mm, N, MPa, s", "load push", "load stretch", "box"),
                     "solution": ("reaction of stretch", "6, from 0 to 1 s", "von_mises"),
                     "probe": ("stress.xx (MPa)", "time (s)", "integration point"),
                     "largest": ("largest_p", "cell", "largest of the")}[what]:
        assert expected in text
