"""Commands as a user gives them, in this process."""

from __future__ import annotations

import json
from typing import Any

from typer.testing import CliRunner

from romlib.cli import app

runner = CliRunner()


def run(*arguments: object, code: int = 0) -> Any:
    """The result of a command, which has to end with this status."""
    result = runner.invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result


def as_json(*arguments: object, code: int = 0) -> Any:
    """What a command prints for programs."""
    return json.loads(run(*arguments, "--json", code=code).stdout)
