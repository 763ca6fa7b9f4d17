"""The README and the pages of docs/ as tests read them: sections, fenced blocks, tables; and a shell to paste into."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = ROOT / "docs"
PLUGIN = DOCS / "example_plugin"
PAGES = tuple(sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")
                     if path.relative_to(DOCS).parts[0] not in ("example_plugin", "tools")))
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
LAUNCHER = ("OMPI_", "PMIX_", "PMI_", "PRTE_", "ORTE_")


def page(name: str) -> str:
    """The text of a page of docs/."""
    return (DOCS / name).read_text(encoding="utf-8")


def section(title: str, text: str) -> str:
    """The text below a heading, up to the next one of the same or a higher level."""
    found = re.search(rf"^(#+) {re.escape(title)}\n", text, re.MULTILINE)
    assert found is not None, f"the page has no heading {title!r}"
    end = re.search(rf"^#{{1,{len(found[1])}}} ", re.sub(r"```.*?```", lambda m: "." * len(m[0]), text[found.end():],
                                                        flags=re.DOTALL), re.MULTILINE)
    return text[found.end():found.end() + end.start() if end else None]


def blocks(text: str, *languages: str) -> list[tuple[str, str]]:
    """Language and content of the fenced blocks, in order."""
    found = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(language, body) for language, body in found if language in languages]


def tables(text: str) -> list[list[dict[str, str]]]:
    """The tables of a text, a row as a mapping from the heading of its column."""
    found = []
    for lines in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        rows = [[cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
                for line in lines.splitlines()]
        found.append([dict(zip(rows[0], row, strict=True)) for row in rows[2:]])
    return found


def environment(*packages: Path) -> dict[str, str]:
    """Of a shell that the lines of a page are pasted into: this Python first, no MPI launcher above."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(LAUNCHER)}
    path = os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", "")])
    inherited.pop("PYTHONPATH", None)
    extra = {"PYTHONPATH": os.pathsep.join(map(str, packages))} if packages else {}
    return {**inherited, **ENVIRONMENT, **extra, "PATH": path}


def paste(script: str, folder: Path, *packages: Path, limit: float = 600.0) -> str:
    """Run lines in a shell that stops at the first that fails; what they print."""
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment(*packages), text=True,
                          capture_output=True, check=False, timeout=limit)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout
