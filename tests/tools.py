"""The commands that tests run for real, and what happens where one is missing."""

import os
import shutil
import sys
from pathlib import Path

import pytest

TRIAGE = str(Path(sys.executable).with_name("triage"))


def need(command: str) -> None:
    """Skip the test where a command is missing; in CI go on, and fail for want of it."""
    if shutil.which(command) is None and "CI" not in os.environ:
        pytest.skip(f"there is no {command} here")
