import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
REGISTRY = re.compile(
    rb"pypi[.]org|pythonhosted[.]org|repo1?[.]maven|maven[.]org|npmjs[.]org|-index[-]url\b"
)
MACHINE = re.compile(rb"/(?:home|root|work|Users)/\w")


def naming(pattern: re.Pattern[bytes]) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    names = listed.stdout.decode().split("\0")
    files = [ROOT / name for name in names if name and (ROOT / name).is_file()]
    assert files
    return [str(path.relative_to(ROOT)) for path in files if pattern.search(path.read_bytes())]


def test_no_file_names_a_registry() -> None:
    """Packages and jars come from whichever registry or mirror the user's own tools are set to."""
    assert naming(REGISTRY) == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    """The project, its model included, works the same in any folder."""
    assert naming(MACHINE) == []
