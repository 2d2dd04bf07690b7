"""Runs the command `triage` as users do, with settings of a test's own."""

import asyncio
from collections.abc import Mapping

from tests.warm import Ended, run_to_end


async def triage(*arguments: str, settings: Mapping[str, str]) -> Ended:
    """Run a command of `triage` to its end, with settings added to the environment."""
    return await asyncio.to_thread(run_to_end, arguments, settings)
