"""Runs the Dockerfile's steps in folders of this machine: no container engine is asked for.

A folder stands for the root of each stage, and a new environment of the running Python for the base
image. What a step calls /opt/triage is in the folder of its stage. What a RUN asks for by its flags
(no network, a secret with the settings of pip) is left out: pip is as its user has set it up.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from string import Template

from tests.contract.dockerfile import ROOT, Stage, Step, lets_through

INSTALL = "/opt/triage"


class Build:
    """Runs the stages from which others copy, side by side where none waits for another.

    Args:
        folder: for the roots of the stages; it is empty.
        stages: those of the Dockerfile, by name, in its order.

    Raises:
        subprocess.CalledProcessError: A step has failed; its `stderr` says why.
    """

    def __init__(self, folder: Path, stages: Mapping[str, Stage]) -> None:
        self._folder = folder
        base = folder / "base"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", base], check=True)
        self._path = base / "bin"
        # The pip that this Python has, without a copy.
        pip = Path(sysconfig.get_path("purelib"), "pip")
        Path(sysconfig.get_path("purelib", vars={"base": str(base)}), "pip").symlink_to(pip)
        copies = [step for stage in stages.values() for step in stage.all("COPY")]
        wanted = {step.flags["from"] for step in copies if "from" in step.flags}
        self._done: dict[str, Future[None]] = {}
        with ThreadPoolExecutor(len(wanted)) as side_by_side:
            # In their order: a stage comes after those that it copies from, and waits for them.
            for stage in stages.values():
                if stage.name in wanted:
                    self._done[stage.name] = side_by_side.submit(self._run, stage)
        for done in self._done.values():
            done.result()

    def image(self, stage: Stage) -> "Image":
        """Return the image that a last stage is."""
        return Image(stage, self._folder / stage.last("COPY").flags["from"])

    def _run(self, stage: Stage) -> None:
        root = work = self._folder / stage.name
        environment = _environment(stage, root, first=self._path)
        for step in stage.all("WORKDIR", "COPY", "RUN"):
            if step.keyword == "WORKDIR":
                work = root / step.text.strip("/")
                work.mkdir(parents=True)
            elif step.keyword == "COPY":
                self._copy(step, work)
            else:
                command = ["/bin/sh", "-c", step.text.replace(INSTALL, f"{root}{INSTALL}")]
                subprocess.run(
                    command, cwd=work, env=environment, check=True, capture_output=True, text=True
                )

    def _copy(self, step: Step, work: Path) -> None:
        *sources, target = step.words
        for source in sources:
            if "from" in step.flags:
                self._done[step.flags["from"]].result()
                shutil.copytree(self._folder / step.flags["from"] / source[1:], work / target)
            elif (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, work / target, ignore=_kept_out)
            elif lets_through(source):
                (work / target).mkdir(exist_ok=True)
                shutil.copy(ROOT / source, work / target)


@dataclass(frozen=True)
class Image:
    """An image as far as it is on this machine: what it copies, and how its last stage runs it."""

    stage: Stage
    root: Path

    @property
    def packages(self) -> Path:
        """The folder of what is installed."""
        (packages,) = self.root.glob(f"{INSTALL[1:]}/lib/python*/site-packages")
        return packages

    @property
    def environment(self) -> dict[str, str]:
        """What its containers have as environment."""
        return _environment(self.stage, self.root)

    def run(self, command: Sequence[str], **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command as in a container of it, where we are."""
        return subprocess.run(
            command, env=self.environment | settings, capture_output=True, text=True, check=False
        )

    def files(self) -> dict[Path, int]:
        """Return every file that is installed, and when it was last written."""
        paths = (self.root / INSTALL[1:]).rglob("*")
        return {path: path.lstat().st_mtime_ns for path in paths}


def _environment(stage: Stage, root: Path, first: Path | None = None) -> dict[str, str]:
    """Return a stage's environment variables over ours, without the Python that runs the tests."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    tests = Path(sys.executable).parent
    path = [each for each in ours["PATH"].split(os.pathsep) if Path(each) != tests]
    ours["PATH"] = os.pathsep.join([str(first), *path] if first else path)
    own = {
        name: value.replace(INSTALL, f"{root}{INSTALL}")
        for name, value in stage.pairs("ENV").items()
    }
    return ours | {name: Template(value).safe_substitute(ours) for name, value in own.items()}


def _kept_out(folder: str, names: list[str]) -> list[str]:
    """Return what .dockerignore keeps out of a build, of the names in a folder of the checkout."""
    return [
        name for name in names if not lets_through(str((Path(folder) / name).relative_to(ROOT)))
    ]
