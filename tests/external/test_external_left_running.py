"""A solver that outlives a killed run is ended by the next one, and nothing else is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from romlib.external import process as process_module
from romlib.external.left_running import end_noted, note_process


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of this test that has ended is asked for its status only after the wait."""
    monkeypatch.setattr(process_module, "GRACE", 0.3)


SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_a_noted_process_is_ended_and_only_that_one(tmp_path: Path) -> None:
    process = subprocess.Popen(SLEEP, start_new_session=True)
    note = tmp_path / "process.json"
    try:
        note_process(note, process.pid)
        noted = json.loads(note.read_text())
        for other in ({**noted, "start": noted["start"] + 1}, {**noted, "host": "elsewhere"}, {}, []):
            note.write_text(json.dumps(other))
            assert not end_noted(note) and process.poll() is None
        note.write_text("{")
        assert not end_noted(note) and not end_noted(tmp_path / "none.json")
        note_process(note, process.pid)
        assert end_noted(note)
        assert process.wait(5) != 0
        assert not end_noted(note)
    finally:
        process.kill()
        process.wait()


def test_a_process_that_does_not_heed_the_request_is_killed(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", deaf], start_new_session=True, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline()
        note_process(tmp_path / "process.json", process.pid)
        assert end_noted(tmp_path / "process.json")
        assert process.wait(5) == -9
    finally:
        process.kill()
        process.wait()
