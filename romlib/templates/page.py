"""A commented TOML file as it is written line by line, with a list of what could not be known."""

from __future__ import annotations

import textwrap

FILL_IN = "FILL IN"
_WIDTH = 118


class Page:
    """lines : so far. open : what the user has to fill in, one sentence each, as marked in the text. then : commands
    that come next.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.open: list[str] = []
        self.then: list[str] = []

    def comment(self, text: str, hang: str = "") -> None:
        """Comment lines, wrapped; hang : what lines after the first begin with."""
        clean = " ".join("".join(c if c.isprintable() else " " for c in text).split())  # names of files of others
        self.lines += textwrap.wrap(clean, _WIDTH, initial_indent="# ", subsequent_indent=f"# {hang}",
                                    break_long_words=False, break_on_hyphens=False)

    def commands(self, *lines: str) -> None:
        """Commands in comments, to be pasted."""
        self.lines += [f"#   {line}" for line in lines]
        self.then += lines

    def table(self, header: str) -> None:
        """A table, after a blank line."""
        self.lines += ["", header]

    def line(self, text: str, comment: str = "") -> None:
        """A line, with what it means."""
        self.lines.append(f"{text:<46} # {comment}" if comment else text)

    def fill(self, text: str, what: str, sentence: str | None = None) -> None:
        """A line with a value that stands for one that only the user knows. what : in the file; sentence : for the
        terminal, by default the same.
        """
        self.line(text, f"{FILL_IN}: {what}")
        self.open.append(sentence or what)

    def text(self) -> str:
        """The file."""
        return "\n".join(self.lines).strip() + "\n"
