import json
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
NEEDED = [
    "services/local/inquiries.jsonl",
    "services/local/embedded_kafka/kafka-jars.lock",
    "services/py.typed",
    "services/router/routes/uk-departments.toml",
    "services/shipped/models/uk-departments/README.md",
    "services/shipped/models/uk-departments/manifest.json",
    "services/shipped/models/uk-departments/model.onnx",
    "services/shipped/schemas/inquiry.received.v1.json",
    "services/contract/page.html.jinja",
    "services/desk/pages/static/govuk-frontend.min.css",
    "services/desk/pages/templates/inquiry.html.jinja",
]


def learnt_from(path: Path) -> bool:
    """Tell what a model was trained on: that is for who works on it."""
    return path.parent.name == "inquiries" or path.name == "responsibilities.toml"


def shipped_files() -> set[str]:
    """Return every file of the checkout's `models/` and `schemas/`, by its name in the wheel."""
    paths = [path for name in ("models", "schemas") for path in (ROOT / name).rglob("*")]
    shipped = (path for path in paths if path.is_file() and not learnt_from(path))
    return {f"services/shipped/{path.relative_to(ROOT)}" for path in shipped}


def build(source: Path, folder: Path, target: str) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel where the checkout is out of sight, and return the folder of its commands.

    What it depends on is seen by a path file. Python does not read the path files of a folder
    named by one, and so not the one by which our own environment sees the checkout.
    """
    venv = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", str(venv / "bin" / "python")]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", str(wheel)], check=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(venv)}))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return venv / "bin"


def run(*command: str | Path, given: str = "") -> subprocess.CompletedProcess[str]:
    folder = Path(command[0]).parent
    return subprocess.run(
        command, cwd=folder, input=given, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", NEEDED)
def test_the_wheel_carries_what_the_commands_read(wheel: Path, name: str) -> None:
    """Model, routing table, schemas, examples and the list of jars come with the package."""
    assert name in ZipFile(wheel).namelist()


def test_the_wheel_carries_models_and_schemas_whole(wheel: Path) -> None:
    """What a model's folder comes to hold later is in the wheel without anyone's doing."""
    assert shipped_files() <= set(ZipFile(wheel).namelist())


def test_the_wheel_carries_nothing_else(wheel: Path) -> None:
    """Only `services` is installed: no tests, no benchmarks, no names that others may have."""
    folders = {name.partition("/")[0] for name in ZipFile(wheel).namelist()}
    assert {name for name in folders if not name.endswith(".dist-info")} == {"services"}


def test_the_source_archive_is_enough(wheel: Path, tmp_path: Path) -> None:
    """The wheel made from the source archive holds the same files as the one of the checkout."""
    with tarfile.open(build(ROOT, tmp_path / "sdist", "sdist")) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.glob("inquiry_triage-*")
    again = build(source, tmp_path / "wheel", "wheel")
    assert sorted(ZipFile(again).namelist()) == sorted(ZipFile(wheel).namelist())


def test_an_editable_install_reads_the_checkout(tmp_path: Path) -> None:
    """No copy of the model or the schemas stands beside a checkout that is being worked on."""
    editable = build(ROOT, tmp_path, "wheel:editable")
    assert [name for name in ZipFile(editable).namelist() if name.startswith("services/")] == []


def test_an_installed_wheel_has_its_commands(installed: Path) -> None:
    """`triage --help` lists the commands where there is no checkout."""
    told = run(installed / "triage", "--help")
    assert told.returncode == 0, told.stderr
    assert all(name in told.stdout for name in ("classifier", "router", "classify", "demo"))


def test_an_installed_wheel_reads_its_own_files(installed: Path) -> None:
    """What travels with the code is found in the package itself."""
    program = "from services.resources import shipped; print(shipped('schemas').resolve())"
    told = run(installed / "python", "-c", program)
    assert told.stdout.strip().endswith("site-packages/services/shipped/schemas"), told.stderr
    assert Path(told.stdout.strip()).is_relative_to(installed.parent.resolve())


def test_an_installed_wheel_classifies(installed: Path) -> None:
    """`triage classify` decides with the model and the table of the wheel."""
    inquiry = json.dumps({"id": "a", "text": "My passport has not come and I travel on Friday."})
    told = run(installed / "triage", "classify", given=f"{inquiry}\nHow do I renew a visa?\n")
    assert told.returncode == 0, told.stderr
    decisions = [json.loads(line) for line in told.stdout.splitlines()]
    assert [decision["id"] for decision in decisions] == ["a", "2"]
    assert all(decision["route"]["topic"] for decision in decisions)
