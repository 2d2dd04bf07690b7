"""The errors a user can cause: each is one sentence that says what is wrong and what to do."""


class TriageError(Exception):
    """Raised when a command cannot do what it was asked; its text is the one sentence to print."""

    exit_code = 1


class ConfigurationError(TriageError):
    """Raised when a setting, a file or an argument is wrong: trying again will not help."""

    exit_code = 2
