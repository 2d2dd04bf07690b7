"""A new file for its owner alone: written whole, or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import BinaryIO, cast

from services.errors import ConfigurationError


@contextmanager
def draft_beside(path: Path) -> Iterator[BinaryIO]:
    """Give a file without a name, which is gone with the process, beside one that is to be written.

    Raises:
        ConfigurationError: A file of that name is there, or none can be written.
    """
    _check_new(path)
    try:
        with TemporaryFile(dir=path.parent) as draft:
            yield cast("BinaryIO", draft)
    except OSError as error:
        raise _unwritable(path, error) from None


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Write a new file, which is there once the block has ended well, for its owner to read.

    Raises:
        ConfigurationError: A file of that name is there, or it cannot be written.
    """
    try:
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
            written = Path(file.name)  # which its owner alone can read
            try:
                yield cast("BinaryIO", file)
                file.flush()
                _check_new(path)
                written.replace(path)
            finally:
                written.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None


def _check_new(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise ConfigurationError(
            f"{path} is there already: name another file with --out, or remove that one."
        )


def _unwritable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"{path} cannot be written ({error.strerror}): name a file that can, with --out."
    )
