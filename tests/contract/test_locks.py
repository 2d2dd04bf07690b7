import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "requirements"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
SETS = {
    "router.txt": None,
    "classifier.txt": "classifier",
    "desk.txt": "desk",
    "dev.txt": "dev",
}


def required(extra: str | None) -> list[Requirement]:
    """Return what an extra requires, those extras included that it is made of."""
    found = [Requirement(text) for text in PROJECT["dependencies"]]
    open_extras = [extra] if extra else []
    while open_extras:
        for text in EXTRAS[open_extras.pop()]:
            requirement = Requirement(text)
            if requirement.name == PROJECT["name"]:
                open_extras.extend(requirement.extras)
            else:
                found.append(requirement)
    return found


def pins(lock: Path) -> dict[str, list[str]]:
    """Return the pins of each package: several where they differ between Python versions."""
    entries = re.split(r"\n(?=[a-z])", lock.read_text(encoding="utf-8"))
    found: dict[str, list[str]] = {}
    for entry in entries:
        if match := re.match(r"([a-z0-9._-]+)==(.*?)(?: \\)?\n", entry):
            found.setdefault(match[1], []).append(match[2])
    return found


@pytest.mark.parametrize(("lock", "extra"), SETS.items())
def test_what_is_required_is_locked(lock: str, extra: str | None) -> None:
    """Each dependency is pinned, and to a version that pyproject.toml allows (`make lock`)."""
    locked = pins(LOCKS / lock)
    wrong = [
        str(requirement)
        for requirement in required(extra)
        if not locked.get(requirement.name)
        or not all(
            requirement.specifier.contains(pin.partition(" ")[0])
            for pin in locked[requirement.name]
        )
    ]
    assert not wrong


def test_an_image_is_built_with_what_builds_the_project() -> None:
    """What the image's build installs is what builds the wheel everywhere else."""
    required = PYPROJECT["build-system"]["requires"]
    assert PYPROJECT["dependency-groups"]["build"] == required
    assert {Requirement(each).name for each in required} <= pins(LOCKS / "build.txt").keys()


@pytest.mark.parametrize("lock", [*SETS, "build.txt"])
def test_what_runs_is_what_was_tested(lock: str) -> None:
    """A service installs, and is built with, the very versions that the tests ran with."""
    tested = pins(LOCKS / "dev.txt")
    assert {name: tested.get(name) for name in pins(LOCKS / lock)} == pins(LOCKS / lock)


@pytest.mark.parametrize("lock", sorted(LOCKS.iterdir()), ids=lambda path: path.name)
def test_every_pin_has_its_hashes(lock: Path) -> None:
    """Nothing is installed whose content was not known when it was locked."""
    text = lock.read_text(encoding="utf-8")
    entries = [entry for entry in re.split(r"\n(?=[a-z])", text) if "==" in entry]
    assert entries
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
