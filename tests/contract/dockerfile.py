"""What `docker build` reads: the stages of the Dockerfile, and what .dockerignore lets through."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Step:
    """One instruction: `COPY --from=build /src/dist dist/` is COPY, from=build, and the rest."""

    keyword: str
    flags: dict[str, str]
    text: str

    @property
    def words(self) -> list[str]:
        """Its arguments, whether they are JSON or words as a shell splits them."""
        if self.text.startswith("["):
            return [str(word) for word in json.loads(self.text)]
        return shlex.split(self.text)


@dataclass(frozen=True)
class Stage:
    """From one FROM to the next; `base` is an image, or the stage that it goes on from."""

    name: str
    base: "str | Stage"
    own: list[Step]

    @property
    def steps(self) -> list[Step]:
        """Its instructions, after those of the stage that it goes on from."""
        return [*([] if isinstance(self.base, str) else self.base.steps), *self.own]

    def all(self, *keywords: str) -> list[Step]:
        """Return the instructions of some kinds, in order."""
        return [step for step in self.steps if step.keyword in keywords]

    def last(self, keyword: str) -> Step:
        """Return the instruction of a kind that holds: a later one replaces those before."""
        return self.all(keyword)[-1]

    def pairs(self, keyword: str) -> dict[str, str]:
        """Return names and values of all LABEL or ENV, with variables as they are written."""
        words = [word for step in self.all(keyword) for word in step.words]
        return dict(word.split("=", 1) for word in words)

    @property
    def command(self) -> list[str]:
        """What a container runs that is told nothing else."""
        return self.last("ENTRYPOINT").words + self.last("CMD").words


def stages(**arguments: str) -> dict[str, Stage]:
    """Read the Dockerfile, with values for its ARGs as `--build-arg` gives them."""
    found: dict[str, Stage] = {}
    values: dict[str, str] = {}
    for step in _steps((ROOT / "Dockerfile").read_text(encoding="utf-8")):
        if step.keyword == "FROM":
            base, _, name = re.sub(r"\$\{(\w+)\}", lambda m: values[m[1]], step.text).split()
            found[name] = Stage(name, found.get(base, base), [])
        elif found:
            found[name].own.append(step)
        else:
            argument, _, default = step.text.partition("=")
            values[argument] = arguments.get(argument, default)
    return found


def lets_through(path: str) -> bool:
    """Tell whether .dockerignore lets a path into a build: the last pattern that fits decides."""
    let = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!").strip("/")
        if pattern and not pattern.startswith("#"):
            plain = re.escape(pattern).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
            if re.fullmatch(f"{plain}(/.*)?", path):
                let = line.startswith("!")
    return let


def _steps(text: str) -> Iterator[Step]:
    """Yield the instructions, each in one line, without the comments between their lines."""
    joined = re.sub(r"\\\n", "", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    for line in filter(str.strip, joined.splitlines()):
        keyword, rest = line.split(maxsplit=1)
        flags: dict[str, str] = {}
        while flag := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
            flags[flag[1]] = flag[2]
            rest = rest[flag.end() :]
        yield Step(keyword, flags, rest.strip())
