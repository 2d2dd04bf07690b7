"""The folder that a command works in while it runs."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from services.errors import TriageError


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """Make a folder that goes when the block ends; after a failure, the logs in it stay."""
    folder = Path(mkdtemp(prefix=prefix))
    try:
        yield folder
    except TriageError:
        _remove_all_but_logs(folder)
        raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def _remove_all_but_logs(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):  # what is in a folder before the folder
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.suffix != ".log":
            path.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
