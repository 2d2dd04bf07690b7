"""Runs the command `triage` as users do, with settings of a test's own."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.warm import Copy

LIMIT = 300.0


class Ended(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    output: str
    errors: str


async def triage(*arguments: str, settings: Mapping[str, str]) -> Ended:
    """Run a command of `triage` to its end, with settings added to the environment."""
    return await asyncio.to_thread(_run, arguments, {**os.environ, **settings})


def _run(arguments: tuple[str, ...], environment: Mapping[str, str]) -> Ended:
    with TemporaryDirectory() as folder:
        output, errors = Path(folder, "output"), Path(folder, "errors")
        copy = Copy(arguments, environment, output, errors)
        try:
            code = copy.wait(LIMIT)
        finally:
            copy.kill()
        return Ended(code, output.read_text("utf-8"), errors.read_text("utf-8"))
