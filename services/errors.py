"""The errors a user can cause: each is one sentence that says what is wrong and what to do."""

from pathlib import Path
from traceback import extract_tb


class TriageError(Exception):
    """Raised when a command cannot do what it was asked; its text is the one sentence to print."""

    exit_code = 1


class ConfigurationError(TriageError):
    """Raised when a setting, a file or an argument is wrong: trying again will not help."""

    exit_code = 2


def location_of(error: BaseException) -> str:
    """Name an error by its type and where it was raised; its text could quote what a citizen wrote.

    Returns:
        Such as `ValueError in decide (decide.py:42)`.
    """
    frames = extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    last = frames[-1]
    return f"{type(error).__name__} in {last.name} ({Path(last.filename).name}:{last.lineno})"
