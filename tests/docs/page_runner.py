"""Run the blocks of a page in the working folder, as a reader would who pastes them one after another.

usage: python page_runner.py PAGE.md

Blocks ```bash run in one shell (its folder and exported variables last from block to block), blocks ```python in one
interpreter. Comments of the source, which no reader sees, direct it:

    <!-- not run: REASON -->      the next block is not run
    <!-- run:                     lines for the shell, that make what the page takes for granted
    cp ...
    -->
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

BLOCK = re.compile(r"<!-- run:\n(?P<hidden>.*?)^-->$|^(?P<not_run><!-- not run: [^\n]+ -->\n+)?"
                   r"^```(?P<language>\w+)[^\n]*\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
OF_SETUP = ("make setup", ". .venv/bin/activate")  # this environment is the one that they make


def steps(text: str) -> list[tuple[str, str]]:
    """Language and lines of what is run of a page, in order."""
    found = []
    for block in BLOCK.finditer(text):
        if block["hidden"] is not None:
            found.append(("bash", block["hidden"]))
        elif block["language"] in ("bash", "python") and block["not_run"] is None:
            lines = [line for line in block["body"].splitlines() if line not in OF_SETUP]
            found.append((block["language"], "\n".join(lines) + "\n"))
    return found


def reasons(text: str) -> list[str]:
    """Why the blocks that are not run are not."""
    return re.findall(r"^<!-- not run: ([^\n]+) -->$", text, re.MULTILINE)


def run_shell(body: str) -> None:
    """Run lines in a shell that stops at the first that fails, and take over its folder and variables."""
    with tempfile.TemporaryDirectory() as scratch:
        state = Path(scratch) / "state"
        script = f"{body}\nenv -0 > {state}.env; pwd > {state}.folder\n"
        code = subprocess.run(["bash", "-euo", "pipefail", "-c", script], check=False).returncode
        if code:
            sys.exit(f"exit status {code} of\n{body}")
        entries = (Path(f"{state}.env").read_bytes()).decode().split("\0")
        os.environ.update(dict(entry.split("=", 1) for entry in entries if "=" in entry))
        os.chdir(Path(f"{state}.folder").read_text().strip())


def run_python(body: str, names: dict[str, Any]) -> None:
    """Run lines in the interpreter of the page."""
    try:
        exec(compile(body, "<page>", "exec"), names)
    except Exception:
        traceback.print_exc()
        sys.exit(f"these lines of Python fail:\n{body}")


def main() -> None:
    """Run the page that is named."""
    names: dict[str, Any] = {"__name__": "__main__"}
    sys.path.insert(0, "")
    for language, body in steps(Path(sys.argv[1]).read_text(encoding="utf-8")):
        print(f"--- {language}\n{body}", flush=True)
        if language == "bash":
            run_shell(body)
        else:
            run_python(body, names)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
