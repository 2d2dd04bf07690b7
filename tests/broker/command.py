"""Runs the command `triage` as users do, with settings of a test's own."""

import asyncio
import os
import subprocess
from collections.abc import Mapping
from typing import NamedTuple

from tests.tools import TRIAGE


class Ended(NamedTuple):
    """How a command ended, and what it printed."""

    code: int | None
    output: str
    errors: str


async def triage(*arguments: str, settings: Mapping[str, str]) -> Ended:
    """Run a command of `triage` to its end, with settings added to the environment."""
    process = await asyncio.create_subprocess_exec(
        TRIAGE,
        *arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **settings},
    )
    output, errors = await process.communicate()
    return Ended(process.returncode, output.decode(), errors.decode())
