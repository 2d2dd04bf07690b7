"""Where the files that travel with the code are: beside it in a wheel, above it in a checkout."""

from pathlib import Path


def shipped(*parts: str) -> Path:
    """Return the path of a file or folder of the distribution, such as `models/uk-departments`."""
    package = Path(__file__).parent
    installed = package / "shipped"
    return (installed if installed.is_dir() else package.parent).joinpath(*parts)
