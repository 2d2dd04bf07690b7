"""Standard input and output as a shell may hand them on: closed, full, or in an old encoding."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader, TextIOWrapper

from services.errors import TriageError

UNWRITABLE = {errno.EBADF, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC}


def prepare_streams() -> None:
    """Make standard streams ones that can be asked for anything.

    What goes to a file or a pipe is UTF-8 whatever the locale, so that it can be read again; a
    terminal gets what it does not show as escapes. A stream that was closed is one that cannot be
    read or written, as it would be in any other program.
    """
    # In this order: the next descriptor that is opened is the lowest that is free.
    sys.stdin = sys.stdin or os.fdopen(os.open(os.devnull, os.O_WRONLY), "r", encoding="utf-8")
    sys.stdout = sys.stdout or os.fdopen(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")
    sys.stderr = sys.stderr or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    if isinstance(sys.stdout, TextIOWrapper):
        encoding = sys.stdout.encoding if sys.stdout.isatty() else "utf-8"
        sys.stdout.reconfigure(encoding=encoding, errors="backslashreplace")


@contextmanager
def written_output() -> Iterator[None]:
    """See that all that is printed within is written.

    Raises:
        TriageError: It cannot be.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.errno not in UNWRITABLE | {errno.EPIPE}:
            raise
        _give_up_output()
        if error.errno == errno.EPIPE:  # whoever read it has had enough
            sys.exit(1)
        raise TriageError(
            f"The output cannot be written ({error.strerror}): make room, or send it elsewhere."
        ) from None


def standard_input() -> BufferedReader:
    """Return standard input as bytes."""
    return open(sys.stdin.fileno(), "rb", closefd=False)


def _give_up_output() -> None:
    """Let what is left in the buffer go nowhere: at its end Python would try once more."""
    with suppress(OSError), open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - it is no path
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
