"""The Dockerfile's images, built by buildah on a base of Debian's packages that is made here.

The base of a release comes from a registry of images, by digest. One that has the same Python, and
like it no bytecode, shows as well what the Dockerfile adds.
"""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.local.console.temporary_folder import temporary_folder
from tests.contract.dockerfile import ROOT

# What was built stays there: the second time the base and what is installed are taken from it.
STORE = ROOT / "build" / "images"
BASE = "localhost/python-of-debian"
# Its Python is the one of the release's base.
SUITE = "trixie"
PATH = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
# What pip's settings say of this machine's folders; a build takes the rest, to reach the registry.
OF_THIS_MACHINE = ("cache-dir", "find-links", "log")


@dataclass(frozen=True)
class Image:
    """An image: where its files can be read, and what it tells who runs it."""

    root: Path
    config: dict[str, Any]

    @property
    def packages(self) -> Path:
        """The folder of what is installed."""
        (packages,) = self.root.glob("opt/triage/lib/python*/site-packages")
        return packages

    @property
    def environment(self) -> dict[str, str]:
        """The variables that it sets."""
        pairs = (each.partition("=") for each in self.config["config"]["Env"])
        return {name: value for name, _, value in pairs}

    @property
    def command(self) -> list[str]:
        """What a container runs that is told nothing else."""
        return [*self.config["config"]["Entrypoint"], *self.config["config"]["Cmd"]]

    @property
    def health_check(self) -> list[str]:
        """What tells whether a container of it is well, by its exit code."""
        how, *command = self.config["config"]["Healthcheck"]["Test"]
        return ["/bin/sh", "-c", *command] if how == "CMD-SHELL" else command

    @property
    def size(self) -> int:
        """What its files take, in bytes."""
        paths = (path.lstat() for path in self.root.rglob("*"))
        return sum({status.st_ino: status.st_size for status in paths}.values())


class Failed(Exception):  # noqa: N818 - what has happened, as a person says it
    """Raised when a command that builds has failed; `str` has all that it said."""


@contextmanager
def built_images(version: str, names: Sequence[str]) -> Iterator[dict[str, Image]]:
    """Build the images as `make image` does, and give them by name, and the base as `base`.

    Raises:
        Failed: They cannot be built.
    """
    with temporary_folder("triage-image-") as folder:
        storage = folder / "storage.conf"
        storage.write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{STORE}"\nrunroot = "{folder}/run"\n'
        )
        environment = os.environ | {"CONTAINERS_STORAGE_CONF": str(storage)}
        _make_base(environment)
        _build(folder, environment)
        images = {name: f"inquiry-triage/{name}:{version}" for name in names} | {"base": BASE}
        containers: list[str] = []
        try:
            found = {}
            for name, image in images.items():
                containers.append(_run("buildah", "from", image, environment=environment))
                root = _run("buildah", "mount", containers[-1], environment=environment)
                told = _run("buildah", "inspect", "--type=image", image, environment=environment)
                found[name] = Image(Path(root), json.loads(told)["Docker"])
            yield found
        finally:
            for container in containers:
                _run("buildah", "rm", container, environment=environment)


def _make_base(environment: dict[str, str]) -> None:
    """Make an image of Debian with its Python, from where this machine's own packages come."""
    with suppress(Failed):
        _run("buildah", "inspect", "--type=image", BASE, environment=environment)
        return
    container = _run("buildah", "from", "scratch", environment=environment)
    try:
        root = _run("buildah", "mount", container, environment=environment)
        mirrors = _run(
            *("apt-get", "indextargets", "--format", "$(ORIGIN) $(LABEL) $(REPO_URI)"),
            *("Created-By: Packages", "Component: main"),
        )
        of_debian = [line.split()[-1] for line in mirrors.splitlines() if "Debian Debian " in line]
        _run(
            *("debootstrap", "--variant=minbase", "--include=python3,python3-pip"),
            *(SUITE, root, *of_debian[:1]),
        )
        Path(root, "usr/local/bin/python").symlink_to("/usr/bin/python3")
        for compiled in Path(root).rglob("*.pyc"):
            compiled.unlink()
        _run("buildah", "config", "--env", f"PATH={PATH}", container, environment=environment)
        _run("buildah", "commit", container, BASE, environment=environment)
    finally:
        _run("buildah", "rm", container, environment=environment)


def _build(folder: Path, environment: dict[str, str]) -> None:
    """Build what the Dockerfile describes, but that a step of it has no network.

    Isolated by a change of root alone, each step has this machine's; and Debian 12's buildah
    refuses a step that asks for none.
    """
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (folder / "Dockerfile").write_text(dockerfile.replace("RUN --network=none ", "RUN "))
    listed = _run(sys.executable, "-m", "pip", "config", "list").splitlines()
    settings = {
        name.rpartition(".")[2]: value.strip("'")
        for name, value in (line.split("=", 1) for line in listed)
    }
    pip = folder / "pip.conf"
    lines = [f"{name} = {each}" for name, each in settings.items() if name not in OF_THIS_MACHINE]
    pip.write_text("\n".join(["[global]", *lines, ""]))
    arguments = ["--isolation=chroot", f"--build-arg=PYTHON_IMAGE={BASE}"]
    arguments += [f"--secret=id=pip,src={pip}", f"--file={folder / 'Dockerfile'}"]
    if authorities := settings.get("cert"):
        arguments += [f"--volume={authorities}:{authorities}:ro"]
    _run(
        *("make", "--directory", str(ROOT), "image", "ENGINE=buildah"),
        f"ARGS={shlex.join(arguments)}",
        environment=environment,
    )


def _run(*command: str, environment: dict[str, str] | None = None) -> str:
    """Run a command, and return what it says, without the line's end."""
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise Failed(f"{shlex.join(command)}\n{ran.stdout}\n{ran.stderr}")
    return ran.stdout.strip()
